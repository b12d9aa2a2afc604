// SPDX-License-Identifier: LGPL-2.1-or-later
// Words that plugins bring, beside the desk's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCheckNames, checkName, rolesAt } from '../src/words.js';

test('a plugin names its checks, and none of the hub\u2019s', () => {
  assert.equal(checkName('sonar.probe'), '');
  addCheckNames({ 'sonar.probe': 'Probe', 'link.up': 'Cable' });
  assert.equal(checkName('sonar.probe'), 'Probe');
  assert.equal(checkName('link.up'), 'Link between the hospitals');
  assert.equal(checkName('constructor'), '');
});

test('roles of one hospital are offered at that one alone', () => {
  const modality = /** @type {any} */ ({ roles: ['surgeon', 'bedside', 'observer'], host_roles: ['surgeon'], mirror_roles: ['bedside'] });
  assert.deepEqual(rolesAt(modality, true), ['surgeon', 'observer']);
  assert.deepEqual(rolesAt(modality, false), ['bedside', 'observer']);
});
