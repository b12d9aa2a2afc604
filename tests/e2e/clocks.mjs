// SPDX-License-Identifier: LGPL-2.1-or-later
// Computers whose clocks are wrong book the same emergency: for now, as video, without a choice.

import assert from 'node:assert/strict';
import path from 'node:path';

import { openBrowser, shootAll, signIn } from './browser.mjs';
import { build, until, withPair } from './hubs.mjs';

// The example first: it is not what an emergency is.
process.env.KAREZ_PLUGINS ??= ['template', 'consult'].map((name) => path.join(build, 'plugins', name)).join(';');

const minute = 60_000;
/** @type {[string, number, RegExp | null][]} */
const clocks = [['2 h slow', -120 * minute, /clock is 2 h slow/], ['25 min fast', 25 * minute, /clock is 25 min fast/], ['right', 0, null]];

/** "14:26" in Beijing @param {number} at */
const beijing = (at) => new Date(at + 8 * 60 * minute).toISOString().slice(11, 16);

/** What the header says is now, or was when it was drawn last. @param {any} page */
async function assertClock(page, what) {
  const shown = (await page.locator('.clocks b').first().textContent()).trim();
  assert.ok([beijing(Date.now()), beijing(Date.now() - 10_000)].includes(shown), `${what}: the header says ${shown} at ${beijing(Date.now())}`);
}

/** @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function emergencies(browser, pair) {
  const pages = [];
  for (const [what, off, said] of clocks) {
    const page = await signIn(browser, pair.aral, 'desk.aral', { off });
    pages.push(page);
    await page.locator('karez-board').waitFor();
    await assertClock(page, what);
    assert.equal(await page.locator('.clock-note').count(), said ? 1 : 0, what);
    if (said) assert.match(await page.locator('.clock-note').textContent(), said);
    await page.keyboard.press('e');
    await page.locator('#compose-title').fill(`Stroke, ${what}`);
    await page.locator('.starts-now').waitFor();
    if (said && off < 0) await shootAll(page, 'clocks-1-emergency');
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/\/bookings\//);
    const id = new URL(page.url()).pathname.split('/').pop() ?? '';
    for (const hub of pair.hubs) {
      const booking = await until(`${hub.name} to have it`, () => hub.api('GET', `/bookings/${id}`).catch(() => null));
      const late = Date.now() - Date.parse(booking.starts_at);
      assert.equal(booking.modality, 'consultation');
      assert.equal(booking.urgency, 'T0');
      assert.ok(late >= 0 && late < 90_000, `${what}: it starts ${late} ms ago at ${hub.name}`);
      assert.equal(Date.parse(booking.ends_at) - Date.parse(booking.starts_at), 30 * minute);
    }
  }
  return pages;
}

/** Somebody sets the clock while the page is open. @param {any} page */
async function jump(page) {
  await page.evaluate((off) => { globalThis.clockOff = off; }, 180 * minute);
  await page.getByText(/clock is 3 h fast/).waitFor({ timeout: 4000 });
  await assertClock(page, 'after a jump');
  await page.evaluate(() => { globalThis.clockOff = 0; });
  await page.locator('.clock-note').waitFor({ state: 'detached', timeout: 4000 });
}

await withPair('clocks', async (pair) => {
  const browser = await openBrowser();
  try {
    const pages = await emergencies(browser, pair);
    await jump(pages[2]);
    for (const page of pages) assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
  }
});
