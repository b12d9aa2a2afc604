// SPDX-License-Identifier: LGPL-2.1-or-later
// Signing in as a person meets it in a browser: other applications' cookies, a browser that keeps
// none, two hubs of one host, a first sign-in, the own password, and what each failure says.

import assert from 'node:assert/strict';

import { checkAccess, enter, openBrowser, openDoor, shootAll, signIn } from './browser.mjs';
import { assertKept } from './contract.mjs';
import { password, randomUUID, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

const own = 'a password of my own';

/** @param {any} page */
const isIn = (page) => page.locator('nav.nav').waitFor();
/** What the form says. @param {any} page @param {RegExp} wanted */
const says = (page, wanted) => until(`the form to say ${wanted}`, async () => wanted.test(await page.locator('.note.bad, .error-text').allInnerTexts().then((all) => all.join(' '))));

/** @param {string} url @param {number} count @param {number} size */
const junk = (url, count, size) => Array.from({ length: count }, (_, i) => ({ name: `other-${i}`, value: 'x'.repeat(size), url }));

/** @param {any} browser @param {import('./hubs.mjs').Hub} hub */
async function cookies(browser, hub) {
  const page = await openDoor(browser, hub);
  await page.context().addCookies([...junk(hub.origin, 3, 3500), ...junk(`${hub.origin}/x`, 100, 1)]);
  await enter(page, `desk.${hub.name}`);
  await isIn(page);
  await page.reload();
  await isIn(page);
  assert.deepEqual(page.faults, []);

  // More than the hub reads: the form says so, before and after a sign-in.
  const other = await openDoor(browser, hub);
  await other.context().addCookies(junk(hub.origin, 12, 3900));
  await enter(other, `desk.${hub.name}`);
  await says(other, /cookies/);
  await other.context().clearCookies();
  await other.locator('#password').waitFor();

  // A browser that keeps nothing.
  other.faked = true;
  await other.route('**/api/v1/sign-in', (/** @type {any} */ route) => route.fulfill({ status: 200, json: {} }));
  await enter(other, `desk.${hub.name}`);
  await says(other, /does not keep the sign-in/);
  await other.unroute('**/api/v1/sign-in');
  await page.context().close();
  await other.context().close();
}

/** What else can go wrong at the form. @param {any} browser @param {import('./hubs.mjs').Hub} hub */
async function failures(browser, hub) {
  const page = await openDoor(browser, hub);
  let note = '';
  for (let i = 0; i < 14 && !/try again in/.test(note); i++) {
    await enter(page, `auditor.${hub.name}`, 'wrong');
    await until('the form to be ready', () => page.locator('button[type=submit]:not([disabled])').count());
    await says(page, /wrong/);
    note = await page.locator('.note.bad').innerText();
  }
  assert.match(note, /Too many wrong passwords; try again in/);
  page.faked = true;
  for (const [status, wanted] of /** @type {[number, RegExp][]} */ ([[503, /refused with status 503/], [400, /refused with status 400/], [431, /too many cookies/]])) {
    await page.route('**/api/v1/sign-in', (/** @type {any} */ route) => route.fulfill({ status, body: '<h1>a proxy</h1>', contentType: 'text/html' }));
    await enter(page, `auditor.${hub.name}`, 'wrong');
    await says(page, wanted);
    await page.unroute('**/api/v1/sign-in');
  }
  // A hub that could not say who is signed in does not lead to a form without a word.
  await page.route('**/api/v1/me', (/** @type {any} */ route) => route.fulfill({ status: 400, contentType: 'application/problem+json', body: JSON.stringify({ title: 'x', detail: 'The browser sends too many cookies of this hub', rule: 'request/cookies' }) }));
  await page.reload();
  await says(page, /too many cookies of this hub/);
  await page.context().close();
}

/** Ports do not part cookies. @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function twoHubs(browser, pair) {
  const first = await openDoor(browser, pair.aral);
  const second = await first.context().newPage();
  for (const [page, hub] of /** @type {[any, import('./hubs.mjs').Hub][]} */ ([[first, pair.aral], [second, pair.hangzhou]])) {
    await page.goto(`http://localhost:${hub.port}`);
    await enter(page, `desk.${hub.name}`);
    await isIn(page);
  }
  for (const page of [first, second]) {
    await page.reload();
    await isIn(page);
  }
  await first.context().close();
}

/** @param {any} page @param {string} present @param {string} next @param {string} [again] */
async function choose(page, present, next, again = next) {
  for (const [field, value] of Object.entries({ present, next, again })) {
    await page.locator(`#own-${field}`).fill(value);
  }
  await page.locator('#own-again').press('Enter');
}

/** A password that an administrator set is asked to be changed before anything else.
 * @param {any} browser @param {import('./hubs.mjs').Hub} hub */
async function firstSignIn(browser, hub) {
  const admin = await Person.signIn(hub, `admin.${hub.name}`);
  await admin.api('POST', '/people', { id: randomUUID(), names: { en: 'Gulnar Memet', zh_CN: '古丽娜尔', ug: 'گۈلنار مەمەت' }, login: 'gulnar', password, roles: ['desk'] });
  const page = await openDoor(browser, hub);
  await enter(page, 'gulnar');
  await page.getByRole('heading', { name: 'Choose a password of your own' }).waitFor();
  assert.equal(await page.locator('nav.nav').count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'own-present');
  await checkAccess(page, 'first sign-in');
  await choose(page, password, own, `${own}x`);
  await says(page, /not the same/);
  await choose(page, password, 'too short');
  await says(page, /At least 15 characters/);
  await choose(page, password, 'gulnar.memet2026');
  await says(page, /tried first/);
  await shootAll(page, 'password-first');
  await choose(page, 'not the one', own);
  await says(page, /wrong/);
  // What is typed can be looked at, and stays when it is.
  await page.locator('#own-present').fill(password);
  await page.locator('#own-present + button').press('Enter');
  assert.equal(await page.locator('#own-present').getAttribute('type'), 'text');
  await choose(page, password, own);
  await isIn(page);
  await page.reload();
  await isIn(page);
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** By the keyboard, from the menu. @param {any} browser @param {import('./hubs.mjs').Hub} hub */
async function ownChange(browser, hub) {
  const here = await openDoor(browser, hub);
  const there = await openDoor(browser, hub);
  for (const page of [here, there]) {
    await enter(page, 'gulnar', own);
    await isIn(page);
  }
  await here.locator('details.menu summary').press('Enter');
  await here.getByRole('button', { name: 'Change your password' }).press('Enter');
  await here.locator('#own-present').waitFor();
  await checkAccess(here, 'own password');
  await shootAll(here, 'password-own');
  await here.keyboard.press('Escape');
  await here.locator('#own-present').waitFor({ state: 'hidden' });
  await here.locator('details.menu summary').press('Enter');
  if (!await here.getByRole('button', { name: 'Change your password' }).isVisible())
    await here.locator('details.menu summary').press('Enter');
  await here.getByRole('button', { name: 'Change your password' }).press('Enter');
  await choose(here, own, 'another password of mine');
  await here.locator('.toast').filter({ hasText: 'The password is changed' }).waitFor();
  await there.locator('#login').waitFor({ timeout: 10000 }); // it is told, or asks and learns
  await here.reload();
  await isIn(here);
  assert.deepEqual(here.faults, []);
  const event = (await hub.api('GET', '/events?action=account.password')).items.at(-1);
  assert.equal(event.actor.name, 'Gulnar Memet');
  await here.context().close();
  await there.context().close();
}

/** @param {any} browser @param {import('./hubs.mjs').Hub} hub */
async function people(browser, hub) {
  const page = await signIn(browser, hub, `admin.${hub.name}`);
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('row').filter({ hasText: 'gulnar' }).getByRole('button').click();
  await page.locator('#person-password').fill('1234567890');
  await page.getByRole('button', { name: 'Save' }).click();
  await says(page, /At least 15 characters/);
  await shootAll(page, 'password-people');
  await page.getByRole('button', { name: 'Forget the known browsers' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget the known browsers' }).click();
  await page.locator('.toast').filter({ hasText: 'are forgotten' }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

await withPair('sign-in', async (pair) => {
  const browser = await openBrowser();
  await cookies(browser, pair.aral);
  await failures(browser, pair.aral);
  await twoHubs(browser, pair);
  await firstSignIn(browser, pair.aral);
  await ownChange(browser, pair.aral);
  await people(browser, pair.aral);
  await browser.close();
  assertKept();
});
