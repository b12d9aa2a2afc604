// SPDX-License-Identifier: LGPL-2.1-or-later
// What dies takes nothing else with it: either karezd, a worker, PostgreSQL; each by kill -9 in
// mid-session, with people in it.

import assert from 'node:assert/strict';

import { openBrowser, signIn } from './browser.mjs';
import { assertKept } from './contract.mjs';
import { prepareNote, randomUUID, until, withPair } from './hubs.mjs';

const textarea = 'karez-template-panel textarea';

/** A live session with a person at each hospital. @param {import('./hubs.mjs').Pair} pair
 * @param {any} browser */
async function meet(pair, browser) {
  const id = await prepareNote(pair, 'Isolation');
  const pages = await Promise.all([
    signIn(browser, pair.aral, 'doctor.aral'), signIn(browser, pair.hangzhou, 'doctor.hangzhou')]);
  for (const [i, page] of pages.entries()) {
    await page.goto(`${pair.hubs[i].origin}/sessions/${id}`);
    await page.getByRole('button', { name: 'Join', exact: true }).click();
  }
  await pair.aral.api('POST', `/sessions/${id}/start`, {});
  for (const page of pages) await page.locator(`${textarea}:not([readonly])`).waitFor();
  return { id, pages };
}

/** What one types now, the other reads. @param {any} from @param {any} to @param {string} text
 * @param {number} [ms] */
async function talk(from, to, text, ms = 10000) {
  await until(`“${text}” to be typed`, async () => {
    await from.locator(textarea).focus();
    await from.evaluate((insert) => {
      const area = document.activeElement;
      area.setSelectionRange(area.value.length, area.value.length);
      document.execCommand('insertText', false, insert);
    }, `${text}. `);
    return (await from.locator(textarea).inputValue()).includes(text);
  }, ms);
  await until(`“${text}” to be read`, async () => (await to.locator(textarea).inputValue()).includes(text), ms);
}

/** @param {import('./hubs.mjs').Hub} hub @param {string} id */
async function worker(hub, id) {
  const found = (await hub.api('GET', '/workers')).items.find((one) => one.session === id);
  assert.ok(found, `${hub.name} has no worker`);
  return found;
}

/** A killed hub: the session goes on, the hub is back within 3 s and shows the worker's state.
 * @param {import('./hubs.mjs').Pair} pair @param {string} id @param {any[]} pages @param {number} n */
async function killHub(pair, id, pages, n) {
  const hub = pair.hubs[n];
  const before = await worker(hub, id);
  await hub.kill();
  const begin = performance.now();
  process.kill(before.pid, 0); // throws if it went with its hub
  await hub.start();
  await until('the live session', async () => {
    const session = await hub.api('GET', `/sessions/${id}`);
    return session.state === 'live' && session.worker?.state === 'running';
  });
  const took = Math.round(performance.now() - begin);
  const after = await worker(hub, id);
  console.log(`kill -9 of ${hub.name}'s karezd: back with its live session after ${took} ms`);
  assert.equal(after.pid, before.pid);
  assert.ok(took < 3000, `the hub was back after ${took} ms`);
  await talk(pages[n], pages[1 - n], `after ${hub.name} came back`);
  await talk(pages[1 - n], pages[n], `answer to ${hub.name}`);
}

/** From now on, when the page first says that a part of the session restarts. @param {any} page */
const watch = (page) => page.evaluate(() => {
  globalThis.told = 0;
  const look = () => {
    if (!globalThis.told && /restarting/.test(document.querySelector('main')?.innerText ?? '')) globalThis.told = Date.now();
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
});

/** A killed worker: both desks say so within 2 s; people are back in it within 5 s.
 * @param {import('./hubs.mjs').Pair} pair @param {string} id @param {any[]} pages @param {number} n */
async function killWorker(pair, id, pages, n) {
  const hub = pair.hubs[n];
  const before = await worker(hub, id);
  const text = await pages[n].locator(textarea).inputValue();
  for (const page of pages) await watch(page);
  const begin = Date.now();
  process.kill(before.pid, 'SIGKILL');
  await until('a new worker', async () => {
    const now = (await hub.api('GET', '/workers')).items.find((one) => one.session === id);
    return now && now.pid !== before.pid;
  });
  await talk(pages[n], pages[1 - n], `worker ${n} lives again`);
  const took = Date.now() - begin;
  const told = await Promise.all(pages.map(async (page) => (await page.evaluate(() => globalThis.told)) - begin));
  console.log(`kill -9 of ${hub.name}'s worker: the pages said so after ${told} ms, people back after ${took} ms`);
  for (const ms of told) assert.ok(ms >= 0 && ms < 2000, `a page said so after ${ms} ms`);
  assert.ok(took < 5000, `people were back after ${took} ms`);
  const events = (await hub.api('GET', `/events?session=${id}&action=session.worker-start`)).items;
  assert.ok(events.length >= 1, 'the restart is on record');
  const kept = await pages[n].locator(textarea).inputValue();
  assert.ok(kept.includes(text.trim()), `“${text}” became “${kept}”`);
}

/** Killed PostgreSQL: writes are refused with a clear error, resume by themselves, and nothing
 * that was acknowledged is lost. @param {import('./hubs.mjs').Pair} pair */
async function killDatabase(pair) {
  const hub = pair.aral;
  const acknowledged = [];
  const faults = [];
  const others = [];
  let refused = 0;
  let stop = false;
  const write = async () => {
    const id = randomUUID();
    try {
      await hub.api('POST', '/resources', { id, kind: 'room', names: { en: `Room ${id}` } });
      acknowledged.push(id);
    } catch (error) {
      refused++;
      if (![503, 504, 429].includes(error.status) || !/^database\//.test(error.rule) || !error.body.detail)
        faults.push(`refused with ${error}`);
    }
  };
  const writing = (async () => { while (!stop) await write(); })();
  await until('some writes', () => acknowledged.length > 20);
  const before = acknowledged.length;
  let begin = 0;
  // A write waits 3 s for a database that is away: it is kept away until one was refused.
  const kill = () => {
    try {
      process.kill(hub.postgres(), 'SIGKILL');
      begin = performance.now();
    } catch (error) {
      if (!['ESRCH', 'ENOENT'].includes(error.code)) throw error;
    }
  };
  await until('a refusal', () => {
    if (refused > 0) return true;
    kill();
    others.push(write());
    return false;
  });
  await until('writes to resume', () => acknowledged.length > before + 20, 30000);
  const took = Math.round(performance.now() - begin);
  stop = true;
  await Promise.all([writing, ...others]);
  assert.deepEqual(faults, []);
  const kept = new Set((await hub.api('GET', '/resources')).items.map((one) => one.id));
  const lost = acknowledged.filter((id) => !kept.has(id));
  console.log(`kill -9 of PostgreSQL: ${refused} writes refused, 20 more acknowledged after ${took} ms, lost ${lost.length} of ${acknowledged.length}`);
  assert.deepEqual(lost, []);
}

await withPair('isolation', async (pair) => {
  const browser = await openBrowser();
  try {
    const { id, pages } = await meet(pair, browser);
    await talk(pages[0], pages[1], 'before anything dies');
    await killHub(pair, id, pages, 0);
    await killHub(pair, id, pages, 1);
    await killWorker(pair, id, pages, 0);
    await killWorker(pair, id, pages, 1);
    await killDatabase(pair);
    await talk(pages[0], pages[1], 'after everything died');
    await pair.hangzhou.api('POST', `/sessions/${id}/stop`, { reason: 'test' });
    for (const hub of pair.hubs)
      await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
  } finally {
    await browser.close();
  }
});
assertKept();
console.log('1 passed, 0 failed');
