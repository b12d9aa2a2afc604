// SPDX-License-Identifier: LGPL-2.1-or-later
// A double tap whose second half lands on something else.

import assert from 'node:assert/strict';
import { test } from 'node:test';

class Element extends EventTarget {
  /** @param {string} name @param {string} [text] @param {Element} [control] of a label */
  constructor(name, text = '', control = undefined) {
    super();
    Object.assign(this, { name, textContent: text, control });
  }

  closest() { return this.name === 'p' ? null : this; }
}
class HTMLLabelElement extends Element {}
class HTMLButtonElement extends Element {}
Object.assign(globalThis, { Element, HTMLLabelElement, HTMLButtonElement });
const { guardTaps } = await import('../src/taps.js');

/** Which of these clicks are heard. @param {[Element | string, number?, number?, number?, number?][]} taps target, ms, x, y, detail; or another event */
function heard(...taps) {
  /** @type {Record<string, (event?: any) => void>} */
  const hears = {};
  guardTaps({ addEventListener: (type, listener, capture) => { assert.equal(capture, true); hears[type] = listener; } });
  return taps.map(([target, timeStamp, clientX, clientY, detail = 1]) => {
    if (typeof target === 'string') {
      hears[target]();
      return true;
    }
    const stopped = { default: false, others: false };
    hears.click({
      target, timeStamp, clientX, clientY, detail,
      preventDefault: () => { stopped.default = true; }, stopImmediatePropagation: () => { stopped.others = true; },
    });
    assert.equal(stopped.default, stopped.others);
    return !stopped.others;
  });
}

const join = new HTMLButtonElement('button', 'Join');
const start = new HTMLButtonElement('button', 'Start');
const text = new Element('p');

test('the second tap of two does nothing where the first has put something else', () => {
  assert.deepEqual(heard([join, 1000, 50, 50], [start, 1200, 55, 48]), [true, false]);
  assert.deepEqual(heard([join, 1000, 50, 50], [start, 1200, 55, 48], [start, 1500, 52, 48]), [true, false, false], 'nor does a third');
  assert.deepEqual(heard([join, 1000, 50, 50], [text, 1200, 50, 50], [start, 1400, 50, 50]), [true, false, false], 'by way of nothing');
  assert.deepEqual(heard([join, 1000, 50, 50], [start, 1401, 50, 50]), [true, true], 'later it is meant');
  assert.deepEqual(heard([join, 1000, 50, 50], [start, 1100, 50, 90]), [true, true], 'elsewhere, too');
});

test('a button that becomes another one under the finger is another one', () => {
  let word = 'Mute';
  const changing = Object.defineProperty(new HTMLButtonElement('button'), 'textContent', { get: () => { const said = word; word = 'Unmute'; return said; } });
  assert.deepEqual(heard([changing, 1000, 50, 50], [changing, 1200, 50, 50]), [true, false]);
});

test('the same thing twice, who missed it first, keys and scripts, and a label with its control are heard', () => {
  const next = new HTMLButtonElement('button', 'Next day');
  assert.deepEqual(heard([next, 1000, 50, 50], [next, 1100, 50, 50], [next, 1200, 50, 50]), [true, true, true]);
  assert.deepEqual(heard([text, 1000, 50, 50], [start, 1200, 50, 60]), [true, true]);
  assert.deepEqual(heard([join, 1000, 50, 50], [start, 1100, 50, 50, 0]), [true, true]);
  for (const typed of ['input', 'keydown'])
    assert.deepEqual(heard([join, 1000, 50, 50], [typed], [start, 1200, 50, 50]), [true, true, true], typed);
  const box = new Element('input');
  assert.deepEqual(heard([new HTMLLabelElement('label', 'Muted', box), 1000, 50, 50], [box, 1000, 50, 50]), [true, true]);
});
