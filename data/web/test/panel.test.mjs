// SPDX-License-Identifier: LGPL-2.1-or-later
// The panel's place in the session page: which element is there, and what it is given.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PanelPlace } from '../src/pages/session-panel.js';
import { readPanels } from '../src/panels.js';
import { state } from '../src/state.js';

const plugin = {
  plugin: 'sonar', modality: 'sonar', enabled: true, pages: [], messages: {}, script: '/none.js',
  element: 'karez-sonar-lobby', room: 'karez-sonar-room', lobby: true,
};
Object.assign(globalThis, {
  customElements: { get: () => Object, define() {} },
  document: { createElement: (name) => ({ name, heard: [], receive(body) { this.heard.push(body); } }), documentElement: {} },
  fetch: async () => new Response(JSON.stringify({ items: [plugin] }), { headers: { 'Content-Type': 'application/json' } }),
});

/** @param {string} at */
const session = (at) => ({ id: 's', modality: 'sonar', state: at, participants: [] });
const settled = () => new Promise((done) => { setTimeout(done, 5); });

test('an element of the room is given what was said while its page waited in the lobby', async () => {
  await readPanels();
  Object.assign(state, { me: { hub: 'h', names: {}, roles: ['clinician'], permissions: ['session.join'] } });
  const page = { presence: { state: 'out', role: '', send: () => true }, acts: {}, updateComplete: Promise.resolve(), requestUpdate() {} };
  const place = new PanelPlace(page);
  await place.show(session('ready'));
  Object.assign(page.presence, { state: 'in', participant: 'p' });
  await place.show(session('ready'));
  place.hear({ notes: 'as they are' });
  await settled();
  const lobby = place.panel;
  assert.equal(lobby.name, 'karez-sonar-lobby');
  assert.deepEqual(lobby.heard, [{ notes: 'as they are' }]);
  const opened = place.show(session('live'));
  place.hear({ notes: 'and more' });
  await opened;
  await settled();
  assert.equal(place.panel.name, 'karez-sonar-room');
  assert.deepEqual(place.panel.heard, [{ notes: 'as they are' }, { notes: 'and more' }]);
  assert.deepEqual(lobby.heard, [{ notes: 'as they are' }]);

  // Who comes again is told anew.
  page.presence.state = 'out';
  await place.show(session('ready'));
  await settled();
  assert.deepEqual(place.panel.heard, []);
  page.presence.state = 'in';
  await place.show(session('live'));
  place.hear({ notes: 'now' });
  await settled();
  assert.deepEqual(place.panel.heard, [{ notes: 'now' }]);
});
