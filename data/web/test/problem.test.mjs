// SPDX-License-Identifier: LGPL-2.1-or-later
// What the hub refuses, as its readers see it: times by their clocks, values in their own direction.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readCatalogue } from '../po.mjs';
import { Problem } from '../src/api.js';
import { fill, isolate, useCatalogue } from '../src/i18n.js';
import { bothClocks, clockAfter, clockInXinjiang, saidTime } from '../src/time.js';

const po = join(dirname(fileURLToPath(import.meta.url)), '../../../po');
const use = async (language) => useCatalogue(await readCatalogue(join(po, `${language}.po`)));
// 23:45 in Beijing and 21:45 in Xinjiang; 00:45 of the next day in Beijing, 22:45 of the same one in Xinjiang.
const from = '2026-11-24T15:45:00.000Z';
const to = '2026-11-24T16:45:00.000Z';
const name = 'د. ئايگۈل';
const refusal = () => new Problem({
  title: 'Not possible now', status: 409, rule: 'agenda/overlap',
  detail: `${name} is taken from 2026-11-24 23:45 UTC+8 to 2026-11-25 00:45 UTC+8`,
  detail_parts: [{ text: name }, ' is taken from ', { time: from }, ' to ', { time: to }],
  accepted: 'Free from 2026-11-25 00:45 UTC+8',
  accepted_parts: ['Free from ', { time: to }],
});

test('a time in a sentence is said by both clocks, and with each one’s day', async () => {
  await use('en');
  assert.equal(clockInXinjiang(from), '21:45');
  assert.equal(clockInXinjiang(to), 'Tue 24 November, 22:45');
  assert.equal(bothClocks(to), '00:45 Beijing, Tue 24 November, 22:45 Xinjiang');
  assert.equal(saidTime(from), 'Tue 24 November, 23:45 Beijing (21:45 Xinjiang)');
  assert.equal(saidTime(to), 'Wed 25 November, 00:45 Beijing (Tue 24 November, 22:45 Xinjiang)');
});

test('no language shows UTC, and every value is isolated', async () => {
  for (const language of ['en', 'zh_CN', 'ug']) {
    await use(language);
    const problem = refusal();
    for (const text of [problem.message, problem.accepted]) {
      assert.doesNotMatch(text, /T\d\d:|Z|UTC/u, language);
      assert.ok(text.includes(isolate(saidTime(to))), `${language}: ${text}`);
    }
    assert.ok(problem.message.includes(isolate(name)), language);
    assert.ok(problem.message.includes('00:45') && problem.message.includes('22:45'), language);
  }
});

test('a problem without values is said as it is', () => {
  const problem = new Problem({ title: 'Not found', status: 404, detail: 'There is no such booking' });
  assert.equal(problem.message, 'There is no such booking');
  assert.deepEqual(problem.parts, ['There is no such booking']);
});

test('a name from the right keeps its direction in text from the left', async () => {
  await use('en');
  assert.equal(fill('%s is taken until %s.', [name, '14:30']), `\u2067${name}\u2069 is taken until 14:30.`);
  assert.equal(fill('%s is taken until %s.', ['Dr Lin', '14:30']), 'Dr Lin is taken until 14:30.');
});

test('a span over midnight says the day of its end, by each clock', async () => {
  await use('en');
  assert.equal(clockAfter(from, to), 'Wed 25 November, 00:45');
  assert.equal(clockAfter(from, to, 'xinjiang'), '22:45');
  assert.equal(clockAfter('2026-11-24T17:30:00Z', '2026-11-24T18:30:00Z', 'xinjiang'), 'Wed 25 November, 00:30');
  assert.equal(clockAfter(from, '2026-11-24T15:50:00Z'), '23:50');
});

test('a day and its time do not change places where both are isolated', async () => {
  await use('ug');
  // As U+2068 would look for it: the first strong letter outside of what is isolated inside.
  assert.equal(isolate('\u20682-دېكابىر\u2069، \u206800:50\u2069')[0], '\u2067');
  assert.equal(isolate('Room 1')[0], '\u2068');
  assert.equal(isolate('00:50')[0], '\u2068');
  assert.match(saidTime(to), /\u2067\u206725-نويابىر [^\u2069]+\u2069، \u206800:45\u2069\u2069/u);
});
