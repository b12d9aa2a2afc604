// SPDX-License-Identifier: LGPL-2.1-or-later
// An emergency rings: at the partner's desk and at its clinicians', on whatever page they are, until
// one of them answers, who is with the session then.

import assert from 'node:assert/strict';

import { checkAccess, openBrowser, shootAll, signIn } from './browser.mjs';
import { assertKept } from './contract.mjs';
import { randomUUID, sleep, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

/** Counts what a page plays, and the notifications that it shows. */
function spy() {
  globalThis.playing = 0;
  globalThis.shown = [];
  const { start, stop } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...at) {
    globalThis.playing++;
    return start.apply(this, at);
  };
  AudioBufferSourceNode.prototype.stop = function (...at) {
    globalThis.playing--;
    return stop.apply(this, at);
  };
  globalThis.Notification = class {
    static permission = 'granted';
    constructor(title, options) {
      globalThis.shown.push({ title, ...options, open: true });
      this.at = globalThis.shown.at(-1);
    }
    close() { this.at.open = false; }
  };
}

/** @param {any} page */
const playing = (page) => page.evaluate(() => globalThis.playing);
/** @param {any} page */
const band = (page) => page.locator('.alarm');

/** @param {import('./hubs.mjs').Pair} pair @param {string} title @param {string} [urgency] */
async function ask({ aral, hangzhou }, title, urgency = 'T0') {
  const id = randomUUID();
  const at = Date.now() + (urgency === 'T0' ? 0 : 3600000);
  await aral.api('POST', '/bookings', { id, modality: 'shared-note', title, reason: '', urgency, partner: hangzhou.id, resources: [],
    ...(urgency === 'T0' ? { minutes: 30 } : { starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString() }) });
  return id;
}

await withPair('emergency', async (pair) => {
  const { aral, hangzhou } = pair;
  const browser = await openBrowser();
  try {
    const desk = await signIn(browser, hangzhou, 'desk.hangzhou', { script: spy });
    const expert = await signIn(browser, hangzhou, 'doctor.hangzhou', { script: spy });
    const asking = await signIn(browser, aral, 'desk.aral', { script: spy });
    await desk.getByRole('link', { name: 'Rooms and devices' }).click();
    await desk.getByRole('heading', { name: 'Rooms and devices' }).waitFor();

    // What is no emergency calls nobody, and is the desk's alone to answer.
    const planned = await ask(pair, 'Skin rash', 'T2');
    await until('the request', async () => (await hangzhou.api('GET', `/bookings/${planned}`)).state === 'requested');
    const doctor = await Person.signIn(hangzhou, 'doctor.hangzhou');
    await assert.rejects(doctor.api('POST', `/bookings/${planned}/accept`, {}), (/** @type {any} */ error) => {
      assert.equal(error.status, 403);
      assert.equal(error.rule, 'agenda/answer');
      return true;
    });
    await sleep(500);
    assert.equal(await band(desk).count() + await band(expert).count(), 0);

    const begun = Date.now();
    const id = await ask(pair, 'Crash on the desert road');
    await Promise.all([desk, expert].map((page) => band(page).waitFor()));
    console.log(`# it rang after ${Date.now() - begun} ms`);
    assert.ok(Date.now() - begun < 2000, 'within two seconds');
    for (const page of [desk, expert]) {
      assert.equal(await playing(page), 1, 'a sound');
      assert.match(await page.title(), /^Emergency · /);
      const [shown, ...more] = await page.evaluate(() => globalThis.shown);
      assert.deepEqual([shown.title, shown.open, more.length], ['Emergency', true, 0]);
      assert.match(shown.body, /^[^“]*Aral[^“]* asks for help now\.$/, 'without a word of the patient');
      assert.match(await band(page).innerText(), /asks for “Crash on the desert road” now/);
    }
    assert.equal(await band(asking).count(), 0, 'who asks is not called');
    await shootAll(desk, 'rings-desk');
    await shootAll(expert, 'rings-expert');
    await checkAccess(desk, 'alarm');

    // Silence is one page's choice, and for this emergency.
    await desk.getByRole('button', { name: 'Silence here' }).click();
    await until('silence', async () => (await playing(desk)) === 0);
    assert.equal(await playing(expert), 1);
    const second = await ask(pair, 'Second car');
    await until('the second', async () => /1 more emergency/.test(await band(desk).innerText()));
    assert.equal(await playing(desk), 1, 'another one rings');
    await aral.api('POST', `/bookings/${second}/withdraw`, {});
    await until('the first alone', async () => !/more emergenc/.test(await band(desk).innerText()));
    await until('silence again', async () => (await playing(desk)) === 0);

    await expert.getByRole('button', { name: 'Answer' }).click();
    await expert.waitForURL(`**/sessions/${id}`);
    for (const page of [desk, expert]) {
      await band(page).waitFor({ state: 'detached' });
      assert.equal(await playing(page), 0);
      assert.doesNotMatch(await page.title(), /^Emergency/);
      assert.ok(await page.evaluate(() => globalThis.shown.every((one) => !one.open)));
    }
    assert.equal((await aral.api('GET', `/bookings/${id}`)).state, 'confirmed');

    // Two keys ask; what it is about may be said later. Who asked is taken to the session by the answer.
    await asking.keyboard.press('e');
    await asking.locator('#compose-title').waitFor();
    await asking.keyboard.press('Enter');
    await asking.getByText(/^It rings at .+ until somebody answers/).waitFor();
    await shootAll(asking, 'rings-asking');
    await checkAccess(asking, 'asking');
    await expert.getByRole('button', { name: 'Answer' }).click();
    await asking.waitForURL('**/sessions/*');
    for (const page of [desk, expert, asking]) assert.deepEqual(page.faults, []);
    assertKept();
  } finally {
    await browser.close();
  }
});
