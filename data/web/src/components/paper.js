// SPDX-License-Identifier: LGPL-2.1-or-later
// A signed document on paper: only paper shows it, and nothing else of the page.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { bothClocks, dayLong } from '../time.js';
import { say } from './parts.js';

/** @typedef {[name: string, what: unknown]} Named what there is none of is left out */
/**
 * @typedef {object} Paper
 * @property {string} title what kind of document it is
 * @property {Named[]} facts what it is about, a line each
 * @property {Named[]} parts what it says, under headings
 * @property {{by: string, hospital: string, at: string, version: number, digest: string}} signed
 */

/** @param {Named[]} named */
const list = (named) => named.map(([name, what]) => (what && what !== nothing ? html`<div><dt>${name}</dt><dd dir="auto">${what}</dd></div>` : nothing));

/** @param {Paper} paper */
export const paper = ({ title, facts, parts, signed }) => html`<article class="paper" aria-hidden="true">
  <header><p class="paper-letter"><bdi>${signed.hospital}</bdi></p><h1>${title}</h1></header>
  <dl class="paper-facts">${list(facts)}</dl>
  <dl class="paper-parts">${list(parts)}</dl>
  <footer><p>${say(_('Signed by %s, %s'), html`<b>${signed.by}</b>`, signed.hospital)}</p><p>${say(_('%s, %s'), dayLong(signed.at), bothClocks(signed.at))}</p>
    <p class="paper-digest">${_('Version %s', signed.version)} · ${_('Digest')} <bdi><code>${signed.digest}</code></bdi></p></footer>
</article>`;

/** Prints a paper that an element shows, once its pictures are there. @param {import('lit').LitElement} element @param {() => void} done afterwards */
export async function printPaper(element, done) {
  await element.updateComplete;
  await Promise.all([...element.querySelectorAll('.paper img')].map((image) => /** @type {HTMLImageElement} */ (image).decode().catch(() => {})));
  addEventListener('afterprint', done, { once: true });
  print();
}
