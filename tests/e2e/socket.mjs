// SPDX-License-Identifier: LGPL-2.1-or-later
// A WebSocket for Node 18, which has none: text both ways (RFC 6455), and an 'end' however it ends.

import { EventEmitter } from 'node:events';
import { randomBytes } from 'node:crypto';
import http from 'node:http';

const text = 1, close = 8, ping = 9, pong = 10;

/** A frame's head and body, masked as a client's must be. @param {number} kind @param {Buffer} body */
function frame(kind, body) {
  const mask = randomBytes(4);
  const length = body.length < 126 ? Buffer.from([0x80 | body.length])
    : body.length < 65536 ? Buffer.from([0x80 | 126, body.length >> 8, body.length & 255])
      : Buffer.concat([Buffer.from([0x80 | 127]), Buffer.from(BigInt(body.length).toString(16).padStart(16, '0'), 'hex')]);
  return Buffer.concat([Buffer.from([0x80 | kind]), length, mask, body.map((byte, i) => byte ^ mask[i & 3])]);
}

/** The first frame of what came, and how long it is; null while it is not whole. @param {Buffer} bytes */
function read(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 127;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < head) return null;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < head + length) return null;
  return { kind: bytes[0] & 15, whole: (bytes[0] & 128) !== 0, body: bytes.subarray(head, head + length), length: head + length };
}

/** Tells 'message' with what was parsed, and 'end'. */
export class Socket extends EventEmitter {
  /** @param {import('node:stream').Duplex} stream @param {Buffer} first */
  constructor(stream, first) {
    super();
    this.stream = stream;
    this.bytes = first;
    this.part = Buffer.alloc(0);
    stream.on('data', (more) => {
      this.bytes = Buffer.concat([this.bytes, more]);
      this.take();
    });
    stream.on('error', () => {});
    stream.on('close', () => this.emit('end'));
    setImmediate(() => this.take());
  }

  take() {
    for (let one = read(this.bytes); one; one = read(this.bytes)) {
      this.bytes = this.bytes.subarray(one.length);
      if (one.kind === ping) this.stream.write(frame(pong, one.body));
      else if (one.kind === close) this.stream.end();
      else if (one.kind <= text) {
        this.part = Buffer.concat([this.part, one.body]);
        if (!one.whole) continue;
        const message = JSON.parse(this.part.toString());
        this.part = Buffer.alloc(0);
        this.emit('message', message);
      }
    }
  }

  /** @param {any} body */
  send(body) {
    this.sendBytes(Buffer.from(JSON.stringify(body)));
  }

  /** A text message that may be none. @param {Buffer} bytes */
  sendBytes(bytes) {
    if (!this.stream.destroyed) this.stream.write(frame(text, bytes));
  }

  close() {
    this.stream.destroy();
  }
}

/** @param {string} url http:// @param {Record<string, string>} [headers] @returns {Promise<Socket>} */
export function openSocket(url, headers = {}) {
  return new Promise((done, fail) => {
    const request = http.request(url, {
      agent: false,
      headers: {
        connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'), ...headers,
      },
    });
    request.on('upgrade', (_answer, stream, first) => done(new Socket(stream, first)));
    request.on('response', (answer) => {
      answer.resume();
      fail(new Error(`${url} answers ${answer.statusCode}`));
    });
    request.on('error', fail);
    request.end();
  });
}
