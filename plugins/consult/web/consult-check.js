// SPDX-License-Identifier: LGPL-2.1-or-later
// The look at one's own devices, before joining and while in; and at the network, before.

import { _, N_, button, checkField, html, nothing, selectField } from '@karez/desk';
import { choosesSpeaker } from './consult-devices.js';
import { networkCheck } from './consult-network.js';
import { deviceProblem, initials } from './consult-view.js';

/** @typedef {import('./consult-devices.js').Devices} Devices */
/** @typedef {import('./consult-devices.js').Own} Own */
/** @typedef {import('./consult-devices.js').Kind} Kind */

/** @param {string} name @param {import('./consult-view.js').Source} source */
export function problemOf(name, source) {
  const { text, help } = deviceProblem(name, source);
  return html`<div class="note warn" role="alert"><p><b>${_(text)}</b></p><p>${_(help)}</p></div>`;
}

const silenced = {
  microphone: N_('This computer mutes your microphone: the others do not hear you.'),
  camera: N_('This computer gives no picture of your camera: the others do not see you.'),
};

/** A switch, a cover or a setting of the system, which no button here can undo. @param {Devices} devices */
export const silencedBySystem = (devices) => /** @type {Own[]} */ (['camera', 'microphone']).map((source) => (devices.isMutedBySystem(source)
  ? html`<div class="note bad" role="alert"><p><b>${_(silenced[source])}</b></p><p>${
    _('Look for a switch or a cover at the device or the keyboard, and in the privacy settings of this computer.')}</p></div>` : nothing));

/** @param {Devices} devices */
const troubles = (devices) => /** @type {Own[]} */ (['camera', 'microphone'])
  .map((source) => (devices.problems[source] ? problemOf(devices.problems[source], source) : nothing));

/** @param {Devices} devices @param {Kind} kind @param {string} label */
function chooser(devices, kind, label) {
  const found = devices.choices(kind);
  if (found.length === 0)
    return nothing;
  return selectField({
    id: `consult-${kind}`, label, value: devices.used(kind),
    choices: found.map((one, i) => [one.deviceId, one.label || _('Device %s', i + 1)]),
    onchange: (value) => void devices.choose(kind, value),
  });
}

/** What can be chosen. @param {Devices} devices @param {{tone: boolean, playTone: () => void}} tone */
export const choosers = (devices, { tone, playTone }) => html`<div class="consult-choosers">
  ${chooser(devices, 'camera', _('Camera'))}${chooser(devices, 'microphone', _('Microphone'))}
  ${choosesSpeaker ? chooser(devices, 'speaker', _('Speaker')) : nothing}
  <p>${button({ label: _('Play a test sound'), busy: tone, onclick: playTone })}</p></div>`;

/** How loud the microphone is; moved without drawing anew. */
export const levelMeter = () => html`<div class="consult-level" role="img" aria-label=${_('Loudness of your microphone')}><i></i></div>`;

/**
 * @param {Devices} devices
 * @param {{name: string, tone: boolean, playTone: () => void, begin: () => void,
 *   echo: import('./consult-network.js').MediaEcho | null}} options begin: of the whole check; echo: null for who is in
 */
export function deviceCheck(devices, { name, tone, playTone, begin, echo }) {
  const { tracks, wants } = devices;
  const before = !devices.asked && !devices.asking;
  return html`<section class="consult-check" aria-labelledby="consult-check-title"><h3 id="consult-check-title">${_('Your devices and network')}</h3>
    <div class="consult-check-body"><div class="consult-preview">${tracks.camera
      ? html`<video data-own="camera" class="mirrored" autoplay playsinline .muted=${true} aria-label=${_('What your camera sees')}></video>`
      : html`<div class="consult-initials" aria-hidden="true"><bdi>${initials(name)}</bdi></div><p>${
        wants.camera ? before ? _('Not checked yet.') : devices.asking ? _('Waiting for the camera.') : _('Your camera is off.') : _('You join with the camera off.')}</p>`}</div>
    <div class="consult-check-side">
      ${before ? html`<p>${_('See and hear yourself before the others do. Your browser asks whether this page may use your camera and microphone.')}</p>
        <p>${button({ label: echo ? _('Check camera, microphone and network') : _('Check camera and microphone'), onclick: begin })}</p>`
        : html`${levelMeter()}<p class="hint">${tracks.microphone && wants.microphone
          ? _('Say something: the bar moves.') : wants.microphone ? _('Your microphone is off.') : _('You join with the microphone off.')}</p>${choosers(devices, { tone, playTone })}
          ${Object.keys(devices.problems).length ? html`<p>${button({ label: _('Check again'), busy: devices.asking, onclick: () => void devices.open() })}</p>` : nothing}`}
      <div class="consult-wants">${checkField({ label: _('Join with the camera on'), checked: wants.camera,
        onchange: (on) => void (before ? devices.plan('camera', on) : devices.set('camera', on)) })}
      ${checkField({ label: _('Join with the microphone on'), checked: wants.microphone,
        onchange: (on) => void (before ? devices.plan('microphone', on) : devices.set('microphone', on)) })}</div>
    </div>${echo && !before ? networkCheck(echo) : nothing}</div>
    ${silencedBySystem(devices)}${troubles(devices)}</section>`;
}
