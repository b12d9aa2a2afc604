// SPDX-License-Identifier: LGPL-2.1-or-later
// Single keys: which one was meant, on any layout, and whether it may act now.

const kept = 'karez.keys';
const changed = new EventTarget();

/** Whether letters alone do something, in this browser: who speaks to the computer or has an unsteady hand turns them off. */
export const singleKeys = () => localStorage.getItem(kept) !== 'off';

/** @param {boolean} on */
export function useSingleKeys(on) {
  if (on)
    localStorage.removeItem(kept);
  else
    localStorage.setItem(kept, 'off');
  changed.dispatchEvent(new Event('change'));
}

/** @param {() => void} tell @returns {() => void} stops it */
export function onSingleKeys(tell) {
  changed.addEventListener('change', tell);
  return () => changed.removeEventListener('change', tell);
}

/**
 * The letter or sign that a key means. What it writes counts, where that is one of ours, also from a
 * full-width input method: on AZERTY the A is where it is written. A key that writes another script,
 * or that an input method takes, is known by its place.
 * @param {{key: string, code: string, shiftKey?: boolean}} event
 * @returns {string} in lower case; '' for all others
 */
export function keyOf({ key, code, shiftKey = false }) {
  const written = key.normalize('NFKC').toLowerCase();
  if (/^[!-~]$/.test(written))
    return written;
  if (written === '؟')
    return '?';
  const taken = key === 'Process' || key === 'Unidentified' || key === '';
  if (!taken && (/^[ -~]*$/.test(key) || !/^\p{L}/u.test(key)))
    return ''; // Enter, F5, a space; a sign that is none of ours
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  return letter ? letter.toLowerCase() : code === 'Slash' ? shiftKey ? '?' : '/' : '';
}

/** Whether a key of this name is one that can be turned off. @param {string} name as it is shown: "A", "/", "Ctrl ↵" */
export const isSingle = (name) => /^[!-~]$/.test(name);

/** Whether typing goes there. @param {EventTarget | null} target */
const writes = (target) => target instanceof Element
  && target.closest('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]:not([contenteditable="false"])') !== null;

/**
 * The single key that acts now: nobody is typing, composing a character, holding it down, or being asked something.
 * @param {KeyboardEvent} event
 * @returns {string} '' for none
 */
export function singleKey(event) {
  if (!singleKeys() || event.defaultPrevented || event.isComposing || event.repeat || event.ctrlKey || event.metaKey || event.altKey
      || event.getModifierState?.('AltGraph') || writes(event.composedPath()[0]) || document.querySelector('dialog[open]'))
    return '';
  return keyOf(event);
}
