// SPDX-License-Identifier: LGPL-2.1-or-later
// The look at one's own devices and at the network, before joining.

import { _, button, html, nothing } from '@karez/desk';
import { choosers, devicePreview, deviceTroubles, deviceWants, isUnchecked, levelHint, levelMeter, silencedBySystem } from '@karez/media';
import { networkCheck } from './consult-network.js';

/**
 * @param {import('@karez/media').Devices} devices
 * @param {{name: string, tone: boolean, playTone: () => void, begin: () => void,
 *   echo: import('./consult-network.js').MediaEcho | null}} options begin: of the whole check; echo: null for who is in
 */
export function deviceCheck(devices, { name, tone, playTone, begin, echo }) {
  const before = isUnchecked(devices);
  return html`<section class="consult-check" aria-labelledby="consult-check-title"><h3 id="consult-check-title">${_('Your devices and network')}</h3>
    <div class="consult-check-body">${devicePreview(devices, { name })}
    <div class="consult-check-side">
      ${before ? html`<p>${_('See and hear yourself before the others do. Your browser asks whether this page may use your camera and microphone.')}</p>
        <p>${button({ label: echo ? _('Check camera, microphone and network') : _('Check camera and microphone'), onclick: begin })}</p>`
        : html`${levelMeter()}${levelHint(devices)}${choosers(devices, { tone, playTone })}
          ${Object.keys(devices.problems).length ? html`<p>${button({ label: _('Check again'), busy: devices.asking, onclick: () => void devices.open() })}</p>` : nothing}`}
      ${deviceWants(devices)}
    </div>${echo && !before ? networkCheck(echo) : nothing}</div>
    ${silencedBySystem(devices)}${deviceTroubles(devices)}</section>`;
}
