// SPDX-License-Identifier: LGPL-2.1-or-later
// Before a session: its checks, the panel's preview, who takes part as what, and its start.

import { html, nothing } from 'lit';
import { _, ngettext } from '../i18n.js';
import { panelClass } from '../panels.js';
import { isOurs, may, state } from '../state.js';
import { ticks } from '../time.js';
import { rolesAt, sessionRole } from '../words.js';
import { checkList } from '../components/checks.js';
import { button, loadingState, pill, span } from '../components/parts.js';
import { about, asked, invited, people, running } from './session-parts.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('./session.js').SessionPage} SessionPage */

/** After both halves are there, their link may take so long, in ms. */
export const settleFor = 5000;

const uninvited = () => html`<div class="note"><p><b>${_('You are not invited to this session.')}</b></p><p>${
  _('Its desk, or somebody who is invited, can invite you.')}</p></div>`;

/** @param {SessionPage} page @param {Session} session */
function joinForm(page, session) {
  const modality = page.around.value?.modalities.find((one) => one.id === session.modality);
  const able = (modality?.roles ?? []).filter((one) => modality?.accounts[one]?.some((account) => state.me?.roles.includes(account)));
  const roles = modality ? able.filter((one) => rolesAt(modality, isOurs(session.host)).includes(one)) : [];
  if (page.presence?.state !== 'out')
    return html`<p class="row">${pill('live', _('You are in as %s', sessionRole(page.presence?.role, session.modality)))}
      ${button({ label: _('Leave'), onclick: () => page.acts.act('leave', async () => page.presence?.leave()) })}</p>`;
  if (!may('session.join'))
    return html`<p class="hint">${_('Your roles do not let you join sessions.')}</p>`;
  if (page.uninvited)
    return uninvited();
  if (modality && !roles.length)
    return html`<p class="hint">${able.length ? _('The roles that your account may take in this kind of session are for the other hospital.')
      : _('Your account has no role that takes part in this kind of session.')}</p>`;
  const fitting = panelClass(session.modality)?.role?.(session, state.me) ?? '';
  const role = page.role || (roles.includes(fitting) ? fitting : roles[0]) || '';
  return html`<form class="join-form" @submit=${(/** @type {Event} */ event) => {
    event.preventDefault();
    page.acts.join(role);
  }}>
    ${roles.length > 1 ? html`<fieldset class="choice"><legend>${_('Join as')}</legend><div class="choices">${roles.map((one) => html`<label class="choice-one"><input
      type="radio" name="role" value=${one} .checked=${one === role} @change=${() => { page.role = one; }}><span>${sessionRole(one, session.modality)}</span></label>`)}</div></fieldset>` : nothing}
    ${button({ label: _('Join'), kind: 'primary', type: 'submit', busy: page.acts.busy === 'join', disabled: !role })}</form>`;
}

/** What the panel wants to be looked at before it begins. @param {SessionPage} page */
function ahead(page) {
  return page.place.panel && !page.uninvited ? html`<div class="panel-place ahead">${page.place.panel}</div>` : nothing;
}

/** @param {SessionPage} page @param {Session} session */
export function lobby(page, session) {
  const { mayControl } = page;
  const failed = session.checks?.filter((one) => one.verdict === 'failed') ?? [];
  const settling = ticks() - page.preparedAt < settleFor;
  const start = session.booking?.starts_at;
  const main = {
    planned: () => html`<p>${_('Nothing runs yet. Preparing it starts this session’s part at both hospitals and checks the link between them.')}</p>
      ${mayControl ? button({ label: _('Prepare'), kind: 'primary', busy: page.acts.busy === 'prepare', onclick: () => page.acts.move('prepare') })
        : page.uninvited && may('session.join') ? uninvited() : html`<p class="hint">${_('The desk prepares it.')}</p>`}`,
    preparing: () => html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('Both hospitals prepare their part. This takes a few seconds.')}</p>${loadingState(3)}`,
    starting: () => html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('The session is starting.')}</p>${ahead(page)}
      ${may('session.halt') ? button({ label: _('Hold…'), busy: page.acts.busy === 'hold', onclick: () => page.acts.hold() }) : nothing}`,
    stopping: () => html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('The session is ending; what it made is being kept.')}</p>${ahead(page)}`,
    ready: () => html`${checkList(session.checks ?? [], settling)}
      ${mayControl && isOurs(session.host) ? html`<p class="row">${button({ label: _('Check again'), kind: 'quiet', busy: page.acts.busy === 'check', onclick: () => page.acts.check() })}</p>` : nothing}
      ${ahead(page)}
      ${joinForm(page, session)}
      ${mayControl ? html`<div class="row lobby-start">${button({ label: _('Start'), kind: page.presence?.state === 'in' ? 'primary' : 'plain', busy: page.acts.busy === 'start',
        disabled: failed.length > 0 || (settling && !session.checks?.length), why: settling ? _('The link between the hospitals is being made.') : ngettext('%s check has failed', '%s checks have failed', failed.length), onclick: () => page.acts.move('start', { sequence: session.sequence }) })}
        <small class="hint">${_('It starts for both hospitals, and the start is recorded first.')}</small></div>`
        : html`<p class="hint">${_('It begins as soon as somebody with that right starts it.')}</p>`}`,
    live: () => html`<p>${_('The session is running.')}</p>${ahead(page)}${joinForm(page, session)}`,
  };
  const state = /** @type {keyof typeof main} */ (running.includes(session.state) ? 'live' : session.state);
  return html`<div class="lobby"><section class="card" aria-labelledby="lobby-title"><h2 id="lobby-title">${_('Lobby')}${
    start ? html` <span>${span(start, session.booking?.ends_at ?? start)}</span>` : nothing}</h2>
    ${main[state]?.() ?? nothing}</section>
    <aside class="stack">${people(page, session)}${invited(page, session)}${asked(page, session)}${about(page, session)}</aside></div>`;
}
