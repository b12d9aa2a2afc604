// SPDX-License-Identifier: LGPL-2.1-or-later
// A picture that stands still is found, with since when; what is off, or has just come, is none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stillness, countFrames } from '../src/media-still.js';

/** @param {Record<string, boolean>} on @param {string} [of] whose tracks */
const person = (on, of = 'a') => /** @type {any} */ ({ tracks: Object.fromEntries(Object.keys(on).map((source) => [source, { id: `${of} ${source}` }])), on });
/** @param {Stillness} still @param {any} people @param {Record<string, number>} counts @param {number} now */
const look = (still, people, counts, now) => still.look(new Map(Object.entries(people)), new Map(Object.entries(counts)), now);

test('a face that stops is told within 1.2 s, with since when, and once it moves no more', () => {
  const still = new Stillness();
  const people = { a: person({ camera: true, microphone: true }) };
  for (let at = 0; at <= 1000; at += 250)
    assert.equal(look(still, people, { 'a camera': at / 50, 'a microphone': at / 20 }, at), false);
  assert.equal(look(still, people, { 'a camera': 20, 'a microphone': 60 }, 1800), false, 'most of a second without a picture is borne');
  assert.equal(look(still, people, { 'a camera': 20, 'a microphone': 110 }, 2000), true);
  assert.deepEqual(still.since.get('a'), { camera: 1000 });
  assert.equal(look(still, people, { 'a camera': 20, 'a microphone': 110 }, 2800), false, 'nothing new');
  assert.equal(look(still, people, { 'a camera': 20, 'a microphone': 110 }, 3000), true);
  assert.deepEqual(still.since.get('a'), { camera: 1000, microphone: 2000 });
  assert.equal(look(still, people, { 'a camera': 21, 'a microphone': 111 }, 3200), true);
  assert.equal(still.since.size, 0);
});

test('what is off is not missed; what comes on has its time', () => {
  const still = new Stillness();
  look(still, { a: person({ camera: true }) }, { 'a camera': 5 }, 0);
  look(still, { a: person({ camera: false }) }, { 'a camera': 5 }, 5000);
  assert.equal(still.since.size, 0);
  look(still, { a: person({ camera: true }) }, { 'a camera': 5 }, 9000);
  look(still, { a: person({ camera: true }) }, { 'a camera': 5 }, 9800);
  assert.equal(still.since.size, 0);
  look(still, { a: person({ camera: true }) }, { 'a camera': 5 }, 10_000);
  assert.deepEqual(still.since.get('a'), { camera: 9000 });
});

test('a place that another person has now is not theirs to have stood still', () => {
  const still = new Stillness();
  look(still, { a: person({ camera: true }) }, { 'a camera': 5 }, 0);
  look(still, { a: person({ camera: true }) }, { 'a camera': 5 }, 2000);
  assert.equal(still.since.has('a'), true);
  look(still, { b: person({ camera: true }) }, { 'a camera': 5 }, 2250);
  assert.equal(still.since.size, 0);
});

test('a screen on which nothing moves is no fault, one whose sharer stopped is', () => {
  const still = new Stillness();
  const people = { a: person({ camera: true, screen: true }) };
  look(still, people, { 'a camera': 1, 'a screen': 1 }, 0);
  look(still, people, { 'a camera': 2, 'a screen': 1 }, 2000);
  assert.equal(still.since.size, 0);
  look(still, people, { 'a camera': 2, 'a screen': 1 }, 3000);
  assert.deepEqual(still.since.get('a'), { camera: 2000, screen: 2000 });
});

test('frames of pictures and packets of speech are counted', () => {
  assert.deepEqual([...countFrames([
    { type: 'inbound-rtp', kind: 'video', trackIdentifier: 'v', framesDecoded: 7, packetsReceived: 90 },
    { type: 'inbound-rtp', kind: 'audio', trackIdentifier: 'a', packetsReceived: 50 },
    { type: 'outbound-rtp', kind: 'video', trackIdentifier: 'o' }, { type: 'inbound-rtp', kind: 'video', trackIdentifier: 'n' },
  ])], [['v', 7], ['a', 50], ['n', 0]]);
});

test('what is not sent is not missed, and has its time when it is sent again', () => {
  const still = new Stillness();
  const people = new Map([['a', person({ camera: true, microphone: true })]]);
  /** @param {number} now @param {import('../src/media-still.js').Source[]} expected */
  const see = (now, expected) => still.look(people, new Map([['a camera', 5], ['a microphone', now]]), now, expected);
  see(0, ['camera', 'microphone']);
  see(800, ['microphone']);
  see(60_000, ['microphone']);
  see(60_200, ['camera', 'microphone']);
  see(61_000, ['camera', 'microphone']);
  assert.equal(still.since.size, 0);
  see(61_200, ['camera', 'microphone']);
  assert.deepEqual(still.since.get('a'), { camera: 60_200 });
});
