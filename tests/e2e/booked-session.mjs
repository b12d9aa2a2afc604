// SPDX-License-Identifier: LGPL-2.1-or-later
// A session from its booking to its note: Aral's desk asks, Hangzhou's desk accepts, a person at each
// hospital joins from a browser, what one types the other reads, it ends, the note is kept, and
// each hospital's administrator finds every act.

import assert from 'node:assert/strict';

import { checkAccess, openBrowser, phone, shootAll, signIn } from './browser.mjs';
import { assertKept } from './contract.mjs';
import { sleep, until, withPair } from './hubs.mjs';

const title = 'Abdominal pain, second opinion';
const bound = 200; // ms, from one person's key to the other's eye

/** Types at one page and measures until the other shows it. @param {any} from @param {any} to
 * @param {string} text */
async function typed(from, to, text) {
  await to.evaluate((wanted) => {
    globalThis.seen = new Promise((done) => {
      const look = () => {
        if (document.querySelector('karez-template-panel textarea')?.value.includes(wanted)) done(Date.now());
        else setTimeout(look, 1);
      };
      look();
    });
  }, text);
  await from.locator('karez-template-panel textarea').focus();
  const begin = await from.evaluate((insert) => {
    const now = Date.now();
    document.execCommand('insertText', false, insert);
    return now;
  }, text);
  const seen = await Promise.race([to.evaluate(() => globalThis.seen), sleep(10000)]);
  assert.ok(seen, `“${text}” never arrived`);
  return seen - begin;
}

/** @param {any} desk @param {import('./hubs.mjs').Pair} pair */
async function request(desk, pair) {
  await desk.getByRole('main').waitFor();
  await shootAll(desk, '1-board');
  await checkAccess(desk, 'board');
  await desk.keyboard.press('n');
  await desk.locator('#compose-title').fill(title);
  await desk.getByLabel('Room 1').first().check();
  await desk.locator('#compose-reason').fill('Pain for three days, unclear ultrasound.');
  await shootAll(desk, '2-composer');
  await checkAccess(desk, 'composer');
  await desk.getByRole('button', { name: 'Send request' }).click();
  await desk.waitForURL(/\/bookings\//);
  const id = new URL(desk.url()).pathname.split('/').pop() ?? '';
  await until('the request at Hangzhou', async () =>
    (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await shootAll(desk, '3-waiting');
  return id;
}

/** @param {any} desk @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function accept(desk, id, pair) {
  await desk.getByText(title).first().waitFor();
  await shootAll(desk, '4-unanswered');
  await desk.goto(`${pair.hangzhou.origin}/bookings/${id}`);
  await desk.getByRole('button', { name: /^Accept/ }).first().waitFor();
  await shootAll(desk, '5-request');
  await checkAccess(desk, 'booking');
  await desk.keyboard.press('a');
  await until('both hubs to confirm', async () => {
    const states = await Promise.all(pair.hubs.map((hub) => hub.api('GET', `/bookings/${id}`)));
    return states.every((booking) => booking.state === 'confirmed');
  });
  await shootAll(desk, '6-confirmed');
}

/** @param {any[]} doctors @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function meet(doctors, id, pair) {
  const [ours, theirs] = doctors;
  await ours.goto(`${pair.aral.origin}/sessions/${id}`);
  await theirs.goto(`${pair.hangzhou.origin}/sessions/${id}`);
  await ours.getByRole('button', { name: 'Prepare' }).click();
  for (const page of doctors) await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
  await shootAll(ours, '7-lobby');
  await checkAccess(ours, 'lobby');
  for (const page of doctors) await page.getByRole('button', { name: 'Join', exact: true }).click();
  await ours.getByRole('button', { name: 'Start', exact: true }).click();
  for (const page of doctors) await page.locator('karez-template-panel textarea:not([readonly])').waitFor();
}

/** Twenty sentences, to and fro; the longest way counts. @param {any[]} doctors */
async function write(doctors) {
  const delays = [];
  for (let i = 0; i < 20; i++) {
    const [from, to] = i % 2 ? doctors : [...doctors].reverse();
    delays.push(await typed(from, to, `${i % 2 ? 'Aral' : '杭州'} ${i}. `));
  }
  delays.sort((a, b) => a - b);
  console.log(`typed to read: median ${delays[10]} ms, longest of 20 ${delays[19]} ms`);
  assert.ok(delays[19] < bound, `what one typed was read after ${delays} ms`);
  await until('both to hold the same text', async () => {
    const texts = await Promise.all(doctors.map((page) => page.locator('karez-template-panel textarea').inputValue()));
    return texts[0].length > 100 && texts[0] === texts[1];
  });
  await shootAll(doctors[0], '8-room');
  await shootAll(doctors[1], '8-room-hangzhou');
  await checkAccess(doctors[0], 'room');
  return doctors[0].locator('karez-template-panel textarea').inputValue();
}

/** @param {any[]} doctors @param {string} id @param {string} text
 * @param {import('./hubs.mjs').Pair} pair */
async function end(doctors, id, text, pair) {
  await doctors[0].getByRole('button', { name: /^End for all/ }).click();
  await doctors[0].getByRole('dialog').getByRole('button', { name: 'End for all' }).click();
  for (const hub of pair.hubs) {
    await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
    await until(`${hub.name} to complete the booking`, async () =>
      (await hub.api('GET', `/bookings/${id}`)).state === 'completed');
  }
  for (const page of doctors) {
    await page.getByText('What was kept').waitFor();
    await page.waitForFunction((wanted) => document.querySelector('karez-template-afterwards')?.textContent.includes(wanted)
      || document.querySelector('karez-template-panel textarea')?.value.includes(wanted), text.slice(0, 30));
  }
  await shootAll(doctors[0], '9-kept');
  await checkAccess(doctors[0], 'kept');
}

/** Every act stands in the lists of both hubs. @param {any[]} admins @param {string} id
 * @param {import('./hubs.mjs').Pair} pair */
async function review(admins, id, pair) {
  const wanted = ['booking.request', 'booking.accept', 'session.plan', 'session.start', 'session.join',
    'note.keep', 'session.stop', 'session.end', 'booking.complete'];
  for (const hub of pair.hubs) {
    const events = (await hub.api('GET', `/events?session=${id}&limit=200`)).items;
    const actions = events.map((event) => event.action);
    console.log(`${hub.name}: ${[...new Set(actions)].reverse().join(', ')}`);
    for (const action of wanted)
      assert.ok(actions.includes(action), `${hub.name} has no ${action}, only ${actions}`);
  }
  for (const page of admins) {
    await page.goto(new URL(`/audit?session=${id}`, page.url()).href);
    await page.locator('main').getByText(/accepted/).first().waitFor();
  }
  await shootAll(admins[0], '10-audit');
  await checkAccess(admins[0], 'audit');
  for (const [where, name] of [['/people', 'people'], ['/resources', 'resources'], ['/hospitals', 'hospitals'], ['/system', 'system']]) {
    await admins[0].goto(new URL(where, admins[0].url()).href);
    await admins[0].getByRole('main').waitFor();
    await admins[0].waitForTimeout(300);
    await shootAll(admins[0], `11-${name}`);
    await checkAccess(admins[0], name);
  }
}

/** On a phone nothing lies over a field that is gone to; and a hospital that dials is announced by keys alone.
 * @param {any} page of an administrator @param {import('./hubs.mjs').Hub} hub */
async function forms(page, hub) {
  await page.setViewportSize(phone);
  await page.goto(new URL('/people', page.url()).href);
  await page.getByRole('button', { name: 'Add a person' }).click();
  await page.locator('#person-login').waitFor();
  for (const way of ['forwards', 'backwards']) {
    const covered = await page.evaluate((/** @type {string} */ order) => {
      const all = [...document.querySelectorAll('form.panel :is(input, button)')];
      if (order === 'backwards') all.reverse();
      return all.map((one) => {
        one.focus();
        const { left, top, width, height } = one.getBoundingClientRect();
        const seen = document.elementFromPoint(left + width / 2, top + height / 2);
        return one === seen || one.contains(seen) ? '' : `${one.id || one.textContent.trim()} below ${seen?.className}`;
      }).filter(Boolean);
    }, way);
    assert.deepEqual(covered, [], `${way}, nothing is covered`);
  }
  await page.goto(new URL('/hospitals', page.url()).href);
  const field = page.locator('#expect-address');
  await field.fill('hub.hospital.example');
  await field.press('Enter');
  await page.locator('#expect-address-error').filter({ hasText: '203.0.113.7' }).waitFor();
  assert.match(await field.getAttribute('aria-describedby'), /expect-address-error/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'expect-address');
  await field.fill('203.0.113.9');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.locator('code').filter({ hasText: '203.0.113.9' }).waitFor();
  assert.equal(await field.inputValue(), '');
  assert.equal(await page.locator('#expect-address-error').count(), 0);
  assert.deepEqual((await hub.api('GET', '/pairings')).expected.map((/** @type {any} */ one) => one.address), ['203.0.113.9']);
  await shootAll(page, '12-announced');
  await checkAccess(page, 'announced');
}

await withPair('booked-session', async (pair) => {
  const browser = await openBrowser();
  try {
    const pages = await Promise.all([
      signIn(browser, pair.aral, 'desk.aral'), signIn(browser, pair.hangzhou, 'desk.hangzhou'),
      signIn(browser, pair.aral, 'doctor.aral'), signIn(browser, pair.hangzhou, 'doctor.hangzhou'),
      signIn(browser, pair.aral, 'admin.aral'), signIn(browser, pair.hangzhou, 'admin.hangzhou'),
    ]);
    const [ourDesk, theirDesk, ...others] = pages;
    const doctors = others.slice(0, 2);
    const id = await request(ourDesk, pair);
    await accept(theirDesk, id, pair);
    await meet(doctors, id, pair);
    const text = await write(doctors);
    await end(doctors, id, text, pair);
    await review(others.slice(2), id, pair);
    await forms(others[2], pair.aral);
    const faults = pages.flatMap((page) => page.faults);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
  }
});
assertKept();
console.log('1 passed, 0 failed');
