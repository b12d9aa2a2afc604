// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of a preflight: what was measured, its limit, and what helps.

import { html, nothing } from 'lit';
import { _, N_ } from '../i18n.js';
import { checkName } from '../words.js';

/** @typedef {import('../types.js').Check} Check */

/** What a check is called, or its id; one that the partner made says so. @param {string} id */
function nameOfCheck(id) {
  const own = id.replace(/^partner\./, '');
  const name = checkName(own) || html`<bdi>${own}</bdi>`;
  return own === id ? name : html`${name} <small>${_('at the partner')}</small>`;
}

/** @type {Record<string, string>} */
const verdicts = { passed: N_('passed'), warning: N_('warning'), failed: N_('failed'), settling: N_('checking…') };

/** @param {Check} check @param {string} verdict */
const checkLine = ({ id, hint, measured, limit }, verdict) => html`<li data-verdict=${verdict}><i class=${verdict === 'settling' ? 'spinner' : ''} aria-hidden="true"></i>
  <span><b>${nameOfCheck(id)}</b>${hint && verdict !== 'passed' ? html`<small>${_(hint)}</small>` : nothing}</span>
  <span class="check-value">${measured ? html`<bdi>${_(measured)}</bdi>` : nothing}${limit && limit !== measured ? html` <small><bdi>${_(limit)}</bdi></small>` : nothing}</span>
  <span class="check-verdict">${_(verdicts[verdict] ?? verdict)}</span></li>`;

/** @param {Check[]} checks @param {boolean} [settling] what failed may still come right by itself */
export const checkList = (checks, settling = false) =>
  checks.length
    ? html`<ul class="plain checks" aria-label=${_('Checks')}>${checks.map((one) => checkLine(one, settling && one.verdict === 'failed' ? 'settling' : one.verdict))}</ul>`
    : html`<p class="hint">${_('No checks have been made yet.')}</p>`;
