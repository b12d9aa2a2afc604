// SPDX-License-Identifier: LGPL-2.1-or-later
// What hubs and tracker add to a mark and to a pointer, from an expert's page at one hospital to the
// site's at the other, on one machine whose way takes no time; and how well a mark stays on its thing
// by the pixels of the site's page. And what the session takes of a processor at the patient's hospital.

import fs from 'node:fs';
import path from 'node:path';

import { addSeconds } from '../e2e/consult-page.mjs';
import { drawCircle, look, marks as marksOf, measure, panel, processesOf, withGuidance } from '../e2e/guidance-page.mjs';
import { build, sleep, until, withPair } from '../e2e/hubs.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/guidance');

const markCount = 120;
const pointCount = 600;
/** Of the marks, which an expert may change 30 times a second. */
const markEvery = 150;
const pointEvery = 1000 / 60;

/** In a page: when messages of a channel came, by the clock of the machine. @param {{name: string, label: string}} of */
function listen({ name, label }) {
  const page = /** @type {any} */ (globalThis);
  page.came = [];
  document.querySelector(name).client.channels.addEventListener('message', ({ detail }) => {
    if (detail.label === label)
      page.came.push([performance.timeOrigin + performance.now(), detail.data]);
  });
}

/** In a page: sends and says when. @param {{name: string, label: string, texts: string[], every: number}} what */
async function sendAll({ name, label, texts, every }) {
  const { channels } = document.querySelector(name).client;
  const sent = [];
  for (const text of texts) {
    sent.push([performance.timeOrigin + performance.now(), channels.send(label, text)]);
    await new Promise((done) => { setTimeout(done, every); });
  }
  return sent;
}

/** @param {number[]} all sorted @param {number} part */
const quantile = (all, part) => all[Math.min(all.length - 1, Math.floor(all.length * part))];

/** @param {string} name @param {number} value @param {string} unit @param {number} limit @param {number} n @param {string} note */
const print = (name, value, unit, limit, n, note) => console.log(JSON.stringify({
  name, value: Math.round(value * 100) / 100, unit, n, peer: 'limit', peer_value: limit, note,
}));

/** How long each took. @param {any} from @param {any} to @param {string} label @param {string[]} texts @param {number} every
 * @param {(message: any) => string | undefined} idOf which of them a message is */
async function times(from, to, label, texts, every, idOf) {
  await to.evaluate(listen, { name: panel, label });
  const sent = await from.evaluate(sendAll, { name: panel, label, texts, every });
  await sleep(1500);
  const came = new Map((await to.evaluate(() => globalThis.came)).map(([at, text]) => [idOf(JSON.parse(text)), at]));
  const all = sent.flatMap(([at], i) => {
    const id = idOf(JSON.parse(texts[i]));
    const there = id === undefined ? undefined : came.get(id);
    return there === undefined ? [] : [there - at];
  });
  return all.sort((a, b) => a - b);
}

const busyFor = 8000;
/** Clock ticks a second (sysconf(3), _SC_CLK_TCK): on Linux always these. */
const tick = 100;

/** Processor time that processes have used, in s. @param {number[]} pids */
const used = (pids) => pids.reduce((sum, pid) => {
  // After the name in brackets: the fields from the third on (proc(5)).
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return sum + (Number(fields[11]) + Number(fields[12])) / tick;
}, 0);

/** In % of one processor. @param {number[]} pids */
async function share(pids) {
  const [begin, before] = [performance.now(), used(pids)];
  await sleep(busyFor);
  return (100 * (used(pids) - before)) / ((performance.now() - begin) / 1000);
}

/** With no mark, one, and eight. @param {import('../e2e/hubs.mjs').Hub} hub @param {string} id @param {any} expert @param {any} site @param {any} judge */
async function processors(hub, id, expert, site, judge) {
  const pids = await processesOf(hub, id);
  const shares = [await share(pids)];
  for (const count of [1, 8]) {
    await until('the scene not to be covered', async () => Boolean((await look(expert, judge)).spot), 15000);
    await expert.evaluate(([name, n]) => {
      const { client, picture } = document.querySelector(name);
      const capture = Math.round(picture.shown.frame.capture * 1000);
      for (let i = 0; i < n; i++)
        client.channels.send('marks', JSON.stringify({ type: 'add', id: crypto.randomUUID(), tool: 'arrow', capture,
          points: [[2500 + (i % 4) * 1500, 3500 + Math.floor(i / 4) * 2500], [3000 + (i % 4) * 1500, 4000]] }));
    }, [panel, count]);
    await until('the marks to be followed', async () => (await marksOf(site)).filter(({ state }) => state === 'shown').length === count, 15000);
    shares.push(await share(pids));
    await expert.getByRole('button', { name: 'Clear mine' }).click();
    await until('no mark', async () => !(await marksOf(site)).length, 5000);
  }
  const [none, one, eight] = shares;
  for (const [name, value] of /** @type {[string, number][]} */ ([['guidance.session_cpu_1_pct', one], ['guidance.session_cpu_8_pct', eight]]))
    console.log(JSON.stringify({ name, value: Math.round(value * 10) / 10, unit: '%', n: 1, peer: 'no mark', peer_value: Math.round(none * 10) / 10,
      note: `of one processor, over ${busyFor / 1000} s: the worker and its programs at the patient's hospital, of a scene of 640 × 360` }));
}

await withPair('bench-guidance', async (pair) => {
  await addSeconds(pair);
  await withGuidance(pair, async ({ id, site, expert, second, judge }) => {
    await second.context().close();
    await processors(pair.aral, id, expert, site, judge);
    const points = Array.from({ length: pointCount }, (_one, i) => JSON.stringify({ x: (i + 1) / 1000, y: 0.5 }));
    const pointed = await times(expert, site, 'pointer', points, pointEvery, ({ x }) => String(x));
    print('guidance.pointer_added_p50_ms', quantile(pointed, 0.5), 'ms', 10, pointed.length,
      `of ${pointCount} at 60 Hz; p99 ${quantile(pointed, 0.99).toFixed(1)} ms; from an expert's page to the site's, with both pages' share`);

    await drawCircle(expert, site, judge);
    const { n, p95, median } = await measure(site, judge);
    print('guidance.site_error_p95_pct', p95, '%', 2, n, `of the width; median ${median.toFixed(2)} %; while the scene moves at up to 20 % of its width a second`);
    await expert.getByRole('button', { name: 'Clear mine' }).click();

    const capture = await expert.evaluate((/** @type {string} */ name) => Math.round(document.querySelector(name).picture.shown.frame.capture * 1000), panel);
    // Nobody has more than 32 at once.
    const marks = Array.from({ length: markCount }, (_one, i) => [
      JSON.stringify({ type: 'add', id: crypto.randomUUID(), tool: 'arrow', capture, points: [[4000 + i, 4000], [5000, 5000]] }),
      ...i % 8 === 7 ? [JSON.stringify({ type: 'clear' })] : [],
    ]).flat();
    const drawn = await times(expert, site, 'marks', marks, markEvery, (one) => one.mark?.id ?? one.id);
    print('guidance.mark_added_p50_ms', quantile(drawn, 0.5), 'ms', 20, drawn.length, `of ${markCount}; from an expert's page to the site's, with both pages' share`);
    print('guidance.mark_added_p99_ms', quantile(drawn, 0.99), 'ms', 60, drawn.length, 'the same');
  });
});
