// SPDX-License-Identifier: LGPL-2.1-or-later
// The hub's JSON API: one call, one answer or one Problem. A writing request keeps its
// Idempotency-Key over its retries, so that asking twice can never act twice.

import { _, isolate, language } from './i18n.js';
import { hubNow, saidTime } from './time.js';

/** @typedef {import('./types.js').ProblemDocument} ProblemDocument */

const prefix = '/api/v1';
const deadline = 15_000;
const retries = [250, 1000];

/** @typedef {import('./types.js').SentencePart} SentencePart */

/** A sentence of the hub's as plain text: times by the reader's clocks, each value in its own
 * direction. @param {SentencePart[]} parts */
export const sentenceText = (parts) => parts.map((part) => (typeof part === 'string' ? part
  : isolate('time' in part ? saidTime(part.time) : part.text))).join('');

/** Why the hub refused: what went wrong, the rule, and what would be accepted. */
export class Problem extends Error {
  /** @param {ProblemDocument} document */
  constructor(document) {
    super(document.detail_parts ? sentenceText(document.detail_parts) : document.detail || document.title);
    this.name = 'Problem';
    this.status = document.status;
    this.rule = document.rule ?? '';
    /** The two sentences in pieces, where there are values in them: for whoever has elements. */
    this.parts = document.detail_parts ?? [this.message];
    this.accepted = document.accepted_parts ? sentenceText(document.accepted_parts) : document.accepted ?? '';
    this.acceptedParts = document.accepted_parts ?? [this.accepted];
    this.pointer = document.pointer ?? '';
  }

  /** Whether the hub, not the request, is at fault: trying again can help. */
  get away() {
    return this.status === 0 || this.status >= 502;
  }
}

/** A UUIDv7: the time first, so that ids sort by it. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = hubNow();
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

let csrf = '';
/** @param {string} token from /me */
export function setToken(token) {
  csrf = token;
}

/** What to do when the hub no longer knows who this is. @type {() => void} */
let signedOut = () => {};
/** @param {() => void} tell */
export function onSignedOut(tell) {
  signedOut = tell;
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const unreachable = () =>
  new Problem({
    status: 0,
    title: _('The hub does not answer.'),
    detail: _('The hub does not answer. Nothing was changed here; it may have been done there.'),
    rule: 'desk/unreachable',
    accepted: _('Try again; asking twice does no harm.'),
  });

/** @param {Response} answer */
async function problemOf(answer) {
  try {
    const document = await answer.json();
    if (document && typeof document.title === 'string')
      return new Problem({ ...document, status: answer.status });
  } catch {
    // Not JSON: the status is all there is.
  }
  // A proxy, or a head that was never read whole.
  if (answer.status === 431)
    return new Problem({
      status: 431,
      title: _('This browser sends too many cookies for this address.'),
      rule: 'http/431',
      accepted: _('Delete the cookies of this address in the browser.'),
    });
  return new Problem({
    status: answer.status,
    title: _('The hub refused with status %s.', answer.status),
    rule: `http/${answer.status}`,
  });
}

/**
 * @typedef {object} Options
 * @property {unknown} [body] a Blob goes as it is, anything else as JSON
 * @property {string} [key] the Idempotency-Key, when the caller itself asks again
 * @property {AbortSignal} [signal]
 * @property {boolean} [once] not asked again by itself when the hub does not answer
 * @property {boolean} [keepalive] goes on when the page is left; at most 64 KiB
 * @property {number} [within] ms for one answer
 */
/**
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
async function call(method, path, { body, key, signal, once = false, keepalive = false, within = deadline } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', 'Accept-Language': language().replace('_', '-') };
  if (method !== 'GET') {
    headers['Idempotency-Key'] = key ?? newId();
    if (csrf)
      headers['X-Karez-Token'] = csrf;
  }
  const bytes = body instanceof Blob;
  if (body !== undefined)
    headers['Content-Type'] = bytes ? 'application/octet-stream' : 'application/json';
  const tries = once ? 0 : retries.length;
  for (let attempt = 0; ; attempt++) {
    const timeout = AbortSignal.timeout(within);
    try {
      const answer = await fetch(prefix + path, {
        method,
        headers,
        body: body === undefined ? undefined : bytes ? body : JSON.stringify(body),
        keepalive,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: signal ? anySignal(signal, timeout) : timeout,
      });
      if (answer.ok)
        return answer.status === 204 ? null : await answer.json();
      const problem = await problemOf(answer);
      // A wrong password says nothing of who is signed in.
      if (answer.status === 401 && path !== '/sign-in' && problem.rule !== 'sign-in/refused')
        signedOut();
      if (!(problem.status >= 502) || attempt >= tries)
        throw problem;
    } catch (error) {
      if (error instanceof Problem)
        throw error;
      if (signal?.aborted)
        throw error;
      if (attempt >= tries)
        throw unreachable();
    }
    await pause(retries[attempt]);
  }
}

/** @param {AbortSignal} a @param {AbortSignal} b */
function anySignal(a, b) {
  const either = new AbortController();
  for (const one of [a, b]) {
    if (one.aborted)
      either.abort(one.reason);
    one.addEventListener('abort', () => either.abort(one.reason), { once: true });
  }
  return either.signal;
}

/** @param {Record<string, string | number | null | undefined>} values */
export function query(values) {
  const kept = Object.entries(values).filter(([, value]) => value !== '' && value != null);
  return kept.length
    ? `?${new URLSearchParams(kept.map(([name, value]) => [name, String(value)]))}`
    : '';
}

export const api = {
  /** @param {string} path @param {{signal?: AbortSignal}} [options] */
  get: (path, options) => call('GET', path, options),
  /** @param {string} path @param {unknown} [body] @param {Options} [options] */
  post: (path, body = {}, options = {}) => call('POST', path, { ...options, body }),
  /** @param {string} path @param {unknown} body @param {Options} [options] */
  put: (path, body, options = {}) => call('PUT', path, { ...options, body }),
  /** @param {string} path */
  delete: (path) => call('DELETE', path),
};
