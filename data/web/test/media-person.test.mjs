// SPDX-License-Identifier: LGPL-2.1-or-later
// What stands for somebody who is not seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initials } from '../src/media-person.js';

test('initials in three scripts', () => {
  assert.equal(initials('Ada Lovelace'), 'AL');
  assert.equal(initials('Dr. Ada King Lovelace'), 'AL');
  assert.equal(initials('ada'), 'A');
  assert.equal(initials('王小明'), '小明');
  assert.equal(initials('王明'), '王明');
  assert.equal(initials('欧阳娜娜'), '娜娜');
  assert.equal(initials('ئايگۈل تۇرسۇن'), 'ئا\u2009ت');
  assert.equal(initials('阿依古丽·吐尔逊'), '阿吐');
  assert.equal(initials('(Ada) Lovelace'), 'AL');
  assert.equal(initials('Dr.'), 'D');
  for (const none of ['', '  ', null, undefined])
    assert.equal(initials(none), '?');
});
