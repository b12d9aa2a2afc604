// SPDX-License-Identifier: LGPL-2.1-or-later
// One booking at the side of the board: what it is, how it stands, and what may be done with it.

import { html, nothing } from 'lit';
import { accept, cancel, decline, mayAnswer, withdraw } from '../acts.js';
import { api } from '../api.js';
import { _, listOf, nameOf } from '../i18n.js';
import { hasPart, makeBookingPart } from '../panels.js';
import { go } from '../router.js';
import { isOurs, may, state } from '../state.js';
import { DAY, duration, hubNow, millis } from '../time.js';
import { hubName, kindWord, partnerOf, phase, phaseWord, titleOf, urgencyWord } from '../words.js';
import { announce } from './announce.js';
import { KarezElement, Loader } from './element.js';
import { Part } from './part.js';
import { button, factList, icon, pill, say, shown, span, textField, timePair, urgencyMark } from './parts.js';

/** @typedef {import('../types.js').Booking} Booking */
/** @typedef {import('../types.js').Hub} Hub */
/** @typedef {import('../types.js').Resource} Resource */
/** @typedef {import('../types.js').Modality} Modality */

const answerMax = 4000;

/** Answers that were begun and not given, by booking, and whose they are. @type {Map<string, {text: string, whose: string}>} */
const begun = new Map();

export class BookingCard extends KarezElement {
  static pace = 5_000;
  static properties = {
    booking: {}, alone: { type: Boolean }, hubs: { attribute: false }, resources: { attribute: false }, modalities: { attribute: false },
    busy: { state: true }, declining: { state: true }, answer: { state: true },
  };

  constructor() {
    super();
    this.booking = '';
    /** Whether nothing else is on the page: it is a page of its own then. */
    this.alone = false;
    /** @type {Hub[]} */
    this.hubs = [];
    /** @type {Resource[]} */
    this.resources = [];
    /** @type {Modality[]} */
    this.modalities = [];
    this.busy = '';
    this.declining = false;
    this.answer = '';
    /** Which one was asked for. */
    this.asked = '';
    /** Which one has been announced. */
    this.told = '';
    /** The emergency of ours that was seen waiting for its answer. */
    this.called = '';
    /** @type {Loader<Booking>} */
    this.loader = new Loader(this, () => {
      this.asked = this.booking;
      return this.booking ? api.get(`/bookings/${this.booking}`) : null;
    }, 'booking', 'session').whenSeen();
    /** What its kind of session has of it. @type {Part<import('../panels.js').BookingPart>} */
    this.added = new Part(this, makeBookingPart);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    // Each reading is on record: what was asked for when it was put into the page is not asked for again.
    if (changed.has('booking')) {
      const there = begun.get(this.booking);
      this.declining = false;
      this.answer = there?.whose === state.me?.id ? there?.text ?? '' : '';
      if (this.asked !== this.booking)
        this.loader.renew();
    }
    const booking = this.loader.value;
    this.added.want(booking && hasPart(booking.modality, 'booking') ? `${booking.modality} ${booking.id}` : '');
  }

  /** Opened beside what has the focus still: nobody would hear of it. */
  updated() {
    const booking = this.loader.value;
    this.followCall(booking);
    if (!booking || this.told === booking.id)
      return;
    this.told = booking.id;
    if (document.activeElement?.getAttribute('href') === `/bookings/${booking.id}`)
      announce(`${titleOf(booking)}: ${phaseWord(phase(booking, hubNow()))}`);
  }

  /** Who waits for help does not look for the way to it. @param {Booking | undefined} booking */
  followCall(booking) {
    const what = booking?.urgency === 'T0' && isOurs(booking.requester) ? phase(booking, hubNow()) : '';
    if (!booking || what === 'waiting')
      this.called = booking && what ? booking.id : '';
    else if (this.called === booking.id && booking.state === 'confirmed') {
      this.called = '';
      announce(_('%s answers.', hubName(this.hubs, booking.provider)));
      go(`/sessions/${booking.id}`);
    }
  }

  /** That somebody is called, and what else may be done. @param {Booking} booking */
  call(booking) {
    const hub = this.hubs.find((one) => one.id === booking.provider);
    const partner = hubName(this.hubs, booking.provider);
    return hub?.state === 'down'
      ? html`<p class="note bad" role="status">${_('%s cannot be reached now: it rings there when the link is back. Call by telephone.', partner)}</p>`
      : html`<p class="note warn" role="status">${_('It rings at %s until somebody answers; the session opens here then.', partner)}<br><small>${
        _('For %s.', duration(hubNow() - millis(booking.requested_at)))}</small></p>`;
  }

  /** @param {string} name @param {() => Promise<unknown>} act */
  async act(name, act) {
    this.busy = name;
    await act();
    this.busy = '';
    this.loader.reload();
  }

  /** @param {string} answer is there again when its writer comes back to it */
  write(answer) {
    this.answer = answer;
    begun.set(this.booking, { text: answer, whose: state.me?.id ?? '' });
  }

  /** Opens or closes what a request is declined with; the focus goes along. @param {boolean} declining */
  async decline(declining) {
    this.declining = declining;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(declining ? '#decline-answer' : '#decline-button'))?.focus();
  }

  /** Called for A. @returns {boolean} whether there was something to accept */
  acceptThis() {
    const booking = this.loader.value;
    const asked = booking && phase(booking, hubNow()) === 'asked' && mayAnswer(booking);
    if (asked && !this.busy)
      this.act('accept', () => accept(booking));
    return asked ?? false;
  }

  /** @param {Booking} booking @param {string} hub */
  resourceList(booking, hub) {
    const claimed = booking.claims.filter((claim) => claim.hub === hub);
    if (!claimed.length)
      return _('none');
    return html`<ul class="plain">${claimed.map((claim) => {
      const resource = this.resources.find((one) => one.id === claim.resource);
      return html`<li><bdi>${resource ? nameOf(resource.names) : claim.resource}</bdi>${resource
        ? html` <small>${kindWord(resource.kind)}</small>` : nothing}</li>`;
    })}</ul>`;
  }

  /** @param {Booking} booking */
  actions(booking) {
    const what = phase(booking, hubNow());
    const partner = hubName(this.hubs, partnerOf(booking));
    if (what === 'asked') {
      if (!mayAnswer(booking))
        return html`<p class="hint">${_('The coordination desk answers requests.')}</p>`;
      if (this.declining)
        return html`<form class="stack" @submit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          if (this.busy || !this.answer.trim())
            return;
          this.act('decline', async () => {
            if (await decline(booking, this.answer.trim()))
              begun.delete(booking.id);
          });
        }} @keydown=${(/** @type {KeyboardEvent} */ event) => {
          // One step back, and not out of the booking.
          if (event.key !== 'Escape' || event.isComposing)
            return;
          event.stopPropagation();
          void this.decline(false);
        }}>${textField({
            id: 'decline-answer', label: _('Why, and what would work instead'), value: this.answer, lines: 3, max: answerMax,
            hint: _('%s reads this.', partner), oninput: (value) => this.write(value),
          })}<div class="row-end">${button({ label: _('Go back'), onclick: () => this.decline(false) })}
          ${button({ label: _('Decline'), kind: 'danger', type: 'submit', busy: this.busy === 'decline', disabled: !this.answer.trim() })}</div></form>`;
      return html`<div class="row">${button({ label: _('Accept'), kind: 'primary', key: 'A', busy: this.busy === 'accept',
        onclick: () => this.act('accept', () => accept(booking)) })}
        ${may('booking.answer') ? button({ id: 'decline-button', label: _('Decline…'), onclick: () => this.decline(true) }) : nothing}</div>
        ${this.hindrance(booking)}<p class="hint">${_('Accepting confirms it at both hospitals. Nobody else moves.')}</p>`;
    }
    if (what === 'waiting' && may('booking.write'))
      return html`${booking.urgency === 'T0' ? this.call(booking) : nothing}<div class="row">${button({ label: _('Withdraw'), busy: this.busy === 'withdraw',
        onclick: () => this.act('withdraw', () => withdraw(booking)) })}</div>
        <p class="hint">${_('%s has not answered yet. Withdrawing frees the people and rooms of both hospitals.', partner)}</p>`;
    if (booking.state === 'confirmed' || booking.session)
      return html`<div class="row"><a class="button primary" href="/sessions/${booking.id}">${
        what === 'confirmed' ? _('Open the lobby') : what === 'done' || what === 'failed' ? _('Open the record') : _('Open the session')}</a>
        ${booking.state === 'confirmed' && (what === 'confirmed' || what === 'ready' || what === 'failed') && may('booking.write')
          ? button({ label: _('Cancel…'), kind: 'danger-plain', busy: this.busy === 'cancel', onclick: () => this.act('cancel', () => cancel(booking, partner)) }) : nothing}</div>`;
    return nothing;
  }

  /** What it asks for and is taken, told before it is accepted. @param {Booking} booking */
  hindrance(booking) {
    const names = booking.claims.filter((claim) => claim.hub === booking.provider && claim.state === 'busy')
      .map((claim) => nameOf(this.resources.find((one) => one.id === claim.resource)?.names)).filter(Boolean);
    return names.length ? html`<p class="note warn" role="status">${say(_('Not free when it was asked for: %s. The hub refuses to take it twice, and says what has it.'), listOf(names))}</p>` : nothing;
  }

  /** @param {Booking} booking */
  body(booking) {
    const what = phase(booking, hubNow());
    const modality = this.modalities.find((one) => one.id === booking.modality);
    const far = Math.abs(millis(booking.starts_at) - hubNow()) > DAY / 2;
    return html`<div class="card-head">${this.alone ? html`<h1 class="title" id="booking-title"><bdi>${titleOf(booking)}</bdi></h1>` : html`<h2 class="title" id="booking-title"><bdi>${titleOf(booking)}</bdi></h2>`}
        <a class="button quiet square" href="/" aria-label=${_('Close')}>${icon('close')}</a></div>
      <p class="row">${pill(what, phaseWord(what))}${urgencyMark(booking.urgency, urgencyWord(booking.urgency))}</p>
      ${this.actions(booking)}
      ${this.added.show({ booking, hubs: this.hubs })}
      ${factList([
        [_('When'), html`${far ? timePair(booking.starts_at) : span(booking.starts_at, booking.ends_at)}<br><small>${
          _('planned for %s', duration(millis(booking.ends_at) - millis(booking.starts_at)))}</small>`],
        [_('Kind of session'), _(modality?.title ?? booking.modality)],
        [_('Reason'), booking.reason ? html`<p class="prose" dir="auto">${booking.reason}</p>` : ''],
        [_('Asked by'), html`<bdi>${booking.requested_by}</bdi>${_(', ')}<bdi>${hubName(this.hubs, booking.requester)}</bdi><br>${timePair(booking.requested_at)}`],
        [_('Answered by'), booking.answered_by ? html`<bdi>${booking.answered_by}</bdi>${_(', ')}<bdi>${hubName(this.hubs, booking.provider)}</bdi>${
          booking.answered_at ? html`<br>${timePair(booking.answered_at)}` : nothing}` : ''],
        [_('Answer'), booking.answer ? html`<p class="prose" dir="auto">${booking.answer}</p>` : ''],
        ...this.hubs.filter((hub) => hub.id === booking.requester || hub.id === booking.provider)
          .map((hub) => /** @type {[unknown, unknown]} */ ([html`<bdi>${nameOf(hub.names)}</bdi>`, this.resourceList(booking, hub.id)])),
        [_('Runs it'), html`<bdi>${hubName(this.hubs, booking.host)}</bdi>${isOurs(booking.host) ? html` <small>${_('your hospital')}</small>` : nothing}`],
      ])}
      ${may('audit.read') ? html`<p><a href="/audit?session=${booking.id}">${_('Who did what with it')}</a></p>` : nothing}`;
  }

  render() {
    return html`<section class="card panel" aria-labelledby="booking-title">${shown(this.loader, (booking) => this.body(booking))}</section>`;
  }
}
customElements.define('karez-booking', BookingCard);
