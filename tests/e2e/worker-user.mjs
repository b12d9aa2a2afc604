// SPDX-License-Identifier: LGPL-2.1-or-later
// Workers under a user of their own, as systemd starts them: a session goes live, outlives its hub,
// a hung worker is ended and replaced, and none of them can read what is the hub's or another
// session's. Only root can play systemd.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { build, prepareNote, source, until, withPair } from './hubs.mjs';

const users = { hub: 'daemon', worker: 'nobody' };
const number = (/** @type {string} */ what, /** @type {string} */ user) =>
  Number(execFileSync('id', [what, user], { encoding: 'utf8' }));
/** @type {import('node:child_process').ChildProcess | null} */
let launcher = null;

/** @param {string} directory @returns {Promise<import('./hubs.mjs').Apart>} */
async function playSystemd(directory) {
  const socket = path.join(directory, 'launch.sock');
  launcher = spawn('python3', [path.join(source, 'tests/e2e/launcher.py'), socket, users.hub, users.worker,
    directory, path.join(build, 'hub/worker/karez-worker')], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((done) => launcher?.stdout?.once('data', done));
  return {
    uid: number('-u', users.hub), gid: number('-g', users.hub), launcher: socket, worker: users.worker,
    asHub: ['setpriv', '--reuid', users.hub, '--regid', String(number('-g', users.hub)),
      '--groups', `${number('-g', users.hub)},${number('-g', users.worker)}`, '--'],
  };
}

/** @param {import('./hubs.mjs').Pair} pair */
async function goLive(pair) {
  const id = await prepareNote(pair, 'Apart');
  await until('the link to be up', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
  await live(pair, id);
  return id;
}

/** @param {import('./hubs.mjs').Pair} pair @param {string} id */
async function live(pair, id) {
  for (const hub of pair.hubs)
    await until(`${hub.name} to be live`, async () => {
      const session = await hub.api('GET', `/sessions/${id}`);
      return session.state === 'live' && session.worker?.state === 'running';
    });
}

/** @param {import('./hubs.mjs').Hub} hub @param {string} id */
async function processOf(hub, id) {
  return (await hub.api('GET', '/workers')).items.find((one) => one.session === id && one.connected)?.pid;
}

/** The process is the worker's user's alone, and tells nobody its token. @param {number} pid */
function assertApart(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const [uid, gid] = [number('-u', users.worker), number('-g', users.worker)];
  assert.match(status, new RegExp(`^Uid:\t${uid}\t${uid}\t${uid}\t${uid}$`, 'm'));
  assert.match(status, new RegExp(`^Gid:\t${gid}\t${gid}\t${gid}\t${gid}$`, 'm'));
  assert.match(status, /^Groups:\s*$/m);
  assert.match(status, /^CapPrm:\t0+$/m);
  assert.deepEqual(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1), ['--launched', '']);
}

/** What that user gets at without Landlock, from anywhere and from the session's own directory, which
 * it has been handed. @param {import('./hubs.mjs').Hub} hub @param {string} id */
function assertOutOfReach(hub, id) {
  const directory = path.join(hub.state, 'sessions', id);
  const as = ['--reuid', users.worker, '--regid', String(number('-g', users.worker)), '--clear-groups'];
  const read = (/** @type {string} */ file) => spawnSync('setpriv', [...as, 'cat', file], { cwd: directory, encoding: 'utf8' });
  const key = fs.readdirSync(hub.state).find((name) => name.endsWith('.pem')) ?? '';
  assert.equal(read('spool').status, 0, 'its own spool');
  for (const file of [path.join(hub.state, key), path.join('../..', key), path.join('..', id, 'spool'),
    path.join(directory, 'spool'), 'worker.log']) {
    assert.ok(fs.statSync(path.resolve(directory, file)).isFile(), file);
    assert.match(read(file).stderr, /Permission denied/, file);
  }
}

/** @param {string} file @param {string} user @param {string} group @param {number} mode */
function assertFile(file, user, group, mode) {
  const { uid, gid, mode: found } = fs.statSync(file);
  assert.deepEqual([uid, gid, (found & 0o7777).toString(8)],
    [number('-u', user), number('-g', group), mode.toString(8)], file);
}

/** @param {import('./hubs.mjs').Hub} hub @param {string} id */
function assertFiles(hub, id) {
  const directory = path.join(hub.state, 'sessions', id);
  assertFile(path.dirname(directory), users.hub, users.hub, 0o700);
  assertFile(directory, users.hub, users.worker, 0o770);
  for (const name of ['spool', 'checkpoint', 'calls'])
    assertFile(path.join(directory, name), users.worker, users.worker, 0o660);
  assertFile(path.join(directory, 'worker.log'), users.hub, users.hub, 0o600);
  assertFile(path.join(hub.runtime, 'workers.sock'), users.hub, users.worker, 0o660);
  assert.match(fs.readFileSync(path.join(directory, 'worker.log'), 'utf8'), /The worker is confined: its files by Landlock/);
}

/** Whoever is neither the hub's nor the workers' user is not let in, be it root.
 * @param {import('./hubs.mjs').Hub} hub */
async function assertRootIsRefused(hub) {
  const said = await new Promise((done) => {
    let text = '';
    const socket = net.connect(path.join(hub.runtime, 'workers.sock'));
    socket.on('data', (data) => { text += data; });
    socket.on('close', () => done(text));
    socket.write('\0AUTH EXTERNAL 30\r\n'); // uid 0, in hexadecimal
    setTimeout(() => socket.destroy(), 2000);
  });
  assert.doesNotMatch(said, /^OK/m);
}

/** @param {import('./hubs.mjs').Pair} pair @param {string} id */
async function outlive(pair, id) {
  const before = await processOf(pair.aral, id);
  await pair.aral.kill();
  await pair.aral.start();
  await live(pair, id);
  assert.equal(await processOf(pair.aral, id), before, 'the worker was not adopted');
}

/** A worker that hangs, main loop and all, is ended by a hub that may not signal it.
 * @param {import('./hubs.mjs').Pair} pair @param {import('./hubs.mjs').Hub} hub @param {string} id */
async function hang(pair, hub, id) {
  const before = await processOf(hub, id);
  process.kill(before, 'SIGSTOP');
  const begin = Date.now();
  await until('the hung worker to end', () => {
    try { return /^State:\tZ/m.test(fs.readFileSync(`/proc/${before}/status`, 'utf8')); } catch { return true; }
  });
  console.log(`a hung worker of ${hub.name} was ended after ${Date.now() - begin} ms`);
  await live(pair, id);
  const after = await processOf(hub, id);
  assert.notEqual(after, before);
  assertApart(after);
}

/** @param {import('./hubs.mjs').Pair} pair @param {string} id */
async function end(pair, id) {
  await pair.aral.api('POST', `/sessions/${id}/stop`, {});
  for (const hub of pair.hubs) {
    await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
    await until('its worker to end', async () => !(await processOf(hub, id)));
    await until('its files but the log to be removed', () =>
      fs.readdirSync(path.join(hub.state, 'sessions', id)).join() === 'worker.log');
    assert.doesNotMatch(fs.readFileSync(hub.log, 'utf8'), /cannot be ended|CRITICAL/);
  }
}

if (process.getuid?.() !== 0 || spawnSync('unshare', ['--mount', 'true']).status !== 0) {
  console.log('skipped: only root, with mounts of its own, can start a worker under another user');
  process.exit(77);
}
try {
  await withPair('worker-user', async (pair) => {
    const id = await goLive(pair);
    for (const hub of pair.hubs) {
      assertApart(await processOf(hub, id));
      assertFiles(hub, id);
      assertOutOfReach(hub, id);
      await assertRootIsRefused(hub);
    }
    await hang(pair, pair.hangzhou, id);
    await outlive(pair, id);
    await hang(pair, pair.aral, id);
    await end(pair, id);
  }, playSystemd);
} finally {
  launcher?.kill();
}
console.log('1 passed, 0 failed');
