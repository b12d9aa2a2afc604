// SPDX-License-Identifier: LGPL-2.1-or-later
// What a page knows of the marks: positions as bytes, which frame is shown, what became of a mark,
// and a stroke in few points.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Frames } from './web/guidance-frames.js';
import { Marks } from './web/guidance-marks.js';
import { mapPoint, readPositions } from './web/guidance-positions.js';
import { simplify, toParts } from './web/guidance-tools.js';

const begun = 4_005_051_612_563; // ms since 1900, of a day in 2026
const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** As guidance_positions_pack() makes it. @param {number} capture µs beyond `begun` @param {{number: number, shown: boolean, x?: number, matrix?: number[]}[]} marks */
function pack(capture, marks) {
  const bytes = new ArrayBuffer(16 + 48 * marks.length);
  const view = new DataView(bytes);
  view.setUint8(0, 1);
  view.setUint8(1, marks.length);
  view.setUint32(4, 90_000, true);
  view.setBigInt64(8, BigInt(begun) * 1000n + BigInt(capture), true);
  marks.forEach(({ number, shown, x = 0.5, matrix = identity }, i) => {
    const at = 16 + 48 * i;
    view.setUint32(at, number, true);
    view.setUint8(at + 4, shown ? 1 : 0);
    view.setUint8(at + 5, 204);
    view.setFloat32(at + 8, x, true);
    view.setFloat32(at + 12, 0.25, true);
    matrix.slice(0, 8).forEach((one, n) => view.setFloat32(at + 16 + 4 * n, one, true));
  });
  return bytes;
}

test('positions are read as they were packed', () => {
  const positions = readPositions(pack(250, [{ number: 7, shown: true }, { number: 4_000_000_000, shown: false }]));
  assert.ok(positions);
  assert.equal(positions.capture, begun + 0.25);
  assert.equal(positions.rtpTime, 90_000);
  assert.deepEqual(positions.marks.map(({ number, shown }) => [number, shown]), [[7, true], [4_000_000_000, false]]);
  assert.deepEqual(positions.marks[0]?.matrix, identity);
  assert.ok(Math.abs((positions.marks[0]?.confidence ?? 0) - 0.8) < 1e-6);
});

test('what is no message of positions is none', () => {
  const good = pack(0, [{ number: 1, shown: true }]);
  const other = new Uint8Array(good.slice(0));
  other[0] = 2;
  for (const bad of [null, 'text', new ArrayBuffer(0), new ArrayBuffer(15), good.slice(0, 63), other.buffer, new ArrayBuffer(64)])
    assert.equal(readPositions(bad), null);
});

test('a point goes where the picture went', () => {
  assert.deepEqual(mapPoint([1, 0, 0.1, 0, 1, -0.2, 0, 0, 1], [0.5, 0.5]).map((one) => one.toFixed(3)), ['0.600', '0.300']);
  assert.deepEqual(mapPoint([2, 0, 0, 0, 2, 0, 0, 0, 2], [0.5, 0.25]), [0.5, 0.25]);
});

/** Frames each 33 ms, whose images are their numbers. @param {number} n */
function film(n) {
  const made = { count: 0 };
  /** @type {Frames<{n: number}>} */
  const frames = new Frames(() => ({ n: made.count++ }));
  for (let i = 0; i < n; i++)
    frames.add(begun + 33 * i, (image) => { image.n = i; });
  return { frames, made };
}
const shownOf = (/** @type {Frames<{n: number}>} */ frames, marked = true) => {
  const chosen = frames.choose(marked);
  return chosen && [chosen.frame.image.n, chosen.positions?.size ?? null, chosen.waits];
};

test('without marks the newest frame is shown', () => {
  assert.equal(shownOf(film(0).frames), null);
  assert.deepEqual(shownOf(film(3).frames, false), [2, null, false]);
});

test('with marks the newest frame whose positions have come, to about 1 ms', () => {
  const { frames } = film(10);
  frames.take({ capture: begun + 33 * 6 + 0.9, rtpTime: 0, marks: [] });
  frames.take({ capture: begun + 33 * 5, rtpTime: 0, marks: [] });
  assert.deepEqual(shownOf(frames), [6, 0, false]);
});

test('positions of a frame in two messages are one', () => {
  const { frames } = film(2);
  for (const number of [1, 2])
    frames.take({ capture: begun + 33, rtpTime: 0, marks: [{ number, shown: true, confidence: 1, x: 0, y: 0, matrix: identity }] });
  assert.deepEqual(shownOf(frames), [1, 2, false]);
});

test('positions that are late by more than 400 ms leave the live picture, and marks wait', () => {
  const { frames } = film(14);
  assert.deepEqual(shownOf(frames), [13, null, true]);
  frames.take({ capture: begun, rtpTime: 0, marks: [] });
  assert.deepEqual(shownOf(frames), [13, null, true]);
  frames.take({ capture: begun + 33 * 2, rtpTime: 0, marks: [] });
  assert.deepEqual(shownOf(frames), [2, 0, false]);
});

test('no more than about half a second is kept, in images that are used again', () => {
  const { frames, made } = film(600);
  assert.ok(frames.frames.length <= 20 && made.count <= 21, `${frames.frames.length} kept, ${made.count} made`);
});

test('a clock that was set back begins anew', () => {
  const { frames } = film(5);
  frames.add(begun - 3_600_000, (image) => { image.n = 100; });
  assert.deepEqual(shownOf(frames), [100, null, true]);
});

const marked = { id: 'm', number: 3, tool: 'arrow', capture: begun * 1000, points: [[0, 0], [10_000, 5000]], text: null, by: 'p', name: 'Dr Yu', hospital: 'h' };
const say = (/** @type {Marks} */ marks, /** @type {unknown[]} */ ...messages) => messages.forEach((one) => marks.take(JSON.stringify(one), 0));
const at = (/** @type {boolean} */ shown) => new Map([[3, { number: 3, shown, confidence: 1, x: 0, y: 0, matrix: identity }]]);

test('a mark waits, is shown, is lost, is back, and is spoken of when that has settled', () => {
  const marks = new Marks();
  /** @type {string[]} */
  const told = [];
  marks.addEventListener('told', (event) => told.push(/** @type {CustomEvent} */ (event).detail.state));
  say(marks, { type: 'begin', tracker: true }, { type: 'added', revision: 1, mark: marked });
  const mark = marks.all.get('m');
  assert.ok(mark && marks.followed);
  assert.deepEqual([mark.state, mark.points], ['waiting', [[0, 0], [1, 0.5]]]);
  for (const [now, shown, state] of /** @type {[number, boolean, string][]} */ ([[5, false, 'waiting'], [10, true, 'shown'], [600, true, 'shown'], [700, false, 'lost'],
    [800, true, 'shown'], [900, false, 'lost'], [1500, false, 'lost'], [1600, true, 'shown'], [2200, true, 'shown']])) {
    marks.place(at(shown), now);
    assert.equal(mark.state, state, `at ${now}`);
  }
  assert.deepEqual(told, ['lost', 'shown'], 'neither its first place nor what lasted for a moment');
});

test('one that does not begin is lost after a while', () => {
  const marks = new Marks();
  say(marks, { type: 'begin', tracker: true }, { type: 'added', revision: 1, mark: marked });
  marks.place(at(false), 1900);
  assert.equal(marks.all.get('m')?.state, 'waiting');
  marks.place(at(false), 2100);
  assert.equal(marks.all.get('m')?.state, 'lost');
});

test('without a tracker all are lost; what it cannot follow says why', () => {
  const marks = new Marks();
  say(marks, { type: 'begin', tracker: true }, { type: 'added', revision: 1, mark: marked });
  marks.place(at(true), 1);
  say(marks, { type: 'tracker', running: false });
  assert.deepEqual([marks.lost.length, marks.followed], [1, false]);
  say(marks, { type: 'tracker', running: true }, { type: 'unfollowed', id: 'm', rule: 'guidance/no-frame' });
  assert.equal(marks.all.get('m')?.rule, 'guidance/no-frame');
});

test('each author has a colour; what is removed is gone; a place that was lost forgets', () => {
  const marks = new Marks();
  say(marks, { type: 'begin', tracker: true }, { type: 'added', mark: marked }, { type: 'added', mark: { ...marked, id: 'n', number: 4, by: 'q', name: 'Dr Lin' } });
  assert.notEqual(marks.colour({ name: 'Dr Yu', hospital: 'h' }), marks.colour({ name: 'Dr Lin', hospital: 'h' }));
  assert.equal(marks.own('p').length, 1);
  say(marks, { type: 'removed', revision: 3, ids: ['m'] });
  assert.deepEqual([...marks.all.keys()], ['n']);
  marks.forget();
  assert.deepEqual([marks.all.size, marks.tracker, marks.followed], [0, null, false]);
});

test('a stroke keeps its corners in as many points as a mark has', () => {
  /** @type {[number, number][]} */
  const stroke = Array.from({ length: 2000 }, (_one, i) => (i < 1000 ? [i / 2000, 0.1] : [0.5, 0.1 + (i - 1000) / 2000]));
  const few = simplify(stroke);
  assert.equal(few.length, 128);
  assert.deepEqual([few[0], few.at(-1)], [stroke[0], stroke.at(-1)]);
  const corner = Math.min(...few.map(([x, y]) => Math.hypot(x - 0.5, y - 0.1)));
  assert.ok(corner < 0.001, `the corner is ${corner} off`);
  assert.deepEqual(toParts([[0, 1], [0.12345, 0.5]]), [[0, 10_000], [1235, 5000]]);
});

test('a mark of which nothing is told is lost in the end, and one that nobody has taken waits', () => {
  const marks = new Marks();
  marks.take(JSON.stringify({ type: 'begin', tracker: true }), 0);
  const told = { id: 'm', number: 3, tool: 'arrow', capture: 1, points: [[0, 0], [1, 1]], by: 'b', name: 'n', hospital: 'h' };
  marks.take(JSON.stringify({ type: 'added', mark: told }), 0);
  marks.expect(/** @type {any} */ ({ ...marks.all.get('m'), id: 'own', number: 0 }));
  marks.place(null, 1900);
  assert.equal(marks.all.get('m')?.state, 'waiting');
  marks.place(null, 2100);
  assert.deepEqual([marks.all.get('m')?.state, marks.all.get('own')?.state], ['lost', 'waiting']);
});
