// SPDX-License-Identifier: LGPL-2.1-or-later
// Double taps. The second one lands on what the first has put there: the button of the next step, or of a
// question. It was not meant for that, and does nothing.

/** @typedef {{what: unknown, word: string, at: number, x: number, y: number}} Tap what: the control that it hit, or null; word: what that said; at: in ms */

/** So soon after another tap, and so near, it is the same finger going down twice. */
const within = 400;
const near = 30;

/** Whether it belongs to the tap before and hits something else. @param {Tap | null} before @param {Tap} now */
export const isStray = (before, now) => before !== null && before.what !== null && now.at - before.at < within
  && Math.hypot(now.x - before.x, now.y - before.y) < near && (now.what !== before.what || now.word !== before.word);

/** A label is its control. @param {EventTarget | null} target */
function controlOf(target) {
  const found = target instanceof Element ? target.closest('button, a[href], summary, label, input, select, textarea') : null;
  return found instanceof HTMLLabelElement ? found.control ?? found : found;
}

/** Stops the second tap before anything hears of it. Keys and scripts are let through. @param {EventTarget} place */
export function guardTaps(place) {
  /** @type {Tap | null} */
  let before = null;
  // Who has typed meanwhile has seen where.
  for (const typed of ['input', 'keydown'])
    place.addEventListener(typed, () => { before = null; }, true);
  place.addEventListener('click', (event) => {
    const { target, timeStamp: at, clientX: x, clientY: y, detail } = /** @type {MouseEvent} */ (event);
    if (detail === 0)
      return;
    const what = controlOf(target);
    const now = { what, word: what instanceof HTMLButtonElement ? what.textContent?.trim() ?? '' : '', at, x, y };
    if (!isStray(before, now)) {
      before = now;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    // A third one at once is no more meant than the second.
    before = { .../** @type {Tap} */ (before), at, x, y };
  }, true);
}
