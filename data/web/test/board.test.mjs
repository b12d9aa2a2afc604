// SPDX-License-Identifier: LGPL-2.1-or-later
// The day and what to do in it: what is taken, what is on the board, what comes next.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readCatalogue } from '../po.mjs';
import { DayBoard, collision, covers, inRows, takenOf, withoutLane } from '../src/components/board.js';
import { Composer } from '../src/components/composer.js';
import { DayList } from '../src/components/day-list.js';
import { nextActions } from '../src/components/next-actions.js';
import { useCatalogue } from '../src/i18n.js';
import { DAY, HOUR, MINUTE, startOfDay } from '../src/time.js';
import { notice } from '../src/notices.js';
import { state } from '../src/state.js';
import { standing } from '../src/words.js';

const po = join(dirname(fileURLToPath(import.meta.url)), '../../../po');
useCatalogue(await readCatalogue(join(po, 'en.po')));
state.me = { hub: 'ours', permissions: ['booking.answer', 'session.control', 'patient.read', 'booking.write'], roles: [], names: {} };

const midnight = startOfDay('2026-11-25T00:00:00Z');
const iso = (ms) => new Date(ms).toISOString();
const hubs = [{ id: 'ours', own: true, names: { en: 'Aral' } }, { id: 'theirs', own: false, names: { en: 'Hangzhou' }, state: 'up' }];
const resources = [
  { id: 'lin', hub: 'ours', kind: 'person', names: { en: 'Dr Lin' } },
  { id: 'wu', hub: 'theirs', kind: 'person', names: { en: 'Dr Wu' } },
];
let made = 0;
const booking = (from, to, more = {}) => ({
  id: `b${made++}`, title: `T${made}`, reason: '', urgency: 'T3', requester: 'theirs', provider: 'ours', host: 'ours',
  starts_at: iso(from), ends_at: iso(to), state: 'confirmed', requested_at: iso(from - HOUR), requested_by: 'x',
  claims: [{ resource: 'lin', hub: 'ours', state: 'confirmed' }], session: null, ...more,
});
const board = (bookings, from = midnight, to = midnight + DAY) => ({ from: iso(from), to: iso(to), hubs, resources, bookings });
/** What a page would show, as text. */
const text = (content) => (Array.isArray(content) ? content.map(text).join('')
  : content?._$litDirective$ ? (Array.isArray(content.values[0]) ? text(content.values[0].map(content.values.at(-1))) : '') // repeat()
  : content?.strings ? content.strings.map((part, i) => part + text(content.values[i])).join('').replace(/<[^>]*>/g, '')
    : typeof content === 'string' || typeof content === 'number' ? String(content) : '');

test('what is taken after midnight is not free before it', () => {
  const day = midnight - DAY;
  const taken = booking(midnight + 20 * MINUTE, midnight + 50 * MINUTE);
  const both = board([taken], day, day + 2 * DAY);
  const one = board([], day, day + DAY); // what the hub says of the first day alone
  const from = midnight - 15 * MINUTE;
  const to = midnight + 45 * MINUTE;
  assert.equal(covers(one, from, to), false);
  assert.equal(covers(both, from, to), true);
  assert.equal(covers({ ...both, more: true }, from, to), false);
  assert.equal(collision(both, 'lin', from, to), taken);
  assert.equal(collision(both, 'lin', from, midnight + 20 * MINUTE), undefined);
  // Longer than a day's rest, from the day before, and over the end of the week.
  for (const [a, b] of [[day + 1, day + DAY], [midnight - 23 * HOUR, midnight + HOUR]])
    assert.equal(collision(both, 'lin', a, b), b > midnight + 20 * MINUTE ? taken : undefined);
});

test('a composer whose board ends at midnight does not say that anybody is free', () => {
  const composer = new Composer();
  composer.request = { ...composer.request, start: midnight - 15 * MINUTE, minutes: 60, partner: 'theirs', resources: new Set(['lin']) };
  composer.board = board([], midnight - DAY, midnight);
  assert.match(text(composer.consequence()), /Looking whether they are free/);
  composer.board = board([booking(midnight + 20 * MINUTE, midnight + 50 * MINUTE)], midnight - DAY, midnight + DAY);
  assert.match(text(composer.consequence()), /Dr Lin is taken by “T\d+” until .*00:50 Beijing/);
  composer.board = board([], midnight - DAY, midnight + DAY);
  assert.match(text(composer.consequence()), /Held for this session until Hangzhou answers/);
});

test('the hours of a day are not those of what lies beyond it', () => {
  const element = new DayBoard();
  element.board = board([booking(midnight + 9 * HOUR, midnight + 10 * HOUR), booking(midnight + DAY + 2 * HOUR, midnight + DAY + 3 * HOUR)], midnight, midnight + 2 * DAY);
  assert.equal(element.window().to, midnight + 20 * HOUR);
});

test('what was asked for and not given takes nothing up', () => {
  const asked = booking(midnight, midnight + HOUR, { state: 'requested', claims: [{ resource: 'lin', hub: 'ours', state: 'busy' }] });
  const other = booking(midnight + 30 * MINUTE, midnight + 2 * HOUR);
  assert.equal(collision(board([asked]), 'lin', midnight, midnight + HOUR), undefined);
  assert.deepEqual(takenOf(board([asked, other]), asked).map((one) => one.booking), [other]);
  assert.deepEqual(takenOf(board([asked]), asked), []);
});

test('a session without people or rooms is on the board', () => {
  const emergency = booking(midnight + HOUR, midnight + 2 * HOUR, { urgency: 'T0', claims: [] });
  const same = booking(midnight + HOUR, midnight + 2 * HOUR, { claims: [{ resource: 'gone', hub: 'unpaired', state: 'confirmed' }] });
  const released = booking(midnight + 3 * HOUR, midnight + 4 * HOUR, { claims: [{ resource: 'lin', hub: 'ours', state: 'released' }] });
  const placed = booking(midnight + HOUR, midnight + 2 * HOUR);
  const all = board([emergency, same, released, placed]);
  assert.deepEqual(withoutLane(all, all.bookings), [emergency, same, released]);
  // None hides another.
  assert.deepEqual(inRows([released, emergency, same]), [[emergency, released], [same]]);
  const element = new DayBoard();
  element.board = all;
  element.view = element.window();
  assert.match(text(element.unplaced(withoutLane(all, all.bookings), midnight)), /No people or rooms/);
});

test('everything that waits is listed, in the order of its start, and an emergency first', () => {
  const now = midnight + 8 * HOUR;
  const asked = Array.from({ length: 8 }, (_, i) => booking(now + (10 - i) * HOUR, now + (11 - i) * HOUR,
    { state: 'requested', claims: [], requested_at: iso(now - (i + 1) * DAY) }));
  const next = booking(now + 10 * MINUTE, now + HOUR);
  const emergency = booking(now + 5 * HOUR, now + 6 * HOUR, { state: 'requested', urgency: 'T0', claims: [] });
  const list = nextActions(board([...asked, next, emergency], midnight, midnight + 2 * DAY), now);
  assert.equal(list.length, 10);
  assert.deepEqual(list.map((one) => one.href), [emergency, next, ...asked.toReversed?.() ?? [...asked].reverse()].map((one) => `/bookings/${one.id}`));
});

test('who asked is told that it was declined, whenever it was for', () => {
  const now = midnight + 8 * HOUR;
  const declined = (from, more = {}) => booking(from, from + HOUR, { requester: 'ours', provider: 'theirs', state: 'declined', answer: 'no anaesthetist', answered_at: iso(now - HOUR), claims: [], ...more });
  const far = declined(now + 30 * DAY);
  const emergency = declined(now - 2 * HOUR, { urgency: 'T0' }); // its time is over by now
  const old = declined(now - 2 * DAY, { answered_at: iso(now - 2 * DAY) });
  const ours = declined(now + HOUR, { requester: 'theirs', provider: 'ours' }); // declined here: nobody needs to be told
  const list = nextActions(board([far, emergency, old, ours]), now);
  assert.deepEqual(list.map((one) => one.href), [emergency, far].map((one) => `/bookings/${one.id}`));
  assert.match(text(list[0].what) + text(list[0].why), /Hangzhou declined “T\d+”\.no anaesthetist/);
});

test('what was agreed and the other hospital cancelled is told to whoever comes later', () => {
  const now = midnight + 8 * HOUR;
  const off = (from, more = {}) => booking(from, from + HOUR, { state: 'cancelled', answer: 'the road is closed', answered_at: iso(now - DAY),
    called_off_by: 'theirs', called_off_at: iso(now - HOUR), claims: [], ...more });
  const told = off(now + 5 * HOUR);
  const rest = [off(now, { called_off_by: null, called_off_at: null }), off(now, { called_off_by: 'ours' }), off(now, { answered_at: null }),
    off(now - 3 * DAY, { called_off_at: iso(now - 3 * DAY) })];
  const list = nextActions(board([told, ...rest]), now);
  assert.deepEqual(list.map((one) => one.href), [`/bookings/${told.id}`]);
  assert.match(text(list[0].what) + text(list[0].why), /Hangzhou cancelled “T\d+”\.the road is closed/);
});

test('what cannot be accepted is not offered to be, and says why', () => {
  const now = midnight + 8 * HOUR;
  const request = booking(now + HOUR, now + 2 * HOUR, { state: 'requested', claims: [{ resource: 'lin', hub: 'ours', state: 'busy' }] });
  const other = booking(now + 90 * MINUTE, now + 3 * HOUR);
  const over = booking(now - 3 * HOUR, now - 2 * HOUR, { state: 'requested', claims: [] });
  const list = nextActions(board([request, other, over]), now);
  assert.deepEqual(list.map((one) => one.booking), [undefined, undefined]);
  assert.match(text(list[0].why), /Its time is over: it can only be declined\./);
  assert.match(text(list[1].why), /Dr Lin is taken by “T\d+” until .*11:00 Beijing \(09:00 Xinjiang\)/);
  assert.deepEqual(nextActions(board([booking(now + HOUR, now + 2 * HOUR, { state: 'requested' })]), now).map((one) => one.verb), ['Accept']);
});

test('what the other hospital does to a booking is told once, and what is done here is not', () => {
  const known = booking(midnight, midnight + HOUR, { title: 'Stroke', requester: 'ours', provider: 'theirs' });
  const event = (action, more = {}) => ({ id: 'e', at: iso(midnight), action, schema: 'agenda', table: 'booking', row: known.id, outcome: 0,
    actor: { kind: 'peer', id: 'p', name: 'Desk', hub: 'theirs' }, ...more });
  const told = (...values) => notice(event(...values), board([known]));
  assert.match(text(told('booking.decline')?.text), /Hangzhou declined “Stroke”\./);
  assert.deepEqual(['accept', 'decline', 'withdraw', 'cancel'].map((act) => told(`booking.${act}`)?.off), [false, true, true, true]);
  assert.match(text(told('booking.decline', { actor: undefined, hub: 'theirs' })?.text), /Hangzhou declined “Stroke”/, 'as who may not read the log is told');
  assert.equal(told('booking.decline', { actor: undefined }), null);
  assert.equal(told('booking.request'), null);
  assert.equal(told('booking.decline', { actor: { kind: 'person', id: 'p', name: 'Desk', hub: 'ours' } }), null);
  assert.equal(told('booking.decline', { actor: { kind: 'person', id: 'p', name: 'Desk', hub: null } }), null);
  assert.equal(told('booking.cancel', { details: { late: true, state: 'cancelled' } }), null);
  assert.equal(told('booking.withdraw', { details: { own: true } }), null, 'that it knows of our withdrawal');
  assert.match(text(notice(event('booking.cancel', { row: 'elsewhere' }), undefined)?.text), /another hospital cancelled “a session”/);
});

test('a session that counts on somebody who is not there any more is among what to do', () => {
  const now = midnight + 8 * HOUR;
  const all = board([booking(now + 20 * HOUR, now + 21 * HOUR), booking(now + 20 * HOUR, now + 21 * HOUR, { claims: [{ resource: 'lin', hub: 'ours', state: 'released' }] })]);
  assert.deepEqual(nextActions(all, now), []);
  const list = nextActions({ ...all, resources: [{ ...resources[0], active: false }, resources[1]] }, now);
  assert.equal(list.length, 1);
  assert.match(text(list[0].what), /“T\d+” counts on Dr Lin: not to be booked any more\./);
});

test('a request over the end of the week is held against all of its time', () => {
  const sunday = startOfDay('2026-11-29T04:00:00Z');
  const taken = booking(sunday + DAY + 30 * MINUTE, sunday + DAY + HOUR); // Monday, 00:30
  const all = board([taken], sunday, sunday + 2 * DAY);
  assert.equal(collision(all, 'lin', sunday + 23 * HOUR, sunday + 47 * HOUR), taken, '24 hours from Sunday, 23:00');
  assert.equal(covers(all, sunday + 23 * HOUR, sunday + 47 * HOUR), true);
  assert.equal(covers(board([taken], sunday, sunday + DAY), sunday + 23 * HOUR, sunday + 47 * HOUR), false);
});

test('what began the day before says so, in the list and to a screen reader', () => {
  const list = new DayList();
  list.day = midnight;
  list.board = board([booking(midnight - 15 * MINUTE, midnight + 45 * MINUTE)]);
  const said = text(list.render());
  assert.match(said, /Tue 24 November23:4521:45/, 'not tonight’s');
  assert.match(said, /Tue 24 November, 23:45 – Wed 25 November, 00:45/);
  list.board = board([booking(midnight, midnight + HOUR)]);
  assert.match(text(list.render()), /00:00Tue 24 November, 22:00 Xinjiang/, 'nor is Xinjiang’s 22:00');
  assert.match(text(list.render()), /00:00–01:00/);
  list.board = board([booking(midnight + 10 * HOUR, midnight + 11 * HOUR)]);
  assert.doesNotMatch(text(list.render()), /November/);
  const shown = new DayBoard();
  shown.board = board([booking(midnight - 15 * MINUTE, midnight + 45 * MINUTE)]);
  const label = shown.block(shown.board.bookings[0], 'lin', midnight, midnight + DAY).values.find((value) => typeof value === 'string' && value.includes('Dr Lin'));
  assert.match(label, /Tue 24 November, 23:45 – Wed 25 November, 00:45, Dr Lin/);
});

test('what is due, planned or as of another day says which', () => {
  const now = midnight + 10 * MINUTE;
  assert.match(standing(booking(now - 30 * MINUTE, now + HOUR), now, 'Hangzhou'), /was due at .*24 November.*23:40/);
});
