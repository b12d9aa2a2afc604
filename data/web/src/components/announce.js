// SPDX-License-Identifier: LGPL-2.1-or-later
// What a key did, for those who do not see it.

/** Long enough for a screen reader to hear that the same words come again. */
const apart = 60;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let next;

/** @param {string} text */
export function announce(text) {
  const place = document.querySelector('#announced');
  if (!place)
    return;
  clearTimeout(next);
  place.textContent = '';
  next = setTimeout(() => { place.textContent = text; }, apart);
}
