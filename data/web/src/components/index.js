// SPDX-License-Identifier: LGPL-2.1-or-later
// What a plugin's panel may use, as '@karez/components'. '@karez/i18n' is beside it.

export { html, nothing, svg } from 'lit';
export { repeat } from 'lit/directives/repeat.js';
export { api, Problem, newId, query } from '../api.js';
export { live } from '../live.js';
export { onSingleKeys, singleKey, singleKeys } from '../keys.js';
export { isOurs, may, state } from '../state.js';
export { cleanText } from '../text.js';
export * from '../time.js';
export { sessionRole, sessionWord, hubName } from '../words.js';
export { KarezElement, Loader, asProblem } from './element.js';
export {
  button, checkField, choiceField, emptyState, factList, failedState, field, icon, keyHint, loadingState, pageHead, pill,
  problemNote, say, selectField, shown, span, textField, timeIn, timePair,
} from './parts.js';
export { announce } from './announce.js';
export { confirm } from './dialog.js';
export { toast, toastProblem } from './toast.js';
