// SPDX-License-Identifier: LGPL-2.1-or-later
// A hub that went back to a backup, as administrators and desks of both hospitals see it: nothing
// is delivered, what only one of them knows is listed with what to do, and the page acknowledges it.

import assert from 'node:assert/strict';
import path from 'node:path';

import { build, password, randomUUID, run, until, withPair } from './hubs.mjs';
import { checkAccess, openBrowser, shootAll, signIn } from './browser.mjs';
import { Person } from './person.mjs';

/** @param {import('./hubs.mjs').Hub} hub @param {string[]} words */
const karezctl = (hub, ...words) => run(path.join(build, 'hub/ctl/karezctl'), ['--config', hub.config, ...words]);

/** A session that both have agreed on. @param {import('./hubs.mjs').Pair} pair @param {string} title @param {number} hours */
async function agree(pair, title, hours) {
  const id = randomUUID();
  const at = Date.now() + hours * 3600000;
  await pair.aral.api('POST', '/bookings', {
    id, modality: 'shared-note', title, reason: '', urgency: 'T2', partner: pair.hangzhou.id,
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources: [],
  });
  await until('the request', async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await pair.hangzhou.api('POST', `/bookings/${id}/accept`, {});
  await until('both to agree', async () => (await pair.aral.api('GET', `/bookings/${id}`)).state === 'confirmed');
  return id;
}

/** Stops the hub and leaves its database running. @param {import('./hubs.mjs').Hub} hub */
async function stop(hub) {
  const child = hub.process;
  assert.ok(child);
  const gone = new Promise((done) => child.on('exit', done));
  child.kill('SIGTERM');
  await gone;
  hub.process = null;
}

await withPair('restored', async (pair) => {
  const { aral, hangzhou } = pair;
  const backup = path.join(pair.directory, 'aral.karez');
  const kept = await agree(pair, 'Kept by both', 20);
  await karezctl(aral, 'backup', backup);
  const lost = await agree(pair, 'Known at one hospital alone', 22);
  await aral.api('POST', `/bookings/${kept}/cancel`, { answer: 'before the disk was lost' });
  await until('the cancellation', async () => (await hangzhou.api('GET', `/bookings/${kept}`)).state === 'cancelled');
  await stop(aral);
  await karezctl(aral, 'restore', '--yes', '--replace', backup);
  await aral.start();
  for (const hub of pair.hubs)
    await until('the restore to be noticed', async () => (await hub.api('GET', '/peers')).items[0].restored);

  // What the sessions are for is seen by who may read about patients, and that is on record.
  for (const [role, sees] of /** @type {[string, boolean][]} */ ([['engineer', false], ['clinician', true]])) {
    const id = randomUUID();
    await hangzhou.api('POST', '/people', { id, names: { en: role }, login: `compare-${role}`, password, password_final: true, roles: [role] });
    const person = await Person.signIn(hangzhou, `compare-${role}`);
    const { items } = await person.api('GET', `/peers/${aral.id}/differences`);
    assert.deepEqual(items.map((/** @type {any} */ item) => item.title !== null), [sees, sees]);
    const { items: events } = await hangzhou.api('GET', `/events?actor=${id}&limit=50`);
    assert.equal(events.some((/** @type {any} */ event) => event.action === 'board.read'), sees, role);
  }

  const browser = await openBrowser();
  /** @type {any[]} */
  const pages = [];
  for (const hub of pair.hubs) {
    const page = await signIn(browser, hub, `admin.${hub.name}`);
    pages.push(page);
    await page.goto(`${hub.origin}/hospitals`);
    await page.getByText('Nothing is sent to').waitFor();
    assert.equal(await page.locator('.pill[data-state="up"]').count(), 0);
    await page.getByRole('button', { name: 'Compare the bookings' }).click();
    await page.locator('.differences li').nth(1).waitFor();
    await shootAll(page, `restored-1-${hub.name}`);
    await checkAccess(page, 'restored');
  }
  assert.match(await pages[0].locator('.differences').innerText(), /Not known here/);
  assert.match(await pages[1].locator('.differences').innerText(), /Not known at/);

  // The desk that still has it cancels it from the list; the other hospital's copy of what was
  // cancelled before is cancelled there.
  await pages[1].locator(`.differences a[href="/bookings/${lost}"]`).click();
  await pages[1].waitForURL(`**/bookings/${lost}`);
  await hangzhou.api('POST', `/bookings/${lost}/cancel`, { answer: 'the other hospital went back to a backup' });
  await aral.api('POST', `/bookings/${kept}/cancel`, { answer: 'cancelled before' });
  for (const [i, hub] of pair.hubs.entries()) {
    const page = pages[i];
    await page.goto(`${hub.origin}/hospitals`);
    await page.getByRole('button', { name: 'Acknowledge the restore…' }).click();
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).click();
    await page.getByText('Nothing is sent to').waitFor({ state: 'detached' });
  }
  for (const hub of pair.hubs)
    await until('nothing to differ', async () => {
      const { items: [peer] } = await hub.api('GET', '/peers');
      const waiting = Object.values(peer.outbox).length;
      return !waiting && !(await hub.api('GET', `/peers/${peer.id}/differences`)).items.length;
    });
  await pages[0].getByRole('button', { name: 'Compare the bookings' }).click();
  await pages[0].getByText('Both hospitals have booked the same.').waitFor();

  // An hour apart.
  await stop(hangzhou);
  process.env.LD_PRELOAD = path.join(build, 'tests/daemon/libshift.so');
  process.env.KAREZ_TEST_CLOCK = '-3600';
  await hangzhou.start();
  delete process.env.LD_PRELOAD;
  delete process.env.KAREZ_TEST_CLOCK;
  await pages[0].getByText('behind this hospital’s').waitFor();
  await shootAll(pages[0], 'restored-2-clock');
  await checkAccess(pages[0], 'clock');
  await pages[0].goto(`${aral.origin}/system`);
  await pages[0].getByText('behind this hospital’s').waitFor();
  for (const page of pages) assert.deepEqual(page.faults, []);
  await browser.close();
});
