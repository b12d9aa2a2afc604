// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking a partner for a session, beside the board. The board draws what is typed here, and shows
// what it would collide with, before anything is sent.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { api, newId } from '../api.js';
import { _, listOf, nameOf, ngettext } from '../i18n.js';
import { live } from '../live.js';
import { hasPart, makeComposePart } from '../panels.js';
import { go } from '../router.js';
import { isOurs, may, state } from '../state.js';
import { MINUTE, bothClocks, clockAfter, clockInXinjiang, rfc3339 } from '../time.js';
import { hubName, kindPlural, rolesAt, sessionRole, titleOf, urgencies, urgencyHint, urgencyWord } from '../words.js';
import { byKind, collision, covers } from './board.js';
import { KarezElement, asProblem } from './element.js';
import { MomentField } from './moment-field.js';
import { defaultStart, isForNow, newRequest } from './request.js';
import { Part } from './part.js';
import { button, checkField, choiceField, icon, leadToWrong, problemNote, say, selectField, span, textField, timeIn, tooLong } from './parts.js';
import { toast, toastProblem } from './toast.js';

/** @typedef {import('../types.js').Board} BoardData */
/** @typedef {import('../types.js').Booking} Booking */
/** @typedef {import('../types.js').Modality} Modality */
/** @typedef {import('../types.js').Patient} Patient */
/** @typedef {import('../types.js').Resource} Resource */
/** @typedef {import('./request.js').Request} Request */

const shortest = 5;
const longest = 24 * 60;
const titleMax = 200;
const reasonMax = 4000;

/** The kind of session that this browser asked for last in an emergency: a clinic's telephone asks for the same again. */
const emergencyKey = 'karez.emergency.modality';

/** The field of what the hub refused, where it is called otherwise here. @type {Record<string, string>} */
const fieldOf = { ends_at: 'starts_at' };

/** Fires "draft" whenever the request changes. */
export class Composer extends KarezElement {
  static pace = 5_000;
  static properties = {
    alone: { type: Boolean }, request: { attribute: false }, board: { attribute: false }, modalities: { attribute: false }, patients: { attribute: false }, morePatients: { attribute: false },
    problem: { state: true }, busy: { state: true }, tried: { state: true },
  };

  constructor() {
    super();
    /** @type {Request} */
    this.request = newRequest();
    /** Whether nothing else is on the page: it is a page of its own then. */
    this.alone = false;
    /** @type {BoardData | null} */
    this.board = null;
    /** @type {Modality[]} */
    this.modalities = [];
    /** @type {Patient[]} */
    this.patients = [];
    this.morePatients = false;
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    this.busy = false;
    this.tried = false;
    /** Stays the same while the request does: sent twice, it acts once. */
    this.key = newId();
    /** What the kind of session asks for. @type {Part<import('../panels.js').ComposePart>} */
    this.added = new Part(this, async (modality) => {
      const element = await makeComposePart(modality);
      element.addEventListener('draft', () => this.change({ begun: true }));
      return element;
    });
  }

  /** What a choice leaves only one answer for is answered. */
  willUpdate() {
    const { request } = this;
    const partners = this.partners();
    if (!request.partner && partners.length)
      request.partner = partners[0].id;
    // A plugin that was away when the page came may bring the one that is meant.
    const kept = request.urgency === 'T0' ? localStorage.getItem(emergencyKey) : null;
    const first = this.modalities.find((one) => one.id === kept) ?? this.modalities[0];
    if (first && request.modality !== first.id && !(request.modality && (request.modalityChosen || request.begun))) {
      request.modality = first.id;
      if (!request.minutesTyped)
        request.minutes = first.duration_minutes;
    }
    this.goOn();
    this.added.want(hasPart(request.modality, 'compose') ? `${request.modality} ${request.id}` : '');
  }

  /** What nobody chose a start for goes on with the clock. */
  goOn() {
    const { request } = this;
    const start = defaultStart(request.urgency === 'T0');
    if (request.startChosen || start === request.start || (!isForNow(request) && start < request.start))
      return;
    request.start = start;
    void this.updateComplete.then(() => this.dispatchEvent(new CustomEvent('draft')));
  }

  /** On a telephone a field in focus brings up the keyboard, over what sends. */
  firstUpdated() {
    const sends = this.request.urgency === 'T0' && matchMedia('(max-width: 760px)').matches;
    /** @type {HTMLElement | null} */ (this.querySelector(sends ? 'button[type="submit"]' : '#compose-title'))?.focus();
  }

  partners() {
    return this.board?.hubs.filter((hub) => !hub.own && hub.state !== 'revoked') ?? [];
  }

  /** @param {Partial<Request>} values */
  change(values) {
    Object.assign(this.request, values);
    this.problem = null;
    this.key = newId();
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent('draft'));
  }

  /** Help does not wait for words. */
  get sentTitle() {
    const { title, urgency } = this.request;
    return title.trim() || (urgency === 'T0' ? _('Emergency') : '');
  }

  get end() {
    return this.request.start + this.request.minutes * MINUTE;
  }

  /** What is still wrong, by field. @returns {Record<string, string>} */
  wrong() {
    const { request } = this;
    /** @type {Record<string, string>} */
    const wrong = {};
    wrong.title = this.sentTitle ? tooLong(this.sentTitle, titleMax) : _('Say in a few words what it is about.');
    wrong.reason = tooLong(request.reason.trim(), reasonMax);
    if (!Number.isInteger(request.minutes) || request.minutes < shortest || request.minutes > longest)
      wrong.minutes = _('Between %s minutes and 24 hours.', shortest);
    if (!request.partner)
      wrong.partner = _('There is no partner yet. An administrator pairs hospitals.');
    if (!request.modality)
      wrong.modality = _('No kind of session is installed.');
    const refused = this.problem?.pointer.split('/')[1];
    if (this.problem && refused)
      wrong[fieldOf[refused] ?? refused] = this.problem.message;
    return Object.fromEntries(Object.entries(wrong).filter(([, text]) => text));
  }

  conflicts() {
    const { board, request } = this;
    return board ? [...request.resources]
      .map((id) => ({ resource: board.resources.find((one) => one.id === id), booking: collision(board, id, request.start, this.end) }))
      .filter((one) => one.booking && one.resource) : [];
  }

  /** @param {Event} [event] */
  async send(event) {
    event?.preventDefault();
    if (this.busy)
      return;
    this.tried = true;
    this.problem = null;
    const time = this.querySelector('karez-moment');
    const timeLacks = time instanceof MomentField && !time.settle();
    const lacks = timeLacks || Object.keys(this.wrong()).length > 0;
    const partLacks = await this.added.element?.wrong();
    if (lacks || partLacks) {
      await this.updateComplete;
      leadToWrong(this);
      return;
    }
    const { request } = this;
    this.busy = true;
    try {
      const late = await this.savePart();
      await api.post('/bookings', {
        id: request.id, modality: request.modality, title: this.sentTitle, reason: request.reason.trim(),
        urgency: request.urgency, partner: request.partner,
        ...(isForNow(request) ? { minutes: request.minutes } : { starts_at: rfc3339(request.start), ends_at: rfc3339(this.end) }),
        resources: [...request.resources], ...(request.patient ? { patient: request.patient } : {}),
      }, { key: this.key });
      this.added.element?.sent?.();
      this.sent(request);
      if (late)
        toastProblem(late);
    } catch (error) {
      this.problem = asProblem(error);
      await this.updateComplete;
      if (this.problem?.pointer)
        leadToWrong(this);
    }
    this.busy = false;
  }

  /** An emergency is asked for even if what else it says could not be kept. @returns {Promise<unknown>} what it was refused for */
  async savePart() {
    try {
      await this.added.element?.save();
    } catch (error) {
      if (this.request.urgency !== 'T0')
        throw error;
      return error;
    }
    return null;
  }

  /** @param {Request} request */
  sent(request) {
    if (request.urgency === 'T0')
      localStorage.setItem(emergencyKey, request.modality);
    live.touch('booking');
    toast(_('Sent to %s.', hubName(this.board?.hubs ?? [], request.partner)), {
      undo: async () => {
        try {
          await api.post(`/bookings/${request.id}/withdraw`, {});
        } catch (error) {
          toastProblem(error);
        }
        live.touch('booking');
      },
    });
    this.dispatchEvent(new CustomEvent('sent'));
    go(`/bookings/${request.id}`);
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    if (event.key === 'Enter' && !event.isComposing && !event.repeat && (event.ctrlKey || event.metaKey))
      this.send(event);
  }

  /** @param {string} hub @param {string} label */
  resourceChoice(hub, label) {
    const { board, request } = this;
    const all = (board?.resources ?? []).filter((one) => one.hub === hub && one.active !== false).sort(byKind);
    const byKinds = new Map();
    for (const one of all)
      byKinds.set(one.kind, [...(byKinds.get(one.kind) ?? []), one]);
    const chosen = all.filter((one) => request.resources.has(one.id)).length;
    return html`<fieldset class="pick"><legend>${label} <small>${ngettext('%s chosen', '%s chosen', chosen)}</small></legend>
      ${all.length ? [...byKinds].map(([kind, list]) => html`<div class="pick-kind" role="group" aria-label=${kindPlural(kind)}><span aria-hidden="true">${kindPlural(kind)}</span>
        ${repeat(list, (/** @type {Resource} */ one) => one.id, (one) => this.resourceCheck(one))}</div>`) : html`<p class="hint">${_('Nothing can be booked there yet.')}</p>`}
    </fieldset>`;
  }

  /** @param {Resource} one */
  resourceCheck(one) {
    const { request } = this;
    const against = this.board ? collision(this.board, one.id, request.start, this.end) : undefined;
    return checkField({
      label: html`<bdi>${nameOf(one.names)}</bdi>`,
      checked: request.resources.has(one.id),
      hint: against ? html`<span class="bad-text">${say(_('taken %s'), span(against.starts_at, against.ends_at))}</span>`
        : html`<bdi>${nameOf(one.detail)}</bdi>`,
      onchange: (checked) => {
        const resources = new Set(request.resources);
        if (checked)
          resources.add(one.id);
        else
          resources.delete(one.id);
        this.change({ resources });
      },
    });
  }

  /** What will happen, before it happens. */
  consequence() {
    const { request } = this;
    const partner = hubName(this.board?.hubs ?? [], request.partner);
    const conflicts = this.conflicts();
    if (conflicts.length)
      return html`<div class="note warn" role="status">${conflicts.map(({ resource, booking }) => html`<p>${
        say(_('%s is taken by “%s” until %s.'), nameOf(resource?.names), titleOf(/** @type {Booking} */ (booking)), timeIn(/** @type {Booking} */ (booking).ends_at))}</p>`)}
        <p>${_('Choose another time, person or room.')}</p></div>`;
    if (request.resources.size && this.board && !covers(this.board, request.start, this.end))
      return html`<p class="note calm" role="status">${this.board.more ? _('Whether they are free cannot be said here: there is more in this time than can be listed.')
        : _('Looking whether they are free…')}</p>`;
    return html`<p class="note calm" role="status">${request.resources.size
      ? _('Held for this session until %s answers. Nobody else moves.', partner)
      : _('%s is asked; nobody and no room is held.', partner)}</p>`;
  }

  /** @param {boolean} chosen */
  chooseStart(chosen) {
    this.change({ startChosen: chosen, start: defaultStart(this.request.urgency === 'T0') });
    void this.updateComplete.then(() =>
      /** @type {HTMLElement | null} */ (this.querySelector(chosen ? '#compose-start-beijing' : '#compose-start-other'))?.focus());
  }

  /** @param {Record<string, string>} wrong */
  when(wrong) {
    const { request } = this;
    if (isForNow(request))
      return html`<fieldset class="moment wide"><legend>${_('Start')}</legend><p class="starts-now"><b>${_('Now, as soon as it is sent')}</b> <span>${
        bothClocks(request.start)}</span></p><p>${button({ id: 'compose-start-other', label: _('Another time'), onclick: () => this.chooseStart(true) })}</p>${
        wrong.starts_at ? html`<small class="error-text" role="alert">${wrong.starts_at}</small>` : nothing}</fieldset>`;
    return html`<karez-moment class="wide" .value=${request.start} .label=${_('Start')} .name=${'compose-start'} .error=${wrong.starts_at ?? ''}
        @moment=${(/** @type {CustomEvent} */ event) => this.change({ start: event.detail, startChosen: true })}></karez-moment>
      ${request.urgency === 'T0' ? html`<p class="wide">${button({ label: _('Start now instead'), onclick: () => this.chooseStart(false) })}</p>` : nothing}`;
  }

  /** Who takes which role, where a role is bound to one of the hospitals. This one runs what it asks for. */
  sides() {
    const modality = this.modalities.find((one) => one.id === this.request.modality);
    if (!modality || !(modality.host_roles.length + modality.mirror_roles.length))
      return undefined;
    const at = (/** @type {boolean} */ runs) => listOf(rolesAt(modality, runs).map((role) => sessionRole(role, modality.id)));
    return say(_('Roles at your hospital: %s. At the partner: %s.'), at(true), at(false));
  }

  /** @param {Record<string, string>} wrong */
  what(wrong) {
    const { request } = this;
    return html`
      ${textField({ id: 'compose-title', label: _('What it is about'), value: request.title, max: titleMax, wide: true, optional: request.urgency === 'T0',
        error: this.tried ? wrong.title : undefined, oninput: (title) => this.change({ title }) })}
      <div class="wide">${choiceField({ name: 'urgency', label: _('Urgency'), value: request.urgency, tight: true,
        choices: urgencies.map((tier) => ({ value: tier, text: html`<i class="tier" data-tier=${tier}></i>${urgencyWord(tier)}` })),
        onchange: (urgency) => this.change({ urgency: /** @type {Request['urgency']} */ (urgency),
          ...(request.startChosen ? {} : { start: defaultStart(urgency === 'T0') }) }) })}
        <small class="hint">${urgencyHint(request.urgency)}</small></div>
      ${this.when(wrong)}
      ${textField({ id: 'compose-minutes', label: _('Planned minutes'), type: 'number', dir: 'ltr', value: String(request.minutes || ''),
        error: wrong.minutes, hint: say(_('until %s Beijing, %s Xinjiang'), clockAfter(request.start, this.end), clockInXinjiang(this.end)),
        oninput: (value) => this.change({ minutes: Math.round(Number(value)), minutesTyped: true }) })}
      ${selectField({ id: 'compose-partner', label: _('Partner'), value: request.partner, error: wrong.partner,
        choices: this.partners().map((hub) => [hub.id, nameOf(hub.names)]),
        onchange: (partner) => this.change({ partner, resources: new Set([...request.resources].filter((id) =>
          isOurs(this.board?.resources.find((one) => one.id === id)?.hub))) }) })}
      ${selectField({ id: 'compose-modality', label: _('Kind of session'), value: request.modality, error: this.tried ? wrong.modality : undefined,
        hint: this.sides(),
        choices: this.modalities.map((one) => [one.id, _(one.title)]),
        onchange: (modality) => this.change({ modality, modalityChosen: true, ...(request.minutesTyped ? {} : {
          minutes: this.modalities.find((one) => one.id === modality)?.duration_minutes ?? request.minutes }) }) })}
      ${may('patient.read') && this.patients.length ? selectField({ id: 'compose-patient', label: _('Patient'), optional: true, value: request.patient,
        hint: this.morePatients ? _('Not all patients can be listed here: who is not in the list is not meant by a like name.') : undefined,
        choices: [['', _('no patient')], ...this.patients.map((one) => /** @type {[string, string]} */ ([one.id, nameOf(one.names)]))],
        onchange: (patient) => this.change({ patient }) }) : nothing}`;
  }

  render() {
    const { request } = this;
    const wrong = this.wrong();
    const emergency = request.urgency === 'T0';
    const partner = hubName(this.board?.hubs ?? [], request.partner);
    const head = emergency ? _('Emergency session') : _('New session');
    return html`<form class="card panel composer ${emergency ? 'emergency' : ''}" aria-labelledby="compose-head" novalidate
        @submit=${this.send} @keydown=${this.keys}>
      <div class="card-head">${this.alone ? html`<h1 class="title" id="compose-head">${head}</h1>` : html`<h2 class="title" id="compose-head">${head}</h2>`}
        <a class="button quiet square" href="/" aria-label=${_('Close')}>${icon('close')}</a></div>
      <div class="form">
        ${this.what(wrong)}
        ${this.added.show({ request, problem: this.problem })}
        ${this.resourceChoice(state.me?.hub ?? '', _('From your hospital'))}
        ${request.partner ? this.resourceChoice(request.partner, _('From %s', partner)) : nothing}
        ${textField({ id: 'compose-reason', label: _('Reason'), optional: true, wide: true, lines: 3, max: reasonMax, value: request.reason, error: wrong.reason,
        oninput: (reason) => this.change({ reason }) })}
      </div>
      <div class="sticky-end stack">${this.problem ? problemNote(this.problem) : this.consequence()}
      <div class="row-end"><a class="button" href="/">${_('Discard')}</a>
        ${button({ label: emergency ? _('Send now') : _('Send request'), kind: emergency ? 'danger' : 'primary', type: 'submit', key: 'Ctrl ↵', busy: this.busy })}</div></div>
    </form>`;
  }
}
customElements.define('karez-composer', Composer);
