// SPDX-License-Identifier: LGPL-2.1-or-later
// The reader's language: catalogues made from po/, the direction of writing, plural forms.

/**
 * @typedef {object} Catalogue
 * @property {string} language
 * @property {'ltr' | 'rtl'} direction
 * @property {string} plural  the Plural-Forms of the catalogue
 * @property {Record<string, string | string[]>} messages
 */
/** @typedef {Record<string, string>} Names  one name in several languages: {"en", "zh_CN", "ug"} */

/** The languages in their own words, in the order they are offered. */
export const languages = Object.freeze({ en: 'English', zh_CN: '中文', ug: 'ئۇيغۇرچە' });

// A Content-Security-Policy without eval: only plural rules that are known can be used, and the
// build refuses a catalogue with another one.
/** @type {Record<string, (n: number) => number>} */
const plurals = {
  'nplurals=1; plural=0;': () => 0,
  'nplurals=2; plural=(n != 1);': (n) => (n === 1 ? 0 : 1),
};

/** @type {Catalogue} */
let catalogue = {
  language: 'en', direction: 'ltr', plural: 'nplurals=2; plural=(n != 1);', messages: {},
};
/** @typedef {Record<string, string | string[]>} Messages */
/** What plugins' key files and scripts say, by language. @type {Record<string, Messages>} */
const added = {};
/** Plugins' own catalogues, by plugin and language. @type {Map<string, Record<string, Messages>>} */
const domains = new Map();
/** What else is read before another language is shown. @type {((language: string) => Promise<unknown>)[]} */
const readers = [];
const changed = new EventTarget();

const fromRight = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

/** A value that keeps its own direction, and leaves that of what is around it, in a text without
 * elements. The first strong letter that is looked for (U+2068) is none inside of another isolate: a
 * day and its time, isolated each, would change places. So what begins from the right says so. @param {unknown} value */
export const isolate = (value) => {
  const text = String(value ?? '');
  const [letter = ''] = text.match(/\p{L}/u) ?? [];
  return `${fromRight.test(letter) ? '\u2067' : '\u2068'}${text}\u2069`;
};

/** @param {string} text @param {unknown[]} values */
export function fill(text, values) {
  let next = 0;
  return text.replace(/%(?:(\d)\$)?s|%%/g, (match, place) => {
    if (match === '%%')
      return '%';
    const value = values[place ? Number(place) - 1 : next++];
    const plain = String(value ?? '');
    return catalogue.direction === 'rtl' || fromRight.test(plain) ? isolate(plain) : plain;
  });
}

/** In the catalogue of a domain, else in the desk's, else in any that a plugin brought.
 * @param {string} msgid @param {string} [domain] */
function messageOf(msgid, domain = '') {
  const { language } = catalogue;
  const own = domains.get(domain)?.[language]?.[msgid];
  if (own !== undefined)
    return own;
  const found = catalogue.messages[msgid] ?? added[language]?.[msgid];
  if (found !== undefined)
    return found;
  for (const one of domains.values())
    if (one[language]?.[msgid] !== undefined)
      return one[language][msgid];
  return undefined;
}

/**
 * The message in the reader's language, its %s filled in.
 * @param {string} msgid
 * @param {...unknown} values
 * @returns {string}
 */
export const _ = (msgid, ...values) => dgettext('', msgid, ...values);

/**
 * The same by a plugin's own catalogue first: for a short word that the desk says in another sense.
 * @param {string} domain the plugin's id
 * @param {string} msgid
 * @param {...unknown} values
 * @returns {string}
 */
export function dgettext(domain, msgid, ...values) {
  if (!msgid)
    return '';
  const found = messageOf(msgid, domain);
  const text = typeof found === 'string' && found !== '' ? found : msgid;
  return values.length ? fill(text, values) : text;
}

/** Marks a message that is translated later. @param {string} msgid */
export const N_ = (msgid) => msgid;

/**
 * The message for a number of things; %s is the number unless values are given.
 * @param {string} one
 * @param {string} many
 * @param {number} n
 * @param {...unknown} values
 * @returns {string}
 */
export const ngettext = (one, many, n, ...values) => dngettext('', one, many, n, ...values);

/**
 * @param {string} domain
 * @param {string} one
 * @param {string} many
 * @param {number} n
 * @param {...unknown} values
 * @returns {string}
 */
export function dngettext(domain, one, many, n, ...values) {
  const found = messageOf(one, domain);
  const form = plurals[catalogue.plural](n);
  const text = (Array.isArray(found) && found[form]) || (n === 1 ? one : many);
  return fill(text, values.length ? values : [n]);
}

/** Translations of a plugin's own messages; those of the desk stay. @param {Record<string, Messages>} messages */
export function addMessages(messages) {
  for (const [tag, more] of Object.entries(messages))
    added[tag] = { ...added[tag], ...more };
}

/** The catalogue of a plugin. @param {string} domain @param {string} tag of the language @param {Messages} messages */
export function addCatalogue(domain, tag, messages) {
  domains.set(domain, { ...domains.get(domain), [tag]: messages });
}

/** Something more to read before another language is shown. @param {(language: string) => Promise<unknown>} read */
export function beforeLanguage(read) {
  readers.push(read);
}

/** Several things in a row. @param {string[]} things */
export const listOf = (things) => things.join(_(', '));

/** A name in the reader's language; English, then any, when there is none. @param {Names | null | undefined} names */
export function nameOf(names) {
  if (!names)
    return '';
  return names[catalogue.language] || names.en || Object.values(names)[0] || '';
}

export const language = () => catalogue.language;
export const direction = () => catalogue.direction;

/** The first of our languages that this browser's reader knows. */
export function guessLanguage() {
  const kept = localStorage.getItem('karez.language');
  if (kept && kept in languages)
    return kept;
  for (const wanted of navigator.languages ?? []) {
    if (/^zh\b/i.test(wanted))
      return 'zh_CN';
    if (/^ug\b/i.test(wanted))
      return 'ug';
    if (/^en\b/i.test(wanted))
      return 'en';
  }
  return 'en';
}

/** Where the catalogues are: written into the page by the build. @returns {Record<string, string>} */
function catalogueAddresses() {
  const meta = document.querySelector('meta[name="karez-catalogues"]');
  return JSON.parse(meta?.getAttribute('content') ?? '{}');
}

/** Reads a catalogue and shows everything in it. @param {string} wanted */
export async function setLanguage(wanted) {
  if (!(wanted in languages))
    return;
  const [answer] = await Promise.all([fetch(catalogueAddresses()[wanted]), ...readers.map((read) => read(wanted))]);
  if (!answer.ok)
    throw new Error(`catalogue ${wanted}: ${answer.status}`);
  useCatalogue(await answer.json());
  localStorage.setItem('karez.language', wanted);
}

/** @param {Catalogue} found */
export function useCatalogue(found) {
  if (!(found.plural in plurals))
    throw new Error(`unknown plural rule ${found.plural}`);
  catalogue = found;
  const root = globalThis.document?.documentElement;
  if (root) {
    root.lang = found.language.replace('_', '-');
    root.dir = found.direction;
  }
  changed.dispatchEvent(new Event('change'));
}

/** @param {() => void} tell @returns {() => void} stops it */
export function onLanguage(tell) {
  changed.addEventListener('change', tell);
  return () => changed.removeEventListener('change', tell);
}

/** The plural rules that the browser can use. */
export const pluralRules = Object.keys(plurals);
