// SPDX-License-Identifier: LGPL-2.1-or-later
// Paths are the state that can be kept, shared and gone back to.

const changed = new EventTarget();

/** @typedef {{page: string, id: string, query: URLSearchParams, path: string}} Route */

/** @returns {Route} */
export function route() {
  const [, page = '', id = ''] = location.pathname.split('/');
  return {
    page: page || 'day',
    id: decodeURIComponent(id),
    query: new URLSearchParams(location.search),
    path: location.pathname + location.search,
  };
}

/** @param {string} path @param {{replace?: boolean}} [options] */
export function go(path, { replace = false } = {}) {
  if (path === location.pathname + location.search)
    return;
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  changed.dispatchEvent(new Event('change'));
}

/** @param {() => void} tell */
export function onRoute(tell) {
  changed.addEventListener('change', tell);
}

/** Links inside the desk do not load the page anew. */
export function startRouter() {
  addEventListener('popstate', () => changed.dispatchEvent(new Event('change')));
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
