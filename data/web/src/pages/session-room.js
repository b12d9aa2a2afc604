// SPDX-License-Identifier: LGPL-2.1-or-later
// While a session goes on: the plugin's panel, and what everybody in it may do.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { panelAt } from '../panels.js';
import { may } from '../state.js';
import { dayAndClock, duration, hubNow, millis } from '../time.js';
import { checkList } from '../components/checks.js';
import { button, emptyState, loadingState } from '../components/parts.js';
import { about, asked, invited, people } from './session-parts.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('./session.js').SessionPage} SessionPage */

/** Figures of the link, when the worker tells them. @param {SessionPage} page @param {Session} session */
function strip(page, session) {
  const link = page.statistics?.link ?? session.link;
  const rtt = link?.rtt_ms;
  const loss = link?.loss;
  const since = session.started_at ? duration(hubNow() - millis(session.started_at)) : '';
  return html`<div class="room-strip">${since ? html`<span><small>${_('running')}</small> <bdi>${since}</bdi></span>` : nothing}
    ${typeof rtt === 'number' ? html`<span><small>${_('link')}</small> <bdi>${_('%s ms', Math.round(rtt))}</bdi></span>` : nothing}
    ${typeof loss === 'number' ? html`<span><small>${_('lost')}</small> <bdi>${_('%s %%', (loss * 100).toFixed(1))}</bdi></span>` : nothing}
    ${session.booking ? html`<span><small>${_('plan')}</small> <bdi>${dayAndClock(session.booking.ends_at)}</bdi></span>` : nothing}</div>`;
}

/** @param {SessionPage} page @param {Session} session */
export function room(page, session) {
  return html`<div class="room"><div class="room-main">${strip(page, session)}
      <div class="panel-place">${page.place.panel ?? (panelAt(session.modality, 'room') ? loadingState(6)
        : emptyState({ title: _('This kind of session has no page here.'), text: _('Its plugin brings none.') }))}</div>
      <div class="room-bar">${button({ label: _('Leave'), busy: page.acts.busy === 'leave', onclick: () => page.acts.leave() })}
      ${may('session.control') && session.state === 'held'
        ? button({ label: _('Resume'), kind: 'primary', busy: page.acts.busy === 'resume', onclick: () => page.acts.move('resume', { sequence: session.sequence }) }) : nothing}
      ${may('session.halt') ? button({ label: _('Hold…'), busy: page.acts.busy === 'hold', onclick: () => page.acts.hold() }) : nothing}
      <span class="grow"></span>
      ${page.mayControl ? button({ label: _('End for all…'), kind: 'danger-plain', busy: page.acts.busy === 'stop', onclick: () => page.acts.endForAll() }) : nothing}</div></div>
    <aside class="stack">${people(page, session)}${invited(page, session)}${asked(page, session)}${about(page, session)}${session.checks?.length ? html`<section class="card"><h2>${_('Checks')}</h2>${checkList(session.checks)}</section>` : nothing}</aside></div>`;
}
