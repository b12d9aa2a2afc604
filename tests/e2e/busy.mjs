// SPDX-License-Identifier: LGPL-2.1-or-later
// A hold and a stop take effect while the database is busy with everything else: every connection
// waits for a lock that somebody holds. They are recorded when it answers again, also by the next hub.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

import { database, password, prepareNote, randomUUID, run, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

const limit = 250;
/** What is waited at most for a database that is to say whether somebody who is not in a session is invited to it. */
const patience = 1000;

/** Holds a lock on every table that a request or a record needs; resolves when it is held.
 * @param {import('./hubs.mjs').Hub} hub */
async function keepBusy(hub) {
  const child = spawn('psql', database(hub), { stdio: ['pipe', 'pipe', 'inherit'] });
  const held = new Promise((done) => child.stdout.once('data', done));
  child.stdin.write(`begin; lock table karez.event, karez.request, engine.session, engine.participant, web.sign_in,
    agenda.booking in access exclusive mode; select 'held';\n`);
  await held;
  return () => new Promise((done) => {
    child.once('exit', done);
    child.stdin.end('rollback;\n');
  });
}

/** @param {import('./hubs.mjs').Pair} pair */
async function goLive(pair) {
  const id = await prepareNote(pair, 'Busy');
  await until('both to be ready', async () => {
    const session = await pair.aral.api('GET', `/sessions/${id}`);
    return session.state === 'ready' && session.link?.up;
  });
  await until('the start', async () => {
    try { await pair.aral.api('POST', `/sessions/${id}/start`, {}); } catch (error) { if (error.rule !== 'session/preflight') throw error; }
    return (await pair.aral.api('GET', `/sessions/${id}`)).state === 'live';
  });
  return id;
}

await withPair('busy', async (pair) => {
  const id = await goLive(pair);
  const other = await goLive(pair);
  const { host } = await pair.aral.api('GET', `/sessions/${id}`);
  const hub = pair.hubs.find((one) => one.id === host) ?? pair.aral;
  const doctor = await Person.signIn(hub, `doctor.${hub.name}`);
  const colleague = await Person.signIn(hub, `desk.${hub.name}`);
  const { participant } = await doctor.api('POST', `/sessions/${id}/join`, { role: 'writer' });
  await colleague.api('GET', `/sessions/${id}`);
  // A clinician who is in neither session, and somebody whose roles end none.
  await hub.api('POST', '/people', {
    id: randomUUID(), names: { en: 'A doctor elsewhere' }, login: 'elsewhere', password, password_final: true, roles: ['clinician'],
  });
  const outsider = await Person.signIn(hub, 'elsewhere');
  const auditor = await Person.signIn(hub, `auditor.${hub.name}`);
  for (const one of [outsider, auditor]) await one.api('GET', `/sessions/${other}`);
  const page = await doctor.live();
  /** @type {any[]} */
  const heard = [];
  page.on('message', (message) => heard.push(message));
  const say = (/** @type {any} */ message) => page.send(message);
  say({ type: 'hello' });
  await until('the greeting', async () => heard.some((one) => one.type === 'hello'));
  say({ type: 'join', session: id, participant });
  await until('the page to be in', async () => heard.some((one) => one.type === 'message'));

  const release = await keepBusy(hub);
  const waiting = [];
  for (let n = 0; n < 60; n++)
    waiting.push(hub.api('GET', '/sessions').catch(() => null));
  await new Promise((done) => { setTimeout(done, 300); });

  const became = async (/** @type {string[]} */ states, /** @type {number} */ begin) => {
    await until(states[0], async () => heard.some((one) => one.type === 'session' && states.includes(one.state)), 5000);
    return Math.round(performance.now() - begin);
  };
  let begin = performance.now();
  say({ type: 'hold', session: id, reason: 'the database is busy' });
  const held = await became(['held'], begin);
  begin = performance.now();
  await colleague.api('POST', `/sessions/${id}/stop`, { reason: 'the database is busy' });
  const answered = Math.round(performance.now() - begin);
  const stopped = await became(['stopping', 'ended'], begin);
  console.log(`while the database is busy: held by the page after ${held} ms, stopped by a request after ${stopped} ms, which was answered after ${answered} ms`);
  for (const took of [held, stopped, answered])
    assert.ok(took < limit, `it took ${took} ms of its ${limit}`);

  begin = performance.now();
  await assert.rejects(auditor.api('POST', `/sessions/${other}/stop`, {}), /access\/session\.halt/);
  const refused = Math.round(performance.now() - begin);
  begin = performance.now();
  await outsider.api('POST', `/sessions/${other}/stop`, { reason: 'the database is busy' });
  const outside = Math.round(performance.now() - begin);
  console.log(`an auditor was refused after ${refused} ms, somebody who is not in the session ended it after ${outside} ms`);
  assert.ok(refused < limit, `it took ${refused} ms of its ${limit}`);
  assert.ok(outside >= patience && outside < patience + limit, `it took ${outside} ms`);
  await until('the other end', async () => heard.some((one) => one.type === 'session' && one.session === other && ['stopping', 'ended'].includes(one.state)), 5000);

  // The hub dies before it could record any of it.
  await hub.kill();
  await release();
  await Promise.all(waiting);
  await hub.start();
  for (const [session, expected] of [[id, 'session.hold session.stop session.end'], [other, 'session.stop session.end']]) {
    await until('the end on record', async () => (await hub.api('GET', `/sessions/${session}`)).state === 'ended', 20000);
    const { stdout } = await run('psql', [...database(hub), '-c',
      `select string_agg(action, ' ' order by id) from karez.event where session = '${session}' and action in ('session.hold', 'session.stop', 'session.end')`]);
    assert.equal(stdout.trim(), expected);
  }
});
