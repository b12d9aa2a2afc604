// SPDX-License-Identifier: LGPL-2.1-or-later
// What plugins bring to the desk: which there are is written into the page by the build; their code
// and styles are fetched when something of theirs is opened, their words when they are spoken of.

import { addSentences } from './sentences.js';
import { addSessionRoles } from './words.js';

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
 * Words of a plugin that are shown outside of what it brings: its sessions' roles, its events, and what
 * the audit log's filter calls them. Messages to translate.
 * @typedef {{roles?: Record<string, string>, events?: Record<string, [string, string] | [string]>, nouns?: Record<string, string>}} Words
 */
/** @typedef {{address: string, element: string, lobby: boolean, compose?: string, booking?: string, style?: string, words?: string}} Brought */

/** @returns {Record<string, Brought>} by modality */
function known() {
  const meta = document.querySelector('meta[name="karez-panels"]');
  return JSON.parse(meta?.getAttribute('content') ?? '{}');
}

/** @param {string} modality */
export const hasPanel = (modality) => modality in known();

/** Whether it has something to show before this page has joined. @param {string} modality */
export const hasLobby = (modality) => known()[modality]?.lobby ?? false;

/** Whether it has a part of the composer or of a booking. @param {string} modality @param {'compose' | 'booking'} place */
export const hasPart = (modality, place) => Boolean(known()[modality]?.[place]);

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

/** @type {Promise<unknown> | null} */
let words = null;

/** @param {string} address */
async function addWords(address) {
  const { roles = {}, events = {}, nouns = {} } = /** @type {Words} */ (await import(address));
  addSessionRoles(roles);
  addSentences(events, nouns);
}

/** Has the words of all plugins. What cannot be fetched is shown by its name, and tried again. */
export async function loadWords() {
  words ??= Promise.all(Object.values(known()).flatMap((one) => one.words ?? []).map(addWords));
  await words.catch(() => { words = null; });
}

/** @param {string} modality @param {'element' | 'compose' | 'booking'} place */
async function make(modality, place) {
  const { address, style, [place]: element } = known()[modality];
  await Promise.all([customElements.get(element ?? '') ? null : import(address), wear(style)]);
  return document.createElement(element ?? '');
}

/** @param {string} modality @returns {Promise<Panel>} */
export const makePanel = async (modality) => /** @type {Panel} */ (await make(modality, 'element'));

/** @param {string} modality @returns {Promise<ComposePart>} */
export const makeComposePart = async (modality) => /** @type {ComposePart} */ (await make(modality, 'compose'));

/** @param {string} modality @returns {Promise<BookingPart>} */
export const makeBookingPart = async (modality) => /** @type {BookingPart} */ (await make(modality, 'booking'));

/** What the panel's class says, once it is there. @param {string} modality @returns {PanelClass | undefined} */
export const panelClass = (modality) =>
  /** @type {PanelClass | undefined} */ (/** @type {unknown} */ (customElements.get(known()[modality]?.element ?? '')));

/** The keys of those that were opened. @returns {[string, string][]} */
export const panelKeys = () => Object.keys(known()).flatMap((modality) => panelClass(modality)?.keys ?? []);
