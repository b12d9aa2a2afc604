// SPDX-License-Identifier: LGPL-2.1-or-later
// The catalogues are whole: nothing missing, nothing fuzzy, nothing that would be filled in wrongly.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { headerOf, languages, parsePo, readCatalogue, readPo } from '../po.mjs';
import { pluralRules } from '../src/i18n.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const po = (name) => join(root, 'po', name);
const inC = (entry) => entry.references.some((one) => /\.[ch]:/.test(one));

/** What a format fills in, in order: "1$s" for a numbered one. */
const places = (text) => text.match(/%(?:\d\$)?[a-z]|%%|\{\w+\}/g) ?? [];

const template = await readPo(po('karez.pot'));

for (const language of languages) {
  const entries = await readPo(po(`${language}.po`));

  test(`${language}: every message is translated, none is fuzzy`, () => {
    const known = new Map(entries.map((entry) => [entry.msgid, entry]));
    const missing = template.filter((entry) => entry.msgid && !(known.get(entry.msgid)?.msgstr.length
      && known.get(entry.msgid).msgstr.every(Boolean)));
    assert.deepEqual(missing.map((entry) => entry.msgid), []);
    assert.deepEqual(entries.filter((entry) => entry.msgid && entry.flags.includes('fuzzy')).map((entry) => entry.msgid), []);
  });

  test(`${language}: translations are filled in like their messages`, () => {
    for (const entry of entries.filter((one) => one.msgid)) {
      for (const text of entry.msgstr) {
        const wanted = places(entry.plural ?? entry.msgid);
        // The C code fills in by order alone; the desk by number where there is one.
        if (inC(entry))
          assert.deepEqual(places(text), wanted, `${entry.msgid} → ${text}`);
        else if (entry.plural && entry.msgstr.length > 1 && text === entry.msgstr[0])
          assert.ok(places(text).every((one) => wanted.includes(one)), `${entry.msgid} → ${text}`);
        else
          assert.deepEqual(places(text).sort(), wanted.sort(), `${entry.msgid} → ${text}`);
        assert.equal(text.endsWith('\n'), entry.msgid.endsWith('\n'), `${entry.msgid}: the line's end`);
      }
    }
  });

  test(`${language}: the browser knows its plural rule`, () => {
    assert.ok(pluralRules.includes(headerOf(entries, 'Plural-Forms')), headerOf(entries, 'Plural-Forms'));
    assert.equal(headerOf(entries, 'Language'), language);
  });
}

test('Uyghur is written in its own letters', async () => {
  const { messages } = await readCatalogue(po('ug.po'));
  const latin = Object.entries(messages).filter(([, text]) => ![text].flat().every((one) => /[\u0600-\u06ff]/.test(one)));
  // What is left are formats and names of interfaces.
  assert.deepEqual(latin.filter(([msgid]) => /[a-z]{4}/i.test(msgid.replace(/\{\w+\}/g, ''))).map(([msgid]) => msgid), []);
});

/** @param {string} folder @returns {Promise<string[]>} */
async function scripts(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const lists = await Promise.all(entries.map((one) => (one.isDirectory() ? scripts(join(folder, one.name))
    : one.name.endsWith('.js') ? [join(folder, one.name)] : [])));
  return lists.flat();
}

test('every message of the desk and of the panels is in karez.pot, or in the plugin’s own', async () => {
  const known = new Set(template.map((entry) => entry.msgid));
  const lost = [];
  const look = async (files, known) => {
    for (const file of files)
      await lookAt(file, known);
  };
  const lookAt = async (file, known) => {
    for (const [, quoted] of (await readFile(file, 'utf8')).matchAll(/\b(?:_|N_|ngettext)\(\s*('(?:[^'\\\n]|\\.)*')/g)) {
      const msgid = quoted.slice(1, -1).replace(/\\'/g, "'").replace(/\\n/g, '\n');
      if (msgid && !known.has(msgid))
        lost.push(`${file}: ${msgid}`);
    }
  };
  await look(await scripts(join(root, 'data/web/src')), known);
  for (const name of await readdir(join(root, 'plugins'))) {
    const own = await readPo(join(root, 'plugins', name, 'po', `karez-${name}.pot`)).catch(() => null);
    await look(await scripts(join(root, 'plugins', name, 'web')).catch(() => []),
      own ? new Set(own.map((entry) => entry.msgid)) : known);
  }
  assert.deepEqual(lost, []);
});

test('the reader of catalogues understands what gettext writes', () => {
  const [header, one, many] = parsePo('msgid ""\nmsgstr ""\n"Language: x\\n"\n\n#: a.js:1\n#, fuzzy, c-format\nmsgid "a “%s”\\n"\nmsgstr ""\n"b "\n"“%s”\\n"\n\nmsgid "%s day"\nmsgid_plural "%s days"\nmsgstr[0] "t"\nmsgstr[1] "u"\n');
  assert.equal(header.msgstr[0], 'Language: x\n');
  assert.deepEqual(one, { msgid: 'a “%s”\n', msgstr: ['b “%s”\n'], flags: ['fuzzy', 'c-format'], references: ['a.js:1'] });
  assert.deepEqual([many.plural, many.msgstr], ['%s days', ['t', 'u']]);
});
