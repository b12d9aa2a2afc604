// SPDX-License-Identifier: LGPL-2.1-or-later
// A video consultation, in real browsers: asked for at Aral's desk, accepted at Hangzhou's; two
// people of each see and hear each other once the consent is on record; the opinion is signed at
// Hangzhou and read at Aral; every act stands in the lists of both hubs.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, desktop, openBrowser, phone, shootAll, signIn } from './browser.mjs';
import { assertKept } from './contract.mjs';
import { addSeconds, ages, join, prepare, received } from './consult-page.mjs';
import { build, meddle, password, until, withPair } from './hubs.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');
const people = [['aral', 'doctor'], ['aral', 'second'], ['hangzhou', 'doctor'], ['hangzhou', 'second']];
const question = 'Is a biopsy needed?';
const impression = 'Psoriasis, no sign of lymphoma.';
/** What is left of what is pasted, shown, kept and signed. */
const pasted = 'Dose 5 mg is wrong, give 50\nSharply bounded plaques.';

/** Whether a page asks before it is closed. @param {any} page */
const asks = (page) => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));

/** Another page is opened while a file is on its way; undone, all of it is there. @param {any} page */
async function wander(page) {
  const parts = '**/api/v1/x/consult/attachments/*/parts/*';
  await page.route(parts, async () => {});
  await page.locator('karez-consult-request-form input[type="file"]').setInputFiles(
    { name: 'knee.png', mimeType: 'image/png', buffer: await page.screenshot({ clip: { x: 0, y: 0, width: 320, height: 240 } }) });
  const file = page.locator('.consult-list li', { hasText: 'knee.png' });
  await page.locator('.consult-list li[data-state="sending"]', { hasText: 'knee.png' }).waitFor();
  assert.equal(await asks(page), true, 'it asks before words are lost');
  await page.getByRole('link', { name: 'Hospitals' }).click();
  await page.getByText('The draft was discarded.').waitFor();
  assert.equal(await asks(page), false, 'what is discarded is not asked about');
  await page.unroute(parts);
  await page.getByRole('button', { name: 'Undo' }).click();
  await file.getByText('added', { exact: true }).waitFor();
  assert.equal(await page.getByLabel('Question', { exact: true }).inputValue(), question);
  await page.getByRole('button', { name: 'Remove knee.png' }).click();
  await file.waitFor({ state: 'detached' });
}

/** What would be added is not sent after all. @param {any} page */
async function goBack(page) {
  await page.getByRole('button', { name: 'Add to the request…' }).click();
  const form = page.locator('karez-consult-request-form');
  await form.getByLabel('History').fill('Fever since today.');
  await form.getByRole('button', { name: 'Go back' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Go back' }).click();
  assert.equal(await form.getByLabel('History').inputValue(), 'Fever since today.');
  await form.getByRole('button', { name: 'Go back' }).click();
  await dialog.getByRole('button', { name: 'Discard' }).click();
  await form.waitFor({ state: 'detached' });
  assert.equal(await asks(page), false, 'it was discarded');
}

/** The request, as Aral's desk writes it. @param {any} page @param {import('./hubs.mjs').Pair} pair */
async function ask(page, pair) {
  await page.goto(`${pair.aral.origin}/new`);
  await page.getByLabel('What it is about').fill('Rash since spring, second opinion');
  await page.getByLabel('Question', { exact: true }).fill(question);
  await page.getByLabel('History').fill('Two ointments without effect, no fever, no weight loss.');
  await page.getByLabel('Reason').fill('No dermatologist in Aral.');
  await wander(page);
  await page.locator('karez-consult-request-form input[type="file"]').setInputFiles([
    { name: 'elbow.png', mimeType: 'image/png', buffer: await page.screenshot({ clip: { x: 0, y: 0, width: 320, height: 240 } }) },
    { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<html>') },
  ]);
  await page.getByText('page.html').first().waitFor();
  await shootAll(page, 'consult-1-request');
  await checkAccess(page, 'request');
  await page.getByRole('button', { name: /Send request/ }).click();
  await page.waitForURL(/\/bookings\//);
  const id = page.url().split('/').pop() ?? '';
  await page.locator('karez-consult-request').getByText(question).waitFor();
  assert.equal(await asks(page), false, 'it is sent');
  await goBack(page);
  return id;
}

/** And as Hangzhou's desk answers it. @param {any} page @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function accept(page, id, pair) {
  await until('the request', async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await page.goto(`${pair.hangzhou.origin}/bookings/${id}`);
  await page.locator('karez-consult-request').getByText(question).waitFor();
  await page.getByRole('button', { name: 'Show the pictures' }).click(); // no page reads them by itself
  await page.locator('karez-consult-request img').first().waitFor();
  await shootAll(page, 'consult-2-booking');
  await checkAccess(page, 'booking of a consultation');
  await page.getByRole('button', { name: /^Accept/ }).click();
  for (const hub of pair.hubs)
    await until(`${hub.name} to plan it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'planned');
}

/** @param {any[]} pages @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function meet(pages, id, pair) {
  await prepare(pair, id);
  for (const [i, [name]] of people.entries())
    await join(pages[i], pair[name].origin, id);
  await shootAll(pages[2], 'consult-3-lobby');
  await until('the session to start', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
  await pages[0].getByText('Before anybody is seen or heard').waitFor();
  await new Promise((done) => { setTimeout(done, 1500); });
  for (const page of pages)
    for (const one of Object.values(await received(page)))
      assert.equal(one.frames, 0, 'nothing is shown before consent is on record');
  await shootAll(pages[0], 'consult-4-consent');
  await pages[0].getByRole('button', { name: 'The patient agrees' }).click();
  for (const [i, page] of pages.entries())
    await until(`page ${i} to see and hear three others`, async () => {
      const all = Object.values(await received(page));
      return all.length === 3 && all.every((one) => one.frames > 100 && one.energy > 0);
    }, 90000);
  for (const [i, page] of pages.entries()) {
    let found = [];
    // All of them go by the clock of one computer, which may be so busy that frames are late.
    await until(`page ${i} to know when the others' frames were taken`, async () => {
      found = await ages(page);
      return found.length === 3 && found.every((one) => one !== null && one > -50 && one < 5000);
    }, 90000).catch((error) => { throw new Error(`${error.message}; now ${found} ms ago`); });
    console.log(`page ${i} shows what was taken ${found.map(Math.round)} ms ago`);
  }
  console.log(`frames and energy: ${JSON.stringify(await Promise.all(pages.map(received)))}`);
  await shootAll(pages[0], 'consult-5-room');
  await checkAccess(pages[0], 'consultation');
}

/** As a paste does it, with the events that a page hears. @param {any} field @param {string} text */
async function paste(field, text) {
  await field.focus();
  await field.evaluate((/** @type {HTMLTextAreaElement} */ area, /** @type {string} */ words) => {
    area.setRangeText(words, area.selectionStart, area.selectionEnd, 'end');
    area.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertFromPaste' }));
  }, text);
}

/** The consultant writes and signs; the referrer reads, who was not said to have read before.
 * @param {any} writer @param {any} reader @param {() => Promise<any[]>} readings of the hospital that asked */
async function answer(writer, reader, readings) {
  await writer.locator('#consult-opinion-button').click();
  await paste(writer.getByLabel('Findings'), 'Dose 5 mg\u0000 is wrong, give 50\ud83d\rSharply bounded plaques.');
  await writer.getByText('Characters that cannot be kept were left out').first().waitFor();
  assert.equal(await writer.getByLabel('Findings').inputValue(), pasted);
  await writer.getByLabel('Impression').fill(impression);
  await writer.getByLabel('Recommendation').fill('No biopsy; calcipotriol for eight weeks.');
  await writer.getByText(/^Kept \d/).waitFor();
  await shootAll(writer, 'consult-6-opinion');
  await checkAccess(writer, 'opinion');
  await writer.getByRole('button', { name: 'Sign…' }).click();
  const dialog = writer.getByRole('dialog');
  await dialog.getByLabel('Password').fill('not my password');
  await dialog.getByRole('button', { name: 'Sign' }).click();
  await dialog.getByText('The password is wrong').waitFor();
  await dialog.getByLabel('Password').fill(password);
  await dialog.getByRole('button', { name: 'Sign' }).click();
  await dialog.waitFor({ state: 'detached' });
  await reader.locator('#consult-opinion-button').click();
  await reader.getByRole('button', { name: 'Read the opinion' }).waitFor({ timeout: 15000 });
  assert.equal(await reader.getByText(impression).count(), 0);
  assert.deepEqual(await readings(), [], 'an open page has read nothing');
  await shootAll(reader, 'consult-7-unread');
  await reader.getByRole('button', { name: 'Read the opinion' }).click();
  await reader.getByText(impression).waitFor({ timeout: 15000 });
  await reader.getByText('Dose 5 mg is wrong, give 50').first().waitFor();
  await shootAll(reader, 'consult-7-signed');
}

/** Both hospitals keep the word under its id; who may read about patients reads it, and that is on record.
 * @param {any[]} pages @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function consents(pages, id, pair) {
  const kept = await Promise.all([pages[0], pages[2]].map((page) => page.evaluate(async (session) => {
    const answer = await fetch(`/api/v1/sessions/${session}/consents`);
    return answer.json();
  }, id)));
  assert.equal(kept[0].items.length, 1);
  assert.deepEqual(kept[0].items[0], { ...kept[0].items[0], state: 'given', basis: 'patient' });
  assert.deepEqual(kept[1], kept[0]);
  for (const hub of pair.hubs) {
    const of = async (action) => (await hub.api('GET', `/events?session=${id}&action=${action}&limit=200`)).items;
    const [word, ...others] = await of('consent.give');
    assert.deepEqual([word.schema, word.table, word.row, others.length], ['engine', 'consent', kept[0].items[0].id, 0]);
    await until(`${hub.name} to have the reading on record`, async () => (await of('consent.read')).some((one) => /^doctor/i.test(one.actor.name)));
  }
}

/** @param {any[]} pages @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function end(pages, id, pair) {
  // One of them is behind other windows when it ends.
  const [hubOfSecond] = people[1];
  await pages[1].evaluate(() => Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' }));
  const reads = async () => (await pair[hubOfSecond].api('GET', `/events?session=${id}&limit=200`)).items
    .filter((one) => one.action === 'consult.read' && /^second/i.test(one.actor.name)).length;
  await meddle(pair.aral, `insert into consult.consent (id, session, state, basis, given_by, given_at) values (gen_random_uuid (), '${id}', 'given', 'guardian', 'Former', now () - interval '1 hour')`);
  await pages[0].getByRole('button', { name: /^End for all/ }).click();
  await pages[0].getByRole('dialog').getByRole('button', { name: 'End for all' }).click();
  for (const hub of pair.hubs)
    await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
  await pages[0].getByText('What was kept').waitFor();
  await pages[0].getByText(impression).first().waitFor();
  // What the plugin kept of it before the hub did is shown beside what the hub has.
  await pages[0].getByText('Consent: the guardian agrees, recorded by Former at').waitFor();
  await pages[0].getByText('Consent: the patient agrees, recorded by').waitFor();
  assert.equal(await reads(), 0, 'what nobody sees is read by nobody');
  await pages[1].evaluate(() => {
    delete (/** @type {any} */ (document)).visibilityState;
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('it to be read once it is seen', async () => await reads() === 1);
  await shootAll(pages[0], 'consult-8-kept');
  await checkAccess(pages[0], 'kept consultation');
}

/** Every act stands in the lists of both hubs. @param {any[]} admins @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function review(admins, id, pair) {
  const both = ['booking.request', 'booking.accept', 'session.join', 'session.start', 'consent.give', 'opinion.read', 'summary.keep', 'session.end'];
  const own = { aral: ['request.write', 'request.send', 'opinion.receive'], hangzhou: ['request.receive', 'request.read', 'opinion.sign'] };
  for (const hub of pair.hubs)
    for (const action of [...both, ...own[hub.name]])
      await until(`${hub.name} to have ${action} on record`, async () =>
        (await hub.api('GET', `/events?session=${id}&limit=200`)).items.some((one) => one.action === action));
  for (const [i, page] of admins.entries()) {
    await page.goto(`${pair.hubs[i].origin}/audit?session=${id}`);
    await page.getByText(i ? /signed/ : /opinion/).first().waitFor();
    await shootAll(page, `consult-9-audit-${pair.hubs[i].name}`);
  }
}

await withPair('consult', async (pair) => {
  const browser = await openBrowser(5); // four pages that code and draw on two processors
  try {
    await addSeconds(pair);
    const desks = await Promise.all(pair.hubs.map((hub) => signIn(browser, hub, `desk.${hub.name}`)));
    const id = await ask(desks[0], pair);
    await accept(desks[1], id, pair);
    for (const page of desks) assert.deepEqual(page.faults, []);
    await Promise.all(desks.map((page) => page.context().close()));
    const pages = [];
    for (const [name, login] of people)
      pages.push(await signIn(browser, pair[name], `${login}.${name}`, { viewport: login === 'second' ? phone : desktop }));
    await meet(pages, id, pair);
    await answer(pages[2], pages[0], async () => (await pair.aral.api('GET', `/events?session=${id}&limit=200`)).items.filter((one) => one.action === 'opinion.read'));
    await consents(pages, id, pair);
    await end(pages, id, pair);
    for (const page of pages) assert.deepEqual(page.faults, []);
    await Promise.all(pages.map((page) => page.context().close()));
    const admins = await Promise.all(pair.hubs.map((hub) => signIn(browser, hub, `admin.${hub.name}`)));
    await review(admins, id, pair);
    assertKept();
  } finally {
    await browser.close();
  }
});
