// SPDX-License-Identifier: LGPL-2.1-or-later
// What is kept of an AR guidance, between two hubs: who was there, pictures that are the same at both
// hospitals, the signed report with its versions; and what is refused.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';

import { assertKept } from './contract.mjs';
import { build, meddle, password, prepareNote, randomUUID, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/guidance');
const partSize = 512 * 1024;

/** @param {Promise<any>} act @param {number} status @param {string} rule */
const refused = (act, status, rule) => assert.rejects(act, (error) => {
  assert.equal(error.rule, rule, String(error));
  assert.equal(error.status, status, String(error));
  return true;
});

/** The header of a PNG, and bytes. @param {number} width @param {number} height @param {number} length */
function png(width, height, length) {
  const head = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR________\x08\x02\0\0\0', 'latin1');
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return Buffer.concat([head, randomBytes(length - head.length)]);
}

const sha256 = (/** @type {Buffer} */ bytes) => createHash('sha256').update(bytes).digest('hex');

/** @param {Person} person @param {string} session @param {Buffer} bytes @param {any} of */
async function send(person, session, bytes, of) {
  const id = randomUUID();
  const where = `/x/guidance/sessions/${session}/pictures`;
  const { parts } = await person.api('POST', where, { id, media_type: 'image/png', size: bytes.length, taken_at: new Date().toISOString(), ...of });
  for (let part = 0; part < parts; part++)
    await person.api('PUT', `${where}/${id}/parts/${part}`, bytes.subarray(part * partSize, (part + 1) * partSize));
  return id;
}

/** A picture of one hospital comes to the other as it is. @param {Person} person @param {string} session @param {string} id @param {Buffer} bytes */
async function arrives(person, session, id, bytes) {
  const where = `/x/guidance/sessions/${session}/pictures`;
  const there = await until('the picture at the other hospital', async () =>
    (await person.api('GET', where)).items.find((/** @type {any} */ one) => one.id === id && one.state === 'whole'), 30000);
  assert.equal(there.sha256, sha256(bytes));
  const answer = await fetch(`http://127.0.0.1:${person.hub.port}/api/v1${where}/${id}`, { headers: person.headers() });
  assert.equal(answer.headers.get('content-type'), 'image/png');
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(sha256(Buffer.from(await answer.arrayBuffer())), sha256(bytes));
  return there;
}

/** @param {any} hub @param {string} id @param {string} action */
const onRecord = (hub, id, action) => until(`${hub.name} to have ${action} on record`, async () =>
  (await hub.api('GET', `/events?session=${id}&limit=200`)).items.some((/** @type {any} */ one) => one.action === action));

async function pictures(pair, id, doctor, expert) {
  const where = `/x/guidance/sessions/${id}/pictures`;
  const still = png(4000, 3000, partSize + 5000), snapshot = png(1280, 720, 3000);
  const mark = { id: randomUUID(), by: expert.id, tool: 'arrow', points: [[100, 200], [-3.5, 400]] };
  const outsider = await Person.signIn(pair.hangzhou, 'second.hangzhou');
  const announce = (/** @type {Person} */ person, more = {}) => person.api('POST', where, {
    id: randomUUID(), kind: 'snapshot', media_type: 'image/png', size: 100, taken_at: new Date().toISOString(), ...more });
  await refused(announce(outsider), 403, 'guidance/participant');
  await refused(announce(expert, { kind: 'still' }), 403, 'guidance/participant');
  await refused(announce(expert, { size: 13 * 2 ** 20 }), 413, 'guidance/picture-size');
  await refused(announce(expert, { media_type: 'image/svg+xml' }), 422, 'guidance/picture-type');
  await refused(send(expert, id, png(10000, 5000, 1000), { kind: 'snapshot' }), 413, 'guidance/picture-pixels');
  await refused(send(expert, id, Buffer.from('<svg onload="alert(1)"/>'), { kind: 'snapshot' }), 422, 'guidance/picture-type');
  assert.deepEqual((await expert.api('GET', where)).items, [], 'what was refused takes no place');

  const [a, b] = [await send(doctor, id, still, { kind: 'still', caption: 'Wound, 伤口' }), await send(expert, id, snapshot, { kind: 'snapshot', marks: [mark], drawn_in: true })];
  const there = await arrives(expert, id, a, still);
  assert.deepEqual([there.kind, there.caption, there.width, there.height, there.hub], ['still', 'Wound, 伤口', 4000, 3000, pair.aral.id]);
  const back = await arrives(doctor, id, b, snapshot);
  assert.deepEqual([back.kind, back.marks, back.drawn_in, back.hub], ['snapshot', [mark], true, pair.hangzhou.id]);
  for (const action of ['picture.receive', 'picture.read', 'picture.list']) await onRecord(pair.hangzhou, id, action);
  return [a, b];
}

async function reports(pair, id, doctor, expert, chosen) {
  const report = `/x/guidance/sessions/${id}/report`;
  const text = { course: 'Bleeding of the left thigh, tourniquet at 10:04. 止血。', recommendation: 'قان ئانالىز قىلىڭ', pictures: chosen };
  const sign = async (/** @type {Person} */ person, more = {}) => {
    const { draft } = await person.api('GET', report);
    return person.api('POST', `${report}/sign`, { id: randomUUID(), revision: draft.revision, digest: draft.digest, password, ...more });
  };
  const outsider = await Person.signIn(pair.hangzhou, 'second.hangzhou');
  await refused(outsider.api('PUT', `${report}/draft`, { revision: 0, ...text }), 403, 'guidance/author');
  assert.equal((await outsider.api('GET', report)).may_write, false);
  await refused((await Person.signIn(pair.hangzhou, 'desk.hangzhou')).api('PUT', `${report}/draft`, { revision: 0, ...text }), 403, 'access/guidance.report.write');
  await expert.api('PUT', `${report}/draft`, { revision: 0, ...text });
  await refused(sign(expert, { password: 'not mine' }), 401, 'sign-in/refused');
  const first = randomUUID();
  assert.deepEqual(await sign(expert, { id: first }), { id: first, version: 1 });
  const there = await until('the report at the other hospital', async () => (await doctor.api('GET', report)).reports[0], 20000);
  const whole = async (/** @type {Person} */ person, /** @type {string} */ one) => person.api('GET', `/x/guidance/sessions/${id}/reports/${one}`);
  const [here, other] = [await whole(expert, first), await whole(doctor, first)];
  assert.deepEqual(other, here, 'the same at both hospitals');
  assert.equal(there.digest, here.digest);
  assert.deepEqual([here.course, here.recommendation, here.hub], [text.course, text.recommendation, pair.hangzhou.id]);
  assert.deepEqual(here.pictures.map((/** @type {any} */ one) => one.id).sort(), [...chosen].sort());
  assert.deepEqual(here.summary.people.map((/** @type {any} */ one) => one.role).sort(), ['expert', 'site']);

  // The other hospital amends it.
  await doctor.api('PUT', `${report}/draft`, { revision: 0, ...text, course: 'Of the right thigh.' });
  await refused(sign(doctor), 409, 'guidance/newest');
  await refused(sign(doctor, { amends: first }), 422, 'guidance/amendment');
  const second = randomUUID();
  assert.equal((await sign(doctor, { id: second, amends: first, amendment: 'The side was wrong.' })).version, 2);
  await until('the amendment there', async () => (await expert.api('GET', report)).reports.length === 2, 20000);
  assert.deepEqual((await whole(expert, second)).amends, first);
  assert.deepEqual(await whole(expert, second), await whole(doctor, second));
  await assert.rejects(meddle(pair.aral, "set session_replication_role = origin; update guidance.report set course = 'x'"), /cannot be changed/);
  for (const action of ['report.sign', 'report.receive', 'report.read']) await onRecord(pair.aral, id, action);
}

await withPair('guidance-papers', async (pair) => {
  await pair.hangzhou.api('POST', '/people', {
    id: randomUUID(), names: { en: 'Second doctor of hangzhou' }, login: 'second.hangzhou', password, password_final: true, roles: ['clinician'],
  });
  const doctor = await Person.signIn(pair.aral, 'doctor.aral'), expert = await Person.signIn(pair.hangzhou, 'doctor.hangzhou');
  assert.deepEqual(await doctor.api('GET', '/x/guidance/checklists'), { items: [] }, 'a folder that is not there holds none');
  const id = await prepareNote(pair, 'Crash on the desert road', 'guidance');
  const inside = [await doctor.enter(id, 'site'), await expert.enter(id, 'expert')];
  await until('the session to start', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
  for (const person of [doctor, expert])
    await until('who is there to be known', async () => (await person.api('GET', `/x/guidance/sessions/${id}/report`)).may_write);
  await refused(doctor.api('GET', `/x/guidance/sessions/${id}`), 404, 'guidance/none');
  const chosen = await pictures(pair, id, doctor, expert);
  await pair.aral.api('POST', `/sessions/${id}/stop`, { reason: 'test' });
  for (const person of [doctor, expert]) {
    const kept = await until('what was in it to be kept', () => person.api('GET', `/x/guidance/sessions/${id}`), 20000);
    assert.deepEqual(kept.people.map((/** @type {any} */ one) => [one.role, one.person]).sort(), [['expert', expert.id], ['site', doctor.id]]);
  }
  await onRecord(pair.aral, id, 'guidance.read');
  await reports(pair, id, doctor, expert, chosen);
  for (const { socket } of inside) socket.close();
  assertKept();
});
