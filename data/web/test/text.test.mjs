// SPDX-License-Identifier: LGPL-2.1-or-later
// What is left of a text that was typed or pasted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanField, cleanText } from '../src/text.js';

test('what can be kept stays as it is', () => {
  for (const text of ['', 'Dose 5 mg\n\tnot 50', '坎儿井 كارىز 👩‍⚕️', 'a\u202eb\u2069', '\u200f\u200d\ue000\u{e0041}'])
    assert.equal(cleanText(text), text);
});

test('what cannot be kept is left out, and nothing after it', () => {
  assert.equal(cleanText('Dose 5 mg\u0000 is wrong, give 50'), 'Dose 5 mg is wrong, give 50');
  assert.equal(cleanText('a\ud83db\ude00c😀d\ude00\ud83d'), 'abc😀d');
  assert.equal(cleanText('\u0001\u001b[31m\u007f\u0090\ufffe\ufdd0\u{1ffff}'), '[31m');
});

test('every end of a line is one', () => {
  assert.equal(cleanText('a\rb\r\nc\n\rd\u000be\u000cf\u0085g\u2028h\u2029i'), 'a\nb\nc\n\nd\ne\nf\ng\nh\ni');
});

test('a name is of one line and of one direction', () => {
  assert.equal(cleanText('scan\u202egpj.exe\r\nb\tc\u2066d', false), 'scangpj.exe b cd');
});

test('a field is cleaned with the caret where it was', () => {
  const field = {
    localName: 'textarea', value: 'a\u0000b|c\u0000', selectionStart: 3, caret: -1,
    setSelectionRange(start) { this.caret = start; },
  };
  assert.equal(cleanField(field), true);
  assert.equal(field.value, 'ab|c');
  assert.equal(field.caret, 2);
  assert.equal(cleanField(field), false);
});
