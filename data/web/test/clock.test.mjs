// SPDX-License-Identifier: LGPL-2.1-or-later
// What time it is, whatever the computer's own clock says.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const minute = 60_000;
const real = { now: Date.now, ticks: performance.now.bind(performance) };
/** The world: what time it truly is, how far the PC is off, and how long its counter stood still. */
const world = { at: Date.parse('2026-11-24T06:26:00Z'), off: 0, slept: 0 };
const begun = world.at;
Date.now = () => world.at + world.off;
performance.now = () => world.at - begun - world.slept;
const { clockOff, hasJumped, hubNow, isDoubtful, takeTime, ticks } = await import('../src/time.js');

/** Asks the hub, which answers after `rtt` ms. */
function ask(rtt = 0) {
  const asked = ticks();
  world.at += rtt / 2;
  const told = new Date(world.at).toISOString();
  world.at += rtt / 2;
  takeTime(told, asked);
}

beforeEach(() => {
  world.off = 0;
  hasJumped();
  ask();
});

for (const [what, off] of /** @type {[string, number][]} */ ([['right', 0], ['2 h slow', -120 * minute], ['25 min fast', 25 * minute], ['a year fast', 525_600 * minute]]))
  test(`a clock that is ${what} shows the hub's time`, () => {
    world.off = off;
    hasJumped();
    ask(200);
    assert.ok(Math.abs(hubNow() - world.at) <= 1, `${hubNow() - world.at} ms off`);
    assert.equal(Math.round(clockOff() / minute), off / minute);
    world.at += 41 * minute;
    assert.ok(Math.abs(hubNow() - world.at) <= 1);
  });

test('a clock that is set while the page is open changes nothing', () => {
  world.off = 3 * 60 * minute;
  assert.ok(Math.abs(hubNow() - world.at) <= 1);
  assert.equal(clockOff(), 0, 'nor before it was noticed');
  assert.equal(hasJumped(), true);
  assert.equal(isDoubtful(), true);
  assert.equal(clockOff(), 0, 'it is not said before the hub was asked');
  assert.equal(hasJumped(), false, 'the same jump is told once');
  ask(40);
  assert.equal(isDoubtful(), false);
  assert.ok(Math.abs(hubNow() - world.at) <= 1);
  assert.equal(Math.round(clockOff() / minute), 180);
});

test('a computer that slept asks, and knows the time again', () => {
  world.at += 8 * 60 * minute;
  world.slept += 8 * 60 * minute;
  assert.ok(Math.abs(hubNow() - world.at + 8 * 60 * minute) <= 1, 'the counter stood still');
  assert.equal(hasJumped(), true);
  ask(900);
  assert.ok(Math.abs(hubNow() - world.at) <= 1);
  assert.equal(clockOff(), 0);
});

test('a slow answer does not move a time that was measured better', () => {
  ask(10);
  const asked = ticks();
  const told = new Date(world.at).toISOString(); // all of the way is the way back
  world.at += 4000;
  takeTime(told, asked);
  assert.ok(Math.abs(hubNow() - world.at) <= 1);
  takeTime('no time', ticks());
  takeTime(undefined, ticks());
  assert.ok(Math.abs(hubNow() - world.at) <= 1);
});

test('a hub whose own clock was set is followed', () => {
  takeTime(new Date(world.at + 5 * minute).toISOString(), ticks());
  assert.ok(Math.abs(hubNow() - world.at - 5 * minute) <= 1);
});

test('nothing but time.js asks the computer what time it is', () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
  const of = (/** @type {string} */ folder) => readdirSync(join(root, folder), { withFileTypes: true });
  /** @type {(folder: string) => string[]} */
  const scripts = (folder) => of(folder).flatMap((one) => (one.isDirectory() ? scripts(join(folder, one.name))
    : one.name.endsWith('.js') ? [join(folder, one.name)] : []));
  const all = [...scripts('data/web/src'), ...of('plugins').filter((one) => one.isDirectory())
    .flatMap((one) => (of(join('plugins', one.name)).some((inside) => inside.name === 'web') ? scripts(join('plugins', one.name, 'web')) : []))];
  assert.ok(all.length > 50, `only ${all.length} scripts`);
  const bare = /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(\(\s*\)|(?!\s*\())|(?<!new\s+|\.|\w)Date\s*\(|\bperformance\s*\.\s*timeOrigin\b/;
  const found = all.filter((file) => relative('data/web/src', file) !== 'time.js').flatMap((file) =>
    readFileSync(join(root, file), 'utf8').split('\n').map((line, i) => (bare.test(line.replace(/(^|\s)\/\/.*|\/\*\*.*\*\//, '')) ? `${file}:${i + 1}` : '')).filter(Boolean));
  assert.deepEqual(found, []);
});

test('the clocks of this test are put back', () => {
  Date.now = real.now;
  performance.now = real.ticks;
});
