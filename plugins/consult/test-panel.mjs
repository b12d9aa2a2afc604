// SPDX-License-Identifier: LGPL-2.1-or-later
// What the consultation's panel decides without a page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grade, gridClass, isMuted, networkGrade, once, roleFor, unseenWhy } from './web/consult-view.js';

const measured = (changed) => ({ state: 'open', loss_in: 0, loss_out: 0, rtt_ms: 20, ...changed });

test('a connection is told in words', () => {
  assert.equal(grade(undefined), null);
  assert.equal(grade(measured({})), 'good');
  assert.equal(grade(measured({ loss_in: 0.02, rtt_ms: 250 })), 'good');
  assert.equal(grade(measured({ loss_in: 0.021 })), 'unsteady');
  assert.equal(grade(measured({ loss_out: 0.05 })), 'unsteady');
  assert.equal(grade(measured({ rtt_ms: 251 })), 'unsteady');
  assert.equal(grade(measured({ loss_out: 0.081 })), 'poor');
  assert.equal(grade(measured({ rtt_ms: 601 })), 'poor');
  for (const state of ['away', 'connecting', 'closed'])
    assert.equal(grade(measured({ state })), 'away');
  assert.equal(grade({ state: 'open' }), 'good');
});

test('a network is as good as the worst that was found', () => {
  const tried = (changed) => networkGrade({ loss_in: 0, loss_out: 0, rtt_ms: 20, bitrate_out: 2e6, ...changed });
  assert.equal(tried({}), 'good');
  assert.equal(tried({ bitrate_out: 800_000 }), 'good');
  assert.equal(tried({ bitrate_out: 799_999 }), 'unsteady');
  assert.equal(tried({ bitrate_out: 299_999 }), 'poor');
  assert.equal(tried({ bitrate_out: null }), 'good');
  assert.equal(tried({ loss_out: 0.05 }), 'unsteady');
  assert.equal(tried({ rtt_ms: 300, bitrate_out: 200_000 }), 'poor');
  assert.equal(tried({ loss_in: 0.1, bitrate_out: 500_000 }), 'poor');
});

test('faces fit the space', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 20].map(gridClass), ['faces-1', 'faces-1', 'faces-2', 'faces-4', 'faces-4',
    'faces-6', 'faces-6', 'faces-more', 'faces-more']);
});

test('who came back is listed once', () => {
  const people = [{ name: 'a', hospital: '1' }, { name: 'a', hospital: '2' }, { name: 'a', hospital: '1' }];
  assert.deepEqual(once(people), people.slice(0, 2));
});

test('doctors of the hospital that was asked are its consultants', () => {
  const session = { booking: { requester: 'aral', provider: 'hangzhou' } };
  const role = (hub, ...roles) => roleFor(session, { hub, roles });
  assert.equal(role('hangzhou', 'clinician'), 'consultant');
  assert.equal(role('hangzhou', 'desk', 'surgeon'), 'consultant');
  assert.equal(role('aral', 'clinician'), 'referrer');
  assert.equal(role('hangzhou', 'desk'), 'observer');
  assert.equal(role('aral', 'bedside'), 'referrer');
  assert.equal(role('aral', 'desk'), 'observer');
  assert.equal(role('elsewhere', 'clinician'), '');
  assert.equal(roleFor({ booking: null }, { hub: 'aral', roles: ['clinician'] }), '');
  assert.equal(roleFor(session, null), '');
});

test('what a page has no place for is neither off nor muted', () => {
  const client = (crowded, tracks, on) => ({ crowded, people: new Map(tracks ? [['one', { tracks, on }]] : []) });
  const said = (...how) => [unseenWhy(client(...how), 'one'), isMuted(client(...how), 'one')];
  assert.deepEqual(said(false), ['nothing', false]);
  assert.deepEqual(said(false, { camera: {}, microphone: {} }, { camera: false, microphone: false }), ['off', true]);
  assert.deepEqual(said(false, { microphone: {} }, { microphone: true }), ['off', false]);
  assert.deepEqual(said(true, { microphone: {} }, { microphone: true }), ['placeless', false]);
  assert.deepEqual(said(true, { microphone: {} }, { microphone: false }), ['placeless', true]);
  assert.deepEqual(said(true, { camera: {} }, { camera: false }), ['off', false]);
  assert.deepEqual(said(true), ['placeless', false]);
  assert.deepEqual([unseenWhy(null, 'one'), isMuted(null, 'one')], ['nothing', false]);
});
