// SPDX-License-Identifier: LGPL-2.1-or-later
// Somebody signed in without a browser: the API by cookie and token, and the page's WebSocket.

import http from 'node:http';

import { observe } from './contract.mjs';
import { Problem, password, randomUUID } from './hubs.mjs';
import { openSocket } from './socket.mjs';

export class Person {
  /** @param {import('./hubs.mjs').Hub} hub */
  constructor(hub) {
    this.hub = hub;
    this.cookie = '';
    this.csrf = '';
    this.id = '';
  }

  /** @param {import('./hubs.mjs').Hub} hub @param {string} login */
  static async signIn(hub, login) {
    const person = new Person(hub);
    const me = await person.api('POST', '/sign-in', { login, password });
    person.csrf = me.csrf;
    person.id = me.id;
    return person;
  }

  headers() {
    return { host: new URL(this.hub.origin).host, origin: this.hub.origin, ...(this.cookie ? { cookie: this.cookie } : {}) };
  }

  /** @param {string} method @param {string} where @param {any} [body] a Buffer goes as it is
   * @param {Record<string, string>} [more] headers @returns {Promise<any>} */
  api(method, where, body, more = {}) {
    return new Promise((done, fail) => {
      const raw = Buffer.isBuffer(body);
      const bytes = body === undefined || raw ? body : Buffer.from(JSON.stringify(body));
      const request = http.request({
        host: '127.0.0.1', port: this.hub.port, agent: false, method, path: `/api/v1${where}`,
        headers: {
          ...this.headers(),
          ...(bytes ? { 'content-type': raw ? 'application/octet-stream' : 'application/json', 'content-length': bytes.length } : {}),
          ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID(), ...(this.csrf ? { 'x-karez-token': this.csrf } : {}) }),
          ...more,
        },
      }, (answer) => {
        /** @type {Buffer[]} */
        const parts = [];
        const cookie = answer.headers['set-cookie']?.find((one) => !one.startsWith('__Host-karez-browser-'));
        if (cookie) this.cookie = cookie.split(';')[0];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
          const all = Buffer.concat(parts);
          const json = /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(all.toString()) : null;
          if (json || !all.length) observe(method, `/api/v1${where}`, answer.statusCode ?? 0, all.toString());
          if ((answer.statusCode ?? 500) < 300) done(json ?? (all.length ? all : null));
          else fail(new Problem(answer.statusCode ?? 500, json));
        });
      });
      request.on('error', fail);
      request.end(bytes);
    });
  }

  /** In a session that is prepared, without media. @param {string} session @param {string} role */
  async enter(session, role) {
    const { participant } = await this.api('POST', `/sessions/${session}/join`, { role });
    const socket = await this.live();
    socket.send({ type: 'hello', since: null });
    await new Promise((done) => { socket.once('message', done); });
    socket.send({ type: 'join', session, participant });
    return { socket, participant };
  }

  /** The page's WebSocket. */
  live() {
    return openSocket(`http://127.0.0.1:${this.hub.port}/api/v1/live`, this.headers());
  }
}
