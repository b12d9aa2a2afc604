// SPDX-License-Identifier: LGPL-2.1-or-later
// The sessions that are running, each with how it goes.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { _ } from '../i18n.js';
import { hubNow, millis } from '../time.js';
import { hubName, isRunning, partnerOf, phase, phaseWord, standing, titleOf } from '../words.js';
import { KarezElement } from './element.js';
import { pill } from './parts.js';

export class LiveCard extends KarezElement {
  static pace = 15_000;
  static properties = { board: { attribute: false } };

  constructor() {
    super();
    /** @type {import('../types.js').Board | null} */
    this.board = null;
  }

  render() {
    const { board } = this;
    if (!board)
      return nothing;
    const now = hubNow();
    const running = board.bookings.filter((booking) => isRunning(phase(booking, now)))
      .sort((a, b) => millis(a.ends_at) - millis(b.ends_at));
    return html`<section class="card" aria-labelledby="live-title"><h2 id="live-title">${_('Live')} <span>${running.length}</span></h2>
      <ul class="plain strip">${repeat(running, (booking) => booking.id, (booking) => {
        const what = phase(booking, now);
        const partner = hubName(board.hubs, partnerOf(booking));
        const hub = board.hubs.find((one) => one.id === partnerOf(booking));
        return html`<li><a href="/sessions/${booking.id}"><bdi>${titleOf(booking)}</bdi></a> ${pill(what, phaseWord(what))}<small>${
          standing(booking, now, partner)}${
          hub?.state === 'up' && hub.rtt_ms != null ? html` · <bdi>${_('%s ms', Math.round(hub.rtt_ms))}</bdi>` : nothing}</small></li>`;
      })}</ul></section>`;
  }
}
customElements.define('karez-live', LiveCard);
