// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the focus goes when what had it is taken away (WCAG 2.4.3): back to what led there, or to
// what stands in its place. Whoever works with the keyboard goes on from there, and a screen reader
// reads it.

/** How long what is loaded is waited for, in ms. */
const patience = 3000;
/** What can take it: what is in a list, or the heading above. */
const takers = '[data-item], h1, h2, h3';

/** What was lost last; only that is looked after. */
let turn = 0;
/** The page that was left last. */
let left = '';
/** The element of the desk that led away from it. */
let from = '';

const isLost = () => document.activeElement === document.body || document.activeElement === null;

/** The page goes to another one. @param {string} path that it leaves */
export function leave(path) {
  const link = document.activeElement?.closest(`a[href="${CSS.escape(location.pathname)}"]`);
  const element = link?.parentElement?.closest('karez-next, karez-live, karez-board, karez-day-list');
  left = path;
  if (element)
    from = element.localName;
}

/** What led to the page that was left, where one is back: the same booking may stand in several places. */
function opener() {
  if (!left || left === '/' || location.pathname !== '/')
    return null;
  const link = `a[href="${CSS.escape(left)}"]`;
  return /** @type {HTMLElement | null} */ ((from && document.querySelector(`${from} ${link}`)) || document.querySelector(link));
}

/** @param {Element[]} around from the nearest outwards @returns {HTMLElement | 'later' | null} */
function find(around) {
  for (const place of around) {
    if (!place.isConnected)
      continue;
    const taker = place.querySelector(takers);
    if (taker)
      return /** @type {HTMLElement} */ (taker);
    if (place.querySelector('.loading') || place.tagName === 'ASIDE' || place.tagName === 'MAIN')
      return 'later';
  }
  return null;
}

/** @param {HTMLElement} taker @param {FocusOptions} how */
function take(taker, how) {
  if (taker.tabIndex < 0 && !taker.hasAttribute('tabindex'))
    taker.setAttribute('tabindex', '-1');
  taker.focus(how);
}

/** @param {Element[]} around @param {FocusOptions} how */
function settle(around, how) {
  const mine = ++turn;
  const end = performance.now() + patience;
  const look = () => {
    if (mine !== turn || !isLost() || document.querySelector('dialog[open]'))
      return;
    const found = opener() ?? find(around);
    if (found instanceof HTMLElement)
      take(found, how);
    else if (found && performance.now() < end)
      requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/**
 * Called before an element is drawn anew. @param {Element} element
 * @returns {() => void} to be called when it was
 */
export function keepFocus(element) {
  const had = document.activeElement;
  if (!(had instanceof HTMLElement) || had === document.body || !element.contains(had))
    return () => {};
  /** @type {Element[]} */
  const around = [];
  for (let node = had.parentElement; node && node !== document.body; node = node.parentElement)
    around.push(node);
  // Under a finger or a mouse the page stays where it is: the next touch would be on something else.
  const how = { preventScroll: !had.matches(':focus-visible') };
  return () => {
    if (!isLost())
      return;
    // What was moved in its list has lost it, too.
    if (had.isConnected)
      had.focus(how);
    else
      settle(around, how);
  };
}
