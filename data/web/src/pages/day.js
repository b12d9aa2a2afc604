// SPDX-License-Identifier: LGPL-2.1-or-later
// Home: the day board or its list, and beside it what to do next, a booking, or a new request.

import { html, nothing } from 'lit';
import { api } from '../api.js';
import { _, ngettext } from '../i18n.js';
import { go } from '../router.js';
import { may, state } from '../state.js';
import { DAY, dayLong, hubNow, isoDay, moment, rfc3339, startOfDay } from '../time.js';
import { isRunning, phase } from '../words.js';
import { covers, fits, isWithin } from '../components/board.js';
import '../components/booking-card.js';
import { isBegun, newRequest } from '../components/request.js';
import '../components/day-list.js';
import { announce } from '../components/announce.js';
import { KarezElement, Loader } from '../components/element.js';
import { stays } from '../components/form-draft.js';
import '../components/live-card.js';
import { NextActions } from '../components/next-actions.js';
import { BookingCard } from '../components/booking-card.js';
import { button, failedState, icon, loadingState, notAll, searchBox } from '../components/parts.js';
import { toast } from '../components/toast.js';

/** @typedef {import('../types.js').Board} BoardData */
/** @typedef {import('../components/request.js').Request} Request */

/** A discarded request that is wanted back, maybe on another page of this kind. @type {Request | null} */
let undone = null;
/** A request that was being written when its writer's sign-in ended. @type {{request: Request, whose: string} | null} */
let left = null;

const narrow = matchMedia('(max-width: 760px)');

export class DayPage extends KarezElement {
  static properties = { route: { attribute: false }, ahead: { attribute: false }, find: { state: true } };

  constructor() {
    super();
    /** @type {import('../router.js').Route} */
    this.route = { page: 'day', id: '', query: new URLSearchParams(), path: '/' };
    /** The days from now on, fetched by the shell. @type {BoardData | null} */
    this.ahead = null;
    this.find = '';
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.told = undefined;
    this.day = startOfDay(hubNow());
    /** @type {Request | null} */
    this.request = null;
    /** @type {Loader<BoardData>} */
    this.board = new Loader(this, () => api.get(`/board?from=${rfc3339(this.day)}&to=${rfc3339(this.day + this.days * DAY)}`),
      'booking', 'session', 'resource', 'peer');
    /** @type {Loader<{items: import('../types.js').Modality[]}>} */
    this.modalities = new Loader(this, () => api.get('/modalities'), 'plugin');
    /** @type {Loader<{items: import('../types.js').Patient[], more?: boolean}>} */
    this.patients = new Loader(this, () => (may('patient.read') ? api.get('/patients') : null), 'patient');
    this.media = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    narrow.addEventListener('change', this.media);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    narrow.removeEventListener('change', this.media);
    if (state.me)
      this.discard();
    else
      this.leave();
  }

  /** What was begun waits in the page for who began it. */
  leave() {
    const { request } = this;
    this.request = null;
    if (!request || !isBegun(request))
      return;
    left = { request, whose: state.former };
    toast(stays(), { bad: true });
  }

  /** What is written may reach into the next day, and must not look free there. */
  get days() {
    return this.composing ? 2 : 1;
  }

  get composing() {
    return this.route.page === 'new' || this.route.page === 'emergency';
  }

  get listed() {
    const kept = localStorage.getItem('karez.view');
    return narrow.matches || kept === 'list';
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('route'))
      return;
    const asked = this.route.query.get('day');
    if (this.composing && this.board.value && !covers(this.board.value, this.day, this.day + this.days * DAY))
      this.board.reload();
    if (this.composing) {
      const emergency = this.route.page === 'emergency';
      if (undone) {
        this.discard();
        this.request = undone;
        undone = null;
      } else if (!this.request && left && left.whose === state.me?.id && emergency === (left.request.urgency === 'T0')) {
        this.request = left.request;
        left = null;
      } else if (!this.request || emergency !== (this.request.urgency === 'T0')) {
        this.discard();
        this.request = newRequest({ emergency });
      }
      this.showDay(startOfDay(this.request.start));
    } else {
      this.discard();
      if (asked && !Number.isNaN(moment(asked, '00:00')))
        this.showDay(moment(asked, '00:00'));
      else if (this.route.page === 'day' && !asked)
        this.showDay(startOfDay(hubNow()));
    }
  }

  /** A request that was begun is not lost by one wrong key. */
  discard() {
    const { request } = this;
    const whose = state.me?.id;
    this.request = null;
    if (request && isBegun(request))
      toast(_('The draft was discarded.'), { undo: () => {
        if (state.me?.id !== whose)
          return;
        const path = request.urgency === 'T0' ? '/emergency' : '/new';
        undone = request;
        if (location.pathname === path)
          /** @type {DayPage | null} */ (document.querySelector('karez-day'))?.requestUpdate('route');
        else
          go(path);
      } });
  }

  /** @param {number} day */
  showDay(day) {
    if (day === this.day)
      return;
    this.day = day;
    this.board.reload();
  }

  /** @param {number} by */
  move(by) {
    const day = startOfDay(this.day + by * DAY + DAY / 2);
    announce(dayLong(day));
    if (this.composing) {
      if (this.request)
        Object.assign(this.request, { start: this.request.start + by * DAY, startChosen: true });
      this.showDay(day);
      this.requestUpdate();
    } else
      go(day === startOfDay(hubNow()) ? '/' : `/?day=${isoDay(day)}`);
  }

  /** Keys that only mean something here. @param {string} key */
  key(key) {
    if (key === 'a') {
      const next = this.querySelector('karez-next');
      const card = this.querySelector('karez-booking');
      if (!(card instanceof BookingCard ? card.acceptThis() : next instanceof NextActions && next.acceptFirst()))
        announce(_('Nothing here waits to be accepted.'));
      return true;
    }
    if (key === 'r') {
      if (this.route.page !== 'day')
        go('/');
      this.updateComplete.then(() => {
        const next = this.querySelector('karez-next');
        if (next instanceof NextActions && !next.focusFirst())
          announce(_('Nothing needs you now.'));
      });
      return true;
    }
    return false;
  }

  draft() {
    const { request } = this;
    return request && this.composing
      ? { resources: request.resources, start: request.start, end: request.start + (request.minutes || 0) * 60_000, title: request.title }
      : null;
  }

  /** @param {CustomEvent} event */
  pick({ detail: { resource, at } }) {
    if (!this.request) {
      this.request = newRequest({ start: at, resource });
      go('/new');
      return;
    }
    Object.assign(this.request, { start: at, startChosen: true });
    this.request.resources = new Set([...this.request.resources, resource]);
    this.requestUpdate();
  }

  /** Says how many there are, once nobody types any more. @param {string} find */
  seek(find) {
    this.find = find;
    clearTimeout(this.told);
    this.told = setTimeout(() => {
      const board = this.board.value;
      if (!board || !find.trim())
        return;
      const count = board.bookings.filter((one) => isWithin(one, this.day, this.day + DAY) && fits(board, one, find)).length;
      announce(count ? ngettext('%s session fits', '%s sessions fit', count) : _('Nothing fits “%s”.', find));
    }, 600);
  }

  /** @param {string} view */
  choose(view) {
    localStorage.setItem('karez.view', view);
    this.requestUpdate();
  }

  head() {
    const today = this.day === startOfDay(hubNow());
    return html`<div class="day-head"><div class="row tight">
        ${button({ label: icon('before'), kind: 'quiet', name: _('The day before'), onclick: () => this.move(-1) })}
        <h1 class="day-title">${dayLong(this.day)}</h1>
        ${button({ label: icon('after'), kind: 'quiet', name: _('The day after'), onclick: () => this.move(1) })}
        ${today ? nothing : button({ label: _('Today'), onclick: () => go('/') })}</div>
      <div class="tools">${searchBox(_('Find a session or person'), this.find, (value) => this.seek(value))}
        ${narrow.matches ? nothing : html`<div class="segments" role="group" aria-label=${_('View')}>
          <button aria-pressed=${this.listed ? 'false' : 'true'} @click=${() => this.choose('lanes')}>${_('Board')}</button><button
            aria-pressed=${this.listed ? 'true' : 'false'} @click=${() => this.choose('list')}>${_('List')}</button></div>`}</div></div>`;
  }

  /** @param {BoardData} board */
  side(board) {
    if (this.composing && this.request)
      return html`<karez-composer .alone=${narrow.matches} .request=${this.request} .board=${board} .modalities=${this.modalities.value?.items ?? []}
        .patients=${this.patients.value?.items ?? []} .morePatients=${this.patients.value?.more ?? false} @sent=${() => { this.request = null; }} @draft=${() => {
          // A field that goes with what was sent may still tell that it changed.
          if (!this.request)
            return;
          this.showDay(startOfDay(this.request.start));
          this.requestUpdate();
        }}></karez-composer>`;
    if (this.route.page === 'bookings')
      return html`<karez-booking .alone=${narrow.matches} .booking=${this.route.id} .hubs=${board.hubs} .resources=${board.resources}
        .modalities=${this.modalities.value?.items ?? []}></karez-booking>`;
    const ahead = this.ahead ?? board;
    const running = ahead.bookings.filter((booking) => isRunning(phase(booking, hubNow())));
    return html`<karez-next .board=${ahead}></karez-next>${running.length
      ? html`<karez-live .board=${ahead}></karez-live>` : nothing}`;
  }

  render() {
    const board = this.board.value;
    if (!board)
      return this.board.problem ? failedState(this.board.problem, () => this.board.reload())
        : html`${this.head()}<div class="day">${loadingState(9)}${loadingState(4)}</div>`;
    const selected = this.route.page === 'bookings' ? this.route.id : '';
    const focused = narrow.matches && (this.composing || selected !== '');
    return html`${focused ? nothing : this.head()}${board.more ? notAll() : nothing}<div class="day ${this.listed ? 'listed' : ''}" aria-busy=${this.board.loading ? 'true' : 'false'}>
      ${focused ? nothing : this.listed
        ? html`<karez-day-list .board=${{ ...board, bookings: board.bookings.filter((booking) => isWithin(booking, this.day, this.day + DAY)) }} .day=${this.day} .selected=${selected} .find=${this.find}></karez-day-list>`
        : html`<karez-board .board=${board} .draft=${this.draft()} .selected=${selected} .find=${this.find}
            .pickable=${may('booking.write')} @pick=${this.pick}></karez-board>`}
      <aside aria-label=${_('Beside the day')}>${this.side(board)}</aside></div>`;
  }
}
customElements.define('karez-day', DayPage);
