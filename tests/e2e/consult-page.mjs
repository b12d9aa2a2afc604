// SPDX-License-Identifier: LGPL-2.1-or-later
// A page in a consultation: how it gets in, and what it receives.

import assert from 'node:assert/strict';

import { password, randomUUID, sleep, until } from './hubs.mjs';

export const panel = 'karez-consult-panel';

/** A second doctor at each hospital. @param {import('./hubs.mjs').Pair} pair */
export async function addSeconds(pair) {
  for (const hub of pair.hubs)
    await hub.api('POST', '/people', {
      id: randomUUID(), names: { en: `Second doctor of ${hub.name}` }, login: `second.${hub.name}`, password, password_final: true, roles: ['clinician'],
    });
}

/** A consultation, accepted: an emergency, which needs no written question, or with one if it names resources.
 * Returns its id. @param {import('./hubs.mjs').Pair} pair
 * @param {{title?: string, resources?: string[], after?: number}} [of] after: minutes from now */
export async function book(pair, { title = 'Chest pain', resources = [], after = 1 } = {}) {
  const id = randomUUID();
  const at = Date.now() + after * 60000;
  if (resources.length)
    await pair.aral.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: '', question: 'How is it?' });
  await pair.aral.api('POST', '/bookings', {
    id, modality: 'consultation', title, reason: 'A test.', urgency: resources.length ? 'T2' : 'T0', partner: pair.hangzhou.id,
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources,
  });
  await until('the request', async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await pair.hangzhou.api('POST', `/bookings/${id}/accept`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to plan it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'planned');
  return id;
}

/** @param {import('./hubs.mjs').Pair} pair @param {string} id */
export async function prepare(pair, id) {
  await pair.aral.api('POST', `/sessions/${id}/prepare`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to be ready`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ready');
}

/** By the lobby, as anybody does. @param {any} page @param {string} origin @param {string} id */
export async function join(page, origin, id) {
  await page.goto(`${origin}/sessions/${id}`);
  await page.locator(panel).waitFor();
  await page.getByRole('button', { name: 'Check camera, microphone and network' }).click();
  await page.locator(`${panel} video`).first().waitFor();
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

/** What a page receives of the others: frames decoded and energy of speech, by participant.
 * @param {any} page @returns {Promise<Record<string, {frames: number, screen: number, energy: number}>>} */
export const received = (page) => page.evaluate(async (name) => {
  const client = document.querySelector(name)?.client;
  const stats = client?.connection ? [...(await client.connection.getStats()).values()] : [];
  return Object.fromEntries([...client?.people ?? []].map(([who, shown]) => {
    const of = (source) => stats.find((one) => one.type === 'inbound-rtp' && one.trackIdentifier === shown.tracks[source]?.id);
    return [who, {
      frames: of('camera')?.framesDecoded ?? 0, screen: of('screen')?.framesDecoded ?? 0, energy: of('microphone')?.totalAudioEnergy ?? 0,
    }];
  }));
}, panel);

/** How many ms ago the frames were taken that a page shows of the others' cameras, by who took them; null where it does not know.
 * @param {any} page @returns {Promise<(number | null)[]>} */
export const ages = (page) => page.evaluate((name) => {
  const { client } = document.querySelector(name);
  const ntp = () => Date.now() + 2_208_988_800_000; // since 1900
  return Promise.all([...document.querySelectorAll('video[data-person][data-source="camera"]')].map((video) => new Promise((done) => {
    video.requestVideoFrameCallback((_now, { rtpTimestamp }) => {
      const taken = client.captureOf(video.dataset.person, 'camera', rtpTimestamp);
      done(taken === null ? null : ntp() - taken);
    });
  })));
}, panel);

/** Milliseconds until a page shows new frames of so many others. @param {any} page @param {number} others @param {number} within */
export async function fresh(page, others, within) {
  const begin = performance.now();
  let before = await received(page);
  await until(`new frames of ${others} others`, async () => {
    await sleep(50);
    const now = await received(page);
    const people = Object.keys(now);
    const moved = people.length === others && people.every((who) => now[who].frames > (before[who]?.frames ?? Infinity));
    // A frame each 33 ms of each: they need not all have come between two looks.
    if (!people.every((who) => who in before && now[who].frames >= before[who].frames)) before = now;
    return moved;
  }, within);
  return Math.round(performance.now() - begin);
}

const buffered = 500;

/** Nothing comes for so long, once what a browser had got already is shown. @param {any[]} pages @param {string} why @param {number} [ms] */
export async function assertStill(pages, why, ms = 1500) {
  await sleep(buffered);
  const before = await Promise.all(pages.map(received));
  await sleep(ms);
  for (const [i, page] of pages.entries())
    for (const [who, now] of Object.entries(await received(page)))
      assert.equal(now.frames, before[i][who]?.frames ?? 0, `${why}: page ${i} is shown somebody`);
}
