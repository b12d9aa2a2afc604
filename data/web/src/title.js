// SPDX-License-Identifier: LGPL-2.1-or-later
// The title of the window: what is open in it, and before that what calls.

let page = '';
let call = '';

const show = () => { document.title = call ? `${call} · ${page}` : page; };

/** @param {string} title */
export function setTitle(title) {
  page = title;
  show();
}

/** What calls, or ''. @param {string} text */
export function setCall(text) {
  call = text;
  show();
}
