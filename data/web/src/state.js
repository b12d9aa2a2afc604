// SPDX-License-Identifier: LGPL-2.1-or-later
// What every page knows: who is signed in, which hub this is, how the page is to look.

import { api, setToken } from './api.js';
import { guessLanguage, language, languages, setLanguage } from './i18n.js';
import { live } from './live.js';

/** @typedef {import('./types.js').Me} Me */
/** @typedef {import('./types.js').Hello} Hello */

const changed = new EventTarget();

export const state = {
  /** @type {Me | null} */
  me: null,
  /** @type {Hello | null} */
  hello: null,
  /** Where to go after signing in. */
  wanted: '',
};

const tell = () => changed.dispatchEvent(new Event('change'));

/** @param {() => void} listener @returns {() => void} */
export function onState(listener) {
  changed.addEventListener('change', listener);
  return () => changed.removeEventListener('change', listener);
}

/** Whether the person who is signed in may do this. @param {string} permission */
export const may = (permission) => state.me?.permissions.includes(permission) ?? false;

/** @param {string | undefined | null} hub */
export const isOurs = (hub) => hub === state.me?.hub;

/** The size of type by who reads: people at the patient's side stand further away. @param {Me | null} me */
function readerOf(me) {
  const roles = me?.roles ?? [];
  const only = (/** @type {string[]} */ ...some) =>
    roles.length > 0 && roles.every((role) => some.includes(role));
  return only('bedside') ? 'bedside' : only('clinician', 'surgeon', 'bedside') ? 'clinician' : 'desk';
}

/** @param {Me | null} me */
async function take(me) {
  state.me = me;
  setToken(me?.csrf ?? '');
  document.documentElement.dataset.reader = readerOf(me);
  if (me?.language && me.language in languages && me.language !== language())
    await setLanguage(me.language);
  if (me)
    live.start();
  else
    live.stop();
  tell();
}

/** Reads the language, the hub and the person, before anything is drawn. */
export async function begin() {
  showTheme(theme());
  await setLanguage(guessLanguage());
  const [hello, me] = await Promise.allSettled([api.get('/hello'), api.get('/me')]);
  if (hello.status === 'rejected')
    throw hello.reason;
  state.hello = hello.value;
  await take(me.status === 'fulfilled' ? me.value : null);
}

/** @param {string} login @param {string} password */
export async function signIn(login, password) {
  await take(await api.post('/sign-in', { login, password }));
}

export async function signOut() {
  try {
    await api.post('/sign-out');
  } finally {
    await take(null);
  }
}

/** The hub no longer knows this page's cookie. */
export function forget() {
  if (state.me)
    take(null);
}

/** @param {string} wanted */
export async function chooseLanguage(wanted) {
  await setLanguage(wanted);
  tell();
  if (state.me) {
    state.me.language = wanted;
    await api.put('/me/language', { language: wanted });
  }
}

/** @returns {'auto' | 'light' | 'dark'} */
export function theme() {
  const kept = localStorage.getItem('karez.theme');
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}

/** @param {string} wanted auto follows the system */
export function showTheme(wanted) {
  const root = document.documentElement;
  if (wanted === 'light' || wanted === 'dark') {
    root.dataset.theme = wanted;
    localStorage.setItem('karez.theme', wanted);
  } else {
    delete root.dataset.theme;
    localStorage.removeItem('karez.theme');
  }
}
