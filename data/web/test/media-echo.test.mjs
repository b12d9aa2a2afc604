// SPDX-License-Identifier: LGPL-2.1-or-later
// What a trial of the way says of what the browser counted.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { measure, readStats } from '../src/media-echo.js';

/** As browsers report it. @param {number} at @param {Record<string, number>} of */
const reports = (at, { sent = 0, lostOut = 0, received = 0, lostIn = 0, rtt = 0.02, available = 2e6 }) => [
  { type: 'transport', id: 'T', timestamp: at, selectedCandidatePairId: 'P' },
  { type: 'candidate-pair', id: 'other', timestamp: at, nominated: true, currentRoundTripTime: 9, availableOutgoingBitrate: 9 },
  { type: 'candidate-pair', id: 'P', timestamp: at, nominated: true, currentRoundTripTime: rtt, availableOutgoingBitrate: available },
  { type: 'outbound-rtp', kind: 'video', timestamp: at, packetsSent: sent },
  { type: 'outbound-rtp', kind: 'audio', timestamp: at },
  { type: 'remote-inbound-rtp', kind: 'video', timestamp: at, packetsLost: lostOut },
  { type: 'inbound-rtp', kind: 'video', timestamp: at, packetsReceived: received, packetsLost: lostIn },
  { type: 'inbound-rtp', kind: 'audio', timestamp: at, packetsReceived: 1000 + at, packetsLost: at },
];
/** @param {[number, Record<string, number>][]} looks */
const over = (looks) => measure(looks.map(([at, of]) => readStats(reports(at, of))));

test('both directions are told apart, from what came between the first look and the last', () => {
  const measured = over([
    [1000, { sent: 100, lostOut: 50, received: 40, lostIn: 60, rtt: 0.05 }],
    [2000, { sent: 200, lostOut: 52, received: 130, lostIn: 62, rtt: 0.03 }],
    [5000, { sent: 300, lostOut: 60, received: 230, lostIn: 70, rtt: 0.04, available: 900000 }],
  ]);
  assert.deepEqual(measured, { rtt_ms: 40, loss_out: 0.05, loss_in: 0.05, bitrate_out: 900000 });
});

test('a way on which nothing comes back is none', () => {
  assert.equal(measure([]), null);
  assert.equal(over([[1000, { sent: 10 }]]), null);
  assert.equal(over([[1000, { sent: 10, received: 5 }], [5000, { sent: 500, received: 5 }]]), null);
});

test('a way that ends within the trial is none either, though nothing is counted as lost', () => {
  const came = (...received) => over(received.map((n, i) => [1000 + i * 500, { sent: 100 + i * 50, received: n }]));
  assert.equal(came(10, 60, 110, 110, 110, 110)?.loss_in, undefined);
  assert.equal(came(10, 60, 110, 110, 110, 160)?.loss_in, undefined);
  assert.equal(came(10, 60, 60, 110, 110, 160)?.loss_in, 0, 'half a second is not enough to say so');
});

test('a browser that makes no estimate has none', () => {
  assert.equal(over([[1000, { received: 1, available: 0 }], [2000, { received: 9, available: 0 }]])?.bitrate_out, null);
});

test('a share is never below nothing or above all', () => {
  // A packet that came late after all takes its loss back.
  const measured = over([[1000, { sent: 10, lostOut: 5, received: 1, lostIn: 3 }], [2000, { sent: 12, lostOut: 9, received: 9, lostIn: 1 }]]);
  assert.equal(measured?.loss_out, 1);
  assert.equal(measured?.loss_in, 0);
});
