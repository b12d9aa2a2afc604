// SPDX-License-Identifier: LGPL-2.1-or-later
// A hostile client: walks each route with each role against routes.json, then sends changed
// messages by HTTP and WebSocket, signed in and not. KAREZ_SEED and KAREZ_MUTATIONS repeat or
// lengthen it; --json prints what the hub's memory grew by, as a measurement.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import { book, prepare } from '../e2e/consult-page.mjs';
import { build, password, randomUUID, sleep, source, until, withPair } from '../e2e/hubs.mjs';
import { Person } from '../e2e/person.mjs';
import { Mutator } from './mutate.mjs';
import { isFree, memberOf, operations, sample } from './sample.mjs';
import { Watch } from './watch.mjs';

process.env.KAREZ_PLUGINS ??= ['template', 'consult', 'guidance'].map((name) => path.join(build, 'plugins', name)).join(';');

const seed = Number(process.env.KAREZ_SEED ?? Date.now() % 2 ** 31);
const mutations = Number(process.env.KAREZ_MUTATIONS ?? 2000);
const care = ['clinician', 'surgeon', 'bedside'];
/** With --json, standard output is for the figure alone. */
const json = process.argv.includes('--json');
const say = json ? console.error : console.log;
const roles = ['desk', ...care, 'engineer', 'administrator', 'auditor'];
// Nobody who is signed in comes from here: what is counted by address is this one's.
const elsewhere = '127.0.0.66';

/** By operation, the roles that may; null: anybody. @type {Map<string, string[] | null>} */
const allowed = new Map(['tests/hostile/routes.json', ...fs.readdirSync(path.join(source, 'plugins')).map((one) => `plugins/${one}/test-routes.json`)]
  .map((file) => path.join(source, file)).filter((file) => fs.existsSync(file))
  .flatMap((file) => Object.entries(JSON.parse(fs.readFileSync(file, 'utf8'))))
  .filter(([who]) => who !== 'comment')
  .flatMap(([who, list]) => list.map((/** @type {string} */ name) => [name,
    who === 'anyone' ? null : who === 'me' ? roles : who.split(' ').flatMap((one) => (one === 'care' ? care : [one]))])));

/** An answer, whatever it is. @typedef {{status: number, headers: http.IncomingHttpHeaders, text: string}} Answer */

/** @param {import('../e2e/hubs.mjs').Hub} hub @param {string} method @param {string} where
 * @param {Record<string, string>} headers @param {Buffer} [body] @param {string} [from] @returns {Promise<Answer>} */
function ask(hub, method, where, headers, body, from = '127.0.0.1') {
  return new Promise((done, fail) => {
    const request = http.request({
      host: '127.0.0.1', port: hub.port, localAddress: from, agent: false, method, path: `/api/v1${where}`, headers,
    }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part) => { text += part; });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      answer.on('error', fail);
    });
    request.on('error', fail);
    request.end(body);
  });
}

class World {
  /** @param {import('../e2e/hubs.mjs').Pair} pair */
  constructor(pair) {
    this.pair = pair;
    this.hub = pair.aral;
    /** @type {Record<string, Person>} */
    this.people = {};
    /** Ids by what they are of. @type {Record<string, string[]>} */
    this.ids = {};
    this.victims = /** @type {string[]} */ ([]);
  }

  async fill() {
    for (const role of roles) {
      await this.hub.api('POST', '/people', { id: randomUUID(), names: { en: role }, login: `h-${role}`, password, password_final: true, roles: [role] });
      this.people[role] = await Person.signIn(this.hub, `h-${role}`);
    }
    for (const login of ['victim1', 'victim2']) {
      const id = randomUUID();
      await this.hub.api('POST', '/people', { id, names: { en: login }, login, password, password_final: true, roles: ['clinician'] });
      this.victims.push(id);
    }
    const live = await book(this.pair, { title: 'Live' });
    const asked = await book(this.pair, { title: 'Asked', resources: [this.pair.resources.aral['Room 1']], after: 300 });
    await prepare(this.pair, live);
    this.ids = {
      booking: [live, asked], session: [live, asked], person: this.victims, partner: [this.pair.hangzhou.id],
      resource: Object.values(this.pair.resources.aral), organisation: [this.hub.id], other: [randomUUID(), randomUUID()],
    };
    await this.hub.api('POST', `/sessions/${live}/start`, {}).catch(() => null); // nobody is in it
  }

  /** An id for a place of this name. @param {string} name @param {Mutator} mutator */
  known(name, mutator) {
    const kind = { resources: 'resource', id: 'other', participant: 'other', attachment: 'other', patient: 'other' }[name] ?? name;
    return mutator.one(this.ids[kind] ?? this.ids.other);
  }

  /** The path of an operation, with ids of things that are there. @param {{name: string, template: string}} operation
   * @param {Mutator} mutator */
  path({ name, template }, mutator) {
    const kind = /\/(peers|pairings|plugins)\//.test(template) ? 'other' // what all others need stays
      : template.startsWith('/people') ? 'person' : template.startsWith('/resources') ? 'resource' : 'booking';
    const where = template.replace(/\{(\w+)\}/g, (_, part) => (part === 'part' ? String(mutator.below(4))
      : part === 'person' ? mutator.one(this.victims) : part === 'attachment' ? this.known(part, mutator) : mutator.one(this.ids[kind])));
    return name.startsWith('GET /board') ? `${where}?from=${new Date().toISOString()}&to=${new Date(Date.now() + 864e5).toISOString()}` : where;
  }

  /** The same with some of it changed; the partner that it may name by that keeps its pairing, which all others need.
   * @param {{method: string}} operation @param {string} where @param {Mutator} mutator */
  changed({ method }, where, mutator) {
    const changed = mutator.path(where);
    return method !== 'GET' && changed.toLowerCase().startsWith(`/peers/${this.pair.hangzhou.id}`) ? where : changed;
  }

  /** @param {string | null} role */
  headers(role) {
    const person = role ? this.people[role] : new Person(this.hub);
    return { ...person.headers(), ...(person.csrf ? { 'x-karez-token': person.csrf } : {}) };
  }

  /** Somebody who was signed out is in again. @param {string} role */
  async again(role) {
    this.people[role] = await Person.signIn(this.hub, `h-${role}`);
  }
}

/** Each route with each role, and with nobody: who may not is told so by the rule of access, before anything else is looked at.
 * @param {World} world @param {Mutator} mutator */
async function walk(world, mutator) {
  const faults = [];
  let asked = 0;
  assert.deepEqual(operations.map(({ name }) => name).filter((name) => !allowed.has(name)), [], 'routes that routes.json does not know');
  assert.deepEqual([...allowed.keys()].filter((name) => !operations.some((one) => one.name === name)), [], 'routes that are no more');
  for (const operation of operations) {
    const may = allowed.get(operation.name);
    for (const role of [null, ...roles]) {
      if (operation.name === 'POST /sign-out' && role) continue;
      const headers = { ...world.headers(role), ...(operation.method === 'GET' ? {} : { 'idempotency-key': randomUUID() }) };
      const where = world.path(operation, mutator).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, () => randomUUID());
      const { status, text } = await ask(world.hub, operation.method, where, headers, undefined, role ? undefined : elsewhere);
      const rule = /"rule":"([^"]*)"/.exec(text)?.[1] ?? '';
      const refused = status === 401 ? 'signed out' : status === 403 && rule.startsWith('access/') ? 'role' : '';
      const expected = may === null || (role && may?.includes(role)) ? '' : role ? 'role' : 'signed out';
      // A sign-in without a password is nobody's.
      if (refused !== expected && operation.name !== 'POST /sign-in')
        faults.push(`${operation.name} as ${role ?? 'nobody'}: ${status} ${rule}, not ${expected || 'let in'}`);
      if (status >= 500) faults.push(`${operation.name} as ${role ?? 'nobody'}: ${status} ${rule}`);
      asked++;
    }
  }
  assert.deepEqual(faults, []);
  say(`${operations.length} routes, ${asked} requests: each role is let in where routes.json says, and nowhere else`);
}

/** What is wrong with an answer, or ''. @param {Answer} answer */
function faultOf({ status, headers, text }) {
  // A session that was begun in between has no worker for a moment.
  if (status >= 500 && !/"rule":"worker\/away"/.test(text)) return `answers ${status}: ${text.slice(0, 300)}`;
  if (status < 400) return '';
  if (headers['content-type'] !== 'application/problem+json') return `${status} of type ${headers['content-type']}`;
  const problem = JSON.parse(text);
  if (typeof problem.rule !== 'string' || !problem.detail || !problem.title || problem.status !== status) return `no problem document: ${text.slice(0, 300)}`;
  return text.length > 16384 ? `a problem of ${text.length} characters` : '';
}

/** Where the texts of a message are that no form is prescribed for. @param {any} value @param {any} of its schema @param {(string | number)[]} [at]
 * @returns {(string | number)[][]} */
function textsIn(value, of, at = []) {
  if (typeof value === 'string') return isFree(of) ? [at] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => textsIn(one, memberOf(of, name), [...at, Array.isArray(value) ? Number(name) : name]));
}

/** What cannot be kept is refused with its place, in each text of each route; and a name of which nothing is seen.
 * @param {World} world @param {Mutator} mutator */
async function spoil(world, mutator) {
  const faults = [];
  let asked = 0;
  for (const operation of operations) {
    const schema = operation.content['application/json']?.schema;
    if (!schema) continue;
    const whole = sample(schema, mutator, (name) => world.known(name, mutator), '', true);
    const may = allowed.get(operation.name);
    const role = may === null ? null : mutator.one(may ?? roles);
    for (const at of textsIn(whole, schema)) {
      const isName = at.some((part) => part === 'names') || /^(name|title)$/.test(String(at.at(-1)));
      for (const [spoiled, rule] of [['a\u0000b', 'json/text'], ['a\ud800b', 'json/text'], ...(isName ? [['\u200b\u00a0', 'text/blank']] : [])]) {
        const body = structuredClone(whole);
        const last = at.slice(0, -1).reduce((/** @type {any} */ into, part) => into[part], body);
        last[/** @type {any} */ (at.at(-1))] = spoiled;
        const { status, text } = await ask(world.hub, operation.method, world.path(operation, mutator), {
          ...world.headers(role), 'content-type': 'application/json', 'idempotency-key': randomUUID(),
        }, Buffer.from(JSON.stringify(body)), role ? undefined : elsewhere);
        const problem = status >= 400 ? JSON.parse(text) : {};
        if (problem.rule !== rule || problem.pointer !== `/${at.join('/')}`)
          faults.push(`${operation.name} with ${JSON.stringify(spoiled)} at /${at.join('/')}: ${status} ${problem.rule} ${problem.pointer}`);
        asked++;
      }
    }
  }
  assert.deepEqual(faults, []);
  say(`${asked} texts that cannot be kept or seen: each is refused with its place`);
}

/** @param {World} world @param {Mutator} mutator */
async function mutate(world, mutator) {
  /** @type {Map<number, number>} */
  const statuses = new Map();
  for (let n = 0; n < mutations; n++) {
    const operation = mutator.one(operations);
    const may = allowed.get(operation.name);
    const role = mutator.next() < 0.1 || may === null ? null : mutator.next() < 0.1 ? mutator.one(roles) : mutator.one(may ?? roles);
    const [type, content] = Object.entries(operation.content)[0] ?? [];
    const whole = type === 'application/json' ? sample(content.schema, mutator, (name) => world.known(name, mutator)) : {};
    const body = !type ? undefined : type === 'application/json' ? mutator.body(whole) : mutator.bytes(Buffer.from('%PDF-1.4 x'.repeat(100)));
    const where = world.changed(operation, world.path(operation, mutator), mutator);
    const more = mutator.headers();
    const headers = {
      ...world.headers(role), ...(type ? { 'content-type': type, 'content-length': String(body?.length) } : {}),
      ...(operation.method === 'GET' ? {} : { 'idempotency-key': randomUUID() }), ...more,
    };
    const answer = await ask(world.hub, operation.method, where, headers, body, role ? undefined : elsewhere)
      .catch((error) => ({ status: 0, headers: {}, text: error.message }));
    const ended = world.hub.process?.exitCode ?? world.hub.process?.signalCode;
    const fault = ended !== null ? `karezd ended: ${ended}`
      : answer.status === 0 && !/ECONNRESET|EPIPE/.test(answer.text) ? answer.text : faultOf(answer);
    assert.equal(fault, '', `mutation ${n} of seed ${seed}: ${operation.method} ${where.slice(0, 200)} as ${role}, ${JSON.stringify(more).slice(0, 200)}, `
      + `${body?.subarray(0, 400)}`);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (role && (answer.status === 401 || operation.name === 'POST /sign-out')) await world.again(role);
  }
  say(`${mutations} changed requests of seed ${seed}: ${[...statuses].sort().map(([status, count]) => `${status || 'cut'} × ${count}`).join(', ')}`);
  return statuses;
}

/** Until the hub says something to it, ends the connection, or a moment has passed.
 * @param {import('../e2e/socket.mjs').Socket} socket */
function moment(socket) {
  return new Promise((done) => {
    const timer = setTimeout(end, 20);
    function end() {
      clearTimeout(timer);
      socket.off('problem', end).off('end', end);
      done(null);
    }
    socket.on('problem', end).on('end', end);
  });
}

/** What a page may send, and what it does not. @param {World} world @param {Mutator} mutator */
async function talk(world, mutator) {
  const session = world.ids.session[0];
  const messages = [
    { type: 'hello' }, { type: 'hello', since: '1.1' }, { type: 'join', session, participant: randomUUID() },
    { type: 'message', session, body: { type: 'place', id: 'a' } }, { type: 'message', session, body: { consent: 'given' } },
    { type: 'message', session, body: { offer: { type: 'offer', sdp: 'v=0\r\n' } } }, { type: 'leave', session },
  ];
  /** @type {Map<string, number>} */
  const refused = new Map();
  let answered = 0, opened = 0;
  let socket = null;
  for (let n = 0; n < mutations / 4; n++) {
    if (!socket || socket.stream.destroyed) {
      const made = await world.people[mutator.one(['desk', 'clinician'])].live().catch((error) => {
        refused.set(error.message, (refused.get(error.message) ?? 0) + 1);
        return null;
      });
      if (!made) {
        await sleep(100);
        continue;
      }
      made.on('message', (/** @type {any} */ message) => {
        if (message.type !== 'problem') return;
        answered++;
        made.emit('problem');
      });
      socket = made;
      opened++;
    }
    const text = mutator.body(mutator.one(messages));
    if (mutator.next() < 0.05) socket.stream.write(mutator.bytes(text)); // no frame
    else socket.sendBytes(text);
    await moment(socket);
  }
  socket?.close();
  say(`${Math.floor(mutations / 4)} changed messages over ${opened} WebSockets: ${answered} problems;`,
    `${[...refused].map(([why, count]) => `${count} × ${why}`).join(', ') || 'none was refused'}`);
  assert.ok(answered > mutations / 16, 'most of them were not looked at');
}

/** Bytes that are hardly HTTP. @param {World} world @param {Mutator} mutator */
async function babble(world, mutator) {
  const request = Buffer.from(`POST /api/v1/sign-in HTTP/1.1\r\nHost: ${new URL(world.hub.origin).host}\r\nOrigin: ${world.hub.origin}\r\n`
    + 'Content-Type: application/json\r\nContent-Length: 29\r\nConnection: close\r\n\r\n{"login":"x","password":"y"}\n');
  /** @type {Map<string, number>} */
  const answers = new Map();
  for (let n = 0; n < mutations / 4; n++) {
    const said = await new Promise((done) => {
      const socket = net.connect({ host: '127.0.0.1', port: world.hub.port, localAddress: elsewhere });
      let text = '';
      socket.setTimeout(200, () => socket.destroy());
      socket.on('data', (part) => { text += part; });
      socket.on('error', () => {});
      socket.on('close', () => done(text));
      socket.write(mutator.bytes(request));
    });
    const status = /^HTTP\/1\.1 (\d+)/.exec(said)?.[1] ?? 'nothing';
    assert.ok(!status.startsWith('5') || status === '505', `byte mutation ${n} of seed ${seed}: ${said.slice(0, 300)}`);
    answers.set(status, (answers.get(status) ?? 0) + 1);
  }
  say(`${Math.floor(mutations / 4)} changed byte streams: ${[...answers].map(([status, count]) => `${status} × ${count}`).join(', ')}`);
}

await withPair('hostile-client', async (pair) => {
  say(`seed ${seed}`);
  const world = new World(pair);
  await world.fill();
  const mutator = new Mutator(seed, [...world.ids.booking, ...world.ids.resource, ...world.ids.other, pair.aral.id, pair.hangzhou.id]);
  await walk(world, mutator);
  await spoil(world, mutator);
  const watch = new Watch(pair.aral);
  const statuses = await mutate(world, mutator);
  await talk(world, mutator);
  await babble(world, mutator);
  const { growth, p99 } = await watch.check(say);
  // Some of what is sent gets far.
  assert.ok((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0) + (statuses.get(204) ?? 0) > mutations / 20, 'hardly anything was valid');
  // Everything is as it was for everybody else.
  await until('both hubs to be up', async () => (await pair.hangzhou.api('GET', '/peers')).items.some((/** @type {any} */ peer) => peer.state === 'up'));
  await book(pair, { title: 'Afterwards', after: 600 });
  if (json)
    console.log(JSON.stringify({
      name: 'hostile.rss_growth_mib', value: Number(growth.toFixed(1)), unit: 'MiB', n: mutations, peer: 'limit', peer_value: 64,
      note: `the most that karezd's resident memory was above its start while ${mutations} changed requests, a quarter as many messages of pages and as many byte streams came (seed ${seed}); one password hash takes 46 MiB; /healthz p99 ${p99.toFixed(0)} ms meanwhile`,
    }));
});
