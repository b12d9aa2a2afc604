// SPDX-License-Identifier: LGPL-2.1-or-later
// What a text may hold, as the hub's karez-text.h says it: what is typed or pasted is cleaned here,
// where its writer sees it, so that nothing that is shown is refused or changed later.

/** Ends of a line as other programs write them: CR, VT and FF, NEL, Unicode's separators. */
const breaks = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g;
/** Halves of surrogate pairs, noncharacters, and control characters but tab and line feed. */
const unkept = /[\p{Cs}\p{Noncharacter_Code_Point}]|(?![\t\n])\p{Cc}/gu;
const directions = /[\u202a-\u202e\u2066-\u206f]/g;

/**
 * A text without what cannot be kept. Of a name of one line, breaks and tabs become spaces.
 * @param {string} text
 * @param {boolean} [lines] whether it may have several lines
 */
export function cleanText(text, lines = true) {
  const kept = text.replace(breaks, '\n').replace(unkept, '');
  return lines ? kept : kept.replace(/[\t\n]/g, ' ').replace(directions, '');
}

/**
 * Cleans what is in a field, with the caret where it was.
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 * @returns {boolean} whether something was not kept
 */
export function cleanField(field) {
  const lines = field.localName === 'textarea';
  const kept = cleanText(field.value, lines);
  if (kept === field.value)
    return false;
  const before = cleanText(field.value.slice(0, field.selectionStart ?? 0), lines).length;
  field.value = kept;
  field.setSelectionRange(before, before);
  return true;
}
