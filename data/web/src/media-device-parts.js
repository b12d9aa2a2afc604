// SPDX-License-Identifier: LGPL-2.1-or-later
// What is shown of this page's camera, microphone and speaker: what is wrong with them, which there
// are, what they give, whether they are wanted. Plain functions: each gives a template.

import { html, nothing } from 'lit';
import { button, checkField, selectField } from './components/parts.js';
import { N_, _ } from './i18n.js';
import { choosesSpeaker } from './media-devices.js';
import { initials } from './media-person.js';

/** @typedef {import('./media-devices.js').Devices} Devices */
/** @typedef {import('./media-devices.js').Kind} Kind */
/** @typedef {import('./media-sources.js').Source} Source */
/** @typedef {'camera' | 'microphone' | 'screen'} Word */

/** Whatever a modality calls its picture, it comes from a camera. @param {Source} source @returns {Word} */
const wordOf = (source) => (source === 'microphone' || source === 'screen' ? source : 'camera');

/** @type {Record<string, Partial<Record<Word, string>>>} */
const problems = {
  denied: {
    camera: N_('This page may not use the camera.'), microphone: N_('This page may not use the microphone.'),
    screen: N_('This page may not share the screen.'),
  },
  missing: { camera: N_('No camera was found.'), microphone: N_('No microphone was found.') },
  busy: {
    camera: N_('The camera is in use by another program.'),
    microphone: N_('The microphone is in use by another program.'),
  },
  gone: { camera: N_('The camera was unplugged.'), microphone: N_('The microphone was unplugged.') },
  insecure: {
    camera: N_('The camera needs a secure address.'), microphone: N_('The microphone needs a secure address.'),
  },
  other: {
    camera: N_('The camera does not work.'), microphone: N_('The microphone does not work.'),
    screen: N_('The screen cannot be shared.'),
  },
};
/** @type {Record<string, string>} */
const remedies = {
  denied: N_('Click the sign at the left of the address, allow it for this page, then check again. You can also join without it.'),
  missing: N_('Plug one in and check again, or join without it.'),
  busy: N_('Close the program that uses it and check again, or join without it.'),
  gone: N_('Plug it in again or choose another one.'),
  insecure: N_('Open this page by its https address, or ask the administrator for it.'),
  other: N_('Unplug it and plug it in again, then check again. You can also join without it.'),
};
/** @type {Record<string, string>} */
const kinds = {
  NotAllowedError: 'denied', SecurityError: 'denied', PermissionDeniedError: 'denied',
  NotFoundError: 'missing', DevicesNotFoundError: 'missing', OverconstrainedError: 'missing',
  NotReadableError: 'busy', TrackStartError: 'busy', AbortError: 'busy',
  gone: 'gone', insecure: 'insecure',
};

/**
 * What is wrong with a device, and what to do.
 * @param {string} name of the browser's error; or 'gone', 'insecure'
 * @param {Source} source what is neither 'microphone' nor 'screen' is a camera
 * @returns {{text: string, help: string}} messages to translate
 */
export function deviceProblem(name, source) {
  const kind = kinds[name] ?? 'other';
  const word = wordOf(source);
  return { text: problems[kind][word] ?? /** @type {string} */ (problems.other[word]), help: remedies[kind] };
}

/** @param {string} name @param {Source} source */
export function problemOf(name, source) {
  const { text, help } = deviceProblem(name, source);
  return html`<div class="note warn" role="alert"><p><b>${_(text)}</b></p><p>${_(help)}</p></div>`;
}

/** What is wrong with what is sent. @param {Devices} devices */
export const deviceTroubles = (devices) => devices.sources.map((source) => {
  const name = devices.problems[source];
  return name ? problemOf(name, source) : nothing;
});

const silenced = {
  microphone: N_('This computer mutes your microphone: the others do not hear you.'),
  camera: N_('This computer gives no picture of your camera: the others do not see you.'),
};

/** A switch, a cover or a setting of the system, which no button here can undo. @param {Devices} devices */
export const silencedBySystem = (devices) => devices.sources.map((source) => (devices.isMutedBySystem(source)
  ? html`<div class="note bad" role="alert"><p><b>${_(silenced[source === 'microphone' ? source : 'camera'])}</b></p><p>${
    _('Look for a switch or a cover at the device or the keyboard, and in the privacy settings of this computer.')}</p></div>` : nothing));

/** @param {Devices} devices @param {Kind} kind @param {string} label */
function chooser(devices, kind, label) {
  const found = devices.choices(kind);
  if (found.length === 0)
    return nothing;
  /** @type {[string, string][]} */
  const choices = found.map((one, i) => [one.deviceId, one.label || _('Device %s', i + 1)]);
  if (devices.isPrepared(kind))
    choices.push(['', _('A prepared picture')]);
  return selectField({
    id: `device-${kind}`, label, value: devices.used(kind), choices,
    onchange: (value) => void devices.choose(kind, value),
  });
}

/** What can be chosen. @param {Devices} devices @param {{tone: boolean, playTone: () => void}} tone whether it sounds now, and how it begins */
export const choosers = (devices, { tone, playTone }) => html`<div class="device-choosers">
  ${chooser(devices, devices.picture, _('Camera'))}${chooser(devices, 'microphone', _('Microphone'))}
  ${choosesSpeaker ? chooser(devices, 'speaker', _('Speaker')) : nothing}
  <p>${button({ label: _('Play a test sound'), busy: tone, onclick: playTone })}</p></div>`;

/** How loud the microphone is; moved by `moveLevel`, without drawing anew. */
export const levelMeter = () => html`<div class="device-level" role="img" aria-label=${_('Loudness of your microphone')}><i></i></div>`;

/** Moves the meter that is shown in an element, if one is. @param {ParentNode} place @param {Devices} devices */
export function moveLevel(place, devices) {
  const bar = /** @type {HTMLElement | null} */ (place.querySelector('.device-level i'));
  bar?.style.setProperty('inline-size', `${Math.round(devices.level() * 100)}%`);
}

/** What is to be seen of the meter before somebody joins. @param {Devices} devices */
export const levelHint = ({ tracks, wants }) => html`<p class="hint">${tracks.microphone && wants.microphone
  ? _('Say something: the bar moves.') : wants.microphone ? _('Your microphone is off.') : _('You join with the microphone off.')}</p>`;

/** Nobody has asked for the devices yet. @param {Devices} devices */
export const isUnchecked = (devices) => !devices.asked && !devices.asking;

/**
 * One's own picture before joining; the page puts the track into the video, `data-own`.
 * @param {Devices} devices
 * @param {{name: string, mirrored?: boolean}} options whose; mirrored: as a face in a mirror, and not as what is looked at
 */
export function devicePreview(devices, { name, mirrored = true }) {
  const { picture } = devices;
  return html`<div class="device-preview">${devices.tracks[picture]
    ? html`<video data-own=${picture} class=${mirrored ? 'mirrored' : ''} autoplay playsinline .muted=${true} aria-label=${_('What your camera sees')}></video>`
    : html`<div class="person-initials" aria-hidden="true"><bdi>${initials(name)}</bdi></div><p>${
      !devices.wants[picture] ? _('You join with the camera off.') : isUnchecked(devices) ? _('Not checked yet.')
        : devices.asking ? _('Waiting for the camera.') : _('Your camera is off.')}</p>`}</div>`;
}

/** @param {Devices} devices @param {string} source @param {string} label */
const wish = (devices, source, label) => checkField({ label, checked: devices.wants[source],
  onchange: (on) => void (isUnchecked(devices) ? devices.plan(source, on) : devices.set(source, on)) });

/** Whether they are to be on at first: nothing is asked for yet where nothing was. @param {Devices} devices */
export const deviceWants = (devices) => html`<div class="device-wants">${
  wish(devices, devices.picture, _('Join with the camera on'))}${wish(devices, 'microphone', _('Join with the microphone on'))}</div>`;
