// SPDX-License-Identifier: LGPL-2.1-or-later
// What is left of a session that is over.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { panelAt } from '../panels.js';
import { may } from '../state.js';
import { clockAfter, duration, millis, range } from '../time.js';
import { sessionRole } from '../words.js';
import { factList, loadingState, timePair } from '../components/parts.js';
import { about, asked, personName } from './session-parts.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('./session.js').SessionPage} SessionPage */

/** When somebody was in, beside the session's start. @param {string} start @param {import('../types.js').Participant} one */
const took = (start, { joined_at: from, left_at: to }) => (from && to ? range(clockAfter(start, from), clockAfter(from, to)) : clockAfter(start, from ?? start));

/** @param {SessionPage} page @param {Session} session */
export function afterwards(page, session) {
  const { started_at: from, ended_at: to } = session;
  return html`<div class="lobby"><section class="card" aria-labelledby="kept-title"><h2 id="kept-title">${_('What was kept')}</h2>
      ${session.state === 'failed' ? html`<div class="note bad"><p>${session.reason ? _('The session failed: %s', _(session.reason)) : _('The session failed.')}</p></div>` : nothing}
      <div class="panel-place kept">${page.place.panel ?? (panelAt(session.modality, 'afterwards') ? loadingState(4) : html`<p class="hint">${_('This kind of session keeps nothing of its own.')}</p>`)}</div></section>
    <aside class="stack"><section class="card" aria-labelledby="sum-title"><h2 id="sum-title">${_('Summary')}</h2>${factList([
      [_('Started'), from ? timePair(from) : _('never')],
      [_('Ended'), to ? timePair(to) : ''],
      [_('Ran for'), from && to ? html`<bdi>${duration(millis(to) - millis(from))}</bdi>` : ''],
      [_('End'), session.state !== 'failed' && session.reason ? html`<bdi>${_(session.reason)}</bdi>` : ''],
      [_('Took part'), session.participants.length ? html`<ul class="plain people-list">${session.participants.map((one) => html`<li><b><bdi>${personName(one)}</bdi></b><small>${
        sessionRole(one.role, session.modality)} · <bdi>${page.hospital(one.hospital)}</bdi>${one.joined_at ? html` · <bdi>${took(from ?? one.joined_at, one)}</bdi>` : nothing}</small></li>`)}</ul>` : _('nobody')],
    ])}
    ${may('audit.read') ? html`<p><a href="/audit?session=${session.id}">${_('Who did what in it')}</a></p>` : nothing}</section>${asked(page, session)}${about(page, session)}</aside></div>`;
}
