// SPDX-License-Identifier: LGPL-2.1-or-later
// The machines of two hospitals, on a network of their own.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

import { Hub, Problem, randomUUID, source } from '../e2e/hubs.mjs';

const ip = (/** @type {string[]} */ ...words) => execFileSync('ip', words);
const dataSize = 400 << 20;

/** Between the machines and the browsers. The test has a network of its own, so none of it is left. */
export class Network {
  constructor() {
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'hospitals', 'type', 'bridge');
    ip('addr', 'add', '192.0.2.1/24', 'dev', 'hospitals');
    ip('link', 'set', 'hospitals', 'up');
  }

  /** @param {Machine} machine */
  attach(machine) {
    ip('link', 'add', machine.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(machine.pid));
    ip('link', 'set', machine.name, 'master', 'hospitals', 'up');
    const inside = (/** @type {string[]} */ ...words) => execFileSync('nsenter', ['-t', String(machine.pid), '-n', 'ip', ...words]);
    inside('addr', 'add', `${machine.address}/24`, 'dev', 'eth0');
    inside('link', 'set', 'eth0', 'up');
  }
}

/** A hub as the other tests know one. It knows who is at its local socket by the process, so its
 * machine has to ask. */
class MachineHub extends Hub {
  /** @param {Machine} machine @param {string} origin */
  constructor(machine, origin) {
    super(machine.name, '/nonexistent', { web: 443, peers: 8444 }, {});
    this.machine = machine;
    this.origin = origin;
    this.log = machine.inside('/var/log/karezd.log');
  }

  /** @param {string} method @param {string} where @param {any} [body] */
  async api(method, where, body) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const said = await this.machine.run(`curl --silent --show-error --unix-socket /run/karez/karezd.sock -X ${method} \\
      -H 'Content-Type: application/json' -H 'Idempotency-Key: ${randomUUID()}' -w '\\n%{http_code}' \\
      ${text ? '--data-binary @-' : ''} 'http://localhost/api/v1${where}'`, text);
    const end = said.lastIndexOf('\n');
    const [json, status] = [said.slice(0, end), Number(said.slice(end + 1))];
    if (status >= 300) throw new Problem(status, JSON.parse(json || 'null'));
    return json ? JSON.parse(json) : null;
  }
}

/** A hospital's machine. */
export class Machine {
  /** @param {string} name @param {string} address @param {string} root @param {Network} network */
  static async open(name, address, root, network) {
    const machine = new Machine(name, address);
    const child = spawn('unshare', ['--mount', '--net', '--pid', '--fork', '--kill-child', 'python3',
      path.join(source, 'tests/install/machine.py'), root, path.join(source, 'tests/install'), source, String(dataSize)],
    { stdio: ['pipe', 'pipe', 'inherit'] });
    machine.child = child;
    readline.createInterface({ input: child.stdout }).on('line', (line) => machine.waiting.shift()?.(JSON.parse(line)));
    child.on('exit', () => machine.waiting.splice(0).forEach((one) => one({ code: -1, out: '', err: 'the machine ended' })));
    await machine.answer();
    machine.pid = Number(fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
    network.attach(machine);
    return machine;
  }

  /** @param {string} name @param {string} address */
  constructor(name, address) {
    this.name = name;
    this.address = address;
    this.pid = 0;
    /** @type {import('node:child_process').ChildProcess | null} */
    this.child = null;
    /** @type {((said: any) => void)[]} */
    this.waiting = [];
  }

  /** @returns {Promise<{code: number, out: string, err: string}>} */
  answer() {
    return new Promise((done) => { this.waiting.push(done); });
  }

  /** What a script of bash says, and how it ends. @param {string} script @param {string} [input] */
  try(script, input = '') {
    const answer = this.answer();
    this.child?.stdin?.write(`${JSON.stringify({ script, input })}\n`);
    return answer;
  }

  /** The same, of one that must work. @param {string} script @param {string} [input] */
  async run(script, input) {
    const { code, out, err } = await this.try(script, input);
    assert.equal(code, 0, `${this.name}: ${script}\n${out}${err}\n${await this.tail()}`);
    return out;
  }

  async tail() {
    try {
      return fs.readFileSync(this.inside('/var/log/karezd.log'), 'utf8').split('\n').slice(-20).join('\n');
    } catch {
      return '';
    }
  }

  /** Where a file of it is to be found from here. @param {string} file */
  inside(file) {
    return `/proc/${this.pid}/root${file}`;
  }

  /** @param {string} origin */
  async hub(origin) {
    const hub = new MachineHub(this, origin);
    hub.id = (await hub.api('GET', '/hello')).hub;
    return hub;
  }

  close() {
    this.child?.kill('SIGKILL');
  }
}
