// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom the invitation to a session is offered for, and what is said of the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidateChoices, candidatesLeftOut, nobodyToInvite } from '../src/components/candidates.js';

const doctor = { person: 'd', names: { en: 'Li Na' }, title: { en: 'Dermatologist' }, roles: ['consultant', 'observer'] };
const desk = { person: 'k', names: { en: 'Wang' }, roles: ['observer'] };
const accounts = ['desk', 'clinician'];

test('each is offered with the roles that are theirs to take', () => {
  assert.deepEqual(candidateChoices({ items: [doctor, desk], others: 0, accounts }),
    [['d', 'Li Na, Dermatologist: consultant, observer'], ['k', 'Wang: observer']]);
});

test('who is left out is counted, and it is said which roles it takes', () => {
  assert.deepEqual(candidatesLeftOut({ items: [doctor], others: 0, accounts }), []);
  const [many, why] = candidatesLeftOut({ items: [], others: 3, accounts });
  assert.match(many, /^3 more people/);
  assert.match(why, /Coordination desk, Clinician/);
  assert.match(candidatesLeftOut({ items: [], others: 1, accounts })[0], /^1 more person /);
});

test('an empty list does not say that everybody is invited who cannot be', () => {
  assert.equal(nobodyToInvite({ items: [], others: 0, accounts }), 'Everybody is invited.');
  assert.equal(nobodyToInvite({ items: [], others: 2, accounts }), 'Everybody who can take part is invited.');
});
