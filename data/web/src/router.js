// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths are the state that can be kept, shared and gone back to. A page that must not be left by
// accident has a guard, which is asked before any way out of it, Back included.

const changed = new EventTarget();

/** @typedef {{page: string, id: string, query: URLSearchParams, path: string}} Route */
/** @typedef {() => Promise<boolean>} Guard whether it may be left */

/** @type {Guard | null} */
let guard = null;
let asking = false;
/** The place of the page that is shown among the entries of its history. */
let at = 0;
/** Where the browser is: elsewhere while it is called back. */
let here = 0;

/** @returns {Route} */
export function route() {
  const [, page = '', id = '', name = '', of = ''] = location.pathname.split('/');
  // A page of a plugin: /x/PLUGIN/NAME, and what of it: /x/PLUGIN/NAME/ID
  const own = page === 'x' && id && name;
  return {
    page: own ? `x/${id}/${name}` : page || 'day',
    id: decodeURIComponent(own ? of : id),
    query: new URLSearchParams(location.search),
    path: location.pathname + location.search,
  };
}

const tell = () => changed.dispatchEvent(new Event('change'));

/** @param {Guard | null} next null: it may be left */
export function guardPage(next) {
  if (guard === next)
    return;
  const had = guard !== null;
  guard = next;
  if (had !== (next !== null))
    changed.dispatchEvent(new Event('guard'));
}

/** Whether this page is one that is not left by accident. */
export const isGuarded = () => guard !== null;

/** Asks, where there is something to lose. The guard stays until the page is left: what leaves it may fail.
 * @returns {Promise<boolean>} whether the page may be left */
export async function mayLeave() {
  if (!guard)
    return true;
  if (asking)
    return false;
  asking = true;
  try {
    return await guard();
  } finally {
    asking = false;
  }
}

/** @param {string} path @param {boolean} replace */
function move(path, replace) {
  guardPage(null);
  if (!replace)
    at++;
  here = at;
  history[replace ? 'replaceState' : 'pushState']({ at }, '', path);
  tell();
}

/** @param {string} path @param {{replace?: boolean, force?: boolean}} [options] force: nobody is asked */
export function go(path, { replace = false, force = false } = {}) {
  if (path === location.pathname + location.search)
    return;
  if (force)
    guardPage(null);
  if (guard)
    void mayLeave().then((yes) => { if (yes) move(path, replace); });
  else
    move(path, replace);
}

/** @param {() => void} listener */
export function onRoute(listener) {
  changed.addEventListener('change', listener);
}

/** Told when a page begins or ends to be guarded. @param {() => void} listener */
export function onGuard(listener) {
  changed.addEventListener('guard', listener);
}

/** Back and forward: the browser has gone already, and is called back until somebody has decided. @param {PopStateEvent} event */
async function popped(event) {
  here = typeof event.state?.at === 'number' ? event.state.at : here - 1;
  if (!guard || here === at) {
    arrive();
    return;
  }
  const to = here;
  // Each step is answered by where it led: pressed twice, Back may have overtaken the call.
  history.go(at - here);
  if (!await mayLeave())
    return;
  guardPage(null);
  if (here === to)
    arrive();
  else
    history.go(to - here);
}

/** The page is where the browser is. */
function arrive() {
  at = here;
  tell();
}

/** Links inside the desk do not load the page anew. */
export function startRouter() {
  at = here = typeof history.state?.at === 'number' ? history.state.at : 0;
  history.replaceState({ at }, '');
  addEventListener('popstate', (event) => void popped(event));
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey
        || event.shiftKey || event.altKey)
      return;
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')
        || link.origin !== location.origin || link.pathname.startsWith('/api/'))
      return;
    if (link.getAttribute('href')?.startsWith('#'))
      return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
