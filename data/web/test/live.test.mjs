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
    constructor() { socket = this; }
    send() {}
    close() {}
  },
});
const { live } = await import('../src/live.js');
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
  assert.deepEqual(await touched({ action: 'opinion.sign', schema: 'consult', table: 'opinion', session: 's' }), ['consult.opinion', 'session', 'event']);
  assert.deepEqual(await touched({ action: 'opinion.read', schema: 'consult', table: 'opinion' }), ['consult.opinion', 'event']);
});

test('who reads changes nothing', async () => {
  assert.deepEqual(await touched({ action: 'booking.read', session: 's' }), ['event']);
  assert.deepEqual(await touched({ action: 'session.late-message', session: 's' }), ['session', 'event']);
});
