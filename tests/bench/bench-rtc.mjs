// SPDX-License-Identifier: LGPL-2.1-or-later
// A room of hub/rtc beside Debian's Janus: what a packet costs, how long it takes, what a
// participant weighs; how soon a browser's page shows somebody; what loss does.
//
//   bench-rtc.mjs forward | busy | join | loss

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { openBrowser } from '../e2e/browser.mjs';
import { sleep, source, until } from '../e2e/hubs.mjs';
import { makeClip } from '../rtc/clip.mjs';
import { Janus, Load, Room, address } from './rtc-forwarders.mjs';

const rounds = 3;
const windowMs = 10000;
const joins = 40;
const lossMs = 60000;

/** @param {Record<string, unknown>} figure */
const print = (figure) => console.log(JSON.stringify(figure));

/** @param {number[]} list @param {number} q */
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
/** @param {number[]} list */
const median = (list) => quantile(list, 0.5);
/** @param {number} value @param {number} [digits] */
const round = (value, digits = 2) => +value.toFixed(digits);
/** A median and what it lies between. @param {number[]} list @param {number} [digits] */
const spread = (list, digits = 2) => `${round(median(list), digits)} (${round(Math.min(...list), digits)}\u2013${round(Math.max(...list), digits)})`;

const janus = !fs.existsSync(Janus.program) ? 'Debian\u2019s janus is not installed'
  : address === '127.0.0.1' ? 'Janus uses no loopback, and there is no other address' : '';
/** @type {{name: string, make: () => Room | Janus}[]} */
const forwarders = [
  { name: 'ours', make: () => new Room() },
  ...(janus ? [] : [
    { name: 'Janus, 2 event loops', make: () => new Janus(2) },
    { name: 'Janus, its default', make: () => new Janus(0) },
  ]),
];

/** @typedef {{us: number, p50: number, p99: number, rss: number, threads: number, load: number, waited: number, stolen: number, stall: number, realTime: boolean}} Taken
 * waited: ms in which the forwarder's threads could run and had no processor; stolen: ms that the
 * machine's own host kept its processors; stall: at longest, ms in which it ran nothing that was due */

/** ms since the machine started in which its host ran something else, of all processors: proc(5). */
const stolenMs = () => Number(fs.readFileSync('/proc/stat', 'utf8').split(/\s+/)[8]) * 10;

/** What a processor is wanted for as well: an ordinary program that never waits. @template T
 * @param {() => Promise<T>} work @returns {Promise<T>} */
async function besideAnother(work) {
  const other = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    return await work();
  } finally {
    other.kill('SIGKILL');
  }
}

/** One publisher, n subscribers, one window. @param {() => Room | Janus} make @param {number} n @returns {Promise<Taken>} */
async function take(make, n) {
  const load = new Load();
  const forwarder = make();
  try {
    await forwarder.start();
    load.open('publisher', { send: true });
    await forwarder.publish(load, 'publisher');
    let before = 0;
    for (let i = 0; i < n; i++) {
      if (i === 10) {
        await load.flows(11);
        await sleep(1000);
        before = forwarder.rss();
      }
      load.open(`subscriber-${i}`, { receive: true });
      await forwarder.subscribe(load, `subscriber-${i}`);
    }
    await load.flows(n + 1);
    await sleep(1000);
    const [spent, loaded, waited, stolen] = [forwarder.cpu(), load.cpu(), forwarder.waited(), stolenMs()];
    load.tell({ do: 'begin' });
    await sleep(windowMs);
    const came = await load.ask({ do: 'end' });
    if (came.cipher !== 'SRTP_AEAD_AES_128_GCM') throw new Error(`the cipher is ${came.cipher}`);
    const sent = n * came.seconds * (30 * 6 + 50);
    if (came.packets < 0.99 * sent) throw new Error(`only ${came.packets} of ${Math.round(sent)} packets came`);
    return {
      us: (forwarder.cpu() - spent) * 1e6 / came.packets, p50: came.p50_us / 1000, p99: came.p99_us / 1000,
      rss: (forwarder.rss() - before) / 1024 / (n - 10), threads: forwarder.threads(), load: (load.cpu() - loaded) / came.seconds,
      waited: forwarder.waited() - waited, stolen: stolenMs() - stolen, stall: came.longest_stall_us / 1000, realTime: came.stalls_real_time,
    };
  } finally {
    await forwarder.end();
    await load.end();
  }
}

/** A window in which packets were lost says nothing of those that came: it is taken again. @param {() => Room | Janus} make
 * @param {number} n @param {string} name @returns {Promise<Taken>} */
async function takeWhole(make, n, name) {
  for (let left = 3; ; left--)
    try {
      return await take(make, n);
    } catch (error) {
      if (left === 0) throw error;
      console.error(`${name}, ${n} viewers: ${error instanceof Error ? error.message : error}; again`);
    }
}

/** Forwarders in turn. @param {number} n @param {typeof forwarders} [who] @returns {Promise<Map<string, Taken[]>>} */
async function versus(n, who = forwarders) {
  /** @type {Map<string, Taken[]>} */
  const all = new Map(who.map(({ name }) => [name, []]));
  for (let i = 0; i < rounds; i++)
    for (const { name, make } of who)
      all.get(name)?.push(await takeWhole(make, n, name));
  return all;
}

/** @param {Map<string, Taken[]>} all @param {keyof Taken} what @param {string} figure @param {string} unit @param {string} more @param {number} [digits] */
function compare(all, what, figure, unit, more, digits = 2) {
  const columns = [...all].map(([name, list]) => /** @type {[string, number[]]} */ ([name, list.map((one) => one[what])]));
  const [[, ours], ...peers] = columns;
  const [best] = [...peers].sort((a, b) => median(a[1]) - median(b[1]));
  print({
    name: figure, value: round(median(ours), digits), unit, n: rounds,
    ...(best ? { peer: best[0], peer_value: round(median(best[1]), digits) } : {}),
    note: `${columns.map(([name, list]) => `${name} ${spread(list, digits)}`).join('; ')}${janus ? `; ${janus}` : ''}; ${more}`,
  });
}

/** @param {Map<string, Taken[]>} all @param {string} figure @param {string} more */
function compareLatency(all, figure, more) {
  const windows = [...all].map(([name, list]) => `${name} ${list.map((one) => `${round(one.p99)} (${round(one.waited, 0)}, ${one.stolen}, ${round(one.stall)})`).join(', ')}`);
  const kind = [...all.values()].flat().every((one) => one.realTime) ? '' : ', looked at by ordinary threads, so being busy counts';
  compare(all, 'p99', figure, 'ms', `${more}; each window's own, with the ms that the forwarder's threads waited for a processor, those that the machine's host took away, and the longest stall of a processor${kind}: ${windows.join('; ')}; from its sender to the receiver\u2019s kernel, all on this machine; medians ${[...all].map(([name, list]) => `${name} ${round(median(list.map((one) => one.p50)))}`).join(', ')}`);
}

async function forward() {
  const what = 'user and system time of the forwarder\u2019s process for a packet that was received, 1.6 Mbit/s of VP8 and Opus from one publisher, AES-128-GCM';
  for (const n of [20, 50]) {
    const all = await versus(n);
    const loads = [...all.values()].flat().map((one) => one.load * 100);
    compare(all, 'us', `rtc.cpu_us_per_packet.${n}`, 'us', `${what}; the load took ${spread(loads, 0)} % of a core`);
    if (n < 50) continue;
    compareLatency(all, 'rtc.latency_p99_ms.50', 'our media thread in real time, as the unit that is shipped lets it');
    compare(all, 'rss', 'rtc.rss_mib_per_participant', 'MiB', 'resident memory at 51 people less that at 11, for each', 3);
    compare(all, 'threads', 'rtc.threads', 'threads', 'with 51 people', 0);
  }
}

/** A page that is only shown things, and a native publisher of real pictures.
 * @template T @param {(page: any, load: Load, room: Room) => Promise<T>} watch @returns {Promise<T>} */
async function inBrowser(watch) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-join-'));
  for (const file of ['index.html', 'room.js'])
    fs.copyFileSync(path.join(source, 'tests/rtc/page', file), path.join(folder, file));
  for (const file of fs.readdirSync(path.join(source, 'data/web/src')).filter((name) => name.endsWith('.js')))
    fs.copyFileSync(path.join(source, 'data/web/src', file), path.join(folder, file));
  const browser = await openBrowser();
  const load = new Load();
  const room = new Room(folder);
  try {
    const page = await (await browser.newContext()).newPage();
    const clip = path.join(folder, 'clip.ivf');
    await room.start();
    await page.goto(`http://127.0.0.1:${room.port}/index.html`);
    await makeClip(page, clip);
    load.open('publisher', { send: true, clip });
    await room.publish(load, 'publisher');
    await load.flows(1);
    await until('a participant', () => page.evaluate(() => globalThis.room?.participant));
    return await watch(page, load, room);
  } finally {
    await room.end();
    await load.end();
    await browser.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {any} page @param {string} how watch, or join: with a microphone @returns {Promise<number>} */
async function firstFrame(page, how) {
  await page.evaluate((name) => globalThis.room[name](false), how);
  return until('the first frame', () => page.evaluate(() => globalThis.room.firstFrame), 30000);
}

async function busy() {
  const all = await besideAnother(() => versus(50, forwarders.slice(0, 2)));
  compareLatency(all, 'rtc.latency_p99_ms.50_busy', 'beside an ordinary program that never waits');
}

async function join() {
  const took = await inBrowser(async (page) => {
    const all = [];
    for (let i = 0; i <= joins; i++) {
      all.push(await firstFrame(page, 'watch'));
      await page.evaluate(() => globalThis.room.client.close());
      await sleep(700); // a whole picture is asked for at most every 500 ms
    }
    return all.slice(1); // without the browser's own first time
  });
  print({
    name: 'rtc.join_p95_ms', value: round(quantile(took, 0.95), 0), unit: 'ms', n: took.length, peer: 'limit', peer_value: 300,
    note: `headless Chromium, from its local description to the first frame it shows: signalling, ICE, DTLS, the whole picture asked for, decoding; the publisher is native and answers with its next picture, at most 33 ms later; no network in between; median ${round(median(took), 0)}, longest ${round(Math.max(...took), 0)} ms`,
  });
}

const bad = { loss: 0.05, delay_ms: 25, seed: 20261124 };

/** What comes to a native client, to the packet. */
async function lossOfPackets() {
  const load = new Load();
  const room = new Room();
  try {
    await room.start();
    load.open('publisher', { send: true });
    await room.publish(load, 'publisher');
    load.open('far', { receive: true });
    await room.subscribe(load, 'far', bad);
    await load.flows(2);
    await sleep(3000);
    load.tell({ do: 'begin' });
    await sleep(lossMs);
    load.tell({ do: 'silence' });
    await sleep(2000); // what is on its way, and what is given up
    return await load.ask({ do: 'end' });
  } finally {
    await room.end();
    await load.end();
  }
}

/** What a browser shows. */
const lossOfFrames = () => inBrowser(async (page, load, room) => {
  const { door } = await load.ask({ do: 'relay', address, to: room.media, ...bad });
  await page.evaluate((where) => { globalThis.room.through = where; }, door.replace(':', ' '));
  await firstFrame(page, 'join'); // who sends nothing does not measure the round trip
  await sleep(10000); // its jitter buffer learns the way
  return page.evaluate((ms) => globalThis.room.look(ms), lossMs);
});

async function loss() {
  const came = await lossOfPackets();
  const shown = await lossOfFrames();
  print({
    name: 'rtc.residual_loss_pct', value: round(came.lost / came.expected * 100, 4), unit: '%', n: came.expected, peer: 'limit', peer_value: 0.1,
    note: `packets of video that never came to a native client, 5 % lost each way, 50 ms round trip; ${came.repaired} came by repair. Freezes (none above 200 ms wanted): Chromium over such a way showed ${shown.frames} frames, ${round(shown.longest, 0)} ms apart at most, and counts ${shown.freezes} freezes; a client without a jitter buffer had no new whole picture for 200 ms or more ${came.freezes} times, ${round(came.longest_freeze_us / 1000, 0)} ms at most; no stream was without any packet for more than ${round(came.longest_gap_us / 1000, 0)} ms`,
  });
}

/** @type {Record<string, () => Promise<void>>} */
const parts = { forward, busy, join, loss };
await parts[process.argv[2]]();
