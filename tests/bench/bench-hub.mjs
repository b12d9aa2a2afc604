// SPDX-License-Identifier: LGPL-2.1-or-later
// The hub as its users meet it: how soon it is ready, what it weighs, how many boards it serves,
// how long a sign-in takes under load, how soon a message is committed at the partner.

import fs from 'node:fs';
import path from 'node:path';

import { build, password, randomUUID, run, source, until, withPair } from '../e2e/hubs.mjs';

/** @param {Record<string, unknown>} figure */
const print = (figure) => console.log(JSON.stringify(figure));

/** @param {number[]} list @param {number} q */
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];

/** Resident memory in MiB. @param {number} pid */
function weight(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 102.4) / 10;
}

/** @param {import('../e2e/hubs.mjs').Pair} pair @param {number} start */
async function book(pair, start) {
  const id = randomUUID();
  await pair.aral.api('POST', '/bookings', {
    id, modality: 'shared-note', title: `Session ${start}`, reason: '', urgency: 'T3', partner: pair.hangzhou.id,
    starts_at: new Date(start).toISOString(), ends_at: new Date(start + 1200000).toISOString(), resources: [],
  });
  return id;
}

/** @param {import('../e2e/hubs.mjs').Pair} pair */
async function starts(pair) {
  const alone = [];
  const both = [];
  for (let i = 0; i < 5; i++) {
    await pair.aral.kill();
    alone.push(await pair.aral.start() / 1000);
  }
  for (let i = 0; i < 3; i++) {
    await Promise.all(pair.hubs.map((hub) => hub.end()));
    both.push(Math.max(...await Promise.all(pair.hubs.map((hub) => hub.start()))) / 1000);
  }
  print({ name: 'hub.ready_s', value: +quantile(alone, 0.5).toFixed(3), unit: 's', n: 5, note: 'karezd alone, its cluster running; limit 2 s', peer: 'limit', peer_value: 2 });
  print({ name: 'demo.ready_s', value: +quantile(both, 0.5).toFixed(3), unit: 's', n: 3, note: 'both hubs with their clusters, without ./karez itself; limit 8 s', peer: 'limit', peer_value: 8 });
}

/** @param {import('../e2e/hubs.mjs').Pair} pair */
async function posts(pair) {
  const ids = [];
  for (let i = 0; i < 60; i++) {
    ids.push(await book(pair, Date.now() + 3600000 + i * 1800000));
    await new Promise((done) => setTimeout(done, 40));
  }
  const delays = [];
  for (const id of ids) {
    const there = await until('the request there', async () =>
      (await pair.hangzhou.api('GET', `/events?session=${id}`)).items.at(-1));
    const here = (await pair.aral.api('GET', `/events?session=${id}`)).items.at(-1);
    delays.push(Date.parse(there.at) - Date.parse(here.at));
  }
  print({ name: 'peer.post_p95_ms', value: quantile(delays, 0.95), unit: 'ms', n: delays.length, note: `event here to event there, median ${quantile(delays, 0.5)} ms` });
  return ids;
}

/** @param {import('../e2e/hubs.mjs').Pair} pair @param {string[]} ids */
async function workers(pair, ids) {
  const ready = [];
  const weights = [];
  for (const id of ids.slice(0, 9)) {
    await pair.hangzhou.api('POST', `/bookings/${id}/accept`, {});
    await until('the plan', async () => (await pair.aral.api('GET', `/sessions/${id}`)).state === 'planned');
    const begin = performance.now();
    await pair.aral.api('POST', `/sessions/${id}/prepare`, {});
    await until('ready', async () => (await pair.aral.api('GET', `/sessions/${id}`)).state === 'ready');
    ready.push(performance.now() - begin);
    const worker = (await pair.aral.api('GET', '/workers')).items.find((one) => one.session === id);
    weights.push(weight(worker.pid));
    await pair.aral.api('POST', `/sessions/${id}/stop`, { reason: 'bench' });
  }
  print({ name: 'worker.ready_p50_ms', value: Math.round(quantile(ready, 0.5)), unit: 'ms', n: ready.length, note: 'prepare asked to ready, both hospitals\u2019 workers spawned and linked' });
  print({ name: 'worker.rss_mib', value: quantile(weights, 0.5), unit: 'MiB', n: weights.length });
}

/** @param {import('../e2e/hubs.mjs').Hub} hub @param {string} login */
async function cookie(hub, login) {
  const answer = await fetch(`http://127.0.0.1:${hub.port}/api/v1/sign-in`, {
    method: 'POST', body: JSON.stringify({ login, password }),
    headers: { 'content-type': 'application/json' },
  });
  if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
  await answer.text();
  return (answer.headers.get('set-cookie') ?? '').split(';')[0];
}

/** @param {import('../e2e/hubs.mjs').Hub} hub */
async function signIns(hub) {
  const took = [];
  for (let i = 0; i < 25; i++)
    await Promise.all([0, 1, 2, 3].map(async () => {
      const begin = performance.now();
      await cookie(hub, 'doctor.aral');
      took.push(performance.now() - begin);
    }));
  print({ name: 'api.signin_p99_ms', value: Math.round(quantile(took, 0.99)), unit: 'ms', n: took.length, note: `four at once, Argon2id; median ${Math.round(quantile(took, 0.5))} ms` });
}

/** The statements that stand behind GET /board, with their values written in.
 * @param {Record<string, string[]>} values by statement */
function boardStatements(values) {
  const sql = ['bookings', 'resources'].map((name) =>
    fs.readFileSync(path.join(source, `hub/agenda/sql/${name}.sql`), 'utf8')).join('\n');
  return Object.entries(values).map(([name, list]) => {
    const text = new RegExp(`-- name: ${name}\\n([^]*?)(?=\\n-- name:|$)`).exec(sql)?.[1];
    if (!text) throw new Error(`no statement ${name}`);
    return text.replace(/^--.*$/gm, '').trim().replace(/;$/, '').replace(/\$(\d+)/g, (_, n) => {
      if (list[Number(n) - 1] === undefined) throw new Error(`${name} has $${n}, and no value for it`);
      return list[Number(n) - 1];
    });
  }).join('\n;\n');
}

/** @param {import('../e2e/hubs.mjs').Pair} pair */
async function board(pair) {
  const hub = pair.aral;
  const from = new Date(Date.now() - 3600000).toISOString();
  const to = new Date(Date.now() + 86400000).toISOString();
  const file = path.join(pair.directory, 'board.sql');
  fs.writeFileSync(file, boardStatements({
    hub_names: [], resource_list: [`'{${pair.hubs.map((one) => one.id)}}'`], board_bookings: [`'${from}'`, `'${to}'`, 'false'],
  }));
  const conninfo = `host=${path.join(hub.runtime, 'postgres')} dbname=karez user=hub`;
  const { stdout } = await run(path.join(build, 'tests/bench/load-api'), [
    hub.socket, `/api/v1/board?from=${from}&to=${to}`, conninfo, file, '16'], { timeout: 120000 });
  const [ours, bare] = stdout.trim().split(' ').map(Number);
  print({ name: 'api.board', value: ours, unit: 'requests/s', peer: 'bare SQL by libpq', peer_value: bare, n: 5, note: '16 connections each, 60 bookings, medians of alternating rounds' });
  print({ name: 'hub.rss_mib', value: weight(hub.process?.pid ?? 0), unit: 'MiB', n: 1, note: 'karezd after the load above' });
}

await withPair('bench-hub', async (pair) => {
  const ids = await posts(pair);
  await workers(pair, ids);
  await board(pair);
  await signIns(pair.aral);
  await starts(pair);
});
