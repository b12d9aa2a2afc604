// SPDX-License-Identifier: LGPL-2.1-or-later
// What is written for and in a consultation, between two hubs: the request with its files, the
// opinion with its versions, who read it; and what is refused.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';

import { assertKept } from './contract.mjs';
import { build, meddle, password, randomUUID, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');
const partSize = 512 * 1024;

/** @param {Promise<any>} act @param {number} status @param {string} rule */
const refused = (act, status, rule) => assert.rejects(act, (error) => {
  assert.equal(error.rule, rule, String(error));
  assert.equal(error.status, status, String(error));
  assert.ok(error.body.detail, `${rule} says what is wrong`);
  return true;
});

/** @param {Person} person @param {string} booking @param {Buffer} bytes @param {any} [of] */
async function attach(person, booking, bytes, of = {}) {
  const id = randomUUID();
  const made = await person.api('POST', `/x/consult/requests/${booking}/attachments`,
    { id, name: 'photo.png', media_type: 'image/png', size: bytes.length, ...of });
  assert.equal(made.parts, Math.ceil(bytes.length / partSize));
  for (let part = 0; part < made.parts; part++)
    await person.api('PUT', `/x/consult/attachments/${id}/parts/${part}`, bytes.subarray(part * partSize, (part + 1) * partSize));
  return id;
}

/** A hospital that knows the id of a file that it was never sent fetches it. @param {any} pair @param {Person} doctor
 * @param {Buffer} bytes */
async function peek(pair, doctor, bytes) {
  const booking = randomUUID();
  await doctor.api('PUT', `/x/consult/requests/${booking}`, { partner: pair.hangzhou.id, history: '', question: 'A draft?' });
  const id = await attach(doctor, booking, bytes);
  await meddle(pair.hangzhou, `insert into consult.request (id, hub, partner, version, history, question, written_by, written_at, sent_version)
      values ('${booking}', '${pair.aral.id}', '${pair.hangzhou.id}', 1, '', 'A draft?', 'Somebody', now (), 1)`);
  await meddle(pair.hangzhou, `insert into consult.attachment (id, request, name, media_type, size, sha256, state, sent, added_by, added_at)
      values ('${id}', '${booking}', 'photo.png', 'image/png', ${bytes.length}, sha256 ('x'), 'coming', true, 'Somebody', now ())`);
  return { booking, id };
}

/** @param {any} pair @param {string} id @param {any} [more] */
const ask = (pair, id, more = {}) => ({
  id, modality: 'consultation', title: 'Rash since spring', reason: 'No answer to two ointments.', urgency: 'T1', partner: pair.hangzhou.id,
  starts_at: new Date(Date.now() + 60000).toISOString(), ends_at: new Date(Date.now() + 1860000).toISOString(), resources: [], ...more,
});

/** @param {any} hub @param {string} id @param {string} action @param {string} [patient] whom it is about */
const onRecord = (hub, id, action, patient) => until(`${hub.name} to have ${action} on record`, async () =>
  (await hub.api('GET', `/events?session=${id}&limit=200`)).items.some((one) => one.action === action && (!patient || one.patient === patient)));

/** What makes a person one that bookings can name, known at the other hospital. @param {any} pair @param {string} person */
async function nameable(pair, person) {
  const id = randomUUID();
  await pair.hangzhou.api('POST', '/resources', { id, kind: 'person', names: { en: 'Doctor of hangzhou' }, person });
  await until('Aral to know whom it can ask for', async () => (await pair.aral.api('GET', '/resources')).items.some((one) => one.id === id));
  return id;
}

/** Who was not invited: in the place of somebody else, and without joining. @param {any} pair @param {string} session
 * @param {string} participant of another person */
async function intrude(pair, session, participant) {
  const stranger = await Person.signIn(pair.hangzhou, 'second.hangzhou');
  const socket = await stranger.live();
  socket.send({ type: 'hello', since: null });
  await new Promise((done) => { socket.once('message', done); });
  const answer = (body) => new Promise((done) => {
    socket.on('message', (message) => message.type === 'problem' && done(message.problem.rule));
    socket.send({ session, ...body });
  });
  assert.equal(await answer({ type: 'join', participant }), 'session/participant');
  assert.equal(await answer({ type: 'message', body: { type: 'media.offer', connection: 'intruder', sdp: 'v=0', sources: {} } }), 'session/participant');
  const auditor = await Person.signIn(pair.hangzhou, 'auditor.hangzhou');
  await refused(auditor.api('POST', `/sessions/${session}/join`, { role: 'observer' }), 403, 'access/session.join');
  await refused(auditor.api('POST', `/sessions/${session}/echo`, { sdp: 'v=0' }), 403, 'access/session.join');
  await refused(stranger.api('POST', `/sessions/${session}/echo`, { sdp: 'v=0' }), 409, 'session/invited');
  socket.close();
}

/** Who is offered is who would not be refused, and who is refused is not offered. @param {any} pair
 * @param {string} where @param {Person} named @param {Person} other who can be invited */
async function candidates(pair, where, named, other) {
  const { items, others, accounts } = await named.api('GET', `${where}/candidates`);
  const offered = new Map(items.map((one) => [one.person, one.roles]));
  const people = (await pair.hangzhou.api('GET', '/people')).items.filter((one) => one.hub === pair.hangzhou.id && one.roles?.length && one.id !== named.id);
  assert.deepEqual(accounts, ['desk', 'clinician', 'surgeon', 'bedside']);
  assert.ok(others > 0 && items.length > 1, `${others} others of ${people.length}`);
  assert.equal(items.length + others, people.length);
  assert.deepEqual(offered.get(other.id), ['referrer', 'consultant', 'observer']);
  assert.equal(offered.has(named.id), false, 'the booking names them');
  for (const one of people) {
    assert.equal(offered.has(one.id), one.roles.some((role) => accounts.includes(role)), `${one.login}: ${one.roles}`);
    if (one.roles.length === 1 && one.roles[0] === 'desk') assert.deepEqual(offered.get(one.id), ['observer']);
    if (!offered.has(one.id)) await refused(named.api('POST', where, { person: one.id }), 409, 'session/account-role');
  }
  const auditor = await Person.signIn(pair.hangzhou, 'auditor.hangzhou');
  await refused(auditor.api('GET', `${where}/candidates`), 403, 'access/session.invite');
  await refused(named.api('GET', `/sessions/${randomUUID()}/invitations/candidates`), 404, 'session/unknown');
}

/** A booking that names somebody of a hospital is for those alone whom it names or they invite; but for
 * an emergency. @param {any} pair @param {string} session @param {Person} partner who is named @param {Person} doctor */
async function invitations(pair, session, partner, doctor) {
  const where = `/sessions/${session}/invitations`;
  const second = await Person.signIn(pair.hangzhou, 'second.hangzhou');
  const desk = await Person.signIn(pair.hangzhou, 'desk.hangzhou');
  const join = () => second.api('POST', `/sessions/${session}/join`, { role: 'observer' });
  await refused(join(), 409, 'session/invited');
  await refused(second.api('POST', where, { person: second.id }), 409, 'session/invited');
  for (const edge of ['prepare', 'start', 'resume', 'stop'])
    await refused(second.api('POST', `/sessions/${session}/${edge}`, {}), 409, 'session/invited');
  // Holding is away from risk: everybody's. Those whom it is for go on.
  await second.api('POST', `/sessions/${session}/hold`, { reason: 'a test' });
  await until('it to be held', async () => (await partner.api('GET', `/sessions/${session}`)).state === 'held');
  await partner.api('POST', `/sessions/${session}/resume`, {});
  await until('it to go on', async () => (await partner.api('GET', `/sessions/${session}`)).state === 'live');
  await refused(partner.api('POST', where, { person: randomUUID() }), 409, 'session/person');
  await candidates(pair, where, partner, second);
  await partner.api('POST', where, { person: second.id });
  await partner.api('POST', where, { person: second.id });
  const key = randomUUID();
  const again = () => second.api('POST', `/sessions/${session}/join`, { role: 'observer' }, { 'idempotency-key': key });
  const { participant } = await again();
  assert.equal(participant, key);
  await again(); // its answer was lost
  await second.api('POST', `/sessions/${session}/leave`, { participant });
  assert.deepEqual((await second.api('GET', where)).items.map((one) => [one.person, one.booked]), [[partner.id, true], [second.id, false]]);
  assert.equal((await desk.api('GET', `${where}/candidates`)).items.some((one) => one.person === second.id), false, 'who is invited is not offered');
  const inside = await second.enter(session, 'observer');
  const removed = new Promise((done) => { inside.socket.on('message', (message) => { if (message.type === 'removed') done(message.participant); }); });
  const begin = performance.now();
  await desk.api('DELETE', `${where}/${second.id}`);
  assert.equal(await removed, inside.participant);
  assert.ok(performance.now() - begin < 1000, `who was un-invited was told after ${performance.now() - begin} ms`);
  // They are put out first, and that is on record then.
  await until('who is not invited any more to be out on record', async () =>
    !(await desk.api('GET', `/sessions/${session}`)).participants.some((one) => one.id === inside.participant && !one.left_at));
  inside.socket.close();
  await refused(desk.api('DELETE', `${where}/${second.id}`), 409, 'session/invitation');
  await refused(desk.api('DELETE', `${where}/${partner.id}`), 409, 'session/invitation');
  await refused(join(), 409, 'session/invited');
  await refused(again(), 409, 'session/participant'); // no request lets anybody in twice
  // Aral's people are Aral's to invite, and there nobody is named.
  await refused(doctor.api('POST', where, { person: second.id }), 409, 'session/person');
  assert.deepEqual(await doctor.api('GET', where), { open: true, items: [] });
  for (const action of ['session.invite', 'session.uninvite']) await onRecord(pair.hangzhou, session, action);
}

/** A booking that is declined while a file of it is on its way. @param {any} pair @param {Person} doctor @param {Person} partner */
async function calledOff(pair, doctor, partner) {
  const id = randomUUID();
  const files = `/x/consult/requests/${id}/attachments`;
  const file = { id: randomUUID(), name: 'late.txt', media_type: 'text/plain', size: 4 };
  const starts = (hours) => new Date(Date.now() + hours * 3600000).toISOString();
  await doctor.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: '', question: 'Why?' });
  await doctor.api('POST', files, file);
  const sent = await attach(doctor, id, Buffer.from('sent'), { name: 'sent.txt', media_type: 'text/plain' });
  await doctor.api('POST', '/bookings', ask(pair, id, { starts_at: starts(30), ends_at: starts(31) }));
  const there = async () => (await pair.hangzhou.api('GET', `/bookings/${id}`)).state === 'requested'
    && (await partner.api('GET', `/x/consult/requests/${id}`)).attachments.find((one) => one.id === sent && one.state === 'whole');
  await until('what was sent before to be there', there, 20000);
  await until('it to be asked', () => pair.hangzhou.api('POST', `/bookings/${id}/decline`, { answer: 'a test' }).then(() => true));
  await until('it to be declined', async () => (await doctor.api('GET', `/bookings/${id}`)).state === 'declined');
  await refused(doctor.api('PUT', `/x/consult/attachments/${file.id}/parts/0`, Buffer.from('late')), 409, 'consult/over');
  await refused(doctor.api('POST', files, { ...file, id: randomUUID() }), 409, 'consult/over');
  // As if it had not come before: what was announced is not given out any more.
  await meddle(pair.hangzhou, `delete from consult.attachment_part where attachment = '${sent}';
    update consult.attachment set state = 'coming' where id = '${sent}'`);
  await until('the file of a booking that was called off to be given up there', async () =>
    (await partner.api('GET', `/x/consult/requests/${id}`)).attachments.find((one) => one.id === sent && one.state !== 'coming'), 40000);
  assert.deepEqual((await partner.api('GET', `/x/consult/requests/${id}`)).attachments.filter((one) => one.id === sent).map((one) => [one.state, one.received]),
    [['broken', 0]], 'nothing of it was fetched');
  return id;
}

/** Files that never come, more than are looked for at once. @param {any} pair */
async function clog({ aral, hangzhou }) {
  const id = randomUUID();
  await meddle(hangzhou, `insert into consult.request (id, hub, partner, version, history, question, written_by, written_at)
      values ('${id}', '${aral.id}', '${hangzhou.id}', 1, '', 'Lost?', 'Somebody', '2000-01-01');
    insert into consult.attachment (id, request, name, media_type, size, state, added_by, added_at)
      select gen_random_uuid (), '${id}', 'lost', 'text/plain', 4, 'coming', 'Somebody', '2000-01-01' from generate_series (1, 60)`);
}

/** Files that are added at once do not pass the limit together. @param {any} pair @param {Person} doctor */
async function crowd(pair, doctor) {
  const id = randomUUID();
  await doctor.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: '', question: 'How many?' });
  const all = await Promise.allSettled(Array.from({ length: 20 }, () =>
    doctor.api('POST', `/x/consult/requests/${id}/attachments`, { id: randomUUID(), name: 'a', media_type: 'text/plain', size: 4 })));
  assert.equal(all.filter((one) => one.status === 'fulfilled').length, 10);
  for (const one of all) if (one.status === 'rejected') assert.equal(one.reason.rule, 'consult/attachment-count');
}

/** Files of which no part came for half an hour take no place any more, and whoever looks at them is told. @param {any} pair
 * @param {Person} doctor */
async function abandoned(pair, doctor) {
  const id = randomUUID();
  const files = `/x/consult/requests/${id}/attachments`;
  const list = async () => (await doctor.api('GET', `/x/consult/requests/${id}`)).attachments;
  const add = async () => {
    const file = { id: randomUUID(), name: 'slow.txt', media_type: 'text/plain', size: partSize + 4 };
    await doctor.api('POST', files, file);
    return file.id;
  };
  const text = Buffer.from('a'.repeat(partSize + 4));
  const put = (file, part) => doctor.api('PUT', `/x/consult/attachments/${file}/parts/${part}`, text.subarray(part * partSize, (part + 1) * partSize));
  await doctor.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: '', question: 'Slow?' });
  const ids = [];
  for (let n = 0; n < 10; n++) ids.push(await add());
  await refused(add(), 409, 'consult/attachment-count');
  const live = await doctor.live();
  const told = new Promise((done) => {
    live.on('message', ({ event }) => { if (event?.action === 'attachment.abandon' && event.row === ids[1]) done(true); });
    live.send({ type: 'hello', since: null });
  });
  const ago = (minutes, of) => meddle(pair.aral, `update consult.attachment set progress_at = clock_timestamp () - interval '${minutes} minutes' where request = '${id}' and id ${of} '${ids[0]}'`);
  await ago(29, '=');
  await put(ids[0], 0); // somebody is there again
  assert.equal(await meddle(pair.aral, `select progress_at > clock_timestamp () - interval '1 minute' from consult.attachment where id = '${ids[0]}'`), 't');
  await ago(31, '<>');
  await until('those that nobody goes on with to be given up', async () => (await list()).filter((one) => one.state === 'abandoned').length === 9, 40000);
  await told;
  live.close();
  assert.deepEqual((await list()).filter((one) => one.state === 'coming').map((one) => [one.id, one.received]), [[ids[0], partSize]]);
  await put(ids[0], 1);
  assert.equal((await list()).find((one) => one.id === ids[0]).state, 'whole', 'what goes on is not given up');
  await refused(put(ids[1], 0), 409, 'consult/attachment-abandoned');
  const again = await add();
  await doctor.api('DELETE', `/x/consult/attachments/${ids[1]}`);
  await put(again, 0);
  await put(again, 1);
  assert.deepEqual((await list()).filter((one) => one.id === again || one.id === ids[1]).map((one) => one.state), ['whole']);
  for (let n = 0; n < 8; n++) await add();
  await refused(add(), 409, 'consult/attachment-count'); // ten of them again
}

/** A file that becomes whole after the consultation is sent; none is added then. @param {any} pair @param {string} id
 * @param {string} slow @param {Person} doctor @param {Person} partner */
async function afterwards(pair, id, slow, doctor, partner) {
  const own = async () => (await doctor.api('GET', `/x/consult/requests/${id}`)).attachments.find((one) => one.id === slow);
  await until('it to be completed', async () => (await doctor.api('GET', `/bookings/${id}`)).state === 'completed');
  await refused(doctor.api('POST', `/x/consult/requests/${id}/attachments`, { id: randomUUID(), name: 'a', media_type: 'text/plain', size: 4 }), 409, 'consult/over');
  assert.equal((await own()).sent, false);
  await doctor.api('PUT', `/x/consult/attachments/${slow}/parts/0`, Buffer.from('slow'));
  await until('the slow file there', async () => (await partner.api('GET', `/x/consult/requests/${id}`)).attachments.some((one) => one.id === slow && one.state === 'whole'), 40000);
  assert.equal((await own()).sent, true);
}

/** What was acknowledged just before a hub died is sent when it is there again; what is written after a restore
 * counts, too. @param {any} pair @param {string} id a booking that is requested @param {Person} doctor @param {Person} partner */
async function deaths(pair, id, doctor, partner) {
  const { aral } = pair;
  const off = await calledOff(pair, doctor, partner);
  const there = () => partner.api('GET', `/x/consult/requests/${id}`);
  await aral.kill();
  await meddle(aral, `update consult.request set version = version + 1, question = 'Written last', written_at = clock_timestamp () where id in ('${id}', '${off}')`);
  await aral.start();
  await until('what was written last', async () => (await there()).question === 'Written last');
  assert.equal((await doctor.api('GET', `/x/consult/requests/${id}`)).sent, true);
  await onRecord(aral, off, 'request.close');
  // As a restore leaves it: versions and files that were sent are not known as such.
  await meddle(aral, `update consult.request set version = 1, sent_version = 0 where id = '${id}'`);
  await meddle(aral, `update consult.attachment set sent = false where request = '${id}' and state = 'whole'`);
  await doctor.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: '', question: 'After the restore?' });
  await until('what was written after it', async () => (await there()).question === 'After the restore?');
  await until('all to be sent again', async () => (await doctor.api('GET', `/x/consult/requests/${id}`)).attachments.every((one) => one.sent || one.state === 'coming'));
  // The same once more, at the next start, does no harm.
  await aral.kill();
  await meddle(aral, `update consult.request set sent_version = 0 where id = '${id}'`);
  await aral.start();
  await until('it to be sent again', async () => (await doctor.api('GET', `/x/consult/requests/${id}`)).sent, 20000);
}

async function requests(pair, doctor, partner, named) {
  const id = randomUUID();
  const request = { partner: pair.hangzhou.id, history: 'Two ointments, no fever.', question: 'Is a biopsy needed?' };
  await refused(doctor.api('POST', '/bookings', ask(pair, id)), 409, 'consult/question');
  await refused(doctor.api('PUT', `/x/consult/requests/${id}`, { ...request, question: '' }), 422, 'json/length');
  await refused(doctor.api('PUT', `/x/consult/requests/${id}`, { ...request, partner: randomUUID() }), 422, 'consult/partner');
  await refused(doctor.api('GET', `/x/consult/requests/${id}`), 404, 'consult/no-request');
  assert.equal((await doctor.api('PUT', `/x/consult/requests/${id}`, request)).version, 1);

  const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(partSize + 1000)]);
  const file = { id: randomUUID(), name: 'a', media_type: 'image/png', size: 100 };
  const files = `/x/consult/requests/${id}/attachments`;
  await refused(doctor.api('POST', files, { ...file, size: 2 ** 31 }), 413, 'consult/attachment-size');
  await refused(doctor.api('POST', files, { ...file, media_type: 'text/html' }), 422, 'consult/attachment-type');
  await refused(attach(doctor, id, Buffer.from('<html>no picture</html>')), 422, 'consult/attachment-type');
  for (const [name, rule] of [['scan\u202egnp.exe', 'file/name'], ['a\r\nb.png', 'file/name'], [' \t', 'text/blank'], ['\u200b', 'text/blank']])
    await refused(doctor.api('POST', files, { ...file, name }), 422, rule);
  assert.deepEqual((await doctor.api('GET', `/x/consult/requests/${id}`)).attachments, [], 'what was refused takes no place');
  await refused(doctor.api('PUT', `/x/consult/attachments/${randomUUID()}/parts/0`, png.subarray(0, 10)), 404, 'consult/no-attachment');
  const photo = await attach(doctor, id, png);
  await refused(doctor.api('PUT', `/x/consult/attachments/${photo}/parts/2`, png.subarray(0, 10)), 404, 'consult/part');
  await refused(doctor.api('PUT', `/x/consult/attachments/${photo}/parts/1`, png.subarray(0, 10)), 422, 'consult/part-size');
  // The same part again is the same file; other bytes of it are another one, while it comes and once it is whole.
  const scan = randomUUID();
  const page = Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(partSize)]);
  const changed = Buffer.from(page);
  changed[100] ^= 1;
  const part = (/** @type {Buffer} */ bytes, /** @type {number} */ n) =>
    doctor.api('PUT', `/x/consult/attachments/${scan}/parts/${n}`, bytes.subarray(n * partSize, (n + 1) * partSize));
  await doctor.api('POST', `/x/consult/requests/${id}/attachments`, { id: scan, name: 'scan.pdf', media_type: 'application/pdf', size: page.length });
  for (const n of [0, 1]) {
    for (const state of ['first', 'again']) assert.ok(await part(page, n), state);
    await refused(part(changed, 0), 409, 'consult/part-changed');
  }
  assert.deepEqual(await doctor.api('GET', `/x/consult/attachments/${scan}`), page);
  // A day's files of one person, and those of the day before.
  const days = randomUUID();
  await doctor.api('PUT', `/x/consult/requests/${days}`, { partner: pair.hangzhou.id, history: '', question: 'All of them?' });
  for (const when of ['', " - interval '25 hours'"]) {
    await meddle(pair.aral, `insert into consult.attachment (id, request, name, media_type, size, state, added_by, added_at) select gen_random_uuid (), '${id}',
        'day', 'image/png', 33554432, 'broken', a.added_by, now ()${when} from consult.attachment a, generate_series (1, 256) where a.id = '${scan}'`);
    const one = { ...file, id: randomUUID() };
    const add = doctor.api('POST', `/x/consult/requests/${days}/attachments`, one);
    if (when) await add;
    else await refused(add, 409, 'consult/attachment-day');
    await meddle(pair.aral, "delete from consult.attachment where name = 'day'");
    if (when) await doctor.api('DELETE', `/x/consult/attachments/${one.id}`);
  }
  await doctor.api('DELETE', `/x/consult/attachments/${scan}`);

  const false_ = randomUUID();
  await doctor.api('POST', files, { ...file, id: false_ });
  await refused(doctor.api('GET', `/x/consult/attachments/${false_}`), 409, 'consult/attachment-coming');
  await doctor.api('DELETE', `/x/consult/attachments/${false_}`);
  await refused(partner.api('GET', `/x/consult/requests/${id}`), 404, 'consult/no-request');
  const draft = await peek(pair, doctor, png.subarray(0, 100));
  const disguised = await attach(doctor, id, png.subarray(0, 100));
  await meddle(pair.aral, `update consult.attachment set media_type = 'image/jpeg' where id = '${disguised}'`);

  const patient = randomUUID();
  await pair.aral.api('POST', '/patients', { id: patient, names: { en: 'Somebody' } });
  await doctor.api('POST', '/bookings', ask(pair, id, { resources: [named], patient }));
  const there = await until('the request at the other hospital', () => partner.api('GET', `/x/consult/requests/${id}`));
  assert.equal(there.question, request.question);
  assert.equal(there.hub, pair.aral.id);
  const whole = await until('the file at the other hospital', async () =>
    (await partner.api('GET', `/x/consult/requests/${id}`)).attachments.find((one) => one.state === 'whole'));
  assert.equal(whole.received, png.length);
  const got = await partner.api('GET', `/x/consult/attachments/${photo}`);
  assert.equal(createHash('sha256').update(got).digest('hex'), createHash('sha256').update(png).digest('hex'));
  await until('the file that is no JPEG to be refused there', async () =>
    (await partner.api('GET', `/x/consult/requests/${id}`)).attachments.some((one) => one.id === disguised && one.state === 'broken'), 40000);
  assert.equal((await partner.api('GET', `/x/consult/attachments/${photo}`, undefined, { range: 'bytes=524280-999999999' })).length, png.length - 524280);

  await refused(doctor.api('DELETE', `/x/consult/attachments/${photo}`), 409, 'consult/sent');
  await refused(partner.api('PUT', `/x/consult/requests/${id}`, { ...request, partner: pair.aral.id }), 409, 'consult/side');
  await refused(partner.api('POST', files, file), 409, 'consult/side');
  await doctor.api('PUT', `/x/consult/requests/${id}`, { ...request, question: 'Is a biopsy needed, and when?' });
  for (const action of ['request.receive', 'attachment.receive', 'request.read', 'attachment.read']) await onRecord(pair.hangzhou, id, action);
  await clog(pair);
  const late = await attach(doctor, id, Buffer.from('Ferritin 12 µg/L\n'), { name: '血.lnk', media_type: 'text/plain' });
  const newer = (version) => doctor.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: 'Not this.', question: 'And?', version });
  await refused(newer(1), 409, 'consult/request-version');
  await refused(newer(0), 409, 'consult/request-version');
  await until('the second version and the second file there', async () => {
    const now = await partner.api('GET', `/x/consult/requests/${id}`);
    return now.version === 2 && now.attachments.some((one) => one.id === late && one.state === 'whole');
  });
  for (const one of [doctor, partner]) {
    const answer = await fetch(`http://127.0.0.1:${one.hub.port}/api/v1/x/consult/attachments/${late}`, { headers: one.headers() });
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.match(answer.headers.get('content-disposition') ?? '', /filename\*=UTF-8''%E8%A1%80\.lnk\.txt(;|$)/, 'the name ends as its kind does');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(await answer.text(), 'Ferritin 12 µg/L\n');
  }
  for (const action of ['attachment.add', 'attachment.part', 'attachment.read'])
    await onRecord(pair.aral, id, action, patient);
  await refused(doctor.api('GET', `/x/consult/requests/${id.toUpperCase()}`), 404, 'consult/no-request');
  await refused(doctor.api('GET', `/x/consult/attachments/${late.toUpperCase()}`), 404, 'consult/no-attachment');
  // A file that is found, and gone when its bytes are read: as when it is removed in between.
  await meddle(pair.hangzhou, `delete from consult.attachment_part where attachment = '${late}'`);
  await refused(partner.api('GET', `/x/consult/attachments/${late}`), 404, 'consult/no-attachment');
  assert.deepEqual((await partner.api('GET', `/x/consult/requests/${draft.booking}`)).attachments.map((one) => [one.id, one.received]),
    [[draft.id, 0]], 'what was never sent is not given out');
  const slow = randomUUID();
  await doctor.api('POST', files, { id: slow, name: 'slow.txt', media_type: 'text/plain', size: 4 });
  for (let n = 4; n < 10; n++) await attach(doctor, id, png.subarray(0, 100));
  await refused(attach(doctor, id, png.subarray(0, 100)), 409, 'consult/attachment-count');

  await crowd(pair, doctor);
  await abandoned(pair, doctor);
  await deaths(pair, id, doctor, partner);
  for (const action of ['request.write', 'attachment.add', 'request.send', 'attachment.send', 'booking.request']) await onRecord(pair.aral, id, action);
  const emergency = randomUUID();
  const later = (minutes) => new Date(Date.now() + minutes * 60000).toISOString();
  await doctor.api('POST', '/bookings', ask(pair, emergency, { urgency: 'T0', resources: [named], starts_at: later(60), ends_at: later(90) }));
  await until('the emergency', async () => (await pair.hangzhou.api('GET', `/bookings/${emergency}`)).state === 'requested');
  await pair.hangzhou.api('POST', `/bookings/${emergency}/accept`, {});
  const open = await until('it to be planned', () => partner.api('GET', `/sessions/${emergency}/invitations`));
  assert.equal(open.open, true, 'an emergency waits for nobody');
  assert.deepEqual(open.items.map((one) => one.booked), [true]);
  return { id, slow };
}

async function opinions(pair, id, doctor, partner) {
  const opinion = `/x/consult/opinions/${id}`;
  const words = { findings: 'Plaques at both elbows.', impression: 'Psoriasis.', recommendation: 'No biopsy; calcipotriol.' };
  await refused(partner.api('PUT', `${opinion}/draft`, { revision: 0, ...words }), 403, 'consult/consultant');
  await pair.hangzhou.api('POST', `/bookings/${id}/accept`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to plan it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'planned');
  const tryWay = (sdp, session = id) => partner.api('POST', `/sessions/${session}/echo`, { sdp });
  await refused(tryWay('v=0'), 409, 'session/echo');
  await pair.aral.api('POST', `/sessions/${id}/prepare`, {});
  for (const hub of pair.hubs)
    await until(`${hub.name} to be ready`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ready');
  await until('the worker to answer', () => tryWay('v=0').catch((problem) => problem.status !== 503 && problem.rule === 'rtc/sdp'));
  await assert.rejects(partner.api('POST', `/sessions/${id}/echo`, { sdp: 'v=0' }, { 'accept-language': 'zh-CN' }),
    (error) => error.body.detail === '无法读取页面的音视频 offer：v=, m=', 'a worker’s refusal is in the reader’s language');
  await refused(tryWay(''), 422, 'json/length');
  await refused(tryWay('v'.repeat(65537)), 422, 'json/length');
  await refused(tryWay('v=0', randomUUID()), 404, 'session/unknown');
  const inside = [await doctor.enter(id, 'referrer'), await partner.enter(id, 'consultant')];
  await until('the session to start', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
  await until('the consultant to be known', async () => (await partner.api('GET', opinion)).may_write);

  await intrude(pair, id, inside[1].participant);
  await invitations(pair, id, partner, doctor);
  const none = await doctor.api('GET', opinion);
  assert.equal(none.may_write, false);
  assert.match(none.why, /hospital that was asked/);
  await refused(doctor.api('PUT', `${opinion}/draft`, { revision: 0, ...words }), 409, 'consult/side');
  const first = await partner.api('PUT', `${opinion}/draft`, { revision: 0, ...words, impression: '' });
  assert.equal(first.revision, 1);
  assert.equal((await partner.api('PUT', `${opinion}/draft`, { revision: 0, ...words, impression: '' })).revision, 1, 'a lost answer is harmless');
  await refused(partner.api('PUT', `${opinion}/draft`, { revision: 0, ...words }), 409, 'consult/revision');
  const shown = async () => (await partner.api('GET', opinion)).draft?.digest ?? '0'.repeat(64);
  const sign = async (more) => partner.api('POST', `${opinion}/sign`, { id: randomUUID(), revision: 1, digest: await shown(), password, ...more });
  await refused(sign({}), 422, 'consult/impression');
  await partner.api('PUT', `${opinion}/draft`, { revision: 1, ...words });
  await refused(sign({}), 409, 'consult/revision');
  for (const [bad, rule] of [['5 mg\u0000 is wrong, give 50', 'json/text'], ['\ud83d', 'json/text'], ['\u0008', 'text/control']])
    await assert.rejects(partner.api('PUT', `${opinion}/draft`, { revision: 2, ...words, findings: bad }),
      (problem) => problem.status === 422 && problem.rule === rule && problem.body.pointer === '/findings');
  const kept = (await partner.api('GET', opinion)).draft;
  assert.deepEqual([kept.revision, kept.findings], [2, words.findings], 'what cannot be kept changes nothing');
  await refused(sign({ revision: 2, digest: '0'.repeat(64) }), 409, 'consult/shown');
  for (const none of [undefined, null, '', kept.digest.slice(1), kept.digest.toUpperCase(), 'g'.repeat(64)])
    await assert.rejects(sign({ revision: 2, digest: none }), (problem) => problem.status === 422 && problem.rule === 'consult/digest'
      && problem.body.pointer === '/digest' && /64 hexadecimal digits/.test(problem.body.accepted), `a signature of ${none}`);
  await refused(sign({ revision: 2, amendment: 'too early' }), 422, 'consult/amendment');
  await refused(sign({ revision: 2, password: 'not mine' }), 401, 'sign-in/refused');
  const other = await Person.signIn(pair.hangzhou, 'second.hangzhou');
  await refused(other.api('POST', `${opinion}/sign`, { id: randomUUID(), revision: 2, digest: kept.digest, password }), 403, 'consult/consultant');
  const desk = await Person.signIn(pair.hangzhou, 'desk.hangzhou');
  await refused(desk.api('POST', `${opinion}/sign`, { id: randomUUID(), revision: 2, digest: kept.digest, password }), 403, 'access/consult.opinion.write');
  const key = randomUUID();
  assert.equal((await sign({ id: key, revision: 2, digest: kept.digest })).version, 1);
  assert.equal((await sign({ id: key, revision: 2, digest: kept.digest })).version, 1, 'signed once, however often it is asked');

  await until('the opinion at the hospital that asked', async () => (await doctor.api('GET', opinion)).opinions.length === 1);
  // A page that is open somewhere asks for it, as often as it likes: nobody has read it.
  const unread = await doctor.api('GET', opinion);
  assert.equal(unread.unread, true);
  assert.deepEqual(Object.keys(words).filter((part) => part in unread.opinions[0]), [], 'no words before somebody opens it');
  const readings = async (hub) => (await hub.api('GET', '/events?limit=200')).items.filter((one) => one.action === 'opinion.read' && one.session === id).length;
  assert.equal(await readings(pair.aral), 0, 'no reading on record');
  await refused(doctor.api('POST', `${opinion}/read`, { opinion: id }), 409, 'consult/newest');
  const open = () => doctor.api('POST', `${opinion}/read`, { opinion: unread.opinions[0].id });
  await open();
  await open(); // in another tab
  const read = (await doctor.api('GET', opinion)).opinions[0];
  assert.equal(read.impression, words.impression);
  assert.equal(read.hub, pair.hangzhou.id);
  const told = await until('the reading to be told', async () => (await partner.api('GET', opinion)).opinions[0].readings[0]);
  assert.equal((await partner.api('GET', opinion)).opinions[0].readings.length, 1, 'once');
  assert.equal((await partner.api('GET', opinion)).unread, false);
  assert.equal(told.hub, pair.aral.id);
  assert.equal((await partner.api('GET', opinion)).opinions[0].digest, read.digest);

  await pair.aral.api('POST', `/sessions/${id}/stop`, { reason: 'test' });
  for (const hub of pair.hubs)
    await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
  await partner.api('PUT', `${opinion}/draft`, { revision: 0, ...words, recommendation: 'Biopsy after all.' });
  await refused(sign({ revision: 1 }), 422, 'consult/amendment');
  await pair.hangzhou.api('DELETE', `/peers/${pair.aral.id}`);
  await refused(sign({ revision: 1, amendment: 'Nobody gets it.' }), 409, 'consult/unpaired');
  assert.equal((await partner.api('GET', opinion)).draft.revision, 1);
  await pair.join();
  assert.equal((await sign({ revision: 1, amendment: 'The photo shows scaling.' })).version, 2);
  await meddle(pair.aral, 'delete from consult.reading');
  const both = await until('the second version there', async () => {
    const now = await doctor.api('GET', opinion);
    return now.opinions.length === 2 && now;
  });
  assert.deepEqual(both.opinions.map((one) => one.version), [2, 1]);
  assert.equal(both.unread, true);
  await doctor.api('POST', `${opinion}/read`, { opinion: both.opinions[0].id });
  assert.equal((await doctor.api('GET', opinion)).opinions[0].amendment, 'The photo shows scaling.');
  await refused(doctor.api('PUT', `/x/consult/requests/${id}`, { partner: pair.hangzhou.id, history: '', question: 'More?' }), 409, 'consult/over');

  await until('the summary to be kept', () => doctor.api('GET', `/x/consult/sessions/${id}`));
  await onRecord(pair.aral, id, 'consult.read', (await doctor.api('GET', `/bookings/${id}`)).patient);
  for (const action of ['opinion.sign', 'opinion.read', 'account.confirm-refused', 'consultant.enter'])
    if (action !== 'account.confirm-refused') await onRecord(pair.hangzhou, id, action);
  assert.ok((await pair.hangzhou.api('GET', '/events?limit=200')).items.some((one) => one.action === 'account.confirm-refused'));
  for (const action of ['opinion.receive', 'opinion.read']) await onRecord(pair.aral, id, action);
  for (const { socket } of inside) socket.close();
}

await withPair('papers', async (pair) => {
  await pair.hangzhou.api('POST', '/people', {
    id: randomUUID(), names: { en: 'Second doctor of hangzhou' }, login: 'second.hangzhou', password, password_final: true, roles: ['clinician'],
  });
  const doctor = await Person.signIn(pair.aral, 'doctor.aral');
  const partner = await Person.signIn(pair.hangzhou, 'doctor.hangzhou');
  const named = await nameable(pair, partner.id);
  const { id, slow } = await requests(pair, doctor, partner, named);
  await opinions(pair, id, doctor, partner);
  await afterwards(pair, id, slow, doctor, partner);
  for (const hub of pair.hubs)
    assert.equal(await meddle(hub, 'select reason from karez.inbox_dead_letter'), '', `${hub.name} has no dead letter`);
  assertKept();
});
