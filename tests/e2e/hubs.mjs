// SPDX-License-Identifier: LGPL-2.1-or-later
// Two real hubs with their private databases, for tests: started, paired, filled, ended.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { observe } from './contract.mjs';

const run = promisify(execFile);

export const build = process.env.KAREZ_BUILD ?? '/nonexistent';
export const source = process.env.KAREZ_SOURCE ?? '/nonexistent';
export const artefacts = path.join(build, 'artefacts');

/** @param {number} ms */
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Waits until `ask` gives something true; says what was waited for when it does not come.
 * @template T
 * @param {string} what
 * @param {() => Promise<T> | T} ask
 * @param {number} [ms]
 * @returns {Promise<NonNullable<T>>} */
export async function until(what, ask, ms = 10000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      if (error.final) throw error;
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}; last: ${last}`);
    await sleep(20);
  }
}

const portsEach = 50;
let drawn = 0;

/** A port that nobody listens on now, of those that the system gives to no connection that goes out:
 * a hub that is killed and started again needs it again. Each test has a stretch of them by its process
 * id, and draws none twice in a row: one that was drawn is not listened on yet. @returns {Promise<number>} */
export async function freePort() {
  const port = 20000 + (process.pid % (12000 / portsEach)) * portsEach + drawn++ % portsEach;
  const server = net.createServer();
  const free = await new Promise((done) => {
    server.on('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
  return free ? port : freePort();
}

/**
 * Gives a hub the cluster that it would make by itself: initdb is most of a first start's time. It
 * is made once for the tests of a user, and without waiting for the disk: no test ends a machine.
 * Hubs that make their own are in tests/daemon/ and tests/install/. @param {string} state
 */
async function giveCluster(state) {
  const debian = '/usr/lib/postgresql';
  const majors = fs.existsSync(debian) ? fs.readdirSync(debian).filter((one) => fs.existsSync(`${debian}/${one}/bin/initdb`)) : [];
  const major = Math.max(...majors.map(Number));
  const self = process.getuid?.() ?? -1;
  if (!majors.length || self < 0)
    return;
  const [uid, gid] = self > 0 ? [self, process.getgid?.() ?? self]
    : ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })));
  const made = path.join(os.tmpdir(), `karez-test-${self}-hub-${major}`);
  if (!fs.existsSync(made)) {
    const fresh = fs.mkdtempSync(`${made}-`);
    fs.chownSync(fresh, uid, gid);
    execFileSync(`${debian}/${major}/bin/initdb`, ['-D', path.join(fresh, 'postgres'), '-U', 'hub', '--auth-local=peer', '--auth-host=reject',
      '--encoding=UTF8', '--locale=C.UTF-8', '--data-checksums', '--no-sync'], { uid, gid, cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
    fs.appendFileSync(path.join(fresh, 'postgres', 'postgresql.auto.conf'), "fsync = 'off'\n");
    try {
      fs.renameSync(fresh, made);
    } catch {
      fs.rmSync(fresh, { recursive: true }); // another test was quicker
    }
  }
  assert.equal(fs.lstatSync(made).uid, uid, `${made} belongs to somebody else`);
  await run('cp', ['-a', '--reflink=auto', path.join(made, 'postgres'), state]);
}

export class Problem extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(`${status} ${body?.rule ?? ''}: ${body?.detail ?? JSON.stringify(body)}`);
    this.status = status;
    this.rule = body?.rule;
    this.body = body;
  }
}

/** Hubs of the user `uid`, run by the command `asHub`, and their workers' own user.
 * @typedef {{ uid: number, gid: number, asHub: string[], launcher: string, worker: string }} Apart */

/** What hubs say of their network, of [Web] besides and in other groups, by the hubs' names. @type {Record<string, Record<string, Record<string, string>>>} */
export const nets = {};

/** @param {Record<string, string>} keys */
const lines = (keys) => Object.entries(keys).map(([key, value]) => `${key}=${value}\n`).join('');
/** @param {string} name @param {Record<string, string>} keys */
const group = (name, keys) => `[${name}]\n${lines(keys)}`;

export class Hub {
  /** @param {string} name @param {string} directory @param {any} ports @param {any} names
   * @param {Apart} [apart] */
  constructor(name, directory, ports, names, apart) {
    this.name = name;
    this.directory = directory;
    this.state = path.join(directory, 'state');
    this.runtime = path.join(directory, 'run');
    this.config = path.join(directory, 'karez.conf');
    this.log = path.join(directory, 'karezd.log');
    this.socket = path.join(this.runtime, 'karezd.sock');
    this.port = ports.web;
    this.peerPort = ports.peers;
    this.origin = `${nets[name]?.Web?.Certificate ?? nets[name]?.Web?.Authority ? 'https' : 'http'}://${name}.localhost:${ports.web}`;
    this.names = names;
    this.apart = apart;
    this.id = '';
    /** @type {import('node:child_process').ChildProcess | null} */
    this.process = null;
  }

  write() {
    fs.mkdirSync(this.state, { recursive: true });
    fs.mkdirSync(this.runtime, { recursive: true });
    if (this.apart)
      for (const directory of [this.state, this.runtime]) fs.chownSync(directory, this.apart.uid, this.apart.gid);
    const plugins = process.env.KAREZ_PLUGINS ?? path.join(build, 'plugins', 'template');
    const link = process.env.KAREZ_LINK ?? '127.0.0.1';
    const { Link = { Address: link }, Media = { Address: '127.0.0.1' }, Worker = {}, Web = {}, ...others } = nets[this.name] ?? {};
    if (this.apart) Object.assign(Worker, { Launcher: this.apart.launcher, User: this.apart.worker });
    fs.writeFileSync(this.config, `[Hub]
Name=${this.names.en}
Name[zh_CN]=${this.names.zh_CN}
Name[ug]=${this.names.ug}
State=${this.state}
Runtime=${this.runtime}
[Web]
Listen=127.0.0.1
Port=${this.port}
Origin=${this.origin}
${lines(Web)}[Peers]
Listen=127.0.0.1
Port=${this.peerPort}
Advertise=127.0.0.1:${this.peerPort}
[Plugins]
Path=${plugins}
${Object.entries({ Link, Media, Worker, ...others }).map(([name, keys]) => group(name, keys)).join('')}`);
  }

  /** Starts karezd; resolves when it is ready. Returns the milliseconds it took. */
  async start() {
    const begin = performance.now();
    const out = fs.openSync(this.log, 'a');
    const command = [...this.apart?.asHub ?? [], path.join(build, 'hub/daemon/karezd'), '--config', this.config];
    this.process = spawn(command[0], command.slice(1), {
      stdio: ['ignore', out, out],
      env: { ...process.env, G_DEBUG: 'fatal-criticals', KAREZ_WORKER: process.env.KAREZ_WORKER ?? path.join(build, 'hub/worker/karez-worker') },
    });
    fs.closeSync(out);
    const child = this.process;
    let ended = '';
    child.on('exit', (code, signal) => {
      ended = `karezd of ${this.name} ended: ${code ?? signal}`;
      // A hub that is not there any more is the first thing to know of a test that failed.
      fs.appendFileSync(this.log, `--- ${new Date().toISOString()} ${ended}\n`);
    });
    await until(`${this.name} to be ready`, async () => {
      if (ended) throw Object.assign(new Error(`${ended}\n${this.tail()}`), { final: true });
      return (await this.plain('/readyz')) === 200;
    }, 60000);
    const took = performance.now() - begin;
    this.id = (await this.api('GET', '/hello')).hub;
    return took;
  }

  tail(lines = 30) {
    return fs.readFileSync(this.log, 'utf8').split('\n').slice(-lines).join('\n');
  }

  /** The status of a plain GET over the local socket. @param {string} where */
  plain(where) {
    return new Promise((done, fail) => {
      const request = http.get({ socketPath: this.socket, agent: false, path: where }, (answer) => {
        answer.resume();
        answer.on('end', () => done(answer.statusCode));
      });
      request.on('error', fail);
    });
  }

  /** The API as the local administrator. @param {string} method @param {string} where
   * @param {any} [body] @returns {Promise<any>} */
  api(method, where, body) {
    return new Promise((done, fail) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const request = http.request({
        socketPath: this.socket,
        agent: false, // a connection for each: a killed hub leaves none behind that looks alive
        method,
        path: `/api/v1${where}`,
        headers: {
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
        },
      }, (answer) => {
        let received = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk) => { received += chunk; });
        answer.on('end', () => {
          observe(method, `/api/v1${where}`, answer.statusCode ?? 0, received);
          let json = null;
          try { json = received ? JSON.parse(received) : null; } catch { json = received; }
          if ((answer.statusCode ?? 500) < 300) done(json);
          else fail(new Problem(answer.statusCode ?? 500, json));
        });
      });
      request.on('error', fail);
      request.end(text);
    });
  }

  /** kill -9. */
  async kill() {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.on('exit', done));
    child.kill('SIGKILL');
    await gone;
    this.process = null;
  }

  /** The private PostgreSQL's process id. */
  postgres() {
    const pid = fs.readFileSync(path.join(this.state, 'postgres', 'postmaster.pid'), 'utf8');
    return Number(pid.split('\n')[0]);
  }

  /** Ends the hub, its workers and its database. */
  async end() {
    const workers = await this.api('GET', '/workers').then((answer) => answer.items, () => []);
    if (this.process && this.process.exitCode === null) {
      const child = this.process;
      const gone = new Promise((done) => child.on('exit', done));
      child.kill('SIGTERM');
      await Promise.race([gone, sleep(8000)]);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
    for (const worker of workers.filter(({ pid }) => pid > 0)) { // one that is not there yet has none: 0 is everybody
      try { process.kill(worker.pid, 'SIGKILL'); } catch { /* it has ended */ }
    }
    try {
      const pid = this.postgres();
      process.kill(pid, 'SIGQUIT');
      await until('PostgreSQL to end', () => {
        try { process.kill(pid, 0); return false; } catch { return true; }
      }, 10000);
    } catch { /* it has ended */ }
  }
}

/** What psql needs to reach a hub's own database. @param {Hub} hub */
export function database(hub) {
  const socket = fs.readFileSync(path.join(hub.state, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[4];
  return ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', socket, '-U', 'hub', '-d', 'karez'];
}

/** Changes a hub's database behind its back, as a crash or a restore does. @param {Hub} hub @param {string} sql */
export async function meddle(hub, sql) {
  const { stdout } = await run('psql', [...database(hub), '-c', `set session_replication_role = replica; ${sql}`]);
  return stdout.trim();
}

export const password = 'seven wells of water';

/** People of a hospital, by login. */
const staff = [
  { login: 'desk', roles: ['desk'], en: 'Coordination desk' },
  { login: 'doctor', roles: ['clinician'], en: 'Doctor' },
  { login: 'admin', roles: ['administrator'], en: 'Administrator' },
  { login: 'auditor', roles: ['auditor'], en: 'Auditor' },
];

/** Two hubs, started and paired, with people, rooms and nothing booked. */
export class Pair {
  /** @param {string} label @param {(directory: string) => Promise<Apart>} [prepare] before the hubs start */
  static async open(label, prepare) {
    const pair = new Pair();
    // Not below the build directory: the database's user may not be able to enter that.
    pair.directory = fs.mkdtempSync(path.join(os.tmpdir(), `karez-${label}-`));
    fs.chmodSync(pair.directory, 0o755);
    const apart = await prepare?.(pair.directory);
    const names = {
      aral: { en: 'Aral Tarim Hospital', zh_CN: '阿拉尔塔里木医院', ug: 'ئارال تارىم دوختۇرخانىسى' },
      hangzhou: { en: 'Hangzhou Qiantang Hospital', zh_CN: '杭州钱塘医院', ug: 'خاڭجۇ چيەنتاڭ دوختۇرخانىسى' },
    };
    const make = async (/** @type {'aral'|'hangzhou'} */ name) => {
      const directory = path.join(pair.directory, name);
      fs.mkdirSync(directory);
      const ports = { web: await freePort(), peers: await freePort() };
      const hub = new Hub(name, directory, ports, names[name], apart);
      hub.write();
      return hub;
    };
    pair.aral = await make('aral');
    pair.hangzhou = await make('hangzhou');
    pair.hubs = [pair.aral, pair.hangzhou];
    if (!apart) await Promise.all(pair.hubs.map((hub) => giveCluster(hub.state)));
    try {
      await pair.begin();
    } catch (error) {
      console.error(pair.logs());
      await pair.close();
      throw error;
    }
    return pair;
  }

  async begin() {
    this.firstStart = Math.max(...await Promise.all(this.hubs.map((hub) => hub.start())));
    await this.fill();
    await this.join();
  }

  constructor() {
    this.directory = '';
    this.firstStart = 0;
    /** @type {Hub[]} */
    this.hubs = [];
    this.aral = /** @type {Hub} */ (/** @type {unknown} */ (null));
    this.hangzhou = /** @type {Hub} */ (/** @type {unknown} */ (null));
    /** Resources by hub's name and English name. @type {Record<string, Record<string, string>>} */
    this.resources = {};
  }

  async fill() {
    await Promise.all(this.hubs.map(async (hub) => {
      await hub.api('POST', '/organisations', { id: randomUUID(), level: 'county', names: hub.names, own: true });
      for (const person of staff)
        await hub.api('POST', '/people', {
          id: randomUUID(), names: { en: `${person.en} of ${hub.name}` },
          login: `${person.login}.${hub.name}`, password, password_final: true, roles: person.roles,
        });
      this.resources[hub.name] = {};
      for (const en of ['Room 1', 'Room 2']) {
        const id = randomUUID();
        await hub.api('POST', '/resources', { id, kind: 'room', names: { en } });
        this.resources[hub.name][en] = id;
      }
    }));
  }

  /** The pairing ceremony, as two administrators do it. */
  async join() {
    const { aral, hangzhou } = this;
    const begun = await aral.api('POST', '/pairings', { address: `127.0.0.1:${hangzhou.peerPort}` });
    const theirs = await until('the pairing at the other hub', async () =>
      (await hangzhou.api('GET', '/pairings')).items.find((one) => one.shown));
    const ours = await until('the string to read out', async () =>
      (await aral.api('GET', '/pairings')).items.find((one) => one.id === begun.id && one.shown));
    await aral.api('POST', `/pairings/${begun.id}/confirm`, { string: theirs.shown });
    await hangzhou.api('POST', `/pairings/${theirs.id}/confirm`, { string: ours.shown });
    for (const hub of this.hubs)
      await until(`${hub.name} to see its partner`, async () =>
        (await hub.api('GET', '/peers')).items.some((peer) => peer.state === 'up'), 15000);
  }

  async close() {
    await Promise.all(this.hubs.map((hub) => hub.end()));
    if (process.env.KAREZ_KEEP) console.log(`kept: ${this.directory}`);
    else fs.rmSync(this.directory, { recursive: true, force: true });
  }

  logs() {
    return this.hubs.map((hub) => `--- ${hub.name}\n${hub.tail(60)}`).join('\n');
  }
}

/** Runs a test over a pair, and always ends it. @param {string} label
 * @param {(pair: Pair) => Promise<void>} test @param {(directory: string) => Promise<Apart>} [prepare] */
export async function withPair(label, test, prepare) {
  const pair = await Pair.open(label, prepare);
  let failed = null;
  try {
    await test(pair);
  } catch (error) {
    failed = error;
    fs.mkdirSync(artefacts, { recursive: true });
    fs.writeFileSync(path.join(artefacts, `${label}.log`), pair.logs());
    console.error(pair.logs());
  }
  await pair.close();
  if (failed) throw failed;
}

/** A session of a shared note, ready at both hospitals. @param {Pair} pair @param {string} title @param {string} [modality]
 * @returns {Promise<string>} its id */
export async function prepareNote(pair, title, modality = 'shared-note') {
  const id = randomUUID();
  const at = Date.now() + 60000;
  await pair.aral.api('POST', '/bookings', {
    id, modality, title, reason: '', urgency: 'T1', partner: pair.hangzhou.id,
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources: [],
  });
  await until('the request', async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await pair.hangzhou.api('POST', `/bookings/${id}/accept`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to plan it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'planned');
  await pair.aral.api('POST', `/sessions/${id}/prepare`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to be ready`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ready');
  return id;
}

export { run, randomUUID };
