// SPDX-License-Identifier: LGPL-2.1-or-later
// What one person, or one stranger, can take from the others. Each figure is a function of a pair of
// hubs; a figure to come is one more of them.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import { build, randomUUID, sleep, withPair } from '../e2e/hubs.mjs';
import { Person } from '../e2e/person.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');
const partSize = 512 * 1024;
const fileSize = 32 * 1024 * 1024;

/** @param {Record<string, unknown>} figure */
const print = (figure) => console.log(JSON.stringify(figure));

/** @param {number[]} list @param {number} q */
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];

/** Resident memory in MiB, now and at most since it started. @param {number} pid */
function weight(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const [now, most] = [/VmRSS:\s+(\d+)/, /VmHWM:\s+(\d+)/].map((what) => Number(what.exec(status)?.[1]) / 1024);
  return { now, most };
}

/** A file of the largest size, in a draft. @param {import('../e2e/hubs.mjs').Pair} pair @param {Person} person */
async function addFile(pair, person) {
  const booking = randomUUID();
  const id = randomUUID();
  const bytes = randomBytes(fileSize);
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').copy(bytes);
  await person.api('PUT', `/x/consult/requests/${booking}`, { partner: pair.hangzhou.id, history: '', question: 'What is this?' });
  await person.api('POST', `/x/consult/requests/${booking}/attachments`, { id, name: 'scan.png', media_type: 'image/png', size: bytes.length });
  for (let from = 0; from < bytes.length; from += partSize)
    await person.api('PUT', `/x/consult/attachments/${id}/parts/${from / partSize}`, bytes.subarray(from, from + partSize));
  return `/api/v1/x/consult/attachments/${id}`;
}

/** The board, again and again over one connection, as a desk asks for it. @param {Person} desk @param {number} times */
async function askBoard(desk, times) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const from = new Date(Date.now() - 3600000).toISOString();
  const to = new Date(Date.now() + 86400000).toISOString();
  const took = [];
  for (let i = 0; i < times; i++) {
    const begin = performance.now();
    const status = await new Promise((done, fail) => {
      http.get({
        agent, host: '127.0.0.1', port: desk.hub.port, headers: desk.headers(), path: `/api/v1/board?from=${from}&to=${to}`,
      }, (answer) => answer.resume().on('end', () => done(answer.statusCode))).on('error', fail);
    });
    if (status !== 200) throw new Error(`the board answered ${status}`);
    took.push(performance.now() - begin);
    await sleep(12);
  }
  agent.destroy();
  return took;
}

/** Asks for a file until it is told to stop; at once again when it has it. A slow one takes a little in a
 * while. @param {Person} person @param {string} address @param {boolean} slow */
function download(person, address, slow) {
  const state = { bytes: 0, over: false, stop: () => {} };
  const head = Object.entries(person.headers()).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const begin = () => {
    const socket = net.connect(person.hub.port, '127.0.0.1', () => socket.write(`GET ${address} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`));
    socket.on('data', (bytes) => {
      state.bytes += bytes.length;
      if (!slow) return;
      socket.pause();
      setTimeout(() => socket.resume(), 200);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!state.over) setTimeout(begin, 20);
    });
    state.stop = () => {
      state.over = true;
      socket.destroy();
    };
  };
  begin();
  return state;
}

/** 24 downloads of one clinician, half of them slow, while a desk asks for the board.
 * @param {import('../e2e/hubs.mjs').Pair} pair */
async function board(pair) {
  const hub = pair.aral;
  const doctor = await Person.signIn(hub, 'doctor.aral');
  const desk = await Person.signIn(hub, 'desk.aral');
  const address = await addFile(pair, doctor);
  const pid = hub.process?.pid ?? 0;
  await askBoard(desk, 50);
  const idle = await askBoard(desk, 400);
  const before = weight(pid);
  const all = Array.from({ length: 24 }, (_, i) => download(doctor, address, i % 2 === 0));
  await sleep(1000);
  const busy = await askBoard(desk, 400);
  const after = weight(pid);
  for (const one of all) one.stop();
  const moved = all.reduce((sum, one) => sum + one.bytes, 0) / 1048576;
  const p99 = [idle, busy].map((list) => quantile(list, 0.99));
  print({
    name: 'hostile.board_p99_ratio', value: +(p99[1] / p99[0]).toFixed(2), unit: 'times', peer: 'limit', peer_value: 3, n: busy.length,
    note: `GET /board under 24 downloads of one account, half of them slow, by the idle hub: p99 ${p99[1].toFixed(1)} by ${p99[0].toFixed(1)} ms, medians ${quantile(busy, 0.5).toFixed(1)} by ${quantile(idle, 0.5).toFixed(1)} ms; ${moved.toFixed(0)} MiB were sent; karezd grew by ${(after.most - before.now).toFixed(1)} MiB`,
  });
}

await withPair('bench-hostile', async (pair) => {
  await board(pair);
});
