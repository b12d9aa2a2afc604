// SPDX-License-Identifier: LGPL-2.1-or-later
// What is about a patient is fetched for somebody who looks at it, and by no page behind others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Loader } from '../src/components/element.js';
import { live } from '../src/live.js';

/** A page of a browser. @type {any} */
const page = new EventTarget();
page.visibilityState = 'visible';
globalThis.document = page;
const show = (visible) => {
  page.visibilityState = visible ? 'visible' : 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
};

/** @param {boolean} seen */
function loader(seen) {
  let asked = 0;
  const host = /** @type {any} */ ({ addController() {}, requestUpdate() {} });
  const made = new Loader(host, async () => ++asked, 'booking');
  return { made: seen ? made.whenSeen() : made, asked: () => asked };
}

const touch = () => live.dispatchEvent(Object.assign(new Event('touched'), { detail: new Set(['booking']) }));

test('a page that nobody sees reads nothing until it is seen', async () => {
  const { made, asked } = loader(true);
  show(false);
  made.hostConnected();
  touch();
  touch();
  assert.equal(asked(), 0);
  show(true);
  assert.equal(asked(), 1, 'once, when it comes to the front');
  show(false);
  show(true);
  assert.equal(asked(), 1, 'nothing changed meanwhile');
  touch();
  assert.equal(asked(), 2);
  show(false);
  made.hostDisconnected();
  touch();
  show(true);
  assert.equal(asked(), 2, 'gone from the page');
});

test('what only tells that something waits is fetched in any page', () => {
  const { made, asked } = loader(false);
  show(false);
  made.hostConnected();
  touch();
  assert.equal(asked(), 2);
  made.hostDisconnected();
});
