// SPDX-License-Identifier: LGPL-2.1-or-later
// A signed opinion: as it is read in the page, and as a document on paper.

import { _, button, html, nothing, paper, say, timeIn, timePair } from '@karez/desk';

/** @typedef {{by: string, hub: string, at: string}} Reading */
/**
 * @typedef {object} Signed
 * @property {string} id
 * @property {number} version
 * @property {string} hub
 * @property {string} findings none of its words are there before it is opened
 * @property {string} impression
 * @property {string} recommendation
 * @property {string | null} [amendment]
 * @property {string} signed_by
 * @property {string} signed_at
 * @property {string} digest
 * @property {Reading[]} readings
 */
/**
 * @typedef {object} Paper what is on the document beside the opinion
 * @property {Signed} opinion
 * @property {string} title
 * @property {string} patient the name; '' when the booking has none
 * @property {{question: string} | null} request
 * @property {string} asking the hospital that asked
 */

/** @param {Signed} opinion @returns {[string, string][]} */
const said = (opinion) => /** @type {[string, string][]} */ ([
  [_('Findings'), opinion.findings], [_('Impression'), opinion.impression], [_('Recommendation'), opinion.recommendation],
]).filter(([, text]) => text.trim() !== '');

/** @param {Signed} opinion */
const parts = (opinion) => html`<dl class="opinion-parts">${said(opinion).map(([name, text]) =>
  html`<div><dt>${name}</dt><dd dir="auto">${text}</dd></div>`)}</dl>`;

/**
 * @param {Signed} opinion
 * @param {{hospital: (id: string) => string, print: (opinion: Signed) => void, heading?: boolean}} how
 */
export function signedOpinion(opinion, { hospital, print, heading = true }) {
  return html`<article class="opinion-signed" data-version=${opinion.version}>
    <header>${heading ? html`<h3 tabindex="-1">${_('Signed opinion, version %s', opinion.version)}</h3>` : nothing}
      <p>${say(_('Signed by %s, %s'), html`<b>${opinion.signed_by}</b>`, hospital(opinion.hub))}<br>${timePair(opinion.signed_at)}</p></header>
    ${opinion.amendment ? html`<div class="note calm"><p><b>${_('Why it was amended')}</b></p><p dir="auto">${opinion.amendment}</p></div>` : nothing}
    ${parts(opinion)}
    ${opinion.readings.length ? html`<ul class="plain opinion-readings">${opinion.readings.map((one) =>
      html`<li>${say(_('Read by %s at %s, %s'), one.by, hospital(one.hub), timeIn(one.at))}</li>`)}</ul>` : nothing}
    <div class="row">${button({ label: _('Print'), name: _('Print version %s', opinion.version), onclick: () => print(opinion) })}</div>
  </article>`;
}

/**
 * One that nobody opened in this page: who signed it, and the way to its words.
 * @param {Signed} opinion
 * @param {{hospital: (id: string) => string, read: (opinion: Signed) => void, busy: boolean}} how
 */
export const unreadOpinion = (opinion, { hospital, read, busy }) => html`<article class="opinion-signed" data-version=${opinion.version} data-unread>
    <header><h3 tabindex="-1">${_('Signed opinion, version %s', opinion.version)}</h3>
      <p>${say(_('Signed by %s, %s'), html`<b>${opinion.signed_by}</b>`, hospital(opinion.hub))}<br>${timePair(opinion.signed_at)}</p></header>
    <div class="row">${button({ label: _('Read the opinion'), kind: 'primary', busy, onclick: () => read(opinion) })}</div>
    <p class="hint">${_('%s is told that you read it, and when.', hospital(opinion.hub))}</p></article>`;

/** @param {Paper} paper @param {(id: string) => string} hospital */
export const opinionPaper = ({ opinion, title, patient, request, asking }, hospital) => paper({
  title: _('Consultation opinion'),
  facts: [
    [_('Patient'), patient && html`<bdi>${patient}</bdi>`], [_('Asked by'), html`<bdi>${asking}</bdi>`], [_('Answered by'), html`<bdi>${hospital(opinion.hub)}</bdi>`],
    [_('Consultation'), title], [_('Question'), request?.question], [_('Why it was amended'), opinion.amendment],
  ],
  parts: said(opinion),
  signed: { by: opinion.signed_by, hospital: hospital(opinion.hub), at: opinion.signed_at, version: opinion.version, digest: opinion.digest },
});
