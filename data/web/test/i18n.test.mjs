// SPDX-License-Identifier: LGPL-2.1-or-later
// Words, times and numbers as readers see them.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readCatalogue } from '../po.mjs';
import { _, addCatalogue, addMessages, dgettext, dngettext, fill, nameOf, ngettext, useCatalogue } from '../src/i18n.js';
import { bothClocks, clock, dayLong, day, duration, isoDay, moment, number, size, startOfDay } from '../src/time.js';

const po = join(dirname(fileURLToPath(import.meta.url)), '../../../po');
const use = async (language) => useCatalogue(await readCatalogue(join(po, `${language}.po`)));
const at = Date.parse('2026-11-24T06:26:05Z'); // 14:26 in Beijing, 12:26 in Xinjiang, a Tuesday

test('both clocks', () => {
  assert.equal(clock(at), '14:26');
  assert.equal(clock(at, 'xinjiang'), '12:26');
  assert.equal(clock('2026-11-24T17:30:00Z'), '01:30');
  assert.equal(isoDay('2026-11-24T17:30:00Z'), '2026-11-25');
  assert.equal(startOfDay('2026-11-24T17:30:00Z'), Date.parse('2026-11-24T16:00:00Z'));
  assert.equal(moment('2026-11-24', '14:26'), Date.parse('2026-11-24T06:26:00Z'));
  assert.equal(moment('2026-11-24', '12:26', 'xinjiang'), Date.parse('2026-11-24T06:26:00Z'));
  assert.ok(Number.isNaN(moment('24.11.', '14:26')));
});

test('dates come from the catalogues', async () => {
  await use('en');
  assert.equal(day(at), 'Tue 24 November');
  assert.equal(bothClocks(at), '14:26 Beijing, 12:26 Xinjiang');
  await use('zh_CN');
  assert.equal(dayLong(at), '2026年11月24日 星期二');
  assert.equal(bothClocks(at), '北京 14:26\uff0c新疆 12:26');
  await use('ug');
  assert.equal(dayLong(at), '2026-يىل 24-نويابىر سەيشەنبە');
  assert.match(duration(158 * 60_000), /2.* سائەت .*38.* مىنۇت/u);
});

test('plurals and names', async () => {
  await use('en');
  assert.equal(ngettext('%s day', '%s days', 1), '1 day');
  assert.equal(ngettext('%s day', '%s days', 3), '3 days');
  await use('zh_CN');
  assert.equal(ngettext('%s day', '%s days', 1), '1 天');
  assert.equal(nameOf({ en: 'Aral', zh_CN: '阿拉尔' }), '阿拉尔');
  await use('ug');
  assert.equal(nameOf({ en: 'Aral', zh_CN: '阿拉尔' }), 'Aral');
  assert.equal(nameOf(null), '');
});

test('what is filled in keeps its own direction in right-to-left text', async () => {
  await use('ug');
  assert.equal(fill('%s: %s', ['A', 1]), '\u2068A\u2069: \u20681\u2069');
  await use('en');
  assert.equal(fill('%2$s by %1$s, 5 %%', ['a', 'b']), 'b by a, 5 %');
  assert.equal(_('a message that nobody has translated %s', 'x'), 'a message that nobody has translated x');
});

test('numbers', () => {
  assert.equal(number(1284907), '1,284,907');
  assert.equal(number(-1.25, 1), '−1.3');
  assert.equal(size(48_000_000), '48 MB');
  assert.equal(size(999), '999 B');
});

test('a plugin brings translations, and changes none of the desk\u2019s', async () => {
  addMessages({ zh_CN: { 'Echo heart': '心脏超声', 'New': '旧', '%s beat': ['%s 次心跳'] }, ug: { 'Echo heart': 'يۈرەك' } });
  addMessages({ zh_CN: { 'Echo lung': '肺部超声' } });
  await use('zh_CN');
  assert.equal(_('Echo heart'), '心脏超声');
  assert.equal(_('Echo lung'), '肺部超声');
  assert.equal(ngettext('%s beat', '%s beats', 3), '3 次心跳');
  assert.notEqual(_('New'), '旧');
  await use('en');
  assert.equal(_('Echo heart'), 'Echo heart');
  assert.equal(ngettext('%s beat', '%s beats', 3), '3 beats');
});

test('a plugin has a catalogue of its own, for what the desk says in another sense, too', async () => {
  addCatalogue('sonar', 'zh_CN', { 'New': '新回波', 'Sonar ping': '声呐脉冲', '%s ping': ['%s 次脉冲'], 'Echo heart': '回波' });
  addCatalogue('lidar', 'zh_CN', { 'Sonar ping': '激光脉冲', 'New': '新激光' });
  await use('zh_CN');
  assert.equal(_('Sonar ping'), '声呐脉冲');
  assert.equal(dgettext('lidar', 'Sonar ping'), '激光脉冲');
  assert.equal(dgettext('sonar', 'New'), '新回波');
  assert.notEqual(_('New'), '新回波');
  assert.equal(dgettext('none', 'New'), _('New'));
  assert.equal(dngettext('sonar', '%s ping', '%s pings', 2), '2 次脉冲');
  assert.equal(ngettext('%s ping', '%s pings', 2), '2 次脉冲');
  assert.equal(_('Echo heart'), '心脏超声'); // what its scripts and key file say goes before
  await use('en');
  assert.equal(_('Sonar ping'), 'Sonar ping');
});
