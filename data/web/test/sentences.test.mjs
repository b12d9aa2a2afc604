// SPDX-License-Identifier: LGPL-2.1-or-later
// The words that plugins bring: each speaks of its own, whatever others call theirs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSentences, nouns, sentence } from '../src/sentences.js';
import { addSessionRoles, sessionRole } from '../src/words.js';

const event = (action, schema = null) => ({ action, schema, actor: { name: 'Ada' }, details: { title: 'Knee' }, row: null, session: null, table: null });
const said = (action, schema) => sentence(event(action, schema), new Map())?.text;

test('two plugins may call their events the same', () => {
  addSentences('one', { 'note.keep': ['The note of one'], 'note.read': ['Read in one'], 'account.sign-in': ['Nobody signed in'] }, { note: 'Notes', account: 'No accounts' });
  addSentences('two', { 'note.keep': ['The note of two'] }, { note: 'Other notes' });
  assert.equal(said('note.keep', 'one'), 'The note of one');
  assert.equal(said('note.keep', 'two'), 'The note of two');
  assert.equal(said('note.read', null), 'Read in one', 'an event that names no schema');
  assert.equal(said('note.burn', 'two'), undefined);
});

test('no plugin speaks for the hub', () => {
  assert.equal(said('account.sign-in', 'web'), '%1$s signed in');
  assert.equal(said('account.sign-in', null), '%1$s signed in');
  const words = Object.fromEntries(nouns());
  assert.equal(words.account, 'Accounts');
  assert.equal(words.note, 'Notes');
});

test('what an earlier hub wrote is still read', () => {
  for (const [then, now] of [['message.aside', 'message.dead-letter'], ['record.aside', 'record.dead-letter'], ['plugin.put-aside', 'plugin.disable'], ['plugin.restore', 'plugin.enable']]) {
    assert.ok(said(now));
    assert.equal(said(then), said(now));
  }
});

test('a message is said to be of the partner, not of the part of the hub that took it', () => {
  for (const action of ['message.park', 'message.dead-letter']) {
    const about = { ...event(action), actor: { name: 'peers' }, details: { peer: 'p-1', topic: 'note.word' }, row: 'p-1/1/7' };
    const { text, values } = sentence(about, new Map([['p-1', 'Hangzhou']]));
    assert.match(text, /%2\$s/);
    assert.doesNotMatch(text, /%1\$s/);
    assert.equal(values[1], 'Hangzhou');
    assert.doesNotMatch(sentence(about, new Map()).text, /%/);
  }
});

test('a role has the word of its own kind of session', () => {
  addSessionRoles('echo', { operator: 'sonographer' });
  addSessionRoles('robot', { operator: 'engineer at the robot', surgeon: 'surgeon' });
  assert.equal(sessionRole('operator', 'echo'), 'sonographer');
  assert.equal(sessionRole('operator', 'robot'), 'engineer at the robot');
  assert.equal(sessionRole('surgeon', 'echo'), 'surgeon', 'as it is named');
  assert.equal(sessionRole('surgeon'), 'surgeon');
  assert.equal(sessionRole(null, 'echo'), '');
});
