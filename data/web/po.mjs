// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the catalogues of po/: for the browser, as JSON, and for the test that holds them whole.

import { readFile } from 'node:fs/promises';

export const languages = ['en', 'zh_CN', 'ug'];
const directions = { en: 'ltr', zh_CN: 'ltr', ug: 'rtl' };

/**
 * @typedef {object} Entry
 * @property {string} msgid
 * @property {string} [plural]
 * @property {string[]} msgstr
 * @property {string[]} flags
 * @property {string[]} references
 */

/** @param {string} quoted one line's string */
const unquote = (quoted) => JSON.parse(quoted);

/** @param {string} text a .po file @returns {Entry[]} */
export function parsePo(text) {
  /** @type {Entry[]} */
  const entries = [];
  for (const block of text.split(/\n\s*\n/)) {
    /** @type {Entry} */
    const entry = { msgid: '', msgstr: [], flags: [], references: [] };
    /** @type {(more: string) => void} */
    let append = () => {};
    let found = false;
    for (const line of block.split('\n')) {
      const match = /^(msgid|msgid_plural|msgstr(?:\[(\d+)\])?)\s+(".*")\s*$/.exec(line);
      if (match) {
        const value = unquote(match[3]);
        if (match[1] === 'msgid') {
          found = true;
          entry.msgid = value;
          append = (more) => { entry.msgid += more; };
        } else if (match[1] === 'msgid_plural') {
          entry.plural = value;
          append = (more) => { entry.plural += more; };
        } else {
          const form = Number(match[2] ?? 0);
          entry.msgstr[form] = value;
          append = (more) => { entry.msgstr[form] += more; };
        }
      } else if (/^"/.test(line))
        append(unquote(line.trim()));
      else if (line.startsWith('#,'))
        entry.flags.push(...line.slice(2).split(',').map((flag) => flag.trim()));
      else if (line.startsWith('#:'))
        entry.references.push(...line.slice(2).trim().split(/\s+/));
    }
    if (found)
      entries.push(entry);
  }
  return entries;
}

/** @param {string} file */
export const readPo = async (file) => parsePo(await readFile(file, 'utf8'));

/** @param {Entry[]} entries @param {string} name of a header line */
export function headerOf(entries, name) {
  const header = entries.find((entry) => entry.msgid === '')?.msgstr[0] ?? '';
  return header.split('\n').find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim() ?? '';
}

/**
 * A catalogue as the browser wants it. A message that is the same in the language is left out. So
 * is, with onlyJs, what only the C code says: the hub translates that itself.
 * @param {string} file
 * @param {{onlyJs?: boolean}} [options]
 */
export async function readCatalogue(file, { onlyJs = false } = {}) {
  const entries = await readPo(file);
  const language = headerOf(entries, 'Language');
  /** @type {Record<string, string | string[]>} */
  const messages = {};
  for (const { msgid, plural, msgstr, flags, references } of entries) {
    if (!msgid || flags.includes('fuzzy') || msgstr.some((text) => !text))
      continue;
    // Names and hints of plugins and checks come to the browser as message ids.
    if (onlyJs && !references.some((one) => /\.(js|plugin)\b/.test(one) || /^plugins\/|engine\/|worker\/|link\//.test(one)))
      continue;
    if (plural !== undefined)
      messages[msgid] = msgstr;
    else if (msgstr[0] !== msgid)
      messages[msgid] = msgstr[0];
  }
  return { language, direction: directions[language] ?? 'ltr', plural: headerOf(entries, 'Plural-Forms'), messages };
}
