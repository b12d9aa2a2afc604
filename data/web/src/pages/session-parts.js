// SPDX-License-Identifier: LGPL-2.1-or-later
// What stands beside a session in every state: who is in it, who is invited, what was asked, and what is not as it
// should be.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { live } from '../live.js';
import { hasPart } from '../panels.js';
import { isOurs, state } from '../state.js';
import { sessionRole } from '../words.js';
import '../components/invited.js';
import { button, factList, problemNote, say } from '../components/parts.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('./session.js').SessionPage} SessionPage */

/** A session that is over. */
export const over = ['ended', 'failed'];
/** One that people are in. */
export const running = ['live', 'degraded', 'held'];

/** @param {import('../types.js').Participant} one */
export const personName = (one) => one.name ?? one.actor?.name ?? '';

/** What is not as it should be, and what happens about it. @param {SessionPage} page @param {Session} session */
export function banners(page, session) {
  const away = live.state === 'away' || live.state === 'connecting';
  const other = isOurs(session.host) ? session.partner : session.host;
  const peer = page.around.value?.hubs.find((one) => one.id === other);
  const active = [...running, 'starting', 'ready', 'stopping'].includes(session.state);
  const worker = session.worker?.state;
  const restarting = active && (worker === 'restarting' || worker === 'starting');
  const partner = active && session.worker?.partner;
  return html`
    ${away ? html`<div class="note bad" role="status"><p><i class="spinner" aria-hidden="true"></i> ${_('The hub is away. The session goes on between the hospitals; this page comes back by itself.')}</p></div>` : nothing}
    ${!away && restarting ? html`<div class="note bad" role="status"><p><i class="spinner" aria-hidden="true"></i> ${_('This hospital’s part of the session is restarting. You are brought back by yourself in a few seconds.')}</p></div>` : nothing}
    ${!away && !restarting && page.presence?.state === 'returning' && active ? html`<div class="note warn" role="status"><p><i class="spinner" aria-hidden="true"></i> ${_('Bringing you back into the session.')}</p></div>` : nothing}
    ${active && page.presence?.replaced ? html`<div class="note warn" role="alert"><p>${_('You joined in another window.')}</p><p>${
      button({ label: _('Use this window'), busy: page.acts.busy === 'join', onclick: () => page.acts.join(page.presence?.replaced ?? '', true) })}</p></div>` : nothing}
    ${active && worker === 'failed' ? html`<div class="note bad" role="alert"><p>${_('This hospital’s part of the session failed too often and is not started again. Tell the engineer, or end the session.')}</p></div>` : nothing}
    ${partner === 'restarting' || partner === 'starting' ? html`<div class="note warn" role="status"><p>${_('The part of the session at %s is restarting.', page.hospital(other))}</p></div>` : nothing}
    ${active && peer && peer.state === 'down' ? html`<div class="note warn" role="status"><p>${_('The link to %s is down. What you do is kept and sent when it is back.', page.hospital(other))}</p></div>` : nothing}
    ${session.state === 'degraded' ? html`<div class="note warn" role="status"><p>${session.reason ? _('The session is limited: %s', _(session.reason)) : _('The session is limited.')}</p></div>` : nothing}
    ${session.state === 'held' ? html`<div class="note warn" role="status"><p><b>${_('On hold.')}</b> ${session.reason ? _(session.reason) : nothing}</p></div>` : nothing}
    ${problemNote(page.acts.problem)}`;
}

/** @param {SessionPage} page @param {Session} session */
export function people(page, session) {
  const here = session.participants.filter((one) => !one.left_at);
  return html`<section class="card" aria-labelledby="who"><h2 id="who">${_('Who is here')} <span>${here.length}</span></h2>
    ${here.length ? html`<ul class="plain people-list">${here.map((one) => html`<li><b><bdi>${personName(one)}</bdi></b>${
      one.id === page.presence?.participant ? html` <small>${_('you')}</small>` : nothing}<small>${sessionRole(one.role, session.modality)} · <bdi>${page.hospital(one.hospital)}</bdi></small></li>`)}</ul>`
      : html`<p class="hint">${_('Nobody yet.')}</p>`}</section>`;
}

/** @param {SessionPage} page @param {Session} session */
export function invited(page, session) {
  const { value } = page.invitations;
  return value && !value.open && !over.includes(session.state)
    ? html`<karez-invited .session=${session.id} .modality=${session.modality} .invitations=${value}></karez-invited>` : nothing;
}

/** @param {SessionPage} page @param {Session} session */
export function asked(page, session) {
  const { booking, modality } = session;
  if (!booking || !hasPart(modality, 'booking'))
    return nothing;
  page.added.want(page.unfolded ? `${modality} ${booking.id}` : '');
  return html`<details class="card fold" ?open=${page.unfolded} @toggle=${(/** @type {Event} */ event) => {
    page.unfolded = /** @type {HTMLDetailsElement} */ (event.target).open;
  }}><summary><h2>${_('Request')}</h2></summary>${page.added.show({ booking, hubs: page.around.value?.hubs ?? [] })}</details>`;
}

/** @param {SessionPage} page @param {Session} session */
export function about(page, session) {
  const { booking } = session;
  return html`<section class="card" aria-labelledby="about-title"><h2 id="about-title">${_('About')}</h2>${factList([
    [_('Reason'), booking?.reason ? html`<p class="prose" dir="auto">${booking.reason}</p>` : ''],
    [_('Hospitals'), say(_('%s runs it, with %s'), page.hospital(session.host), page.hospital(isOurs(session.host) ? session.partner : state.me?.hub ?? ''))],
    [_('Asked by'), booking?.requested_by ? html`<bdi>${booking.requested_by}</bdi>` : ''],
    [_('Booking'), html`<a href="/bookings/${session.id}">${_('Open')}</a>`],
  ])}</section>`;
}
