// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is at the patient's side: the scene with the marks on it, and three big controls.

import { _, button, html, ngettext, nothing, state } from '@karez/desk';
import { devicePreview, deviceTroubles, isUnchecked, levelHint, levelMeter, silencedBySystem } from '@karez/media';
import { readBack } from './guidance-checklist.js';
import { shownDocument } from './guidance-document.js';

/** @typedef {import('./guidance-panel.js').GuidancePanel} Panel */

/** What is said over the picture, the most important alone. @param {Panel} panel */
function word(panel) {
  const { picture, marks, devices } = panel;
  if (panel.quiet())
    return panel.quiet();
  if (!devices.tracks.scene)
    return _('The experts see nothing yet: turn the camera on.');
  if (!devices.isOn('scene'))
    return _('The camera is covered: the experts see nothing.');
  if (marks.all.size && marks.tracker === false)
    return _('Marks cannot follow now. Listen to the experts.');
  if (picture?.waits)
    return _('The marks wait: they come back when they fit the picture.');
  const lost = marks.lost.length;
  return lost ? ngettext('%s mark is out of sight: show that place again.', '%s marks are out of sight: show that place again.', lost) : '';
}

/** One of the three. @param {{label: string, sign: string, on?: boolean, busy?: boolean, danger?: boolean, onclick: () => void}} what */
const control = ({ label, sign, on, busy = false, danger = false, onclick }) => html`<button class="guidance-control ${danger ? 'off' : ''}" type="button"
  aria-pressed=${on === undefined ? nothing : on ? 'true' : 'false'} ?disabled=${busy} @click=${onclick}><span class="guidance-sign" aria-hidden="true">${sign}</span>${label}</button>`;

/** Left and right go from one control to the next: a knob and a button are enough. @param {KeyboardEvent} event */
function step(event) {
  const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const all = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll('button')];
  const at = all.findIndex((one) => one === document.activeElement);
  if (!turn || at < 0)
    return;
  event.preventDefault();
  all[(at + turn * (document.dir === 'rtl' ? -1 : 1) + all.length) % all.length]?.focus();
}

/** @param {Panel} panel */
function controls(panel) {
  const { devices } = panel;
  const heard = devices.isOn('microphone');
  const seen = devices.isOn('scene');
  return html`<div class="guidance-controls" role="toolbar" aria-label=${_('Picture and sound')} @keydown=${step}>
    ${control({ label: heard ? _('Mute') : _('Unmute'), sign: heard ? '●' : '○', danger: !heard, busy: devices.asking, onclick: () => void panel.toggle('microphone') })}
    ${control({ label: seen ? _('Camera off') : _('Camera on'), sign: seen ? '▣' : '▢', danger: !seen, busy: devices.asking, onclick: () => void panel.toggle('scene') })}
    ${devices.hasTorch ? control({ label: devices.torch ? _('Light off') : _('Light on'), sign: '☀', on: devices.torch, onclick: () => void devices.setTorch(!devices.torch) })
      : control({ label: _('Other camera'), sign: '⟲', busy: devices.asking || devices.prepared, onclick: () => void devices.flip() })}</div>`;
}

/** The picture and what is pressed, and nothing else. @param {Panel} panel */
export const fullScreen = (panel) => (document.fullscreenEnabled
  ? button({ label: document.fullscreenElement ? _('Leave full screen') : _('Full screen'), kind: 'quiet', onclick: () => panel.full() }) : nothing);

/** What can be shown instead of what this device's camera sees. @param {Panel} panel */
const others = (panel) => html`<div class="guidance-more">
  ${panel.devices.hasTorch ? button({ label: _('Other camera'), kind: 'quiet', disabled: panel.devices.prepared, onclick: () => void panel.devices.flip() }) : nothing}
  ${button({ label: panel.devices.prepared ? _('Show the camera instead') : _('Show a prepared scene'), kind: 'quiet', onclick: () => void panel.prepare() })}${fullScreen(panel)}</div>`;

/** @param {Panel} panel */
export function site(panel) {
  const told = word(panel);
  const here = panel.people().filter((one) => !one.own);
  return html`<div class=${panel.showing.view ? 'guidance-scene guidance-beside' : 'guidance-scene'}>${shownDocument(panel)}<div class="guidance-picture">${panel.picture?.canvas}${told ? html`<p class="guidance-word" role="status">${told}</p>` : nothing}</div></div>
    ${readBack(panel)}${controls(panel)}${silencedBySystem(panel.devices)}
    <p class="guidance-here">${here.length ? here.map((one) => html`<span class=${panel.client?.speaking.includes(one.id) ? 'speaks' : ''}><bdi>${one.name}</bdi></span> `)
      : _('Nobody else is here yet.')}</p>${others(panel)}`;
}

/** Before joining: what the camera sees, of who is to show the scene; whether one is heard. @param {Panel} panel */
export function preview(panel) {
  const { devices, showsScene } = panel;
  const unchecked = isUnchecked(devices);
  return html`<section class="guidance-preview" aria-labelledby="guidance-preview-title"><h3 id="guidance-preview-title">${showsScene ? _('Your camera and microphone') : _('Your microphone')}</h3>
    ${showsScene ? devicePreview(devices, { name: state.me?.names?.en ?? '', mirrored: false }) : nothing}
    <p>${showsScene ? _('You show the scene; experts draw on it. Your browser asks whether this page may use your camera and microphone.')
      : _('You see the scene that is shown at the patient’s side, and draw on it. Your browser asks whether this page may use your microphone.')}</p>
    ${unchecked ? nothing : html`${levelMeter()}${levelHint(devices)}`}
    <p class="row">${button({ label: !unchecked ? _('Check again') : showsScene ? _('Check camera and microphone') : _('Check the microphone'), busy: devices.asking,
      onclick: () => void devices.open(panel.wanted()) })}
    ${showsScene ? button({ label: devices.prepared ? _('Show the camera instead') : _('Show a prepared scene'), kind: 'quiet', onclick: () => void panel.prepare() }) : nothing}
    ${panel.partner ? button({ label: _('Try guidance: both sides beside each other'), kind: 'quiet', onclick: () => panel.tryBoth() }) : nothing}</p>
    ${silencedBySystem(devices)}${deviceTroubles(devices)}</section>`;
}
