// SPDX-License-Identifier: LGPL-2.1-or-later
// Forwarders to be measured, each in a process of its own, and the one program that loads them all:
// a forwarder here knows how it is started and spoken to, the media are the load's.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

import { build, sleep, until } from '../e2e/hubs.mjs';
import { openSocket } from '../e2e/socket.mjs';

/** An address that is not the loopback's: libnice makes no candidates of that. */
export const address = Object.values(os.networkInterfaces()).flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';

/** @param {number} pid */
function cpuSeconds(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** A program of the test's, which says lines of JSON. */
class Program extends EventEmitter {
  /** @param {string} name @param {string[]} args */
  constructor(name, args) {
    super();
    this.setMaxListeners(0);
    this.child = spawn(name, args, { stdio: ['pipe', 'pipe', process.env.KAREZ_KEEP ? 'inherit' : 'ignore'] });
    this.gone = () => this.child.kill('SIGKILL');
    process.on('exit', this.gone);
    this.child.on('exit', (code, signal) => this.emit('error', new Error(`${path.basename(name)} ended: ${code ?? signal}`)));
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.emit('line', JSON.parse(line));
    });
    this.on('error', () => {});
  }

  get pid() {
    return this.child.pid ?? 0;
  }

  cpu() {
    return cpuSeconds(this.pid);
  }

  /** ms in which its threads could run and had no processor, together (Documentation/scheduler/sched-stats). */
  waited() {
    const root = `/proc/${this.pid}/task`;
    return fs.readdirSync(root).reduce((ms, thread) => ms + Number(fs.readFileSync(`${root}/${thread}/schedstat`, 'utf8').split(' ')[1]) / 1e6, 0);
  }

  /** Resident memory in KiB. */
  rss() {
    return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  threads() {
    return fs.readdirSync(`/proc/${this.pid}/task`).length;
  }

  async end() {
    this.child.removeAllListeners('exit');
    process.off('exit', this.gone);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** The clients, in one process whose processor time is not the forwarder's. */
export class Load extends Program {
  constructor() {
    super(path.join(build, 'tests/rtc/rtc-load'), []);
    this.turn = Promise.resolve();
  }

  /** @param {any} line */
  tell(line) {
    this.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** Answers come in the order of the questions. @param {any} line @returns {Promise<any>} */
  ask(line) {
    const answer = this.turn.then(async () => {
      this.tell(line);
      return (await once(this, 'line'))[0];
    });
    this.turn = answer.then(() => {}, () => {});
    return answer;
  }

  /** @param {string} client @param {{send?: boolean, receive?: boolean, clip?: string}} what */
  open(client, what) {
    this.tell({ do: 'open', client, address, send: what.send ?? false, receive: what.receive ?? false, clip: what.clip ?? null });
  }

  /** @param {number} n */
  async flows(n) {
    await until(`${n} clients to receive`, async () => (await this.ask({ do: 'wait' })).flowing === n, 30000);
  }
}

/** A room of hub/rtc, as a worker has it. */
export class Room extends Program {
  /** @param {string} [folder] what it serves to browsers */
  constructor(folder = os.tmpdir()) {
    super(path.join(build, 'tests/rtc/rtc-host'), [folder, address]);
    this.said = once(this, 'line');
    this.port = 0;
    /** Where it receives media: "host:port", once somebody has joined. */
    this.media = '';
    /** @type {import('../e2e/socket.mjs').Socket[]} */
    this.sockets = [];
  }

  async start() {
    this.port = (await this.said)[0].port;
  }

  /** @param {Load} load @param {string} client @param {any} sources @param {any} [relay] */
  async join(load, client, sources, relay = {}) {
    const socket = await openSocket(`http://127.0.0.1:${this.port}/socket`);
    this.sockets.push(socket);
    const answered = new Promise((done, fail) => socket.on('message', (message) => {
      if (message.type === 'media.answer') done(message.sdp);
      if (message.type === 'refused') fail(new Error(message.message));
    }));
    const { sdp } = await load.ask({ do: 'offer', client });
    socket.send({ type: 'media.offer', connection: `connection-of-${client}`, sdp, sources });
    const answer = await answered;
    this.media = /a=candidate:\S+ 1 udp \d+ (\S+ \d+)/.exec(answer)?.[1].replace(' ', ':') ?? '';
    load.tell({ do: 'answer', client, sdp: answer, ...relay });
  }

  /** @param {Load} load @param {string} client */
  publish(load, client) {
    return this.join(load, client, { 0: 'microphone', 1: 'camera' });
  }

  /** @param {Load} load @param {string} client @param {any} [relay] */
  subscribe(load, client, relay) {
    return this.join(load, client, {}, relay);
  }
}

/** Debian's Janus with its VideoRoom plugin, over its HTTP API. */
export class Janus extends Program {
  static program = '/usr/bin/janus';

  /** @param {number} eventLoops 0 for a thread for each participant, which is its default */
  constructor(eventLoops) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-janus-'));
    const port = 20000 + randomInt(12000);
    const write = (/** @type {string} */ name, /** @type {string} */ text) => fs.writeFileSync(path.join(folder, name), text);
    const modules = fs.readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/janus`).find((name) => fs.existsSync(`${name}/plugins`));
    const others = (/** @type {string} */ kind, /** @type {string} */ kept) => fs.readdirSync(`${modules}/${kind}`)
      .filter((name) => name.endsWith('.so') && name !== kept).join(',');
    write('janus.jcfg', `general: { debug_level = 3, session_timeout = 0${eventLoops ? `, event_loops = ${eventLoops}` : ''} }
nat: { ice_enforce_list = "${address}" }
plugins: { disable = "${others('plugins', 'libjanus_videoroom.so')}" }
transports: { disable = "${others('transports', 'libjanus_http.so')}" }
`);
    write('janus.transport.http.jcfg', `general: { http = true, port = ${port}, ip = "127.0.0.1" }\n`);
    write('janus.plugin.videoroom.jcfg', 'general: { }\n');
    super(Janus.program, ['-F', folder]);
    this.folder = folder;
    this.root = `http://127.0.0.1:${port}/janus`;
    this.session = 0;
    this.room = 1234;
    this.ended = false;
  }

  async start() {
    this.session = (await until('Janus', () => this.post('', { janus: 'create' }), 10000)).data.id;
    this.events = new EventEmitter();
    this.events.setMaxListeners(0);
    void this.listen();
    await this.message(await this.attach(), { request: 'create', room: this.room, publishers: 1, bitrate: 3000000, fir_freq: 0 });
  }

  /** @param {string} where @param {any} body @returns {Promise<any>} */
  async post(where, body) {
    const answer = await fetch(this.root + where, { method: 'POST', body: JSON.stringify({ ...body, transaction: `t${randomInt(1e9)}` }) });
    const json = await answer.json();
    if (json.janus === 'error') throw new Error(`Janus: ${json.error.reason}`);
    return json;
  }

  async listen() {
    while (!this.ended) {
      const events = await fetch(`${this.root}/${this.session}?maxev=20`).then((answer) => answer.json(), () => sleep(100));
      for (const event of Array.isArray(events) ? events : events ? [events] : [])
        if (event.janus === 'event') this.events?.emit(String(event.sender), event);
        else this.events?.emit(`${event.janus} ${event.sender}`);
    }
  }

  async attach() {
    return (await this.post(`/${this.session}`, { janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
  }

  /** What the plugin says of it, now or later. @param {number} handle @param {any} body @param {any} [jsep] @returns {Promise<any>} */
  async message(handle, body, jsep) {
    const later = this.events && once(this.events, String(handle));
    const now = await this.post(`/${this.session}/${handle}`, { janus: 'message', body, ...(jsep ? { jsep } : {}) });
    const [event] = now.janus === 'success' ? [now] : await /** @type {Promise<any[]>} */ (later);
    if (event.plugindata?.data?.error) throw new Error(`Janus: ${event.plugindata.data.error}`);
    return event;
  }

  /** @param {Load} load @param {string} client */
  async publish(load, client) {
    const handle = await this.attach();
    await this.message(handle, { request: 'join', ptype: 'publisher', room: this.room, id: 1 });
    const { sdp } = await load.ask({ do: 'offer', client });
    const up = once(/** @type {EventEmitter} */ (this.events), `webrtcup ${handle}`);
    // It would be the DTLS client itself otherwise.
    const { jsep } = await this.message(handle, { request: 'publish' }, { type: 'offer', sdp: sdp.replaceAll('setup:actpass', 'setup:active') });
    load.tell({ do: 'answer', client, sdp: jsep.sdp });
    await up; // nobody can subscribe before
  }

  /** @param {Load} load @param {string} client */
  async subscribe(load, client) {
    const handle = await this.attach();
    const { jsep } = await this.message(handle, { request: 'join', ptype: 'subscriber', room: this.room, streams: [{ feed: 1 }] });
    const { sdp } = await load.ask({ do: 'accept', client, sdp: jsep.sdp });
    await this.message(handle, { request: 'start' }, { type: 'answer', sdp });
  }

  async end() {
    this.ended = true;
    await super.end();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
