// SPDX-License-Identifier: LGPL-2.1-or-later
// Which events tell whom that something is to be fetched again.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

// Node 18 has none.
globalThis.CustomEvent ??= /** @type {any} */ (class extends Event {
  constructor(/** @type {string} */ type, /** @type {any} */ options) {
    super(type);
    this.detail = options?.detail;
  }
});
/** @type {any} */
let socket;
Object.assign(globalThis, {
  location: { protocol: 'http:', host: 'hub' },
  document: { addEventListener() {}, removeEventListener() {}, visibilityState: 'visible' },
  WebSocket: class {
    static OPEN = 1;
    readyState = 1;
    /** @type {any[]} */
    said = [];
    closed = false;
    constructor() { socket = this; }
    send(/** @type {string} */ text) { this.said.push(JSON.parse(text)); }
    close() { this.closed = true; }
  },
});
const { live } = await import('../src/live.js');
const { hubNow, isDoubtful } = await import('../src/time.js');
live.start();
after(() => live.stop());

/** @param {any} event @returns {Promise<string[]>} the topics that it touches */
async function touched(event) {
  const heard = new Promise((done) => { live.addEventListener('touched', (/** @type {any} */ { detail }) => done([...detail]), { once: true }); });
  socket.onmessage({ data: JSON.stringify({ type: 'event', cursor: '1', event }) });
  return heard;
}

test('an event of a table of ours touches what it is about', async () => {
  assert.deepEqual(await touched({ action: 'booking.accept', schema: 'agenda', table: 'booking', session: 's' }), ['booking', 'session', 'event']);
  assert.deepEqual(await touched({ action: 'session.end', schema: 'engine', table: 'session', session: 's' }), ['session', 'booking', 'event']);
});

test('one of a plugin touches its table by its name', async () => {
  assert.deepEqual(await touched({ action: 'opinion.sign', schema: 'paper', table: 'opinion', session: 's' }), ['paper.opinion', 'session', 'event']);
  assert.deepEqual(await touched({ action: 'opinion.read', schema: 'paper', table: 'opinion' }), ['paper.opinion', 'event']);
});

test('who reads changes nothing', async () => {
  assert.deepEqual(await touched({ action: 'booking.read', session: 's' }), ['event']);
  assert.deepEqual(await touched({ action: 'session.late-message', session: 's' }), ['session', 'event']);
});

test('after a sleep the hub is asked what time it is, and who does not answer is not there any more', async () => {
  const [date, pause] = [Date.now, (/** @type {number} */ ms) => new Promise((done) => { setTimeout(done, ms); })];
  const asked = () => socket.said.filter((/** @type {any} */ one) => one.type === 'time').length;
  try {
    const [told, hour] = [date(), 3_600_000];
    Date.now = () => date() + hour;
    await pause(1200);
    assert.equal(asked(), 1);
    assert.equal(isDoubtful(), true);
    socket.onmessage({ data: JSON.stringify({ type: 'time', now: new Date(told + hour).toISOString() }) });
    assert.equal(isDoubtful(), false);
    assert.ok(Math.abs(hubNow() - told - hour) < 2500, 'it slept for an hour');
    await pause(2500);
    assert.equal(socket.closed, false, 'it has answered');
    const before = socket;
    Date.now = () => date() + 2 * hour;
    await pause(1200);
    assert.equal(asked(), 2);
    await pause(4200);
    assert.equal(before.closed, true, 'it has not');
    // A beat that says another time is looked at by a question, too.
    live.stop();
    live.start();
    socket.onmessage({ data: JSON.stringify({ type: 'beat', now: new Date(hubNow() + 500).toISOString() }) });
    assert.equal(asked(), 0);
    socket.onmessage({ data: JSON.stringify({ type: 'beat', now: new Date(hubNow() + 60_000).toISOString() }) });
    assert.equal(asked(), 1);
  } finally {
    Date.now = date;
  }
});
