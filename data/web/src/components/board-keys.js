// SPDX-License-Identifier: LGPL-2.1-or-later
// Arrow keys among the board's blocks. They follow what is seen: right is right, in every language.

/** @param {HTMLElement} block */
function focusBlock(block) {
  for (const other of block.closest('[role="grid"]')?.querySelectorAll('a.block[tabindex="0"]') ?? [])
    other.setAttribute('tabindex', '-1');
  block.setAttribute('tabindex', '0');
  block.focus();
  block.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** @param {Element} block */
function centre(block) {
  const box = block.getBoundingClientRect();
  return box.left + box.width / 2;
}

/** @param {HTMLElement[]} row @param {number} x */
const nearest = (row, x) =>
  row.reduce((best, one) => (Math.abs(centre(one) - x) < Math.abs(centre(best) - x) ? one : best));

/** @param {KeyboardEvent} event */
export function moveInGrid(event) {
  const here = /** @type {HTMLElement} */ (event.target).closest('a.block');
  const grid = /** @type {HTMLElement} */ (event.currentTarget);
  if (!here || event.altKey || event.ctrlKey || event.metaKey)
    return;
  /** @type {HTMLElement[][]} */
  const rows = [...grid.querySelectorAll('[role="row"]')]
    .map((row) => /** @type {HTMLElement[]} */ ([...row.querySelectorAll('a.block')]).sort((a, b) => centre(a) - centre(b)))
    .filter((row) => row.length);
  const at = rows.findIndex((row) => row.includes(/** @type {HTMLElement} */ (here)));
  const row = rows[at];
  const place = row.indexOf(/** @type {HTMLElement} */ (here));
  const next = {
    ArrowLeft: row[place - 1],
    ArrowRight: row[place + 1],
    ArrowUp: rows[at - 1] && nearest(rows[at - 1], centre(here)),
    ArrowDown: rows[at + 1] && nearest(rows[at + 1], centre(here)),
    Home: row[0],
    End: row[row.length - 1],
  }[event.key];
  if (next) {
    event.preventDefault();
    focusBlock(next);
  }
}

/**
 * Up and Down in a list of links or buttons. @param {KeyboardEvent} event
 */
export function moveInList(event) {
  const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const target = /** @type {HTMLElement} */ (event.target);
  if (!way || !target.matches('a, button'))
    return;
  const list = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[data-item]')]);
  const at = items.findIndex((item) => item === target || item.contains(target));
  const next = items[at + way];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
