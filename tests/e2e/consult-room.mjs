// SPDX-License-Identifier: LGPL-2.1-or-later
// A consultation between two hubs with native participants, who know to the packet what came when;
// two paths between the workers, which can be cut; and what is lost when something goes.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

import { makeClip } from '../rtc/clip.mjs';
import { openBrowser } from './browser.mjs';
import { addSeconds, book, prepare } from './consult-page.mjs';
import { build, password, randomUUID, sleep, until, withPair } from './hubs.mjs';
import { openSocket } from './socket.mjs';

/** Last bytes of the addresses that the links use: one for each path. */
const paths = [2, 3];

/** What the hubs of a pair need to know before it is opened. @param {string} folder */
export function arrange(folder) {
  const worker = path.join(folder, 'worker');
  const cut = path.join(folder, 'cut');
  fs.writeFileSync(cut, Buffer.alloc(256));
  fs.writeFileSync(worker, `#!/bin/sh
LD_PRELOAD='${path.join(build, 'tests/e2e/libcut.so')}' KAREZ_CUT='${cut}' exec '${path.join(build, 'hub/worker/karez-worker')}' "$@"
`, { mode: 0o755 });
  process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');
  process.env.KAREZ_LINK = paths.map((n) => `127.0.0.${n}`).join(',');
  process.env.KAREZ_WORKER = worker;
  const file = fs.openSync(cut, 'r+');
  return {
    /** @param {number} path @param {boolean} on */
    cut: (path, on) => fs.writeSync(file, Buffer.from([on ? 1 : 0]), 0, 1, paths[path]),
  };
}

/** Somebody without a browser. Its media do not depend on its hub; its socket is opened again as a
 * page's is. */
export class Member {
  /** @param {import('./hubs.mjs').Hub} hub @param {string} session @param {string} login @param {string} clip */
  constructor(hub, session, login, clip) {
    this.hub = hub;
    this.session = session;
    this.login = login;
    this.participant = '';
    /** Whether the hub has taken its socket for its place in the session. */
    this.bound = false;
    this.headers = {};
    /** @type {import('./socket.mjs').Socket | null} */
    this.socket = null;
    this.ended = false;
    this.child = spawn(path.join(build, 'tests/rtc/rtc-member'), [clip], { stdio: ['pipe', 'pipe', 'inherit'] });
    try { // what measures is not to be late itself
      os.setPriority(this.child.pid ?? 0, -15);
    } catch { /* only root may */ }
    this.gone = () => this.child.kill('SIGKILL');
    process.on('exit', this.gone);
    this.died = '';
    /** Who waits for an answer. @type {{type: string, done: (said: any) => void, fail: (error: Error) => void}[]} */
    this.waiting = [];
    this.child.on('exit', (code, signal) => {
      this.died = `rtc-member of ${login} ended: ${code ?? signal}`;
      for (const { fail } of this.waiting.splice(0)) fail(new Error(this.died));
    });
    this.child.stdin.on('error', () => {});
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.type === 'send') this.socket?.send({ type: 'message', session, body: said.body });
      else this.waiting.splice(this.waiting.findIndex((one) => one.type === said.type), 1)[0].done(said);
    });
  }

  get base() {
    return `http://127.0.0.1:${this.hub.port}/api/v1`;
  }

  /** @param {string} where @param {any} body */
  async post(where, body) {
    const answer = await fetch(this.base + where, {
      method: 'POST', body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...this.headers },
    });
    const json = await answer.json();
    assert.ok(answer.ok, `${where}: ${answer.status} ${JSON.stringify(json)}`);
    return { json, cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] };
  }

  /** @param {string} role @param {() => Promise<void>} [between] once it is signed in, before it joins */
  async join(role, between) {
    const { json, cookie } = await this.post('/sign-in', { login: this.login, password });
    this.headers = { cookie, 'x-karez-token': json.csrf };
    await between?.();
    this.participant = (await this.post(`/sessions/${this.session}/join`, { role })).json.participant;
    await this.connect();
  }

  async connect() {
    const socket = await openSocket(`${this.base}/live`, { ...this.headers, origin: `http://127.0.0.1:${this.hub.port}` });
    this.socket = socket;
    socket.on('message', (message) => {
      if (message.type === 'hello') socket.send({ type: 'join', session: this.session, participant: this.participant });
      // A hub that has just started does not know its sessions yet, or cannot follow its events.
      else if (['session/unknown', 'live/no-events'].includes(message.problem?.rule)) setTimeout(() => socket.close(), 250);
      else if (message.type === 'problem') console.error(`${this.login} was refused: ${JSON.stringify(message.problem)}`);
      else if (message.type === 'session' && message.session === this.session) this.bound = true;
      else if (message.type === 'message' && message.session === this.session) this.tell({ type: 'message', body: message.body });
    });
    socket.on('end', () => {
      this.bound = false;
      void this.again();
    });
    socket.send({ type: 'hello', since: null });
  }

  async again() {
    while (!this.ended) {
      await sleep(250);
      if (await this.connect().then(() => true, () => false)) return;
    }
  }

  /** @param {any} line */
  tell(line) {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** @param {any} body to the session */
  say(body) {
    this.socket?.send({ type: 'message', session: this.session, body });
  }

  /** @param {string} type @returns {Promise<any>} */
  async ask(type) {
    if (this.died) throw new Error(this.died);
    return new Promise((done, fail) => {
      this.waiting.push({ type, done, fail });
      this.tell({ type });
    });
  }

  end() {
    this.ended = true;
    this.socket?.close();
    process.off('exit', this.gone);
    this.child.kill();
  }
}

/** The room: somebody native at each hospital. */
export class ConsultRoom {
  /** @param {import('./hubs.mjs').Pair} pair @param {string} clip @param {ReturnType<typeof arrange>} wires */
  static async open(pair, clip, wires) {
    await addSeconds(pair);
    const room = new ConsultRoom(pair, await book(pair), wires);
    await prepare(pair, room.id);
    for (const hub of pair.hubs) {
      const member = new Member(hub, room.id, `second.${hub.name}`, clip);
      room.members.push(member);
      await member.join(hub === pair.aral ? 'referrer' : 'consultant');
    }
    await until('the session to start', () => pair.aral.api('POST', `/sessions/${room.id}/start`, {}).then(() => true));
    room.members[0].say({ type: 'consent.give', basis: 'patient' });
    await room.flows();
    return room;
  }

  /** @param {import('./hubs.mjs').Pair} pair @param {string} id @param {ReturnType<typeof arrange>} wires */
  constructor(pair, id, wires) {
    this.pair = pair;
    this.id = id;
    this.wires = wires;
    /** @type {Member[]} */
    this.members = [];
    /** For how long this machine kept a member from running while the newest gap was measured, in ms. */
    this.late = 0;
  }

  /** What a member is sent by the other ones: a page's own encoder may pause, and is not asked. @param {Member} member */
  async streams(member) {
    const natives = new Set(this.members.map((one) => one.participant));
    const { streams, late_ms } = await member.ask('gaps');
    this.late = Math.max(this.late, Math.round(late_ms));
    return /** @type {{participant: string, source: string, gap_ms: number, packets: number}[]} */ (streams)
      .filter((one) => natives.has(one.participant) && one.source !== 'screen');
  }

  /** Everybody gets voice and face of everybody else, now. @param {number} [ms] */
  async flows(ms = 15000) {
    await Promise.all(this.members.map(async (member) => {
      let before = await this.streams(member);
      await until(`${member.login} to receive`, async () => {
        await sleep(60);
        const now = await this.streams(member);
        const more = now.filter((one) => before.some((old) => old.source === one.source && old.participant === one.participant && one.packets > old.packets));
        before = now; // a new connection counts anew
        return more.length === 2;
      }, ms);
    }));
  }

  /** The longest time without a packet of a stream, while something happens. @param {() => Promise<void>} happen */
  async gap(happen) {
    for (const member of this.members) await this.streams(member);
    this.late = 0;
    await happen();
    const all = (await Promise.all(this.members.map((member) => this.streams(member)))).flat();
    assert.equal(all.length, 2 * this.members.length, 'a stream is gone');
    return Math.round(Math.max(...all.map((one) => one.gap_ms)));
  }

  /** @param {number} n */
  async worker(n) {
    const found = (await this.pair.hubs[n].api('GET', '/workers')).items.find((one) => one.session === this.id);
    assert.ok(found, `${this.pair.hubs[n].name} has no worker`);
    return found;
  }

  /** Nothing happens for so long. @param {number} ms */
  quiet(ms) {
    return this.gap(() => sleep(ms));
  }

  /** kill -9 of a hub, which is started again; its member's socket comes back, its media never left.
   * @param {number} n @param {(back: number) => void} [tell] */
  killHub(n, tell) {
    const hub = this.pair.hubs[n];
    return this.gap(async () => {
      await hub.kill();
      await sleep(1000);
      const start = performance.now();
      await hub.start();
      await until('the live session', async () => (await hub.api('GET', `/sessions/${this.id}`)).worker?.state === 'running');
        tell?.(Math.round(performance.now() - start));
      await sleep(1500);
    });
  }

  /** One of the two paths is cut for two seconds. @param {number} n */
  cutPath(n) {
    return this.gap(async () => {
      this.wires.cut(n, true);
      await sleep(2000);
      this.wires.cut(n, false);
      await sleep(500);
    });
  }

  /** kill -9 of a worker: a new one takes its place. Milliseconds until there is one, and until everybody
   * native hears and sees again. @param {number} n */
  async killWorker(n) {
    const before = await this.worker(n);
    const begin = performance.now();
    process.kill(before.pid, 'SIGKILL');
    await until('a new worker', async () => (await this.pair.hubs[n].api('GET', '/workers')).items
      .some((one) => one.session === this.id && one.pid !== before.pid));
    const made = Math.round(performance.now() - begin);
    await this.flows();
    return { made, back: Math.round(performance.now() - begin) };
  }

  /** @param {boolean} on */
  cutAll(on) {
    for (const i of paths.keys()) this.wires.cut(i, on);
  }

  close() {
    for (const member of this.members) member.end();
  }
}

/** A room of natives alone, and their clip. @param {string} label @param {(room: ConsultRoom, clip: string) => Promise<void>} test */
export async function withRoom(label, test) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-wires-'));
  const clip = path.join(folder, 'clip.ivf');
  const wires = arrange(folder);
  try {
    await withPair(label, async (pair) => {
      const browser = await openBrowser();
      const page = await browser.newPage();
      await page.goto(pair.aral.origin);
      await makeClip(page, clip);
      await browser.close();
      const room = await ConsultRoom.open(pair, clip, wires);
      try {
        await test(room, clip);
      } finally {
        room.close();
      }
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
