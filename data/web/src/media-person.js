// SPDX-License-Identifier: LGPL-2.1-or-later
// Somebody's picture in a session, and what stands for somebody who is not seen.

import { html, nothing } from 'lit';

const titles = /^(dr|prof|mr|mrs|ms)\.?$/i;

/** One or two letters for somebody who is not seen. @param {string | null | undefined} name */
export function initials(name) {
  const words = (name ?? '').trim().split(/[\s·•]+/).filter(Boolean);
  const named = words.filter((word) => !titles.test(word));
  const [first, ...others] = named.length ? named : words;
  if (!first)
    return '?';
  // A Chinese name is its last characters.
  if (/^\p{Script=Han}+$/u.test(first) && others.length === 0)
    return Array.from(first).slice(-2).join('');
  /** A Uyghur vowel has its seat before it. @param {string} word */
  const letter = (word) => Array.from(word.replace(/^[^\p{L}\p{N}]+/u, '') || word).slice(0, word.startsWith('ئ') ? 2 : 1).join('').toUpperCase();
  const last = others.at(-1);
  const joined = last ? [letter(first), letter(last)] : [letter(first)];
  // Arabic letters would join into a word.
  return joined.join(/\p{Script=Arabic}/u.test(first) ? '\u2009' : '');
}

/**
 * Somebody's picture, or their initials and why they are not seen. The page puts the track into the video: `data-own` is
 * the source of its own, `data-person` and `data-source` are whose and which of the others'.
 * @param {{id: string, name: string, source?: string, own?: boolean, seen: boolean, why?: string}} options why: '' where
 *   there is no room for it
 */
export const personPicture = ({ id, name, source = 'camera', own = false, seen, why = '' }) => (seen
  ? html`<video autoplay playsinline .muted=${true} class=${own ? 'mirrored' : ''} data-own=${own ? source : nothing}
      data-person=${own ? nothing : id} data-source=${own ? nothing : source} aria-hidden="true"></video>`
  : html`<div class="person-calm"><div class="person-initials" aria-hidden="true"><bdi>${initials(name)}</bdi></div>${why ? html`<p>${why}</p>` : nothing}</div>`);
