// SPDX-License-Identifier: LGPL-2.1-or-later
// The day as a list: for phones, and for everybody to whom lanes of time say little.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { _, listOf, nameOf } from '../i18n.js';
import { clock, clockAfter, clockInXinjiang, day, hubNow, millis, range, startOfDay } from '../time.js';
import { hubName, partnerOf, phase, phaseWord, standing, titleOf, urgencyWord } from '../words.js';
import { fits } from './board.js';
import { moveInList } from './board-keys.js';
import { KarezElement } from './element.js';
import { emptyState, pill, urgencyMark } from './parts.js';

/** @typedef {import('../types.js').Booking} Booking */
/** @typedef {import('../types.js').Board} BoardData */

export class DayList extends KarezElement {
  static pace = 15_000;
  static properties = { board: { attribute: false }, day: { type: Number }, selected: {}, find: {} };

  constructor() {
    super();
    /** @type {BoardData | null} */
    this.board = null;
    /** Its first moment. */
    this.day = 0;
    this.selected = '';
    this.find = '';
  }

  /** @param {Booking} booking @param {number} now */
  item(booking, now) {
    const board = /** @type {BoardData} */ (this.board);
    const what = phase(booking, now);
    const partner = hubName(board.hubs, partnerOf(booking));
    const names = board.resources
      .filter((one) => booking.claims.some((claim) => claim.resource === one.id))
      .map((one) => nameOf(one.names));
    const { starts_at: from, ends_at: to } = booking;
    // What goes on from the day before is not taken for tonight's.
    const before = startOfDay(from) !== this.day;
    return html`<li><a class="day-item" data-item data-phase=${what} href="/bookings/${booking.id}"
        aria-current=${this.selected === booking.id ? 'true' : nothing}>
      <span class="day-time">${before ? html`<small><bdi>${day(from)}</bdi></small>` : nothing}<bdi>${clock(from)}</bdi><small><bdi>${clockInXinjiang(from)}</bdi> <span class="unseen">${_('Xinjiang')}</span></small></span>
      <span class="day-body"><b><bdi>${titleOf(booking)}</bdi></b>
        <small><bdi>${range(clockAfter(this.day, from), clockAfter(from, to))}</bdi> · <bdi>${partner}</bdi>${names.length ? html` · <bdi>${listOf(names)}</bdi>` : nothing}</small>
        <span class="day-state">${pill(what, what === 'live' || what === 'over' ? standing(booking, now, partner) : phaseWord(what))}${
          booking.urgency === 'T0' || booking.urgency === 'T1' ? urgencyMark(booking.urgency, urgencyWord(booking.urgency)) : nothing}</span></span></a></li>`;
  }

  render() {
    if (!this.board)
      return nothing;
    const now = hubNow();
    const { board } = this;
    const wanted = this.find.trim();
    const bookings = board.bookings
      .filter((one) => !wanted || fits(board, one, wanted))
      .sort((a, b) => millis(a.starts_at) - millis(b.starts_at));
    if (!bookings.length)
      return emptyState({ title: wanted ? _('Nothing fits “%s”.', this.find) : _('No sessions on this day.') });
    return html`<ul class="day-list card flush" aria-label=${_('Sessions in the order of time')} @keydown=${moveInList}>
      ${repeat(bookings, (booking) => booking.id, (booking) => this.item(booking, now))}</ul>`;
  }
}
customElements.define('karez-day-list', DayList);
