// SPDX-License-Identifier: LGPL-2.1-or-later
// Single keys on any layout, and when they do not act.

import assert from 'node:assert/strict';
import { test } from 'node:test';

/** @type {Record<string, string>} */
const kept = {};
let asked = false;
class Element {
  /** @param {boolean} writes */
  constructor(writes) { this.writes = writes; }

  closest() { return this.writes ? this : null; }
}
Object.assign(globalThis, {
  Element,
  document: { querySelector: () => (asked ? {} : null) },
  localStorage: { getItem: (name) => kept[name] ?? null, setItem: (name, value) => { kept[name] = value; }, removeItem: (name) => { delete kept[name]; } },
});
const { isSingle, keyOf, singleKey, singleKeys, useSingleKeys } = await import('../src/keys.js');

test('a key means what it writes, else what stands there', () => {
  /** @type {[string, string, string, string][]} layout, key, code, meant */
  const keys = [
    ['English', 'n', 'KeyN', 'n'], ['English, caps', 'N', 'KeyN', 'n'], ['English', '/', 'Slash', '/'], ['English', '?', 'Slash', '?'],
    ['French', 'a', 'KeyQ', 'a'], ['French', 'q', 'KeyA', 'q'], ['Dvorak', 'n', 'KeyL', 'n'], ['German', '/', 'Digit7', '/'],
    ['Uyghur', 'ن', 'KeyN', 'n'], ['Uyghur', 'ې', 'KeyE', 'e'], ['Uyghur', 'ا', 'KeyA', 'a'], ['Uyghur', 'لا', 'KeyB', 'b'],
    ['Uyghur', 'ئ', 'Slash', '/'], ['Uyghur', '؟', 'Slash', '?'],
    ['Russian', 'т', 'KeyN', 'n'], ['Russian', 'у', 'KeyE', 'e'], ['Russian, caps', 'У', 'KeyE', 'e'], ['Kazakh', 'ь', 'KeyM', 'm'],
    ['Russian', '.', 'Slash', '.'], ['Russian', 'ю', 'Period', ''],
    ['full-width', 'ｎ', 'KeyN', 'n'], ['full-width', 'Ｅ', 'KeyE', 'e'], ['full-width', '／', 'Slash', '/'], ['full-width', '？', 'Slash', '?'],
    ['Pinyin', 'Process', 'KeyN', 'n'], ['Pinyin', 'Process', 'Space', ''], ['an old one', 'Unidentified', 'KeyE', 'e'],
    ['Bopomofo', 'ㄙ', 'KeyN', 'n'], ['Turkish', 'ı', 'KeyI', 'i'], ['French', 'é', 'Digit2', ''],
    ['any', 'Enter', 'Enter', ''], ['any', 'F5', 'F5', ''], ['any', ' ', 'Space', ''], ['any', 'Dead', 'KeyE', ''], ['any', '€', 'KeyE', ''],
    ['any', 'ArrowUp', 'ArrowUp', ''], ['any', 'Tab', 'Tab', ''],
  ];
  for (const [layout, key, code, meant] of keys)
    assert.equal(keyOf({ key, code, shiftKey: key === '?' }), meant, `${layout}: ${key} at ${code}`);
  assert.equal(keyOf({ key: 'ئ', code: 'Slash', shiftKey: true }), '?');
});

/** @param {Record<string, unknown>} [of] */
const press = (of = {}) => singleKey(/** @type {any} */ ({ key: 'n', code: 'KeyN', composedPath: () => [new Element(Boolean(of.writes))], ...of }));

test('a key that belongs to something else does not act', () => {
  assert.equal(press(), 'n');
  for (const why of ['writes', 'isComposing', 'repeat', 'ctrlKey', 'metaKey', 'altKey', 'defaultPrevented'])
    assert.equal(press({ [why]: true }), '', why);
  assert.equal(press({ getModifierState: (/** @type {string} */ name) => name === 'AltGraph' }), '');
  asked = true;
  assert.equal(press(), '', 'somebody is asked something');
  asked = false;
});

test('single keys are turned off in a browser, and on again', () => {
  assert.equal(singleKeys(), true);
  useSingleKeys(false);
  assert.equal(singleKeys(), false);
  assert.equal(press(), '');
  useSingleKeys(true);
  assert.equal(press(), 'n');
  assert.deepEqual(['A', '/', '?', 'Ctrl ↵', 'Esc', '↵', '← → ↑ ↓'].map(isSingle), [true, true, true, false, false, false, false]);
});
