// SPDX-License-Identifier: LGPL-2.1-or-later
// A channel of a hub that cannot be dialled (data/api/peer.md), byte by byte, so that it may be
// used as nobody should: without reading, without taking, with answers that say anything.

import { randomBytes } from 'node:crypto';
import https from 'node:https';

/** A frame of a client, masked with zeros. @param {Buffer} payload @param {number} [opcode] */
function frame(payload, opcode = 2) {
  const size = payload.length;
  const head = size < 126 ? Buffer.alloc(2) : size < 65536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  if (size < 126) head[1] = 0x80 | size;
  else if (size < 65536) { head[1] = 0x80 | 126; head.writeUInt16BE(size, 2); }
  else { head[1] = 0x80 | 127; head.writeBigUInt64BE(BigInt(size), 2); }
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

export class PartnerChannel {
  /** @param {import('./partner-hub.mjs').PartnerHub} partner @param {'urgent' | 'bulk'} name
   * @param {(path: string, body: any) => any} [serve] what answers to the hub's requests: path and body → what
   * is answered, or undefined for never; a greeting is answered as it is meant to be
   * @returns {Promise<PartnerChannel>} */
  static open(partner, name, serve = () => undefined) {
    return new Promise((done, fail) => {
      const request = https.request({
        host: '127.0.0.1', port: partner.hub.peerPort, ...partner.tls, rejectUnauthorized: false, minVersion: 'TLSv1.3', agent: false,
        method: 'GET', path: `/peer/v1/channel/${name}`,
        headers: {
          connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64'),
          'sec-websocket-extensions': 'x-karez-bound',
        },
      });
      request.on('error', fail);
      request.on('response', (answer) => fail(new Error(`no channel: ${answer.statusCode}`)));
      request.on('upgrade', (_answer, socket, head) => done(new PartnerChannel(socket, head, (path, body) => serve(path, body) ?? (path === 'hello' ? partner.hello() : undefined))));
      request.end();
    });
  }

  /** @param {import('node:stream').Duplex} socket @param {Buffer} head @param {(path: string, body: any) => any} serve */
  constructor(socket, head, serve) {
    this.socket = socket;
    this.buffer = head;
    this.closed = false;
    this.count = 0;
    this.serve = serve;
    /** @type {Map<number, (answer: { status: number, body: any }) => void>} */
    this.waiting = new Map();
    socket.on('data', (part) => { this.buffer = Buffer.concat([this.buffer, part]); this.read(); });
    socket.on('close', () => {
      this.closed = true;
      this.waiting.forEach((done) => done({ status: 0, body: null }));
    });
    socket.on('error', () => { this.closed = true; });
  }

  /** @param {any} head @param {Buffer | string} [body] */
  say(head, body = '') {
    return this.socket.write(frame(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), Buffer.from(body)])));
  }

  /** Asks without waiting. @param {string} path @param {Buffer | string} body @returns {number} its number */
  begin(path, body) {
    this.say({ ask: ++this.count, path, timeout: 10000 }, body);
    return this.count;
  }

  /** @param {string} path @param {any} body @returns {Promise<{ status: number, body: any }>} */
  ask(path, body) {
    return new Promise((done) => this.waiting.set(this.begin(path, JSON.stringify(body)), done));
  }

  read() {
    for (;;) {
      if (this.buffer.length < 2) return;
      const short = this.buffer[1] & 127;
      const at = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.buffer.length < at) return;
      const size = short < 126 ? short : short === 126 ? this.buffer.readUInt16BE(2) : Number(this.buffer.readBigUInt64BE(2));
      if (this.buffer.length < at + size) return;
      const opcode = this.buffer[0] & 15, payload = this.buffer.subarray(at, at + size);
      this.buffer = this.buffer.subarray(at + size);
      if (opcode === 9) this.socket.write(frame(payload, 10));
      else if (opcode === 8) this.socket.end();
      else if (opcode < 3) this.take(payload);
    }
  }

  /** @param {Buffer} payload */
  take(payload) {
    const end = payload.indexOf(10);
    const head = JSON.parse(payload.subarray(0, end).toString());
    const text = payload.subarray(end + 1).toString();
    if (head.answer) {
      this.say({ taken: head.answer });
      this.waiting.get(head.answer)?.({ status: head.status, body: text ? JSON.parse(text) : null });
      this.waiting.delete(head.answer);
    } else if (head.ask) {
      // A post is lines, not one JSON.
      const answer = this.serve(head.path, head.path === 'post' ? text : JSON.parse(text));
      if (answer !== undefined) this.say({ answer: head.ask, status: 200 }, JSON.stringify(answer));
      else if (head.path === 'probe') this.say({ answer: head.ask, status: 404 }, '{}');
    }
  }

  close() {
    this.socket.destroy();
  }
}
