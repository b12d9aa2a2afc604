// SPDX-License-Identifier: LGPL-2.1-or-later
// What every page knows: who is signed in, which hub this is, how the page is to look.

import { Problem, api, setToken } from './api.js';
import { _, guessLanguage, language, languages, setLanguage } from './i18n.js';
import { live } from './live.js';
import { hasJumped, isDoubtful, takeTime, ticks } from './time.js';

/** @typedef {import('./types.js').Me} Me */
/** @typedef {import('./types.js').Hello} Hello */

const changed = new EventTarget();

export const state = {
  /** @type {Me | null} */
  me: null,
  /** Whose page it was until the sign-in ended: what that person typed is nobody else's. */
  former: '',
  /** @type {Hello | null} */
  hello: null,
  /** Where to go after signing in. */
  wanted: '',
  /** Why nobody is signed in, where the hub says more than that. @type {Problem | null} */
  problem: null,
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
  if (state.me)
    state.former = state.me.id;
  if (me && state.me && me.id !== state.me.id) {
    // Another person's page begins anew: nothing that was typed here becomes theirs.
    state.me = null;
    setToken('');
    tell();
    await new Promise((done) => { setTimeout(done); });
  }
  state.me = me;
  setToken(me?.csrf ?? '');
  document.documentElement.dataset.reader = readerOf(me);
  if (me?.language && me.language in languages && me.language !== language())
    await setLanguage(me.language);
  if (me && !me.new_password_needed)
    live.start();
  else
    live.stop();
  tell();
}

/** Who is signed in, as the hub knows it by this browser's cookie. */
export async function readMe() {
  await take(await api.get('/me'));
}

/** @param {unknown} error @param {string} rule */
const isRule = (error, rule) => error instanceof Problem && error.rule === rule;

/** Which hub it is, and what time it is there. @returns {Promise<Hello>} */
async function readHello() {
  const asked = ticks();
  const hello = await api.get('/hello');
  takeTime(hello.now, asked);
  return hello;
}

/** At the door no socket tells of it that the computer slept, or that its clock was set: the hub is asked until it answers. */
function watchClock() {
  let last = -Infinity;
  setInterval(() => {
    const follows = state.me && !state.me.new_password_needed;
    if (follows || !(hasJumped() || (isDoubtful() && ticks() - last > 3000)))
      return;
    last = ticks();
    tell();
    readHello().then(tell, () => {});
  }, 1000);
}

/** Reads the language, the hub and the person, before anything is drawn. */
export async function begin() {
  showTheme(theme());
  await setLanguage(guessLanguage());
  const [hello, me] = await Promise.allSettled([readHello(), api.get('/me')]);
  if (hello.status === 'rejected')
    throw hello.reason;
  state.hello = hello.value;
  watchClock();
  if (me.status === 'rejected' && !isRule(me.reason, 'sign-in/none'))
    state.problem = me.reason;
  await take(me.status === 'fulfilled' ? me.value : null);
  live.on('hello', check);
}

/** Somebody else may have signed in in another tab, or the rights have changed. */
async function check() {
  const { me } = state;
  try {
    const now = await api.get('/me');
    if (me && me === state.me && JSON.stringify(now) !== JSON.stringify(me))
      await take(now);
  } catch {
    // What is wrong is said where something is asked for.
  }
}

/** @param {string} login @param {string} password */
export async function signIn(login, password) {
  state.problem = null;
  await api.post('/sign-in', { login, password });
  try {
    await readMe();
  } catch (error) {
    throw isRule(error, 'sign-in/none') ? noCookie() : error;
  }
}

/** The password was right, and the browser did not bring back what it was given for it. */
const noCookie = () =>
  new Problem({
    status: 401,
    title: _('The password is right, but this browser does not keep the sign-in.'),
    rule: 'desk/cookie',
    accepted: _('Allow cookies for this address and delete the old ones. A browser keeps a sign-in only at an address that begins with https://, or on the machine itself.'),
  });

/** Who could not be signed out stays signed in, and is told. */
export async function signOut() {
  state.problem = null;
  try {
    await api.post('/sign-out');
  } catch (error) {
    if (!isRule(error, 'sign-in/none'))
      throw error;
  }
  await take(null);
}

/** Who is led to the door in the middle of something is told why. */
const ended = () =>
  new Problem({
    status: 401,
    title: _('Your sign-in has ended.'),
    rule: 'sign-in/none',
    accepted: _('Sign in again. If that is refused, an administrator has changed your account: ask there.'),
  });

/** The hub no longer knows this page's cookie. */
export function forget() {
  if (!state.me)
    return;
  state.problem = ended();
  take(null);
}

/** What this person may do has changed: the hub says what is left. */
async function askAgain() {
  try {
    await take(await api.get('/me'));
  } catch (error) {
    console.info('what may be done is not known', error);
  }
}
live.on('rights', askAgain);

/** @param {string} wanted */
export async function chooseLanguage(wanted) {
  await setLanguage(wanted);
  tell();
  if (state.me && !state.me.new_password_needed) {
    state.me.language = wanted;
    await api.put('/me/language', { language: wanted }, { keepalive: true });
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
