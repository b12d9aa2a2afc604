// SPDX-License-Identifier: LGPL-2.1-or-later
// Computers whose clocks are wrong book the same emergency: for now, as video, without a choice.
// Keys mean the same on any layout, can be turned off, and take nobody out of a session. Before it
// begins, its checks are as they are now, at both hospitals, while nobody is in.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, openBrowser, openDoor, shootAll, signIn } from './browser.mjs';
import { book, prepare } from './consult-page.mjs';
import { build, randomUUID, sleep, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

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

/** The plugin that brings video is away when the page comes, and back before anything is sent. @param {any} page @param {() => Promise<unknown>} open */
async function lateVideo(page, open) {
  const kind = page.locator('#compose-modality');
  const real = await page.evaluate(async () => (await fetch('/api/v1/modalities')).json());
  assert.equal(real.items[0].id, 'consultation');
  page.faked = true;
  await page.route('**/api/v1/modalities', (route) => route.fulfill({ json: { items: real.items.filter((one) => one.id !== 'consultation') } }));
  await page.evaluate(() => document.querySelector('karez-day').modalities.reload());
  await open();
  await until('what there is', async () => await kind.inputValue() === 'shared-note', 3000);
  await page.unroute('**/api/v1/modalities');
  page.faked = false;
  await page.evaluate(() => document.querySelector('karez-day').modalities.reload());
  await until('what is meant', async () => await kind.inputValue() === 'consultation', 3000);
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
    const open = () => page.keyboard.press('e');
    await (said ? open() : lateVideo(page, open));
    await page.locator('#compose-title').fill(`Stroke, ${what}`);
    await page.locator('.starts-now').waitFor();
    if (said && off < 0) await shootAll(page, 'clocks-keys-1-emergency');
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

/** A computer that slept for eight hours before anybody signed in: its counter stood still. @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function door(browser, { aral }) {
  const page = await openDoor(browser, aral, { off: 0 });
  const slept = 8 * 60 * minute;
  page.faked = true; // the hub's clock went on meanwhile
  await page.route('**/api/v1/hello', async (route) => {
    const hello = await aral.api('GET', '/hello');
    await route.fulfill({ json: { ...hello, now: new Date(Date.parse(hello.now) + slept).toISOString() } });
  });
  await page.evaluate((ms) => { globalThis.clockOff = ms; }, slept);
  await until('the door to know the time again', async () => {
    const shown = (await page.locator('.door-clock b').first().textContent()).trim();
    return [beijing(Date.now() + slept), beijing(Date.now() + slept - 10_000)].includes(shown);
  }, 5000);
  assert.equal(await page.locator('.clock-note').count(), 0, 'its clock is right');
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** As a keyboard with another layout, or an input method, does it. @param {any} page @param {string} key @param {string} code */
async function press(page, key, code) {
  const session = page.keys ??= await page.context().newCDPSession(page);
  const of = { key, code, windowsVirtualKeyCode: key === 'Process' ? 229 : code.charCodeAt(3) };
  await session.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...of });
  await session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...of });
}

/** @param {any} page */
async function layouts(page) {
  const home = new URL('/', page.url()).href;
  /** @type {[string, string, string, string][]} */
  const keys = [['Uyghur', 'ن', 'KeyN', '/new'], ['Uyghur', 'ې', 'KeyE', '/emergency'], ['Russian', 'т', 'KeyN', '/new'], ['Russian', 'у', 'KeyE', '/emergency'],
    ['full-width', 'ｎ', 'KeyN', '/new'], ['full-width', 'Ｅ', 'KeyE', '/emergency'], ['Pinyin', 'Process', 'KeyN', '/new']];
  for (const [layout, key, code, where] of keys) {
    await page.goto(home);
    await page.locator('karez-next').waitFor();
    await press(page, key, code);
    await page.locator('#compose-title').waitFor({ timeout: 3000 }).catch(() => {});
    assert.equal(new URL(page.url()).pathname, where, `${layout}: ${key}`);
  }
  await until('the key to be announced', async () => (await page.locator('#announced').textContent()) === 'New session', 1000);
  await page.goto(home);
  await page.locator('karez-next').waitFor();
  await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'n', code: 'KeyN', isComposing: true, bubbles: true, composed: true })));
  await press(page, 'Dead', 'KeyE');
  await sleep(200);
  assert.equal(new URL(page.url()).pathname, '/', 'a character that is being composed is no key');
  await page.keyboard.press('a');
  await until('it to be said that there is nothing', async () => /waits to be accepted/.test(await page.locator('#announced').textContent()), 1000);
  await turnOff(page);
}

/** @param {any} page */
async function turnOff(page) {
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByLabel(/Single keys act/).uncheck();
  await shootAll(page, 'clocks-keys-2-sheet');
  await checkAccess(page, 'keys');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  for (const key of ['n', 'e', '/', '?']) await page.keyboard.press(key);
  await page.reload();
  await page.locator('karez-next').waitFor();
  for (const key of ['n', 'e', '/', '?']) await page.keyboard.press(key);
  await sleep(200);
  assert.equal(new URL(page.url()).pathname, '/', 'keys that are off do nothing');
  assert.equal(await page.locator('dialog[open], #search:focus, .head kbd').count(), 0);
  await page.evaluate(() => localStorage.removeItem('karez.keys'));
}

/** What has the focus: a link's path, a button's words, a heading's. @param {any} page @returns {Promise<string>} */
const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  return `${one?.tagName.toLowerCase()} ${one?.getAttribute('href') ?? one?.textContent.trim()}`;
});

/** @param {any} page @param {RegExp} wanted @param {string} why */
const focusOn = (page, wanted, why) => until(`${why} (${wanted})`, async () => {
  const found = await focused(page);
  if (!wanted.test(found)) throw new Error(`the focus is on “${found}”`);
  return true;
}, 4000);

/** A clerk who never looks at the screen: the focus is somewhere at each step, and stays with what it was on when the
 * list is another one. @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function blind(browser, pair) {
  const ask = async (/** @type {string} */ title, /** @type {string} */ urgency, /** @type {number} */ minutes) => {
    const id = randomUUID();
    await pair.aral.api('POST', '/bookings', { id, modality: 'shared-note', title, reason: '', urgency, partner: pair.hangzhou.id, resources: [],
      starts_at: new Date(Date.now() + minutes * minute).toISOString(), ends_at: new Date(Date.now() + (minutes + 20) * minute).toISOString() });
    await until('it to be asked', async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
    return id;
  };
  const first = await ask('Heard first', 'T2', 20);
  const second = await ask('Heard second', 'T2', 40);
  const page = await signIn(browser, pair.hangzhou, 'desk.hangzhou');
  const item = (/** @type {string} */ id) => page.locator(`karez-next li[data-href="/bookings/${id}"]`);
  await item(second).waitFor();
  await page.keyboard.press('r');
  await focusOn(page, /^a \/bookings\//, 'R leads to the list');
  await item(first).getByRole('link').focus();
  let readings = 0;
  page.on('request', (request) => { readings += request.method() === 'GET' && request.url().endsWith(`/bookings/${first}`) ? 1 : 0; });
  await page.keyboard.press('Enter');
  await focusOn(page, /^h[12] Heard first/, 'what was opened is read');
  await sleep(500);
  assert.equal(readings, 1, 'it is read once, and is on record so');
  await page.keyboard.press('Escape');
  await focusOn(page, new RegExp(`^a /bookings/${first}`), 'Escape leads back');
  assert.equal(await page.evaluate(() => document.activeElement?.closest('karez-next') !== null), true, 'to the list that it was opened from');
  await page.keyboard.press('n');
  await focusOn(page, /^input/, 'N leads to the title');
  await page.keyboard.press('Escape');
  await focusOn(page, /^a \/new/, 'Escape leads back to New');
  await page.locator(`a.block[href="/bookings/${first}"]`).first().focus();
  await page.keyboard.press('Enter');
  await until('a card beside the board to be announced', async () => /Heard first/.test(await page.locator('#announced').textContent()), 3000);
  await page.keyboard.press('Escape');

  // Another request comes above the one whose button is about to be pressed.
  await item(second).waitFor();
  await item(second).getByRole('button').focus();
  const urgent = await ask('Comes in between', 'T0', 10);
  await item(urgent).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.closest('[data-href]')?.getAttribute('data-href')), `/bookings/${second}`);
  await page.keyboard.press('Enter');
  await until('the one that was meant to be accepted', async () => (await pair.hangzhou.api('GET', `/bookings/${second}`)).state === 'confirmed');
  assert.equal((await pair.hangzhou.api('GET', `/bookings/${urgent}`)).state, 'requested', 'another one was accepted');
  await focusOn(page, /^(a|button|h2) /, 'what was accepted leaves the focus in its place');
  await unmoved(page, pair, ask);
  return page;
}

/** A phone in one hand: what was tapped goes away, and the page stays where it is. @param {any} page
 * @param {import('./hubs.mjs').Pair} pair @param {(title: string, urgency: string, minutes: number) => Promise<string>} ask */
async function unmoved(page, pair, ask) {
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push(await ask(`Tapped ${i}`, 'T3', 200 + 30 * i));
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 400 });
  await page.goto(`${pair.hangzhou.origin}/`);
  const accept = page.locator(`karez-next li[data-href="/bookings/${ids[3]}"]`).getByRole('button').first();
  await accept.waitFor();
  await accept.evaluate((one) => one.scrollIntoView({ block: 'center' }));
  await sleep(300);
  const beside = page.locator(`karez-next li[data-href="/bookings/${ids[4]}"]`);
  const heights = async () => Math.round(await page.evaluate(() => scrollY || document.querySelector('main')?.scrollTop || 0));
  const before = await heights();
  assert.ok(before > 300, `there is nothing to scroll: ${before}`);
  await accept.click();
  await until('it to be gone', async () => await accept.count() === 0);
  await beside.waitFor();
  await sleep(500);
  const after = await heights();
  assert.ok(Math.abs(after - before) < 150, `the page moved from ${before} to ${after}`);
  await page.setViewportSize(size);
}

/** Who is in, as both hospitals have it. @param {import('./hubs.mjs').Pair} pair @param {string} id */
const inside = (pair, id) => Promise.all(pair.hubs.map(async (hub) =>
  (await hub.api('GET', `/sessions/${id}`)).participants.filter((one) => !one.left_at).map((one) => one.hospital).sort()));

/** A session is not ready while its partner does not answer, and is again by itself.
 * @param {any} page @param {import('./hubs.mjs').Pair} pair @param {string} id */
async function checks(page, pair, id) {
  const start = page.getByRole('button', { name: 'Start', exact: true });
  const seen = () => Promise.all(pair.hubs.map(async (hub) => (await hub.api('GET', `/sessions/${id}`)).checks.map((one) => `${one.id} ${one.verdict}`).join()));
  await page.locator('main').getByText('Ready to start').waitFor();
  const hang = setInterval(async () => {
    const { items } = await pair.hangzhou.api('GET', '/workers').catch(() => ({ items: [] }));
    for (const { pid } of items.filter((one) => one.pid > 0)) try { process.kill(pid, 'SIGSTOP'); } catch { /* its hub was quicker */ }
  }, 100);
  try {
    await page.getByText('Not ready: see the checks').waitFor({ timeout: 20000 });
    assert.equal(await start.isDisabled(), true);
    assert.equal(await page.locator('main').getByText('Ready to start').count(), 0);
    await shootAll(page, 'clocks-keys-3-checks');
  } finally {
    clearInterval(hang);
  }
  await page.locator('main').getByText('Ready to start').waitFor({ timeout: 20000 });
  assert.equal(await start.isDisabled(), false);
  await until('both to see the same', async () => (await seen()).every((one) => one === 'link.up passed'));
}

/** Whoever wants to sign out while the hub cannot be reached is still in. @param {any} page @param {any} ask */
async function failToSignOut(page, ask) {
  await page.route('**/api/v1/sign-out', (route) => route.abort());
  await page.locator('.head details.menu > summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await ask.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.locator('.toast.bad').waitFor();
  await page.unroute('**/api/v1/sign-out');
}

/** In a live room no stray key, link or Back leaves it. @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function room(browser, pair) {
  const id = await book(pair);
  await prepare(pair, id);
  const other = await Person.signIn(pair.hangzhou, 'doctor.hangzhou');
  const page = await signIn(browser, pair.aral, 'doctor.aral');
  await page.locator(`a[href="/bookings/${id}"]`).first().click();
  await page.getByRole('link', { name: 'Open the lobby' }).or(page.getByRole('link', { name: 'Open the session' })).click();
  await checks(page, pair, id);
  const { socket } = await other.enter(id, 'consultant');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('.consult-tools').waitFor();
  const both = [pair.aral.id, pair.hangzhou.id].sort();
  const still = async (/** @type {string} */ why) => {
    assert.equal(new URL(page.url()).pathname, `/sessions/${id}`, why);
    assert.equal(await page.locator('.consult-tools').count(), 1, why);
    assert.deepEqual(await inside(pair, id), [both, both], why);
  };
  for (const key of ['n', 'e', 'a', 'r', '/']) await page.keyboard.press(key);
  await press(page, 'ن', 'KeyN');
  await sleep(300);
  await still('a key of the desk');
  await press(page, 'ь', 'KeyM');
  await until('the microphone to be announced', async () => /microphone is o/.test(await page.locator('#announced').textContent()), 3000);
  const ask = page.getByRole('dialog', { name: 'Leave the session?' });
  for (const [why, act] of /** @type {[string, () => Promise<unknown>][]} */ ([
    ['Back', () => page.evaluate(() => history.back())], ['twice Back', () => page.evaluate(() => history.go(-2))],
    ['Back pressed twice at once', () => page.evaluate(() => { history.back(); history.back(); })],
    ['a link', () => page.locator('.head a[href="/emergency"]').first().click()]])) {
    await act();
    await ask.waitFor({ timeout: 3000 });
    if (why === 'Back') {
      await shootAll(page, 'clocks-keys-4-leave');
      await checkAccess(page, 'leaving');
    }
    await page.evaluate(() => history.back()); // again, while it asks
    await sleep(200);
    await ask.getByRole('button', { name: 'Stay in the session' }).click();
    await sleep(300);
    if (await ask.isVisible()) // a busy computer goes back only after the answer, and asks once more
      await ask.getByRole('button', { name: 'Stay in the session' }).click();
    await still(why);
  }
  await failToSignOut(page, ask);
  for (const key of ['n', 'e']) await page.keyboard.press(key);
  await sleep(300);
  await still('nobody was signed out');
  await page.evaluate(() => history.back());
  await ask.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.waitForURL((url) => url.pathname === `/bookings/${id}`);
  await until('both hospitals to see it', async () => (await inside(pair, id)).every((people) => people.join() === pair.hangzhou.id));
  socket.close();
  return page;
}

/** A question that nothing is left of: its session is over, or nobody is signed in any more, who is told nothing, either.
 * @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function pointless(browser, pair) {
  for (const [title, act, where] of /** @type {[string, (page: any, id: string) => Promise<unknown>, (id: string) => string][]} */ ([
    ['It ends', (_page, id) => pair.aral.api('POST', `/sessions/${id}/stop`, { reason: 'a test' }), (id) => `/sessions/${id}`],
    ['Signed out elsewhere', async (page) => {
      await page.context().clearCookies();
      await page.evaluate(() => document.querySelector('karez-session').loader.reload());
    }, () => '/sign-in']])) {
    const id = await book(pair, { title });
    await prepare(pair, id);
    const page = await signIn(browser, pair.aral, 'doctor.aral');
    await page.goto(`${pair.aral.origin}/sessions/${id}`);
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await until('the room to be guarded', async () => await page.locator('.head a[aria-keyshortcuts]').count() === 0);
    const ask = page.getByRole('dialog', { name: 'Leave the session?' });
    await failToSignOut(page, ask);
    await page.locator('.nav a[href="/resources"]').click();
    await ask.waitFor();
    await act(page, id);
    await ask.waitFor({ state: 'detached', timeout: 5000 }).catch(() => assert.fail(`${title}: it still asks`));
    assert.equal(new URL(page.url()).pathname, where(id), title);
    assert.equal(await page.locator('.toast').count(), where(id) === '/sign-in' ? 0 : 1, 'what one was told is not for the next');
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }
}

await withPair('clocks-keys', async (pair) => {
  const browser = await openBrowser();
  try {
    const pages = await emergencies(browser, pair);
    await jump(pages[2]);
    await door(browser, pair);
    await layouts(pages[2]);
    pages.push(await blind(browser, pair));
    pages.push(await room(browser, pair));
    await pointless(browser, pair);
    for (const page of pages) assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
  }
});
