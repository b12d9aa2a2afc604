// SPDX-License-Identifier: LGPL-2.1-or-later
// The day board: what each hospital's people, rooms and devices do, on one axis of time with two
// clocks, and how a session joins both hospitals through the link.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { _, nameOf, ngettext } from '../i18n.js';
import { DAY, HOUR, clock, clockAfter, day, dayAndClock, hubNow, millis, range, startOfDay } from '../time.js';
import { hubName, isRunning, kindWord, partnerOf, peerState, peerWord, phase, standing, takesTime, titleOf, urgencyWord } from '../words.js';
import { KarezElement } from './element.js';
import { moveInGrid } from './board-keys.js';
import { lay } from './lay.js';

/** @typedef {import('../types.js').Booking} Booking */
/** @typedef {import('../types.js').Board} BoardData */
/** @typedef {import('../types.js').Hub} Hub */
/** @typedef {import('../types.js').Resource} Resource */
/** @typedef {{resources: Set<string>, start: number, end: number, title: string}} Draft */

const early = 8 * HOUR;
const late = 20 * HOUR;
const allFit = 8; // so many lanes of a hospital are shown even when nothing is in them

/** Times that are too narrow to be seen are widened, in per cent of the whole. */
const narrowest = 1.2;
/** Below this a block's words stand behind it, when nothing else does. */
const readable = 11;

/** Whether a claim takes its resource up: what was asked for and was not free does not.
 * @param {import('../types.js').Claim} claim */
export const holds = (claim) => claim.state !== 'released' && claim.state !== 'busy';

/** Whether a booking is in a span of time. @param {Booking} booking @param {number} from @param {number} to */
export const isWithin = (booking, from, to) => millis(booking.starts_at) < to && millis(booking.ends_at) > from;

/** Whether a board says all that is between two moments. @param {BoardData} board @param {number} start @param {number} end */
export const covers = (board, start, end) => millis(board.from) <= start && millis(board.to) >= end && !board.more;

/**
 * A claim on a resource that a draft, or another booking, would collide with.
 * @param {BoardData} board one that covers the span
 * @param {string} resource
 * @param {number} start
 * @param {number} end
 * @param {string} [own] the booking that asks
 * @returns {Booking | undefined}
 */
export function collision(board, resource, start, end, own = '') {
  return board.bookings.find((booking) =>
    booking.id !== own && takesTime(booking.state) && booking.state !== 'completed' && isWithin(booking, start, end)
    && booking.claims.some((claim) => claim.resource === resource && holds(claim)));
}

/**
 * What of this hospital a request asks for and is taken by another booking.
 * @param {BoardData} board
 * @param {Booking} booking
 * @returns {{resource: Resource, booking: Booking}[]}
 */
export function takenOf(board, booking) {
  const start = millis(booking.starts_at);
  const end = millis(booking.ends_at);
  return board.resources.flatMap((resource) => {
    const asked = resource.hub === booking.provider
      && booking.claims.some((claim) => claim.resource === resource.id && claim.state !== 'released');
    const other = asked ? collision(board, resource.id, start, end, booking.id) : undefined;
    return other ? [{ resource, booking: other }] : [];
  });
}

/**
 * Bookings in as few rows as they fit into without hiding each other, by their starts.
 * @param {Booking[]} bookings
 * @returns {Booking[][]}
 */
export function inRows(bookings) {
  /** @type {Booking[][]} */
  const rows = [];
  for (const booking of [...bookings].sort((a, b) => millis(a.starts_at) - millis(b.starts_at))) {
    const row = rows.find((one) => millis(one[one.length - 1].ends_at) <= millis(booking.starts_at));
    if (row)
      row.push(booking);
    else
      rows.push([booking]);
  }
  return rows;
}

/** What no lane shows: its people and rooms were not named, or are of a hospital that is not there any more.
 * @param {BoardData} board @param {Booking[]} bookings */
export function withoutLane(board, bookings) {
  const hubs = new Set(board.hubs.map((hub) => hub.id));
  const lanes = new Set(board.resources.filter((one) => hubs.has(one.hub)).map((one) => one.id));
  return bookings.filter((booking) => !booking.claims.some((claim) => holds(claim) && lanes.has(claim.resource)));
}

/** Whether a booking is one that is looked for, also by whom or what it takes. @param {BoardData} board @param {Booking} booking @param {string} find */
export function fits(board, booking, find) {
  const wanted = find.trim().toLowerCase();
  const resources = board.resources
    .filter((resource) => booking.claims.some((claim) => claim.resource === resource.id))
    .map((resource) => nameOf(resource.names));
  return [booking.title, booking.reason, booking.requested_by, ...resources]
    .some((text) => text?.toLowerCase().includes(wanted));
}

/** Rooms and devices first, people last, each by name. @param {Resource} a @param {Resource} b */
export function byKind(a, b) {
  const order = ['room', 'robot', 'console', 'glasses', 'team', 'person'];
  return order.indexOf(a.kind) - order.indexOf(b.kind) || nameOf(a.names).localeCompare(nameOf(b.names));
}

/** Fires "pick" {resource, at} when somebody points at free time. */
export class DayBoard extends KarezElement {
  static pace = 15_000;
  static properties = {
    board: { attribute: false }, draft: { attribute: false }, selected: {}, find: {}, pickable: { type: Boolean },
  };

  constructor() {
    super();
    /** @type {BoardData | null} */
    this.board = null;
    /** @type {Draft | null} */
    this.draft = null;
    this.selected = '';
    this.find = '';
    this.pickable = false;
    this.hovered = '';
    this.view = { from: 0, to: 1, start: 0 };
    /** @type {Set<string>} hospitals whose idle lanes are shown */
    this.opened = new Set();
  }

  /** The hours that are drawn: the working day, and whatever lies outside it today. */
  window() {
    const board = /** @type {BoardData} */ (this.board);
    const start = startOfDay(board.from);
    const now = hubNow();
    let from = start + early;
    let to = start + late;
    /** @param {number} a @param {number} b */
    const reach = (a, b) => {
      from = Math.max(start, Math.min(from, Math.floor(a / HOUR) * HOUR));
      to = Math.min(start + DAY, Math.max(to, Math.ceil(b / HOUR) * HOUR));
    };
    if (now >= start && now < start + DAY)
      reach(now - HOUR / 2, now + HOUR / 2);
    for (const booking of board.bookings)
      if (takesTime(booking.state) && isWithin(booking, start, start + DAY))
        reach(millis(booking.starts_at), millis(booking.ends_at));
    if (this.draft && this.draft.start >= start && this.draft.start < start + DAY)
      reach(this.draft.start, this.draft.end);
    return { from, to, start };
  }

  /** @param {number} from @param {number} to where it lies, as styles */
  place(from, to) {
    const { view } = this;
    const whole = view.to - view.from;
    const a = Math.max(from, view.from);
    const b = Math.min(to, view.to);
    return {
      'inset-inline-start': `${(((a - view.from) / whole) * 100).toFixed(3)}%`,
      'inline-size': `${Math.max(narrowest, ((b - a) / whole) * 100).toFixed(3)}%`,
    };
  }

  /** @param {Hub} hub @param {Booking[]} bookings */
  lanesOf(hub, bookings) {
    const board = /** @type {BoardData} */ (this.board);
    const used = new Set(bookings.flatMap((booking) => booking.claims.filter(holds).map((claim) => claim.resource)));
    for (const id of this.draft?.resources ?? [])
      used.add(id);
    const all = board.resources
      .filter((resource) => resource.hub === hub.id && (resource.active !== false || used.has(resource.id)))
      .sort(byKind);
    const idle = all.filter((resource) => !used.has(resource.id));
    const fold = all.length > allFit && idle.length > 2;
    const open = !fold || this.opened.has(hub.id);
    return { lanes: open ? all : all.filter((resource) => used.has(resource.id)), idle, fold, open };
  }

  /** @param {Booking} booking @param {string} resource @param {number} now @param {number} free when the next begins */
  block(booking, resource, now, free) {
    const board = /** @type {BoardData} */ (this.board);
    const what = phase(booking, now);
    const partner = hubName(board.hubs, partnerOf(booking));
    const line = standing(booking, now, partner);
    const start = millis(booking.starts_at);
    const end = millis(booking.ends_at);
    const lane = board.resources.find((one) => one.id === resource);
    const { view } = this;
    const share = (/** @type {number} */ from, /** @type {number} */ to) => ((to - from) / (view.to - view.from)) * 100;
    const beside = share(Math.max(end, what === 'over' ? now : 0), Math.min(free, view.to));
    const spills = share(start, end) < readable && beside > readable;
    const urgent = booking.urgency === 'T0' || booking.urgency === 'T1';
    const label = [
      `${titleOf(booking)} ${line}`, urgent ? urgencyWord(booking.urgency) : '',
      range(dayAndClock(start), clockAfter(start, end)), nameOf(lane?.names), _('with %s', partner),
    ].filter(Boolean).join(', ');
    return html`<div role="gridcell" class="cell" ${lay(this.place(start, end))}><a class="block"
        href="/bookings/${booking.id}" data-phase=${what} data-booking=${booking.id} tabindex="-1"
        data-spills=${spills ? '' : nothing} data-dim=${fits(board, booking, this.find) ? nothing : ''} aria-current=${this.selected === booking.id ? 'true' : nothing}
        aria-label=${label} title=${label}
        @pointerenter=${() => this.hover(booking.id)} @pointerleave=${() => this.hover('')}
        @focus=${() => this.hover(booking.id)} @blur=${() => this.hover('')}>
        <span class="block-text" ${lay({ 'max-inline-size': spills ? `calc(${((beside / Math.max(narrowest, share(start, end))) * 100).toFixed(1)}% - 12px)` : 'none' })}><b dir="auto">${urgent ? html`<i class="tier" data-tier=${booking.urgency}></i>` : nothing}<bdi>${titleOf(booking)}</bdi></b>
        <small>${isRunning(what) ? html`<i class="beat"></i>` : nothing}${line}</small></span></a></div>
      ${what === 'over' && now > end ? html`<i class="over" aria-hidden="true" ${lay(this.place(end, now))}></i>` : nothing}`;
  }

  /** @param {string} id */
  hover(id) {
    if (this.hovered !== id) {
      this.hovered = id;
      this.requestUpdate();
    }
  }

  /** @param {Resource} resource */
  draftIn(resource) {
    const { draft, board } = this;
    if (!draft || !board || !draft.resources.has(resource.id))
      return nothing;
    const against = collision(board, resource.id, draft.start, draft.end);
    const { view } = this;
    const spills = ((draft.end - draft.start) / (view.to - view.from)) * 100 < readable;
    return html`<div role="gridcell" class="cell" ${lay(this.place(draft.start, draft.end))}><span data-spills=${spills ? '' : nothing}
      class="block draft ${against ? 'conflict' : ''}"><span class="block-text"><b dir="auto"><bdi>${draft.title || _('New session')}</bdi></b><small>${against
        ? _('not free: %s', titleOf(against)) : covers(board, draft.start, draft.end) ? _('free') : _('not known yet')}</small></span></span></div>`;
  }

  /** @param {PointerEvent} event @param {Resource} resource */
  point(event, resource) {
    const track = /** @type {HTMLElement} */ (event.currentTarget);
    if (event.target !== track || !this.pickable)
      return;
    const box = track.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    const { view } = this;
    const along = getComputedStyle(track).direction === 'rtl' ? 1 - part : part;
    const at = Math.floor((view.from + along * (view.to - view.from)) / (HOUR / 4)) * (HOUR / 4);
    this.dispatchEvent(new CustomEvent('pick', { detail: { resource: resource.id, at } }));
  }

  /** @param {Resource} resource @param {Booking[]} bookings @param {number} now */
  lane(resource, bookings, now) {
    const here = bookings.filter((booking) => booking.claims.some((claim) => claim.resource === resource.id && holds(claim)))
      .sort((a, b) => millis(a.starts_at) - millis(b.starts_at));
    const draft = this.draftIn(resource);
    return html`<div class="lane" role="row"><div class="lane-name" role="rowheader"><bdi>${nameOf(resource.names)}</bdi><small><bdi>${
      nameOf(resource.detail) || kindWord(resource.kind)}</bdi></small></div>
      <div class="track ${this.pickable ? 'pickable' : ''}" role="presentation" @click=${(/** @type {PointerEvent} */ event) => this.point(event, resource)}>
        ${repeat(here, (booking) => booking.id, (booking, i) => this.block(booking, resource.id, now, Math.min(
          here[i + 1] ? millis(here[i + 1].starts_at) : Infinity,
          draft !== nothing && this.draft && this.draft.start >= millis(booking.starts_at) ? this.draft.start : Infinity)))}${draft}
        ${here.length === 0 && draft === nothing ? html`<span role="gridcell" class="unseen">${_('free all day')}</span>` : nothing}
      </div></div>`;
  }

  /** @param {Booking[]} bookings @param {number} now */
  unplaced(bookings, now) {
    return inRows(bookings).map((row, n) => html`<div class="lane unplaced" role="row"><div class="lane-name" role="rowheader">${
      n === 0 ? _('No people or rooms') : html`<span class="unseen">${_('No people or rooms')}</span>`}</div>
      <div class="track" role="presentation">${repeat(row, (booking) => booking.id, (booking, i) => this.block(booking, '', now, row[i + 1] ? millis(row[i + 1].starts_at) : Infinity))}</div></div>`);
  }

  /** @param {Hub} hub @param {Booking[]} bookings @param {number} now */
  link(hub, bookings, now) {
    const through = bookings.filter((booking) => booking.requester === hub.id || booking.provider === hub.id);
    const running = through.filter((booking) => isRunning(phase(booking, now)));
    const state = peerState(hub);
    const line = state === 'up' && hub.rtt_ms != null ? _('%s, %s ms', peerWord(state), Math.round(hub.rtt_ms)) : peerWord(state);
    return html`<div class="lane link" role="row" data-state=${state}><div class="lane-name" role="rowheader">${_('Link')}<small
      class=${state === 'up' ? '' : 'bad-text'}>${line}</small></div>
      <div class="track" role="presentation"><span role="gridcell" class="unseen">${ngettext('%s session now', '%s sessions now', running.length)}</span>
        ${through.map((booking) => html`<i class="join" data-phase=${phase(booking, now)} aria-hidden="true"
          ${lay(this.place(millis(booking.starts_at), Math.max(millis(booking.ends_at), isRunning(phase(booking, now)) ? now : 0)))}></i>`)}
        ${this.draft ? html`<i class="join" data-phase="draft" aria-hidden="true" ${lay(this.place(this.draft.start, this.draft.end))}></i>` : nothing}
      </div></div>`;
  }

  /** @param {Hub} hub @param {Booking[]} bookings @param {number} now */
  site(hub, bookings, now) {
    const { lanes, idle, fold, open } = this.lanesOf(hub, bookings);
    return html`<div class="site" role="row"><div role="rowheader"><bdi>${nameOf(hub.names)}</bdi> <small>${
      hub.own ? _('your hospital') : _('partner')}</small></div>
      <div role="gridcell">${fold ? html`<button class="button quiet small" aria-expanded=${open ? 'true' : 'false'} @click=${() => {
        if (open)
          this.opened.delete(hub.id);
        else
          this.opened.add(hub.id);
        this.requestUpdate();
      }}>${open ? _('Hide what is free') : ngettext('%s more, free all day', '%s more, free all day', idle.length)}</button>` : nothing}</div></div>
      ${repeat(lanes, (resource) => resource.id, (resource) => this.lane(resource, bookings, now))}`;
  }

  /** @param {{from: number, to: number}} view */
  axis(view) {
    const hours = (view.to - view.from) / HOUR;
    const step = hours > 14 ? 2 : 1;
    const ticks = [];
    for (let at = view.from; at <= view.to; at += step * HOUR)
      ticks.push(at);
    const whole = view.to - view.from;
    /** @param {number} at */
    const where = (at) => lay({ 'inset-inline-start': `${(((at - view.from) / whole) * 100).toFixed(3)}%` });
    return html`<div class="axis" aria-hidden="true"><div class="axis-name"><b>${_('Beijing')}</b><small>${_('Xinjiang')}</small></div>
      <div class="ticks">${ticks.slice(0, -1).map((at) => html`<span ${where(at)}><b>${clock(at)}</b><small>${clock(at, 'xinjiang')}</small></span>`)}</div></div>`;
  }

  /** @param {{from: number, to: number}} view @param {Booking[]} bookings @param {number} now */
  overlay(view, bookings, now) {
    const lines = [];
    for (let at = view.from + HOUR; at < view.to; at += HOUR)
      lines.push(at);
    const whole = view.to - view.from;
    /** @param {number} at */
    const where = (at) => lay({ 'inset-inline-start': `${(((at - view.from) / whole) * 100).toFixed(3)}%` });
    const joined = bookings.filter((booking) => booking.id === this.hovered || booking.id === this.selected);
    return html`<div class="overlay" aria-hidden="true">
      ${lines.map((at) => html`<i class="hour" ${where(at)}></i>`)}
      ${joined.map((booking) => html`<i class="band" data-phase=${phase(booking, now)}
        ${lay(this.place(millis(booking.starts_at), millis(booking.ends_at)))}></i>`)}
      ${this.draft ? html`<i class="band" data-phase="draft" ${lay(this.place(this.draft.start, this.draft.end))}></i>` : nothing}
    </div>
    ${now >= view.from && now <= view.to ? html`<div class="overlay above" aria-hidden="true"><i class="now" ${where(now)}></i></div>` : nothing}`;
  }

  legend() {
    /** @type {[string, string][]} */
    const entries = [
      ['live', _('live')], ['confirmed', _('confirmed')], ['asked', _('needs your answer')],
      ['waiting', _('waiting for the partner')], ['over', _('over plan')], ['done', _('done')],
    ];
    return html`<div class="legend" aria-hidden="true">${entries.map(([what, text]) => html`<span><i data-phase=${what}></i>${text}</span>`)}</div>`;
  }

  updated() {
    // One stop for Tab: the block that was last in focus, else the first.
    const blocks = this.querySelectorAll('a.block');
    if (blocks.length && !this.querySelector('a.block[tabindex="0"]'))
      blocks[0].setAttribute('tabindex', '0');
  }

  render() {
    const { board } = this;
    if (!board)
      return nothing;
    const now = hubNow();
    const view = this.window();
    this.view = view;
    const bookings = board.bookings.filter((booking) => takesTime(booking.state)
      && isWithin(booking, view.from, view.to));
    const ours = board.hubs.filter((hub) => hub.own);
    const theirs = board.hubs.filter((hub) => !hub.own);
    return html`<section class="board" aria-label=${_('Day board, %s', day(board.from))}>
      ${this.axis(view)}
      <div class="lanes"><div role="grid" aria-label=${_('Sessions by hospital and time')} @keydown=${moveInGrid}>
        ${repeat(ours, (hub) => hub.id, (hub) => this.site(hub, bookings, now))}${this.unplaced(withoutLane(board, bookings), now)}
        ${repeat(theirs, (hub) => hub.id, (hub) => [this.link(hub, bookings, now), this.site(hub, bookings, now)])}
      </div>${this.overlay(view, bookings, now)}</div>
      ${bookings.length === 0 && !this.draft ? html`<p class="board-empty">${_('No sessions on this day.')}</p>` : nothing}
      ${this.legend()}</section>`;
  }
}
customElements.define('karez-board', DayBoard);
