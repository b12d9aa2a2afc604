// SPDX-License-Identifier: LGPL-2.1-or-later
// What plugins bring to the desk: the hub says what there is; their code and styles are fetched when
// something of theirs is opened, their words when they are spoken of.

import { Problem, api } from './api.js';
import { _, addCatalogue, addMessages, beforeLanguage, language, onLanguage } from './i18n.js';
import { addSentences } from './sentences.js';
import { addCheckNames, addSessionRoles } from './words.js';

/**
 * What a plugin's panel is to the session page. `participant` is null while this page has not
 * joined, and after the end. `send` gives FALSE when there is no connection: send again what is not
 * answered after the next `receive`. `receive` is called once the panel is in the page and has been
 * updated with its participant (`updateComplete`, where it has one).
 * @typedef {HTMLElement & {
 *   updateComplete?: Promise<unknown>,
 *   session: import('./types.js').Session,
 *   participant: import('./types.js').Participant | null,
 *   send: (body: Record<string, unknown>) => boolean,
 *   receive?: (body: Record<string, any>) => void,
 * }} Panel
 */
/**
 * What the panel's class may say: the role that fits who has not chosen one, and its keys with what
 * they do (messages to translate).
 * @typedef {{role?: (session: import('./types.js').Session, me: import('./types.js').Me | null) => string, keys?: [string, string][]}} PanelClass
 */
/**
 * A plugin's part of the composer, while its modality is chosen. `wrong` says whether something is
 * still missing, shows it where it is and goes there. `save` keeps it under the request's id before
 * the booking is asked for, and throws a Problem; when the urgency is T0 it waits for nothing that
 * can come later. It fires "draft" when it holds something that would be lost, or changed.
 * @typedef {HTMLElement & {
 *   request: import('./components/request.js').Request,
 *   problem: import('./api.js').Problem | null,
 *   wrong: () => boolean | Promise<boolean>,
 *   save: () => Promise<void>,
 *   sent?: () => void,
 * }} ComposePart `problem` is what refused the booking; `sent` tells that nothing did
 */
/**
 * A plugin's part of a booking, in its card and beside its session. It reads what it shows when it
 * is put into the page, and follows what changes.
 * @typedef {HTMLElement & {
 *   booking: import('./types.js').Booking,
 *   hubs: import('./types.js').Hub[],
 * }} BookingPart
 */
/**
 * A plugin's page. It gets where the browser is, and draws its own heading.
 * @typedef {HTMLElement & {route: import('./router.js').Route}} Page
 */
/**
 * Words of a plugin that are shown outside of what it brings: its sessions' roles, its events, and what
 * the audit log's filter calls them, and its sessions' checks, by id: messages to translate. `messages` are its translations by language,
 * where the desk's catalogues have none.
 * @typedef {{roles?: Record<string, string>, events?: Record<string, [string, string] | [string]>, nouns?: Record<string, string>, checks?: Record<string, string>,
 *   messages?: Record<string, Record<string, string | string[]>>}} Words
 */
/** @typedef {import('./types.js').PluginWeb} Brought */

/** As the hub says it; null before it did. @type {Brought[] | null} */
let brought = null;
/** @type {Promise<void> | null} */
let asking = null;
const changed = new EventTarget();

/** Told when there are others. @param {() => void} tell @returns {() => void} stops it */
export function onPanels(tell) {
  changed.addEventListener('change', tell);
  return () => changed.removeEventListener('change', tell);
}

/** What nearly every script of a plugin imports: it comes while the hub is asked. */
const shared = '@karez/desk';

/** Asks the hub what plugins bring. What is known already stays where that fails. */
export async function readPanels() {
  import(shared).catch(() => {}); // who needs it tells
  asking ??= api.get('/plugins/web').then(async ({ items }) => {
    brought = /** @type {Brought[]} */ (items);
    brought.forEach(({ messages }) => addMessages(messages));
    await readCatalogues(language());
    changed.dispatchEvent(new Event('change'));
  }).finally(() => { asking = null; });
  await asking;
}

/** Of plugins, by address. @type {Map<string, Promise<void>>} */
const catalogues = new Map();

/** @param {string} plugin @param {string} tag @param {string} address */
async function readCatalogue(plugin, tag, address) {
  try {
    const answer = await fetch(address);
    if (!answer.ok)
      throw new Error(`catalogue ${address}: ${answer.status}`);
    addCatalogue(plugin, tag, await answer.json());
  } catch (error) {
    catalogues.delete(address); // shown in English, and asked for again with the next language
    console.error(error);
  }
}

/** @param {string} tag of a language */
async function readCatalogues(tag) {
  await Promise.all((brought ?? []).map(({ plugin, catalogues: own = {} }) => {
    const address = own[tag];
    if (address && !catalogues.has(address))
      catalogues.set(address, readCatalogue(plugin, tag, address));
    return catalogues.get(address);
  }));
}
beforeLanguage(readCatalogues);
// Where the hub answered what there is meanwhile.
onLanguage(() => {
  if ((brought ?? []).some(({ catalogues: own = {} }) => own[language()] && !catalogues.has(own[language()])))
    readCatalogues(language()).then(() => changed.dispatchEvent(new Event('change')));
});

/** Has what plugins bring, with their words. */
export async function loadPanels() {
  if (!brought)
    await readPanels();
  await loadWords();
}

/** @param {string} modality */
const of = (modality) => brought?.find((one) => one.modality === modality);

/** @typedef {'lobby' | 'room' | 'afterwards'} Stage before this page has joined; while it is in; when the session is over */

/** The element of a session's panel; '' if there is none. @param {string} modality @param {Stage} stage */
export function panelAt(modality, stage) {
  const { element = '', lobby = false, room = element, afterwards = element } = of(modality) ?? {};
  return { lobby: lobby ? element : '', room, afterwards }[stage];
}

/** Whether it has a part of the composer or of a booking. @param {string} modality @param {'compose' | 'booking'} place */
export const hasPart = (modality, place) => Boolean(of(modality)?.[place]);

/** The pages of plugins that are there now.
 * @returns {{path: string, page: import('./types.js').PluginPage, of: Brought}[]} path: as the router has it, "x/ID/NAME" */
export const pluginPages = () => (brought ?? []).filter((one) => one.enabled)
  .flatMap((one) => one.pages.map((page) => ({ path: `x/${one.plugin}/${page.name}`, page, of: one })));

/** Style sheets by address. @type {Map<string, Promise<unknown>>} */
const styles = new Map();

/** @param {string} address */
function addStyle(address) {
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: address });
  const there = new Promise((done, fail) => {
    link.addEventListener('load', done);
    link.addEventListener('error', () => {
      styles.delete(address);
      link.remove();
      fail(new Error(`${address} cannot be loaded`));
    });
  });
  document.head.append(link);
  return there;
}

/** @param {string | undefined} address */
function wear(address) {
  if (address && !styles.has(address))
    styles.set(address, addStyle(address));
  return address ? styles.get(address) : undefined;
}

/** By address. @type {Map<string, Promise<void>>} */
const words = new Map();

/** @param {string} address @param {Brought} of */
async function addWords(address, { schema = '', modality }) {
  const { roles = {}, events = {}, nouns = {}, checks = {}, messages = {} } = /** @type {Words} */ (await import(address));
  addMessages(messages);
  addCheckNames(checks);
  if (modality)
    addSessionRoles(modality, roles);
  addSentences(schema, events, nouns);
}

/** Has the words of all plugins. What cannot be fetched is shown by its name, and tried again. */
async function loadWords() {
  await Promise.all((brought ?? []).map(async (one) => {
    const address = one.words;
    if (!address)
      return;
    if (!words.has(address))
      words.set(address, addWords(address, one));
    await words.get(address)?.catch(() => { words.delete(address); });
  }));
}

/**
 * @param {Brought | undefined} brings
 * @param {string | undefined} script
 * @param {string | undefined} element
 */
async function make(brings, script = '', element = '') {
  try {
    await Promise.all([customElements.get(element) ? null : import(script), wear(brings?.style)]);
    if (!customElements.get(element))
      throw new Error(`${script} defines no ${element}`);
    return document.createElement(element);
  } catch (error) {
    console.error(error); // for who writes the plugin
    throw new Problem({ status: 502, title: '', detail: _('What the plugin “%s” shows here cannot be loaded.', brings?.plugin ?? ''), rule: 'desk/plugin',
      accepted: _('Try again. If it stays so, tell the administrator the plugin’s name.') });
  }
}

/** @param {string} modality @param {'compose' | 'booking'} place */
const makePart = (modality, place) => make(of(modality), of(modality)?.script, of(modality)?.[place]);

/** @param {string} path of one of pluginPages() */
export async function makePage(path) {
  const found = pluginPages().find((one) => one.path === path);
  return /** @type {Page} */ (await make(found?.of, found?.page.script, found?.page.element));
}

/** @param {string} modality @param {Stage} stage @returns {Promise<Panel>} */
export const makePanel = async (modality, stage) =>
  /** @type {Panel} */ (await make(of(modality), of(modality)?.script, panelAt(modality, stage)));

/** @param {string} modality @returns {Promise<ComposePart>} */
export const makeComposePart = async (modality) => /** @type {ComposePart} */ (await makePart(modality, 'compose'));

/** @param {string} modality @returns {Promise<BookingPart>} */
export const makeBookingPart = async (modality) => /** @type {BookingPart} */ (await makePart(modality, 'booking'));

/** What the panel's class says, once it is there. @param {string} modality @returns {PanelClass | undefined} */
export const panelClass = (modality) =>
  /** @type {PanelClass | undefined} */ (/** @type {unknown} */ (customElements.get(panelAt(modality, 'lobby') || panelAt(modality, 'room'))));

/** The keys of those that were opened. @returns {[string, string][]} */
export const panelKeys = () => (brought ?? []).flatMap(({ modality }) => (modality ? panelClass(modality)?.keys ?? [] : []));
