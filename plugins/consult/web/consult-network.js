// SPDX-License-Identifier: LGPL-2.1-or-later
// The look at the way for picture and sound, from this page to its hospital's hub, before joining.

import { _, N_, Problem, button, html, nothing, number, problemNote } from '@karez/desk';
import { networkGrade } from './consult-view.js';

/** @typedef {import('@karez/media').MediaEcho} MediaEcho */
/** @typedef {import('@karez/media').Measured} Measured */

const words = {
  good: N_('Good: picture and sound get through in both directions.'),
  unsteady: N_('Unsteady: picture and sound get through, but may stutter.'),
  poor: N_('Poor: picture and sound are likely to break off.'),
};
const advice = N_('A cable instead of Wi-Fi helps, and so does ending whatever else uses the line. Sound needs little: you can join with the camera off.');

/** @param {Measured} measured */
function found(measured) {
  const grade = networkGrade(measured);
  const share = Math.max(measured.loss_in, measured.loss_out) * 100;
  const rtt = `${number(Math.max(1, measured.rtt_ms))} ms`;
  const lost = `${number(share, share > 0 && share < 10 ? 1 : 0)} %`;
  return html`<p class="consult-found" data-grade=${grade}><i aria-hidden="true"></i><b>${_(words[grade])}</b></p>
    <p class="hint">${measured.bitrate_out === null ? _('There and back in %s, %s lost.', rtt, lost)
      : _('There and back in %s, %s lost, room for %s.', rtt, lost, `${number(measured.bitrate_out / 1e6, 1)} Mbit/s`)}</p>
    ${grade === 'good' ? nothing : html`<p>${_(advice)}</p>`}`;
}

/** @param {MediaEcho} echo */
function standing(echo) {
  switch (echo.state) {
    case 'connecting':
      return html`<p><i class="spinner" aria-hidden="true"></i> ${_('Looking for a way to your hospital’s hub.')}</p>`;
    case 'measuring':
      return html`<p>${_('A test picture and a tone go there and come back; nobody else gets them.')}</p>
        <progress max="100" .value=${Math.round(echo.share * 100)} aria-label=${_('How far the check of the network is')}></progress>`;
    case 'done':
      return echo.measured ? found(echo.measured) : nothing;
    case 'blocked':
      return html`<div class="note warn"><p><b>${_('Picture and sound do not get through.')}</b></p><p>${
        _('This network lets nothing through to %s (UDP). Try another one, or show this to your administrator.', echo.addresses.join(', '))}</p></div>`;
    case 'broken':
      return html`<div class="note warn"><p><b>${_('Picture and sound broke off during the check.')}</b></p><p>${
        _('Check again. If it breaks off again, it will in the session, too.')} ${_(advice)}</p></div>`;
    case 'refused':
      return echo.problem instanceof Problem ? problemNote(echo.problem)
        : html`<div class="note warn"><p><b>${_('This browser cannot try it.')}</b></p><p>${_('It may not send picture and sound here. Use another browser, or ask your administrator.')}</p></div>`;
    default:
      return html`<p class="hint">${_('Not checked yet.')}</p>`;
  }
}

/** @param {MediaEcho} echo */
export const networkCheck = (echo) => html`<section class="consult-network" aria-labelledby="consult-network-title">
  <h4 id="consult-network-title">${_('Network')}</h4><div role="status">${standing(echo)}</div>
  ${echo.going ? nothing : html`<p>${button({ label: echo.state === 'idle' ? _('Check the network') : _('Check the network again'), onclick: () => void echo.run() })}</p>`}</section>`;
