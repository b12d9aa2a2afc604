// SPDX-License-Identifier: LGPL-2.1-or-later
// A desk worked by the keyboard alone and by ear: what is typed at speed is asked for once and as it
// stands, nothing that was begun is lost by one key, the focus is where one goes on, and what is said
// is true and said once.

import assert from 'node:assert/strict';

import { openBrowser, signIn } from './browser.mjs';
import { assertKept } from './contract.mjs';
import { randomUUID, sleep, until, withPair } from './hubs.mjs';

/** @param {any} page @returns {Promise<string>} the id or the words of what has the focus */
const focus = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || '');

/** @param {any} page @param {string} id */
const waitFocus = (page, id) => until(`the focus at ${id}`, async () => (await focus(page)) === id, 3000);

/** Opens an empty form by its key. @param {any} page @param {string} key */
async function begin(page, key) {
  await page.locator('karez-day aside').waitFor();
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
  await page.keyboard.press(key);
  await waitFocus(page, 'compose-title');
}

/** @param {any} page @param {string} title */
async function ask(page, title) {
  await begin(page, 'n');
  await page.keyboard.insertText(title);
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/bookings\//);
  return page.url().split('/').pop();
}

/** A request that the partner's desk has. @param {import('./hubs.mjs').Pair} pair @param {string} title */
async function request({ aral, hangzhou }, title) {
  const id = randomUUID();
  const at = Date.now() + 3600000;
  await aral.api('POST', '/bookings', { id, modality: 'shared-note', title, reason: '', urgency: 'T2', partner: hangzhou.id,
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources: [] });
  await until('the request', async () => (await hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  return id;
}

/** A time that was pasted with what stood around it is the one that is asked for. @param {any} page @param {any} hub */
async function pasted(page, hub) {
  for (const [text, wanted] of [['      23:45', '23:45'], ['\t\t23:40   ', '23:40'], ['23.35', '23:35'], ['       ２３：３０　　', '23:30']]) {
    await begin(page, 'n');
    await page.keyboard.insertText('Pasted');
    await page.locator('#compose-start-beijing').focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(text);
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/\/bookings\//);
    const { starts_at: at } = await hub.api('GET', `/bookings/${page.url().split('/').pop()}`);
    assert.equal(new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit' }), wanted, JSON.stringify(text));
  }
}

/** What is wrong has the focus, whoever found it: the page or the hub. @param {any} page */
async function refused(page) {
  const asked = [];
  page.on('request', (request) => request.method() === 'POST' && asked.push(request.url()));
  for (const [title, time, place, sent] of [
    ['x'.repeat(201), '', 'compose-title', 0], ['\u200b\u200d\ufeff', '', 'compose-title', 1], ['Yesterday evening', '00:00', 'compose-start-beijing', 1],
  ]) {
    asked.length = 0;
    await begin(page, 'n');
    await page.keyboard.insertText(title);
    if (time) {
      await page.locator('#compose-start-beijing').focus();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(time);
    }
    await page.locator('#compose-reason').focus();
    await page.keyboard.press('Control+Enter');
    await waitFocus(page, place);
    assert.equal(await page.locator(`#${place}`).getAttribute('aria-invalid'), 'true');
    assert.equal(asked.length, sent, `${place}: what is seen to be wrong here is not asked for`);
    await page.keyboard.press('Escape');
  }
}

/** Nothing that was begun goes by one key. @param {any} page */
async function begun(page) {
  const discarded = page.locator('.toast').filter({ hasText: 'The draft was discarded.' });
  await page.reload();
  for (const [from, to] of [['n', 'e'], ['e', 'n']]) {
    await begin(page, from);
    await page.keyboard.insertText(`Half, then ${to}`);
    await page.locator('input[name="urgency"]:checked').focus();
    await page.keyboard.press(to);
    await discarded.waitFor({ timeout: 5000 });
    assert.equal(await page.locator('#compose-title').inputValue(), '');
    await discarded.getByRole('button', { name: 'Undo' }).press('Enter');
    await page.waitForFunction((title) => document.querySelector('#compose-title')?.value === title, `Half, then ${to}`);
    await page.locator('#compose-title').fill('');
    await page.keyboard.press('Escape');
  }
  await discarded.waitFor({ state: 'detached', timeout: 12000 });
  await begin(page, 'n');
  await page.locator('#compose-reason').fill('Three lines of it.');
  await page.keyboard.press('Escape');
  await discarded.getByRole('button', { name: 'Undo' }).press('Enter');
  await page.locator('#compose-reason').waitFor();
  assert.equal(await page.locator('#compose-reason').inputValue(), 'Three lines of it.', 'also without a title');
  await page.locator('#compose-reason').fill('');
  await page.keyboard.press('Escape');
}

/** Undone here is not told as done there; its words are read one at a time, and its button stays under the finger.
 * @param {any} page @param {any} hub */
async function undone(page, hub) {
  const id = await ask(page, 'Taken back');
  const toasts = await page.evaluate(() => document.querySelector('.toasts')?.getAttribute('aria-atomic'));
  assert.equal(toasts, 'false', 'what was said before is not said again with it');
  const undo = page.locator('.toast').filter({ hasText: 'Sent to' }).getByRole('button', { name: 'Undo' });
  await undo.last().focus();
  await sleep(9500);
  assert.equal(await focus(page), 'Undo', 'it does not go while somebody is at it');
  await page.keyboard.press('Enter');
  await until('it to be taken back', async () => (await hub.api('GET', `/bookings/${id}`)).state === 'cancelled');
  await sleep(1500);
  assert.equal(await page.getByText('withdrew').count(), 0, 'the other hospital withdrew nothing');
  assert.notEqual(await focus(page), '', 'the focus is somewhere');
}

/** A, twice at speed, accepts once; declining is a step that can be gone back from. @param {any} page @param {import('./hubs.mjs').Pair} pair */
async function answered(page, pair) {
  const { hangzhou } = pair;
  const twice = await request(pair, 'Twice');
  await page.goto(`${hangzhou.origin}/bookings/${twice}`);
  await page.getByRole('button', { name: 'Accept' }).waitFor();
  const asked = [];
  page.on('request', (request) => request.method() === 'POST' && asked.push(request.url()));
  await page.route('**/accept', async (route) => { await sleep(300); await route.continue(); });
  await page.keyboard.press('a');
  await page.keyboard.press('a');
  await page.getByText('Accepted: Twice').waitFor();
  await until('it to be asked', () => asked.length > 0, 5000); // what a browser tells of it may come later
  await sleep(700);
  assert.equal(asked.length, 1, 'it is accepted once');
  assert.equal(await page.locator('.toast.bad').count(), 0, 'and nothing is said to be refused');

  const other = await request(pair, 'Not so');
  await page.goto(`${hangzhou.origin}/bookings/${other}`);
  const decline = page.getByRole('button', { name: 'Decline…' });
  await decline.press('Enter');
  await waitFocus(page, 'decline-answer');
  await page.keyboard.insertText('Tomorrow at nine.');
  await page.keyboard.press('Escape');
  await waitFocus(page, 'decline-button');
  assert.match(page.url(), /\/bookings\//, 'Escape goes one step back');
  await page.keyboard.press('Escape');
  await page.waitForURL(`${hangzhou.origin}/`);
  await page.locator(`karez-next a[href="/bookings/${other}"]`).press('Enter');
  await decline.press('Enter');
  await waitFocus(page, 'decline-answer');
  assert.equal(await page.locator('#decline-answer').inputValue(), 'Tomorrow at nine.', 'what was written is there again');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await until('the answer', async () => (await hangzhou.api('GET', `/bookings/${other}`)).state === 'declined');
}

/** What comes in, is found or is gone to is said. @param {any} page @param {import('./hubs.mjs').Pair} pair */
async function said(page, pair) {
  const { hangzhou, aral, resources } = pair;
  const heard = page.locator('#announced');
  await page.goto(`${hangzhou.origin}/`);
  await begin(page, 'n');
  await page.keyboard.insertText('Being typed');
  await aral.api('POST', '/bookings', { id: randomUUID(), modality: 'shared-note', title: 'Stroke', reason: '', urgency: 'T0', partner: hangzhou.id,
    minutes: 30, resources: [resources.hangzhou['Room 2']] });
  await heard.getByText(/^Emergency: .*asks for .*Stroke/).waitFor();
  assert.equal(await focus(page), 'compose-title', 'and what is typed goes on');
  await page.locator('#compose-title').fill('');
  await page.keyboard.press('Escape');
  for (const view of ['List', 'Board']) {
    await page.getByRole('button', { name: view, exact: true }).press('Enter');
    await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
    await page.keyboard.press('/');
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('room 2');
    await heard.getByText('1 session fits').waitFor();
    const found = page.locator(view === 'List' ? '.day-item' : 'a.block:not([data-dim])');
    assert.equal(await found.count(), 1, `${view}: it is found by what it takes`);
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('nobody');
    await heard.getByText('Nothing fits “nobody”.').waitFor();
  }
  await page.getByRole('button', { name: 'The day before' }).press('Enter');
  await page.waitForFunction(() => document.querySelector('#announced')?.textContent?.trim() === document.querySelector('.day-title')?.textContent?.trim());
}

await withPair('keyboard', async (pair) => {
  const { aral, hangzhou } = pair;
  const browser = await openBrowser();
  try {
    const desk = await signIn(browser, aral, 'desk.aral', { viewport: { width: 1280, height: 800 } });
    const theirs = await signIn(browser, hangzhou, 'desk.hangzhou', { viewport: { width: 1920, height: 1080 } });
    await pasted(desk, aral);
    await refused(desk);
    await begun(desk);
    await undone(desk, aral);
    await answered(theirs, pair);
    await said(theirs, pair);
    for (const page of [desk, theirs]) assert.deepEqual(page.faults, []);
    assertKept();
  } finally {
    await browser.close();
  }
});
