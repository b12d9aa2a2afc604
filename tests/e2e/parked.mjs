// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin that is disabled at one hospital: what the other one signs for it meanwhile waits and
// is not lost, bookings pass in the same lanes, the system page says what waits, and it arrives
// when the plugin is taken back; and a statement of it that fails is shown there, too.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { checkAccess, openBrowser, shootAll, signIn } from './browser.mjs';
import { book, prepare } from './consult-page.mjs';
import { assertKept } from './contract.mjs';
import { build, password, randomUUID, run, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

const words = { findings: 'None.', impression: 'Well.', recommendation: 'Rest.' };
process.env.KAREZ_PLUGINS ??= ['consult', 'template'].map((name) => path.join(build, 'plugins', name)).join(';');

/** Asks for something that needs no plugin that is disabled. @param {import('./hubs.mjs').Hub} from
 * @param {import('./hubs.mjs').Hub} to @param {any} [more] */
async function ask(from, to, more = {}) {
  const id = more.id ?? randomUUID();
  const at = Date.now() + 3600000;
  await from.api('POST', '/bookings', {
    id, modality: 'shared-note', title: 'Meanwhile', reason: 'A test.', urgency: 'T2', partner: to.id, resources: [],
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), ...more,
  });
  await until(`the request at ${to.name}`, async () => (await to.api('GET', `/bookings/${id}`)).state === 'requested');
  return id;
}

/** A consultation that has begun, with a consultant who may write. @param {import('./hubs.mjs').Pair} pair
 * @param {Person} doctor @param {Person} partner */
async function consult(pair, doctor, partner) {
  const id = await book(pair);
  await prepare(pair, id);
  const inside = [await doctor.enter(id, 'referrer'), await partner.enter(id, 'consultant')];
  await until('the session to start', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
  await until('the consultant to be known', async () => (await partner.api('GET', `/x/consult/opinions/${id}`)).may_write);
  await pair.aral.api('POST', `/sessions/${id}/stop`, { reason: 'a test' });
  for (const hub of pair.hubs)
    await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
  for (const { socket } of inside) socket.close();
  return id;
}

/** What waits, and who lets it go. @param {any} page */
async function enable(page) {
  const waiting = page.getByRole('listitem').filter({ hasText: 'one message waits' });
  await waiting.nth(1).waitFor();
  assert.equal(await waiting.count(), 2);
  await waiting.first().getByText('Hangzhou Qiantang Hospital').waitFor();
  assert.match(await waiting.first().innerText(), /Disabled/, 'and why, in the reader’s language');
  await page.getByText('wait for a plugin that is away: Video consultation.').waitFor();
  await shootAll(page, 'parked');
  await checkAccess(page, 'parked messages');
  await page.getByRole('button', { name: 'Enable', exact: true }).click();
  await page.getByText('Video consultation is enabled.', { exact: true }).waitFor();
  await waiting.first().waitFor({ state: 'detached' });
}

/** All of it, once, and read. @param {import('./hubs.mjs').Pair} pair @param {string} id
 * @param {() => Promise<string>} asked @param {Person} doctor @param {Person} partner */
async function arrived({ aral }, id, asked, doctor, partner) {
  const opinion = `/x/consult/opinions/${id}`;
  const [{ id: newest }] = await until('the opinion', async () => {
    const now = (await doctor.api('GET', opinion)).opinions;
    return now.length && now;
  });
  await doctor.api('POST', `${opinion}/read`, { opinion: newest });
  const { opinions } = await doctor.api('GET', opinion);
  assert.equal(opinions[0].impression, words.impression);
  await until('the second question', async () => await asked() === 'The second question?');
  const [signed] = await until('Hangzhou to know who read it', async () => {
    const now = (await partner.api('GET', opinion)).opinions;
    return now[0].readings.length === 1 && now;
  });
  assert.equal(opinions[0].digest, signed.digest);
  assert.deepEqual((await aral.api('GET', '/messages/parked')).items, []);
  const events = (await aral.api('GET', '/events?limit=200')).items;
  assert.equal(events.filter((one) => one.action === 'message.park').length, 2);
  assert.equal(events.filter((one) => one.action === 'message.dead-letter').length, 0);
}

/** A statement of the plugin's that fails is beside its name. @param {any} page @param {Person} doctor
 * @param {string} id */
async function mistaken(page, doctor, id) {
  const { hub } = doctor;
  const socket = fs.readFileSync(path.join(hub.state, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[4];
  await run('psql', ['-Xqv', 'ON_ERROR_STOP=1', '-h', socket, '-U', 'hub', '-d', 'karez', '-c', 'alter table consult.opinion rename column findings to gone']);
  // No answer that the API describes: nobody is to expect it.
  const status = await new Promise((done, fail) => {
    http.get({ host: '127.0.0.1', port: hub.port, agent: false, path: `/api/v1/x/consult/opinions/${id}`, headers: doctor.headers() }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode));
    }).on('error', fail);
  });
  assert.equal(status, 500);
  await page.reload();
  const plugin = page.getByRole('listitem').filter({ hasText: 'Video consultation' });
  await plugin.getByText('With mistakes', { exact: true }).waitFor();
  await plugin.getByText(/^consult\.\w+: database\/statement$/).waitFor();
  await shootAll(page, 'mistaken');
}

await withPair('parked', async (pair) => {
  const { aral, hangzhou } = pair;
  const doctor = await Person.signIn(aral, 'doctor.aral');
  const partner = await Person.signIn(hangzhou, 'doctor.hangzhou');
  const id = await consult(pair, doctor, partner);
  const opinion = `/x/consult/opinions/${id}`;
  const theirs = randomUUID();
  const request = (question) => partner.api('PUT', `/x/consult/requests/${theirs}`, { partner: aral.id, history: '', question });
  await request('The first question?');
  await ask(hangzhou, aral, { id: theirs, modality: 'consultation' });
  const asked = async () => (await doctor.api('GET', `/x/consult/requests/${theirs}`)).question;
  await until('their question', async () => await asked() === 'The first question?');

  await aral.api('POST', '/plugins/consult/disable', { reason: 'It is being looked at.' });
  await assert.rejects(doctor.api('GET', opinion), (problem) => problem.status === 503 && problem.rule === 'plugin/disabled');
  const { revision, digest } = await partner.api('PUT', `${opinion}/draft`, { revision: 0, ...words });
  assert.equal((await partner.api('POST', `${opinion}/sign`, { id: randomUUID(), revision, digest, password })).version, 1);
  await request('The second question?');
  const parked = async () => (await aral.api('GET', '/messages/parked')).items;
  await until('both to be parked', async () => (await parked()).length === 2);
  assert.deepEqual((await parked()).map((one) => [one.plugin, one.peer, one.lane, one.messages]),
    [['consult', hangzhou.id, 1, 1], ['consult', hangzhou.id, 2, 1]]);
  assert.equal((await aral.api('GET', '/plugins')).items.find((one) => one.id === 'consult').parked, 2);

  // Bookings of both directions, by lane 1 where a message is parked.
  for (const [from, to] of [[hangzhou, aral], [aral, hangzhou]]) {
    const meanwhile = await ask(from, to);
    await to.api('POST', `/bookings/${meanwhile}/accept`, {});
    await until('the answer', async () => (await from.api('GET', `/bookings/${meanwhile}`)).state === 'confirmed');
  }
  await until('nothing to wait for Aral', async () => Object.keys((await hangzhou.api('GET', '/peers')).items[0].outbox).length === 0);
  assert.equal((await parked()).length, 2);

  const browser = await openBrowser();
  try {
    const page = await signIn(browser, aral, 'admin.aral');
    await page.goto(`${aral.origin}/system`);
    await enable(page);
    await arrived(pair, id, asked, doctor, partner);
    await mistaken(page, doctor, id);
    assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
  }
  assertKept();
});
