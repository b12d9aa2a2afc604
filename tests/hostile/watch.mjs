// SPDX-License-Identifier: LGPL-2.1-or-later
// What a hub must stay while others do their worst: alive, prompt, small, without a critical.

import assert from 'node:assert/strict';
import fs from 'node:fs';

import { sleep } from '../e2e/hubs.mjs';

const pause = 10; // ms between two looks

/** Of memory, in KiB; 0 of a process that has ended. @param {number} pid */
function resident(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export class Watch {
  /** @param {import('../e2e/hubs.mjs').Hub} hub that is warm: what it needs for each kind of request it has */
  constructor(hub) {
    this.hub = hub;
    this.pid = hub.process?.pid ?? 0;
    this.begin = resident(this.pid);
    this.most = this.begin;
    this.logged = fs.statSync(hub.log).size;
    /** @type {number[]} */
    this.delays = [];
    this.over = false;
    this.going = this.look();
  }

  async look() {
    while (!this.over) {
      const begin = performance.now();
      const status = await this.hub.plain('/healthz').catch((error) => error.message);
      this.delays.push(status === 200 ? performance.now() - begin : Infinity);
      this.most = Math.max(this.most, resident(this.pid));
      await sleep(pause);
    }
  }

  /** Ends it, and says what was seen. */
  async end() {
    this.over = true;
    await this.going;
    this.delays.sort((a, b) => a - b);
    const log = fs.readFileSync(this.hub.log, 'utf8').slice(this.logged);
    return {
      growth: (this.most - this.begin) / 1024,
      p99: this.delays[Math.floor(this.delays.length * 0.99)],
      looks: this.delays.length,
      criticals: log.split('\n').filter((line) => /CRITICAL|\bcritical\b|WARNING \*\*|runtime error|Sanitizer/.test(line)),
      alive: this.hub.process?.exitCode === null && this.hub.process?.signalCode === null,
    };
  }

  /** Ends it, prints it and holds it against the bounds. @param {(text: string) => void} [say] */
  async check(say = console.log) {
    const { growth, p99, looks, criticals, alive } = await this.end();
    say(`${this.hub.name}: memory grew by ${growth.toFixed(1)} MiB (64), /healthz p99 ${p99.toFixed(0)} ms of ${looks} (250)`);
    assert.ok(alive, `karezd of ${this.hub.name} ended:\n${this.hub.tail()}`);
    assert.deepEqual(criticals, [], 'the log holds criticals');
    assert.ok(growth <= 64, `memory grew by ${growth} MiB`);
    assert.ok(p99 < 250, `/healthz p99 is ${p99} ms`);
    return { growth, p99 };
  }
}
