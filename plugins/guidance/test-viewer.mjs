// SPDX-License-Identifier: LGPL-2.1-or-later
// A full picture at an expert's page: how far it is, which part of it is seen, and lengths in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fitted } from './web/guidance-camera.js';
import { clip, isLine, lengthOf, millimetres, placesOf, readSize } from './web/guidance-measure.js';
import { Showing, titleOf } from './web/guidance-showing.js';
import { Stills, patience } from './web/guidance-stills.js';
import { View } from './web/guidance-view.js';

/** @typedef {[number, number]} Point */
const line = (/** @type {number} */ x0, /** @type {number} */ y0, /** @type {number} */ x1, /** @type {number} */ y1) =>
  ({ from: /** @type {Point} */ ([x0, y0]), to: /** @type {Point} */ ([x1, y1]) });

test('a length is to the known one as their pixels', () => {
  const known = { line: line(100, 100, 100, 350), mm: 25 };
  assert.equal(millimetres(line(0, 0, 30, 40), known), 5);
  assert.equal(millimetres(known.line, known), 25);
  assert.equal(millimetres(line(0, 0, 30, 40), null), null);
});

test('nothing is measured by a line without length', () => {
  for (const none of [line(5, 5, 5, 5), line(0, 0, 2, 3)]) {
    assert.equal(isLine(none), false);
    assert.equal(millimetres(line(0, 0, 30, 40), { line: none, mm: 25 }), null);
  }
  assert.equal(isLine(line(0, 0, 0, 4)), true);
});

test('points are within the picture, and never NaN', () => {
  const picture = { width: 4000, height: 3000 };
  assert.deepEqual(clip([-1, 3001], picture), [0, 3000]);
  assert.deepEqual(clip([12.5, 7], picture), [12.5, 7]);
  const odd = [NaN, Infinity, -Infinity, -0.5, 1e308];
  for (const x of odd)
    for (const y of odd) {
      const at = clip([x, y], picture);
      assert.ok(at.every((one, i) => one >= 0 && one <= (i ? picture.height : picture.width)), `${x}, ${y}: ${at}`);
      assert.ok(Number.isFinite(lengthOf({ from: at, to: [0, 0] })));
    }
  for (const mm of [NaN, Infinity])
    assert.equal(millimetres(line(0, 0, 30, 40), { line: line(0, 0, 10, 0), mm }), null);
});

test('a size is read as it is typed, and what is none is refused', () => {
  for (const [text, mm] of /** @type {[string, number][]} */ ([['25', 25], [' 18,5 ', 18.5], ['0.1', 0.1], ['10000', 10_000], ['7.125', 7.125]]))
    assert.equal(readSize(text), mm, text);
  for (const text of ['', '0', '-1', '1e3', 'NaN', 'Infinity', '10001', '0.05', '1.2.3', '25 mm', '1,000,0', '٢٥'])
    assert.equal(readSize(text), null, text);
});

test('one decimal is said below 100 mm', () => {
  assert.deepEqual([0.4, 12.34, 99.94, 99.96, 100, 250].map((mm) => mm.toFixed(placesOf(mm))), ['0.4', '12.3', '99.9', '100', '100', '250']);
});

/** @param {number} width @param {number} height @param {Point} room */
function view(width, height, room) {
  const made = new View({ width, height });
  made.resize(...room);
  return made;
}

test('a picture is whole at first, and stays so in another room', () => {
  const one = view(4000, 3000, [1000, 600]);
  assert.equal(one.scale, 0.2);
  assert.deepEqual(one.corner, [100, 0]);
  one.resize(500, 300);
  assert.equal(one.scale, 0.1);
  assert.ok(view(640, 360, [1280, 720]).scale === 2, 'a small one fills the room');
});

test('what is under the pointer stays there while it zooms', () => {
  const one = view(4000, 3000, [1000, 600]);
  const at = /** @type {Point} */ ([700, 200]);
  one.zoomTo(1);
  const before = one.pointAt(at);
  for (let i = 0; i < 4; i++)
    one.zoom(1.3, at);
  const after = one.pointAt(at);
  assert.ok(Math.hypot(after[0] - before[0], after[1] - before[1]) * one.scale < 4, `${before} is ${after}`);
});

test('at 100 % a pixel is a pixel, and nobody passes by it', () => {
  const one = view(4000, 3000, [1000, 600]);
  const scales = [];
  for (let i = 0; i < 10; i++) {
    one.zoom(Math.SQRT2);
    scales.push(one.scale);
  }
  assert.ok(scales.includes(1), `${scales}`);
  one.zoomTo(1);
  assert.ok(one.corner.every(Number.isInteger));
  for (let i = 0; i < 4; i++)
    one.zoom(Math.SQRT2);
  assert.ok(Math.abs(one.scale - 4) < 1e-9);
  for (let i = 0; i < 4; i++)
    one.zoom(1 / Math.SQRT2);
  assert.equal(one.scale, 1);
});

test('it goes no nearer than 16 times, no farther than whole, and not away', () => {
  const one = view(4000, 3000, [1000, 600]);
  one.zoom(1e9);
  one.zoom(1e9);
  assert.equal(one.scale, 16);
  one.pan(1e9, 1e9);
  assert.deepEqual(one.corner, [0, 0]);
  one.pan(-1e9, -1e9);
  assert.deepEqual(one.corner, [1000 - 64_000, 600 - 48_000]);
  one.zoom(1e-9);
  one.zoom(1e-9);
  assert.equal(one.scale, 0.2);
  one.zoom(NaN);
  assert.ok(Number.isFinite(one.scale) && one.corner.every(Number.isFinite));
  assert.equal(view(100, 100, [1000, 600]).farthest, 1, 'a small one need not fill the room');
});

test('what the crosshair is at comes to be seen', () => {
  const one = view(4000, 3000, [1000, 600]);
  one.zoomTo(1);
  one.reveal([3990, 10], 40);
  const [x, y] = one.placeOf([3990, 10]);
  assert.ok(x >= 0 && x <= 1000 && y >= 0 && y <= 600, `${x}, ${y}`);
});

test('what is sent has at most 12 megapixels, in its shape', () => {
  assert.deepEqual(fitted(640, 360), { width: 640, height: 360 });
  const { width, height } = fitted(9248, 6936);
  assert.ok(width * height <= 12_000_000 && width * height > 11_900_000);
  assert.ok(Math.abs(width / height - 9248 / 6936) < 0.001);
  assert.deepEqual(fitted(100_000_000, 1, 100), { width: 100, height: 1 });
});

const say = (/** @type {Stills} */ stills, /** @type {unknown} */ message) => stills.take(JSON.stringify(message), 0);
const rest = () => new Promise((done) => setImmediate(done));

/** @param {Map<string, any>} there what can be read */
function watched(there) {
  const read = /** @type {string[]} */ ([]);
  const told = /** @type {string[]} */ ([]);
  const stills = new Stills({
    fetch: async (id) => { read.push(id); return there.get(id) ?? null; },
    coming: () => told.push('coming'), opened: () => told.push('opened'),
    failed: (_still, late) => told.push(late ? 'late' : 'failed'), refused: ({ rule }) => told.push(rule),
  });
  return { stills, read, told };
}
/** A clock that a test turns. */
function fakeTimers() {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  /** @type {Map<number, {at: number, func: () => void}>} */
  const waiting = new Map();
  let [now, last] = [0, 0];
  const fakes = {
    setTimeout: (/** @type {() => void} */ func, /** @type {number} */ ms) => { waiting.set(++last, { at: now + ms, func }); return last; },
    clearTimeout: (/** @type {number} */ id) => waiting.delete(id),
  };
  Object.assign(globalThis, fakes);
  return {
    restore: () => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }),
    pass: (/** @type {number} */ ms) => {
      now += ms;
      for (const [id, { at, func }] of waiting)
        if (at <= now) {
          waiting.delete(id);
          func();
        }
    },
  };
}
const image = () => ({ closed: false, close() { this.closed = true; } });

test('one’s own is asked for, comes, and is shown once it can be read', async () => {
  const there = new Map();
  const { stills, told } = watched(there);
  stills.add('a', 'me', true, 0);
  say(stills, { type: 'asked', id: 'a', by: 'me' });
  assert.equal(stills.waiting?.state, 'asked');
  say(stills, { type: 'coming', id: 'a' });
  await rest();
  assert.equal(stills.open, null, 'it is not here yet');
  there.set('a', image());
  stills.look();
  await rest();
  assert.equal(stills.open?.id, 'a');
  assert.equal(stills.waiting, null);
  assert.deepEqual(told, ['coming', 'opened']);
  stills.forget();
  assert.equal(there.get('a').closed, true);
});

test('one that comes while it is answered that it is not here is read again, once', async () => {
  /** @type {((image: any) => void)[]} */
  const answers = [];
  const stills = new Stills({ fetch: () => new Promise((answer) => { answers.push(answer); }), coming: () => {}, opened: () => {}, failed: () => {}, refused: () => {} });
  stills.add('a', 'me', true, 0);
  say(stills, { type: 'coming', id: 'a' });
  stills.arrived('a');
  stills.look();
  assert.equal(answers.length, 1);
  answers[0]?.(null);
  await rest();
  assert.equal(answers.length, 2);
  answers[1]?.(null);
  await rest();
  assert.equal(answers.length, 2);
  stills.forget();
});

test('another’s is offered, and read when somebody wants it', async () => {
  const { stills, read } = watched(new Map([['b', image()], ['c', image()]]));
  say(stills, { type: 'asked', id: 'b', by: 'other' });
  assert.equal(stills.offered.length, 0);
  say(stills, { type: 'coming', id: 'b' });
  stills.arrived('b');
  stills.arrived('nobody’s');
  await rest();
  assert.deepEqual([stills.offered.map(({ id }) => id), read, stills.open], [['b'], [], null]);
  stills.want(/** @type {any} */ (stills.all.get('b')));
  await rest();
  assert.equal(stills.open?.id, 'b');
  const first = stills.open?.image;
  say(stills, { type: 'asked', id: 'c', by: 'other' });
  say(stills, { type: 'coming', id: 'c' });
  stills.want(/** @type {any} */ (stills.all.get('c')));
  await rest();
  assert.equal(stills.open?.id, 'c');
  assert.equal(/** @type {any} */ (first).closed, true, 'one at a time');
  stills.forget();
});

test('one that fails, is refused, or is not heard of is waited for no more', () => {
  const timers = fakeTimers();
  const { stills, told } = watched(new Map());
  stills.add('a', 'me', true, 0);
  say(stills, { type: 'failed', id: 'a' });
  assert.equal(stills.waiting, null);
  stills.add('b', 'me', true, 0);
  say(stills, { type: 'refused', id: 'b', rule: 'guidance/no-site', message: 'x', accepted: null });
  assert.deepEqual([stills.waiting, stills.all.has('b')], [null, false]);
  stills.add('c', 'me', true, 0);
  timers.pass(patience.asked - 1);
  assert.ok(stills.waiting);
  timers.pass(2);
  assert.equal(stills.waiting, null);
  stills.add('d', 'me', true, 0);
  say(stills, { type: 'coming', id: 'd' });
  timers.pass(patience.asked + 1);
  assert.ok(stills.waiting, 'a slow way is waited for');
  timers.pass(patience.coming);
  assert.equal(stills.waiting, null);
  assert.deepEqual(told, ['failed', 'guidance/no-site', 'late', 'coming', 'late']);
  say(stills, { type: 'coming', id: 'unknown' });
  stills.forget();
  timers.restore();
});

test('a page is read from its top, as wide as there is room, also when that changes', () => {
  const view = new View({ width: 1000, height: 1400 });
  view.resize(500, 400);
  view.showWidth();
  assert.deepEqual([view.scale, view.corner], [0.5, [0, 0]]);
  view.pan(0, -100);
  view.resize(800, 600);
  assert.equal(view.scale, 0.8);
  assert.deepEqual(view.pointAt([0, 0]).map(Math.round), [0, 200], 'the same line is at the top');
  // Not nearer than its own pixels, nor so near that nobody knows where they are.
  view.resize(2000, 1400);
  assert.equal(view.scale, 1);
  view.resize(500, 100);
  assert.ok(Math.abs(view.scale - (3 * 100) / 1400) < 1e-9);
  view.zoom(2);
  const { scale } = view;
  view.resize(600, 120);
  assert.equal(view.scale, scale, 'who has zoomed stays so near');
});

/** @param {Partial<import('./web/guidance-showing.js').Document>} [change] */
const shown = (change) => JSON.stringify({ type: 'showing', document: { id: 'd', title: 'x', pages: ['one', 'two'], page: 0, seen: false, by: 'b', at: 1, ...change } });

test('a document: the page that is wanted and here is looked at, and nothing of it is kept', async () => {
  /** @type {Map<string, any>} */
  const here = new Map();
  const closed = /** @type {string[]} */ ([]);
  const seen = /** @type {[string, number][]} */ ([]);
  const asked = /** @type {string[]} */ ([]);
  const showing = new Showing({
    fetch: async (id) => {
      asked.push(id);
      return here.has(id) ? /** @type {any} */ ({ width: 1, height: 1, close: () => closed.push(id) }) : null;
    },
    seen: ({ id }, page) => seen.push([id, page]),
  });
  const settled = () => new Promise((done) => { setTimeout(done, 0); });
  let begun = 0;
  showing.addEventListener('begin', () => begun++);
  showing.take(shown());
  await settled();
  assert.deepEqual([asked, begun], [[], 1], 'nobody looks at it: no reading');
  showing.want(true);
  await settled();
  assert.deepEqual([asked, showing.view], [['one'], null], 'it is not here yet');
  here.set('one', 1).set('two', 1);
  showing.look();
  await settled();
  showing.look();
  await settled();
  assert.deepEqual([asked, showing.view?.id, seen], [['one', 'one'], 'one', [['d', 0]]]);
  showing.take(shown({ seen: true }));
  await settled();
  assert.deepEqual([asked.length, closed], [2, []], 'the same page is read once');
  showing.take(shown({ page: 1 }));
  assert.deepEqual(closed, ['one']);
  await settled();
  assert.deepEqual([showing.view?.id, seen.at(-1), begun], ['two', ['d', 1], 1]);
  // Turned away while it is read: what comes is let go.
  showing.take(shown({ page: 0 }));
  showing.take(shown({ page: 1 }));
  await settled();
  assert.equal(showing.view?.id, 'two');
  showing.take(JSON.stringify({ type: 'showing', document: null }));
  assert.deepEqual([showing.view, showing.page, begun], [null, '', 2]);
  assert.equal(closed.length, asked.length - 1, 'all but the one that was not here');
});

test('pages that are turned fast are read one at a time, and one that came meanwhile is looked for again', async () => {
  /** @type {{id: string, signal: AbortSignal, answer: (image: any) => void}[]} */
  const reading = [];
  let closed = 0;
  const image = () => ({ width: 1, height: 1, close: () => closed++ });
  const showing = new Showing({
    fetch: (id, signal) => new Promise((answer, fail) => {
      reading.push({ id, signal, answer });
      signal?.addEventListener('abort', () => id === 'two' && fail(new Error('aborted')));
    }),
    seen: () => {},
  });
  const settled = () => new Promise((done) => { setTimeout(done, 0); });
  const open = () => reading.filter(({ signal }) => !signal.aborted).map(({ id }) => id);
  showing.want(true);
  for (let i = 0; i <= 100; i++)
    showing.take(shown({ page: i % 2 }));
  assert.deepEqual(open(), ['one']);
  // Even an answer that was on its way already is let go.
  reading[0]?.answer(image());
  await settled();
  assert.deepEqual([showing.view, closed], [null, 1]);
  // It comes while it is answered that it is not here.
  showing.look();
  assert.deepEqual(open(), ['one']);
  reading.at(-1)?.answer(null);
  await settled();
  assert.deepEqual(open(), ['one', 'one']);
  reading.at(-1)?.answer(image());
  await settled();
  assert.equal(showing.view?.id, 'one');
  showing.take(shown({ page: 1 }));
  const last = reading.at(-1);
  showing.forget();
  assert.ok(last?.signal.aborted, 'nor is anything read on once the session is over');
});

test('a title is a name of one line', () => {
  assert.equal(titleOf('Limb  bleeding.v2.pdf.jpeg'), 'Limb bleeding.v2.pdf');
  assert.equal(titleOf('a\u202e\u0000b\nc.png'), 'a b c');
  assert.equal(titleOf('.png'), '');
  assert.equal([...titleOf(`${'🩹'.repeat(300)}.png`)].length, 200);
});
