// SPDX-License-Identifier: LGPL-2.1-or-later
// A list that the hub has cut says so, whatever it is a list of.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemNote, shown } from '../src/components/parts.js';

/** What a page would show, as text. @param {any} content @returns {string} */
const text = (content) => (Array.isArray(content) ? content.map(text).join('')
  : content?.strings ? content.strings.map((/** @type {string} */ part, /** @type {number} */ i) => part + text(content.values[i])).join('')
    : typeof content === 'string' ? content : '');
const list = (/** @type {any} */ value) => text(shown(/** @type {any} */ ({ value }), ({ items }) => items.join()));

test('what is missing from a list is told above it', () => {
  assert.equal(list({ items: ['a', 'b'] }), 'a,b');
  assert.match(list({ items: ['a', 'b'], more: true }), /role="status">There is more than can be listed here\..*a,b$/s);
});

test('what a worker refuses is shown as what the hub refuses', () => {
  assert.match(text(problemNote({ message: 'The offer cannot be read', rule: 'rtc/sdp' })), /The offer cannot be read.*rtc\/sdp/s);
  assert.match(text(problemNote({ message: 'No', accepted: 'An offer' })), /No.*An offer/s);
});
