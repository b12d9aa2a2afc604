// SPDX-License-Identifier: LGPL-2.1-or-later
// The faces: a tile for each person, a shared screen before them, and the voices.

import { N_, _, clockSeconds, html, nothing, number, repeat, say, sessionRole } from '@karez/desk';
import { personPicture } from '@karez/media';
import { grade, gradeWords, gridClass, isMuted, unseenWhy } from './consult-view.js';

/** @typedef {import('@karez/media').MediaClient} MediaClient */
/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {string} role
 * @property {string} hospital its name
 * @property {boolean} own
 */
/**
 * @typedef {object} View
 * @property {MediaClient | null} client
 * @property {Person[]} people
 * @property {boolean} camera whether ours is on
 * @property {boolean} microphone
 * @property {string} quiet why nobody is seen; '' when people are
 */

/** What of somebody stands still, and since when; '' when all of it moves. @param {View} view @param {Person} person */
function standstill({ client, quiet }, person) {
  const since = (/** @type {import('./consult-view.js').Source} */ source) => (person.own || quiet ? undefined : client?.stillSince(person.id, source));
  const camera = since('camera');
  const microphone = since('microphone');
  if (camera !== undefined && microphone !== undefined)
    return _('No picture and no sound since %s', clockSeconds(Math.min(camera, microphone)));
  return camera !== undefined ? _('No picture since %s', clockSeconds(camera))
    : microphone !== undefined ? _('No sound since %s', clockSeconds(microphone)) : '';
}

/** @param {View} view @param {Person} person @param {string} still what stands still: that is no good connection, whatever was measured */
function signs({ client, microphone, quiet }, person, still) {
  const measured = client?.quality.get(person.id);
  const known = still ? null : grade(measured);
  // Where nobody may be seen, nothing is good; that somebody is away still counts.
  const word = quiet && !person.own && known !== 'away' ? null : known;
  const muted = person.own ? !microphone : isMuted(client, person.id);
  const figures = measured && word !== 'away'
    ? _('Delay %s ms, lost on the way here %s %%, on the way there %s %%', number(Math.round(measured.rtt_ms || 0)),
      number((measured.loss_in || 0) * 100, 1), number((measured.loss_out || 0) * 100, 1)) : '';
  return html`${muted ? html`<span class="consult-sign muted"><i aria-hidden="true"></i>${_('Muted')}</span>` : nothing}
    ${word ? html`<span class="consult-sign" data-grade=${word} title=${figures || nothing}><i aria-hidden="true"></i><span class="unseen">${_('Connection')}</span>
      ${_(gradeWords[word])}${figures ? html`<span class="unseen">${figures}</span>` : nothing}</span>` : nothing}`;
}

const unseenWords = { placeless: N_('This page has no place for this picture.'), off: N_('The camera is off.'), nothing: N_('Nothing has come from here yet.') };

/** @param {View} view @param {Person} person @param {boolean} [small] */
function tile(view, person, small = false) {
  const { client } = view;
  const shown = client?.people.get(person.id);
  // Where nobody may be seen, no last picture stays.
  const seen = person.own ? view.camera : Boolean(!view.quiet && shown?.tracks.camera && shown.on.camera);
  const still = standstill(view, person);
  const frozen = seen && still !== '' && client?.stillSince(person.id, 'camera') !== undefined;
  const speaks = client?.speaking.includes(person.id) ?? false;
  const why = person.own ? _('Your camera is off.') : view.quiet || _(unseenWords[unseenWhy(client, person.id)]);
  return html`<li class="consult-tile ${small ? 'small' : ''} ${speaks && !frozen ? 'speaks' : ''} ${frozen ? 'frozen' : ''}" aria-label=${person.own ? _('%s, you', person.name) : person.name}>
    ${personPicture({ ...person, seen, why: small ? '' : why })}
    ${still ? html`<p class="consult-still" role="status"><i aria-hidden="true"></i><span>${still}</span></p>` : nothing}
    <div class="consult-name"><span><b><bdi>${person.name}</bdi></b>${person.own ? html` <small>${_('you')}</small>` : nothing}
      ${speaks ? html`<span class="unseen">${_('speaks')}</span>` : nothing}${small ? nothing : html`<small>${sessionRole(person.role, 'consultation')} · <bdi>${person.hospital}</bdi></small>`}</span>
      <span class="consult-signs">${signs(view, person, still)}</span></div></li>`;
}

/** The one whose screen is shown. @param {View} view */
const sharer = ({ client, people, quiet }) =>
  people.find((one) => !one.own && !quiet && client?.people.get(one.id)?.tracks.screen && client.people.get(one.id)?.on.screen);

/** @param {View} view */
export function stage(view) {
  const others = view.people.filter((one) => !one.own);
  const own = view.people.filter((one) => one.own);
  const from = sharer(view);
  const screenSince = from ? view.client?.stillSince(from.id, 'screen') : undefined;
  const faces = from ? [] : others;
  const strip = from ? [...others, ...own] : own;
  return html`<div class="consult-stage">
    ${from ? html`<figure class="consult-screen ${screenSince === undefined ? '' : 'frozen'}"><video autoplay playsinline .muted=${true} data-person=${from.id} data-source="screen"
        aria-label=${_('The screen of %s', from.name)}></video><figcaption>${screenSince === undefined ? say(_('%s shares a screen.'), from.name)
          : html`<b role="status">${say(_('The screen of %s stands still since %s.'), from.name, clockSeconds(screenSince))}</b>`}</figcaption></figure>`
      : faces.length ? html`<ul class="consult-faces ${gridClass(faces.length)}" aria-label=${_('The others')}>${
        repeat(faces, (one) => one.id, (one) => tile(view, one))}</ul>`
        : html`<div class="consult-alone"><p><b>${_('Nobody else is here yet.')}</b></p><p>${_('You see them here as soon as they join.')}</p></div>`}
    <ul class="consult-strip" tabindex=${from ? '0' : nothing} aria-label=${from ? _('People') : _('You')}>${repeat(strip, (one) => one.id, (one) => tile(view, one, true))}</ul>
  </div>
  <div class="consult-voices" hidden>${repeat(others.filter((one) => !view.quiet && view.client?.people.get(one.id)?.tracks.microphone), (one) => one.id,
    (one) => html`<audio autoplay data-person=${one.id} data-source="microphone"></audio>`)}</div>`;
}
