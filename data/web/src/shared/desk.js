// SPDX-License-Identifier: LGPL-2.1-or-later
// What the script of a plugin may use of the desk, as '@karez/desk'; data/doc/desk.md says how.

export { LitElement, html, nothing, svg } from 'lit';
export { repeat } from 'lit/directives/repeat.js';
export { api, Problem, newId, query } from '../api.js';
export { DraftKeeper } from '../draft-keeper.js';
export { _, N_, dgettext, direction, dngettext, fill, isolate, language, listOf, nameOf, ngettext, onLanguage } from '../i18n.js';
export { onSingleKeys, singleKey, singleKeys } from '../keys.js';
export { live } from '../live.js';
export { go, guardPage } from '../router.js';
export { isOurs, may, state } from '../state.js';
export { cleanText } from '../text.js';
export * from '../time.js';
export { hubName, sessionRole, sessionWord, titleOf } from '../words.js';
export { announce } from '../components/announce.js';
export { ConsentControl, consentSentence } from '../components/consent.js';
export { confirm } from '../components/dialog.js';
export { draftStanding } from '../components/draft-standing.js';
export { KarezElement, Loader, asProblem } from '../components/element.js';
export { paper, printPaper } from '../components/paper.js';
export {
  button, checkField, choiceField, emptyState, factList, failedState, field, icon, keyHint, leadToWrong, loadingState, pageHead, pill,
  problemNote, say, selectField, shown, span, textField, timeIn, timePair,
} from '../components/parts.js';
export { toast, toastProblem } from '../components/toast.js';

/** @typedef {import('../types.js').Booking} Booking */
/** @typedef {import('../draft-keeper.js').Draft} Draft */
/** @typedef {import('../components/consent.js').Consent} Consent */
/** @typedef {import('../types.js').Event} Event */
/** @typedef {import('../types.js').Hub} Hub */
/** @typedef {import('../types.js').Me} Me */
/** @typedef {import('../types.js').Participant} Participant */
/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('../panels.js').Panel} Panel */
/** @typedef {import('../panels.js').ComposePart} ComposePart */
/** @typedef {import('../panels.js').BookingPart} BookingPart */
/** @typedef {import('../panels.js').Page} Page */
/** @typedef {import('../panels.js').Words} Words */
