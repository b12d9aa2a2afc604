// SPDX-License-Identifier: LGPL-2.1-or-later
// What somebody should do now: first what cannot wait, then everything else in the order in which
// it starts; each with its reason, what it changes, and one key. Nothing is left out.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { accept, mayAnswer } from '../acts.js';
import { _, listOf, nameOf } from '../i18n.js';
import { go } from '../router.js';
import { isOurs, may } from '../state.js';
import { DAY, MINUTE, duration, hubNow, millis } from '../time.js';
import { hubName, partnerOf, phase, titleOf, urgencyWord } from '../words.js';
import { holds, takenOf } from './board.js';
import { moveInList } from './board-keys.js';
import { KarezElement } from './element.js';
import { button, emptyState, keyHint, say, timeIn, urgencyMark } from './parts.js';

/** @typedef {import('../types.js').Booking} Booking */
/** @typedef {import('../types.js').Board} BoardData */
/** @typedef {{rank: number, at: number, what: unknown, why: unknown, verb: string, run: () => unknown, booking?: Booking, href: string}} Action
 *    at: when it starts, in ms */

/** An emergency that nobody has answered; what goes wrong now; everything else. */
const rank = { emergency: 0, wrong: 1, planned: 2 };
const soon = 30 * MINUTE;
/** What another hospital decided is told for so long, and until its time is over. */
const toldFor = DAY / 2;

/** How long each tier may wait for an answer. @type {Record<string, number>} */
const answerWithin = { T0: MINUTE, T1: 15 * MINUTE, T2: 4 * 60 * MINUTE, T3: DAY };

/** Why a request cannot be accepted as it is, or null. @param {Booking} booking @param {BoardData} board @param {number} now */
export function hindrance(booking, board, now) {
  if (now >= millis(booking.ends_at))
    return _('Its time is over: it can only be declined.');
  const [taken] = takenOf(board, booking);
  return taken ? say(_('%s is taken by “%s” until %s.'), nameOf(taken.resource.names), titleOf(taken.booking), timeIn(taken.booking.ends_at)) : null;
}

/** @param {Booking} booking @param {BoardData} board @param {number} now @returns {Action} */
function answerIt(booking, board, now) {
  const partner = hubName(board.hubs, partnerOf(booking));
  const waited = now - millis(booking.requested_at);
  const within = answerWithin[booking.urgency];
  const names = listOf(board.resources
    .filter((one) => one.hub === booking.provider && booking.claims.some((claim) => claim.resource === one.id))
    .map((one) => nameOf(one.names)));
  const against = hindrance(booking, board, now);
  const href = `/bookings/${booking.id}`;
  return {
    rank: booking.urgency === 'T0' ? rank.emergency : rank.planned,
    at: millis(booking.starts_at),
    what: say(_('%s asks for “%s” at %s.'), partner, titleOf(booking), timeIn(booking.starts_at)),
    why: [
      urgencyMark(booking.urgency, urgencyWord(booking.urgency)), ' ',
      waited > within
        ? _('Waits %s; it should be answered within %s.', duration(waited), duration(within))
        : _('%s of %s used.', duration(waited), duration(within)),
      against ? html` <span class="bad-text">${against}</span>` : names ? html` ${say(_('Takes %s. Nobody else moves.'), names)}` : '',
    ],
    ...(against ? { verb: _('Look'), run: () => go(href) } : { verb: _('Accept'), run: () => accept(booking), booking }),
    href,
  };
}

/** @param {Booking} booking @param {BoardData} board @param {number} now @returns {Action | null} */
function runIt(booking, board, now) {
  const what = phase(booking, now);
  const open = () => go(`/sessions/${booking.id}`);
  const href = `/bookings/${booking.id}`;
  const partner = hubName(board.hubs, partnerOf(booking));
  if (what === 'over') {
    const ids = new Set(booking.claims.map((claim) => claim.resource));
    const next = board.bookings
      .filter((other) => other.id !== booking.id && other.state === 'confirmed'
        && millis(other.starts_at) >= millis(booking.ends_at) && other.claims.some((claim) => ids.has(claim.resource)))
      .sort((a, b) => millis(a.starts_at) - millis(b.starts_at))[0];
    return {
      rank: rank.wrong, at: millis(booking.starts_at),
      what: say(_('“%s” runs %s over plan.'), titleOf(booking), duration(now - millis(booking.ends_at))),
      why: next ? say(_('Next for the same people or rooms: “%s” at %s.'), titleOf(next), timeIn(next.starts_at))
        : _('Nothing else waits for its people and rooms today.'),
      verb: _('Open'), run: open, href,
    };
  }
  const start = millis(booking.starts_at);
  const gone = board.resources.filter((one) => one.active === false && booking.claims.some((claim) => claim.resource === one.id && holds(claim)));
  if (what === 'confirmed' && gone.length && start > now && may('booking.write'))
    return { rank: rank.planned, at: start, what: say(_('“%s” counts on %s: not to be booked any more.'), titleOf(booking), listOf(gone.map((one) => nameOf(one.names)))),
      why: say(_('Agree with %s on somebody else, or cancel it.'), partner), verb: _('Look'), run: () => go(href), href };
  if (what === 'ready')
    return { rank: rank.planned, at: start, what: say(_('“%s” is ready to start.'), titleOf(booking)),
      why: _('Its checks are done at both hospitals.'), verb: _('Open'), run: open, href };
  if (what === 'confirmed' && start - now < soon && now < millis(booking.ends_at) && may('session.control'))
    return {
      rank: rank.planned, at: start,
      what: start > now ? say(_('“%s” starts in %s.'), titleOf(booking), duration(start - now))
        : say(_('“%s” was due %s ago.'), titleOf(booking), duration(now - start)),
      why: say(_('Prepare it: both hospitals check the link, and %s sees that you are there.'), partner),
      verb: _('Prepare'), run: open, href,
    };
  if (what === 'failed' && now - millis(booking.ends_at) < DAY)
    return { rank: rank.wrong, at: start, what: say(_('“%s” failed.'), titleOf(booking)),
      why: _('Its page says why, and whether it can be prepared again.'), verb: _('Open'), run: open, href };
  // What was agreed, and the other hospital called off.
  if (what === 'cancelled' && booking.called_off_by && !isOurs(booking.called_off_by) && booking.answered_at
      && now < Math.max(millis(booking.ends_at), millis(booking.called_off_at ?? booking.answered_at) + toldFor))
    return { rank: booking.urgency === 'T0' ? rank.wrong : rank.planned, at: start, what: say(_('%s cancelled “%s”.'), partner, titleOf(booking)),
      why: booking.answer ? html`<bdi>${booking.answer}</bdi>` : _('No reason was given.'), verb: _('Look'), run: () => go(href), href };
  if (what === 'declined' && isOurs(booking.requester) && now < Math.max(millis(booking.ends_at), millis(booking.answered_at ?? booking.requested_at) + toldFor))
    return { rank: booking.urgency === 'T0' ? rank.wrong : rank.planned, at: start, what: say(_('%s declined “%s”.'), partner, titleOf(booking)),
      why: booking.answer ? html`<bdi>${booking.answer}</bdi>` : _('No reason was given.'), verb: _('Look'), run: () => go(href), href };
  return null;
}

/** @param {BoardData} board @param {number} now @returns {Action[]} */
export function nextActions(board, now) {
  /** @type {Action[]} */
  const list = [];
  for (const booking of board.bookings) {
    const action = phase(booking, now) === 'asked' && mayAnswer(booking)
      ? answerIt(booking, board, now) : runIt(booking, board, now);
    if (action)
      list.push(action);
  }
  for (const hub of board.hubs)
    if (!hub.own && hub.state === 'down')
      list.push({
        rank: rank.wrong, at: 0, what: say(_('The link to %s is down.'), nameOf(hub.names)),
        why: hub.since ? _('For %s. Requests are kept and sent when it is back; running sessions go on by their own paths.', duration(now - millis(hub.since)))
          : _('Requests are kept and sent when it is back; running sessions go on by their own paths.'),
        verb: _('Look'), run: () => go('/hospitals'), href: '/hospitals',
      });
  return list.sort((a, b) => a.rank - b.rank || a.at - b.at);
}

export class NextActions extends KarezElement {
  static pace = 15_000;
  static properties = { board: { attribute: false }, busy: { state: true } };

  constructor() {
    super();
    /** @type {BoardData | null} */
    this.board = null;
    this.busy = '';
  }

  /** @param {Action} action */
  async run(action) {
    this.busy = action.href;
    await action.run();
    this.busy = '';
  }

  /** A was pressed: the first that can be accepted, or the one in focus. @returns {boolean} whether there is one */
  acceptFirst() {
    if (!this.board || this.busy)
      return this.busy !== '';
    const focused = document.activeElement?.closest('[data-href]')?.getAttribute('data-href');
    const list = nextActions(this.board, hubNow()).filter((action) => action.booking);
    const action = list.find((one) => one.href === focused) ?? list[0];
    if (action)
      void this.run(action);
    return action !== undefined;
  }

  /** R was pressed. @returns {boolean} whether there is one */
  focusFirst() {
    const first = /** @type {HTMLElement | null} */ (this.querySelector('[data-item]'));
    first?.focus();
    return first !== null;
  }

  render() {
    const { board } = this;
    if (!board)
      return nothing;
    const actions = nextActions(board, hubNow());
    const first = actions.findIndex((action) => action.booking);
    return html`<section class="card" aria-labelledby="next-title"><h2 id="next-title">${_('Next actions')} <span>${actions.length ? html`${actions.length} ` : nothing}${keyHint('R')}</span></h2>
      ${actions.length ? html`<ol class="acts" @keydown=${moveInList}>${repeat(actions, (action) => action.href, (action, i) => html`<li data-href=${action.href}>
        <span class="n" aria-hidden="true">${i + 1}</span>
        <div><a class="act-what" data-item href=${action.href}>${action.what}</a><p class="act-why">${action.why}</p></div>
        ${button({ label: action.verb, key: i === first ? 'A' : undefined, busy: this.busy === action.href,
          kind: i === 0 && action.booking ? 'primary' : 'plain', onclick: () => this.run(action) })}
      </li>`)}</ol>` : emptyState({ title: _('Nothing needs you now.'), text: _('Requests, sessions that run over and links that fail appear here.') })}
    </section>`;
  }
}
customElements.define('karez-next', NextActions);
