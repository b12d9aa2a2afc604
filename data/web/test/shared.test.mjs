// SPDX-License-Identifier: LGPL-2.1-or-later
// One module has all of Lit: `export *` leaves out, without a word, what two parts call the same.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as whole from '../src/shared/lit.js';

test('nothing of a part of Lit is missing', async () => {
  const text = await readFile(new URL('../src/shared/lit.js', import.meta.url), 'utf8');
  const parts = [...text.matchAll(/from '([^']+)'/g)].map(([, part]) => part);
  assert.ok(parts.includes('lit') && parts.includes('lit/directives/repeat.js'));
  for (const part of parts) {
    const own = await import(part);
    for (const name of Object.keys(own))
      assert.equal(whole[name], own[name], `${name} of ${part}`);
  }
});
