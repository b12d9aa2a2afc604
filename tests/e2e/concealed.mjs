// SPDX-License-Identifier: LGPL-2.1-or-later
// What people typed about patients, held against every route that reads and every role: who may not
// read about patients is told times and resources only, and who may is on record.

import assert from 'node:assert/strict';
import path from 'node:path';

import { book } from './consult-page.mjs';
import { api } from './api.mjs';
import { Problem, build, password, randomUUID, sleep, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');

const roles = ['desk', 'clinician', 'surgeon', 'bedside', 'engineer', 'administrator', 'auditor'];
/** The line "patient.read" of the authorisation table. */
const readers = ['desk', 'clinician', 'surgeon', 'bedside'];
const markers = ['Zqtitle', 'Zqreason', 'Zqanswer', 'Zqhold', 'Zqstop', 'Zqhistory', 'Zqquestion'];

const { paths } = api;

/** Every route that reads, with the ids that are there. @param {Record<string, string>} ids */
const readings = (ids) => Object.entries(paths).filter(([, methods]) => methods.get)
  .map(([template]) => template.replace(/\{(\w+)\}/g, (/** @type {string} */ _all, /** @type {string} */ name) => ids[name] ?? ids.id));

/** @param {Person} person @param {string} where */
async function read(person, where) {
  try {
    return JSON.stringify(await person.api('GET', where)) ?? '';
  } catch (error) {
    if (error instanceof Problem) return JSON.stringify(error.body ?? '');
    throw error;
  }
}

/** @param {import('./hubs.mjs').Hub} hub @param {Record<string, string>} ids @param {string} role */
async function walk(hub, ids, role) {
  const login = `walk-${role}`;
  await hub.api('POST', '/people', { id: randomUUID(), names: { en: login }, login, password, password_final: true, roles: [role] });
  const person = await Person.signIn(hub, login);
  /** @type {Set<string>} */
  const seen = new Set();
  const look = (/** @type {string} */ text, /** @type {string} */ where) => {
    for (const marker of markers) {
      if (!text.includes(marker)) continue;
      assert.ok(readers.includes(role), `${role} reads ${marker} at ${where}: ${text.slice(Math.max(0, text.indexOf(marker) - 200), text.indexOf(marker) + 20)}`);
      seen.add(marker);
    }
  };
  const live = await person.live();
  live.on('message', (message) => look(JSON.stringify(message), 'the live feed'));
  live.send({ type: 'hello', since: null });
  for (let i = 0; i < 3; i++)
    for (const where of readings(ids))
      look(await read(person, where), where);
  return { person, seen, live };
}

await withPair('concealed', async (pair) => {
  const { hangzhou, aral } = pair;
  const planned = await book(pair, { title: 'Zqtitle', resources: [pair.resources.aral['Room 1']], after: 5 });
  const held = await book(pair, { title: 'Zqtitle two' });
  const doctor = await Person.signIn(hangzhou, 'doctor.hangzhou');
  const id = randomUUID();
  const at = Date.now() + 3600000;
  const theirs = await Person.signIn(aral, 'doctor.aral');
  await theirs.api('PUT', `/x/consult/requests/${id}`, { partner: hangzhou.id, history: 'Zqhistory', question: 'Zqquestion' });
  await theirs.api('POST', '/bookings', {
    id, modality: 'consultation', title: 'Zqtitle three', reason: 'Zqreason', urgency: 'T2', partner: hangzhou.id,
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources: [],
  });
  await until('the request', async () => (await hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  const desk = await Person.signIn(hangzhou, 'desk.hangzhou');
  await desk.api('POST', `/bookings/${id}/decline`, { answer: 'Zqanswer' });
  await aral.api('POST', `/sessions/${held}/prepare`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to be ready`, async () => (await hub.api('GET', `/sessions/${held}`)).state === 'ready');
  await until('it to start', () => aral.api('POST', `/sessions/${held}/start`, {}).then(() => true));
  await until('it to be live', async () => (await hangzhou.api('GET', `/sessions/${held}`)).state === 'live');

  for (const role of roles) {
    // What is typed while they look.
    const walking = walk(hangzhou, { id: held, session: held, booking: id }, role);
    await sleep(200);
    if (role === roles[0]) {
      await doctor.api('POST', `/sessions/${held}/hold`, { reason: 'Zqhold' });
      await until('it to be held', async () => (await hangzhou.api('GET', `/sessions/${held}`)).state === 'held');
    }
    const { person, seen, live } = await walking;
    for (const other of [id, planned])
      for (const where of [`/bookings/${other}`, `/sessions/${other}`]) {
        const text = await read(person, where);
        assert.equal(markers.some((one) => text.includes(one)) && !readers.includes(role), false, `${role} reads ${where}: ${text}`);
      }
    live.close();
    // That the strings were there to be found: a reader finds them on the board.
    if (readers.includes(role)) assert.ok(seen.has('Zqtitle') && seen.has('Zqreason'), `${role} found only ${[...seen]}`);

    const board = await person.api('GET', '/board');
    const mine = board.bookings.find((/** @type {any} */ one) => one.id === id || one.id === held);
    assert.ok(mine, `${role} sees no booking`);
    assert.equal(mine.concealed === true, !readers.includes(role));
    assert.ok(mine.starts_at && mine.ends_at && mine.modality && Array.isArray(mine.claims));

    // Once for each person and day, and nothing for whom nothing was told.
    const events = (await hangzhou.api('GET', `/events?actor=${person.id}&limit=100`)).items.map((/** @type {any} */ one) => one.action);
    const count = (/** @type {string} */ action) => events.filter((/** @type {string} */ one) => one === action).length;
    for (const action of ['board.read', 'session.list'])
      assert.equal(count(action), readers.includes(role) ? 1 : 0, `${action} of ${role}: ${events}`);
    console.log(`${role}: ${readers.includes(role) ? `found ${[...seen].join(', ')}` : 'nothing'}`);
  }
  await doctor.api('POST', `/sessions/${held}/stop`, { reason: 'Zqstop' });
  await until('it to be over', async () => (await hangzhou.api('GET', `/sessions/${held}`)).state === 'ended');
  // The words of either side's people are in the lists of both, for those alone who may read about
  // patients: at the host, at the mirror, and by karezctl.
  for (const hub of pair.hubs) {
    const log = `/events?session=${held}&limit=200`;
    for (const role of ['engineer', 'auditor', 'administrator', 'auditor clinician']) {
      const login = `late-${role.replace(' ', '-')}`;
      await hub.api('POST', '/people', { id: randomUUID(), names: { en: login }, login, password, password_final: true, roles: role.split(' ') });
      const person = await Person.signIn(hub, login);
      const text = await read(person, log);
      if (role.includes(' ')) {
        for (const marker of ['Zqhold', 'Zqstop']) assert.ok(text.includes(marker), `${hub.name} has no ${marker}: ${text}`);
        continue;
      }
      if (role !== 'engineer') assert.match(text, /"session\.(hold|ask|state)"/, `${hub.name} shows ${role} that it was held`);
      for (const where of [log, `/sessions/${held}`, '/sessions', '/board', '/events?limit=200', '/messages/dead-letters', '/messages/parked', '/records/dead-letters', '/workers', '/peers']) {
        const told = await read(person, where);
        for (const marker of markers) assert.ok(!told.includes(marker), `${role} reads ${marker} at ${hub.name}'s ${where}`);
      }
      for (const act of ['hold', 'stop', 'panic', 'start']) {
        const told = JSON.stringify(await person.api('POST', `/sessions/${held}/${act}`, {}).catch((problem) => problem.body));
        for (const marker of markers) assert.ok(!told.includes(marker), `${role} is told ${marker} by ${hub.name}'s ${act}`);
      }
    }
    const told = JSON.stringify([await hub.api('GET', log), await hub.api('GET', `/sessions/${held}`), await hub.api('GET', '/board')]);
    for (const marker of markers) assert.ok(!told.includes(marker), `karezctl reads ${marker} at ${hub.name}`);
  }
});
