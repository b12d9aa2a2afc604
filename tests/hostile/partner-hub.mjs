// SPDX-License-Identifier: LGPL-2.1-or-later
// A hub that is a program of the tests: it has keys of its own, pairs as data/api/peer.md says, and
// then sends what it likes. It cannot be dialled.

import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';

import { until } from '../e2e/hubs.mjs';

/** @param {...(string | Buffer)} parts */
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** @param {Buffer} hash @param {number} at the first of 40 bits, in bytes */
function shortString(hash, at) {
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  let bits = BigInt(`0x${hash.subarray(at, at + 5).toString('hex')}`);
  let text = '';
  for (let i = 0; i < 8; i++, bits >>= 5n) text = letters[Number(bits & 31n)] + text;
  return `${text.slice(0, 4)}-${text.slice(4)}`;
}

/** @typedef {{status: number, body: any}} Answer */

export class PartnerHub {
  /** @param {import('../e2e/hubs.mjs').Hub} hub whom it speaks to @param {string} directory for its keys */
  constructor(hub, directory) {
    this.hub = hub;
    this.id = randomUUID();
    this.actor = { kind: 'person', id: randomUUID(), name: 'Dr Nobody', roles: ['clinician'] };
    const key = path.join(directory, 'partner.key'), certificate = path.join(directory, 'partner.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '3650', '-subj', '/CN=partner', '-keyout', key, '-out', certificate],
      { stdio: 'ignore' });
    this.tls = { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) };
    this.keyHash = keyHashOf(this.tls.cert);
    this.agent = new https.Agent({ ...this.tls, rejectUnauthorized: false, keepAlive: true, minVersion: 'TLSv1.3', maxSockets: 8 });
    /** What was posted on each lane. */
    this.posted = [0, 0, 0, 0];
    /** @type {NodeJS.Timeout | null} */
    this.greeting = null;
  }

  /** @param {string} where below /peer/v1/ @param {Buffer | string} body @param {Record<string, string>} [headers] @returns {Promise<Answer>} */
  ask(where, body, headers = {}) {
    return new Promise((done, fail) => {
      const request = https.request({
        host: '127.0.0.1', port: this.hub.peerPort, agent: this.agent, method: 'POST', path: `/peer/v1/${where}`,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'karez-timeout': '10000', ...headers },
      }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part) => { text += part; });
        answer.on('end', () => {
          let json = null;
          try { json = JSON.parse(text); } catch { /* it is told by its status */ }
          done({ status: answer.statusCode ?? 0, body: json });
        });
        answer.on('error', fail);
      });
      request.on('error', fail);
      request.end(body);
    });
  }

  /** @param {string} where @param {any} body @returns {Promise<any>} */
  async say(where, body) {
    const answer = await this.ask(where, JSON.stringify(body));
    if (answer.status !== 200) throw new Error(`${where}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** The ceremony of two administrators, who both mean it. */
  async pair() {
    const pairing = randomUUID(), nonce = randomBytes(32);
    const commitment = sha256('karez pairing commitment v1', this.keyHash, nonce).toString('hex');
    const theirs = await this.say('pairing/commit', { pairing, commitment, hub: this.id, names: { en: 'Partner' }, address: null });
    await this.say('pairing/reveal', { pairing, nonce: nonce.toString('hex') });
    const hash = sha256('karez pairing v1', this.keyHash, Buffer.from(theirs.key, 'hex'), nonce, Buffer.from(theirs.nonce, 'hex'));
    const there = await until('the pairing to be shown', async () =>
      (await this.hub.api('GET', '/pairings')).items.find((/** @type {any} */ one) => one.shown));
    await this.hub.api('POST', `/pairings/${there.id}/confirm`, { string: shortString(hash, 0) });
    await until('both to confirm', async () => (await this.say('pairing/confirm', { pairing, confirmed: true, ended: false })).confirmed);
    await until('the peer to be pinned', async () => (await this.ask('hello', JSON.stringify(this.hello()))).status === 200);
    this.greeting = setInterval(() => this.ask('hello', JSON.stringify(this.hello())).catch(() => {}), 4000);
  }

  hello() {
    return {
      hub: this.id, protocol: 1, incarnation: 1, channel: false,
      lanes: this.posted.map((posted) => ({ posted, acknowledged: posted, applied: 0 })),
    };
  }

  /** One message, whose body may be no JSON. Whether it was applied or is a dead letter is not known by the answer.
   * @param {string} topic @param {string | Buffer} body @param {number} [lane] */
  async post(topic, body, lane = 1) {
    const head = JSON.stringify({ sequence: this.posted[lane] + 1, id: randomUUID(), topic, omitted: false });
    const bytes = Buffer.concat([Buffer.from(`{"lane":${lane}}\n${head}\n`), Buffer.from(body), Buffer.from('\n')]);
    const answer = await this.ask('post', bytes, { 'content-type': 'application/x-ndjson' });
    if (answer.status === 200 && answer.body?.applied > this.posted[lane]) this.posted[lane] = answer.body.applied;
    return answer;
  }

  /** @param {string} topic @param {any} body */
  call(topic, body) {
    return this.ask(`call/${topic}`, typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  }

  /** @param {string} name @param {string | null} cursor @param {number} [limit] */
  feed(name, cursor, limit = 100) {
    return this.ask(`feed/${name}`, JSON.stringify({ cursor, limit }));
  }

  close() {
    if (this.greeting) clearInterval(this.greeting);
    this.agent.destroy();
  }
}

/** @param {Buffer} certificate */
function keyHashOf(certificate) {
  const key = createPublicKey(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' }));
  return sha256(key.export({ type: 'spki', format: 'der' }));
}
