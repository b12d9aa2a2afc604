// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of a preflight: what was measured, its limit, and what helps.

import { html, nothing } from 'lit';
import { _, N_ } from '../i18n.js';

/** @typedef {import('../types.js').Check} Check */

/** Names of the checks that the hub itself makes; a plugin's say what they are by their id. @type {Record<string, string>} */
const names = {
  'link.rtt': N_('Delay of the link'), 'link.loss': N_('Loss on the link'), 'link.up': N_('Link between the hospitals'),
  'link': N_('Link between the hospitals'), 'clock': N_('Clocks of both hospitals'), 'peer': N_('Partner hospital'),
};
/** What a check is called; one that the partner made says so. @param {string} id */
function nameOfCheck(id) {
  const own = id.replace(/^partner\./, '');
  const name = names[own] ? _(names[own]) : html`<bdi>${own}</bdi>`;
  return own === id ? name : html`${name} <small>${_('at the partner')}</small>`;
}

/** @type {Record<string, string>} */
const verdicts = { passed: N_('passed'), warning: N_('warning'), failed: N_('failed') };

/** @param {Check[]} checks */
export const checkList = (checks) =>
  checks.length
    ? html`<ul class="plain checks" aria-label=${_('Checks')}>${checks.map((one) => html`<li data-verdict=${one.verdict}><i aria-hidden="true"></i><span><b>${
      nameOfCheck(one.id)}</b>${one.hint && one.verdict !== 'passed' ? html`<small>${_(one.hint)}</small>` : nothing}</span>
      <span class="check-value">${one.measured ? html`<bdi>${_(one.measured)}</bdi>` : nothing}${one.limit && one.limit !== one.measured ? html` <small><bdi>${_(one.limit)}</bdi></small>` : nothing}</span>
      <span class="check-verdict">${_(verdicts[one.verdict] ?? one.verdict)}</span></li>`)}</ul>`
    : html`<p class="hint">${_('No checks have been made yet.')}</p>`;
