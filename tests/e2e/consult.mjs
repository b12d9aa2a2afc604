// SPDX-License-Identifier: LGPL-2.1-or-later
// A video consultation, in real browsers: two people at each hospital, nothing shown before the
// consent is on record, then each sees and hears the three others; and what is kept of it.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, openBrowser, shootAll, signIn } from './browser.mjs';
import { build, password, randomUUID, until, withPair } from './hubs.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');
const panel = 'karez-consult-panel';
const people = [['aral', 'doctor'], ['aral', 'second'], ['hangzhou', 'doctor'], ['hangzhou', 'second']];

/** @param {import('./hubs.mjs').Pair} pair */
async function book(pair) {
  const id = randomUUID();
  const at = Date.now() + 60000;
  for (const hub of pair.hubs)
    await hub.api('POST', '/people', {
      id: randomUUID(), names: { en: `Second doctor of ${hub.name}` }, login: `second.${hub.name}`, password, roles: ['clinician'],
    });
  await pair.aral.api('POST', '/bookings', {
    id, modality: 'consultation', title: 'Rash since spring, second opinion', reason: 'No answer to two ointments.', urgency: 'T1',
    partner: pair.hangzhou.id, starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources: [],
  });
  await until('the request', async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await pair.hangzhou.api('POST', `/bookings/${id}/accept`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to plan it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'planned');
  await pair.aral.api('POST', `/sessions/${id}/prepare`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to be ready`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ready');
  return id;
}

/** What a page receives of the others: frames decoded and energy of speech. @param {any} page */
const received = (page) => page.evaluate(async (name) => {
  const { client } = document.querySelector(name);
  const stats = client.connection ? [...(await client.connection.getStats()).values()] : [];
  return [...client.people.values()].map((shown) => {
    const of = (track) => stats.find((one) => one.type === 'inbound-rtp' && one.trackIdentifier === track?.id);
    return { frames: of(shown.tracks.camera)?.framesDecoded ?? 0, energy: of(shown.tracks.microphone)?.totalAudioEnergy ?? 0 };
  });
}, panel);

/** @param {any} page @param {string} origin @param {string} id */
async function join(page, origin, id) {
  await page.goto(`${origin}/sessions/${id}`);
  await page.locator(panel).waitFor();
  await page.getByRole('button', { name: 'Check camera and microphone' }).click();
  await page.locator(`${panel} video`).first().waitFor();
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

await withPair('consult', async (pair) => {
  const browser = await openBrowser();
  try {
    const id = await book(pair);
    const pages = [];
    for (const [name, login] of people) {
      const page = await signIn(browser, pair[name], `${login}.${name}`);
      await join(page, pair[name].origin, id);
      pages.push(page);
    }
    await until('the session to start', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
    await pages[0].getByText('Before anybody is seen or heard').waitFor();
    await new Promise((done) => { setTimeout(done, 1500); });
    for (const page of pages)
      for (const one of await received(page))
        assert.equal(one.frames, 0, 'nothing is shown before consent is on record');
    await shootAll(pages[0], 'consult-1-consent');
    await pages[0].getByRole('button', { name: 'The patient agrees' }).click();
    for (const [i, page] of pages.entries())
      await until(`page ${i} to see and hear three others`, async () => {
        const all = await received(page);
        return all.length === 3 && all.every((one) => one.frames > 100 && one.energy > 0);
      }, 90000);
    await shootAll(pages[0], 'consult-2-room');
    await checkAccess(pages[0], 'consultation');
    await pair.hangzhou.api('POST', `/sessions/${id}/stop`, { reason: 'test' });
    for (const hub of pair.hubs) {
      await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
      const actions = async () => (await hub.api('GET', `/events?session=${id}`)).items.map((one) => one.action);
      for (const action of ['consent.give', 'summary.keep'])
        await until(`${hub.name} to have ${action} on record`, async () => (await actions()).includes(action));
    }
    for (const page of pages) assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
  }
});
