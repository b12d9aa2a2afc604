// SPDX-License-Identifier: LGPL-2.1-or-later
// Who did and saw what: questions first, then the answer in sentences.

import { html, nothing } from 'lit';
import { api, query } from '../api.js';
import { _, N_, listOf, nameOf, ngettext } from '../i18n.js';
import { go } from '../router.js';
import { sentence, nouns } from '../sentences.js';
import { live } from '../live.js';
import { may } from '../state.js';
import { DAY, clockInXinjiang, clockSeconds, dayLong, hubNow, isoDay, moment, rfc3339, startOfDay } from '../time.js';
import { roleWord } from '../words.js';
import { KarezElement, asProblem } from '../components/element.js';
import { button, emptyState, factList, failedState, loadingState, pageHead, pill, say, selectField } from '../components/parts.js';

/** @typedef {import('../types.js').Event} Event */

const pageSize = 50;

/** @type {Record<string, string>} */
const periods = { today: N_('today'), week: N_('the last 7 days'), month: N_('the last 30 days'), all: N_('all time'), day: N_('one day') };

export class AuditPage extends KarezElement {
  static properties = { route: { attribute: false }, items: { state: true }, problem: { state: true }, loading: { state: true }, people: { state: true }, fresh: { state: true } };

  constructor() {
    super();
    /** @type {import('../router.js').Route} */
    this.route = { page: 'audit', id: '', query: new URLSearchParams(), path: '/audit' };
    /** @type {Event[] | null} */
    this.items = null;
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    this.loading = false;
    this.cursor = '';
    /** Newer events than the ones shown. */
    this.fresh = 0;
    this.turn = 0;
    /** @type {import('../types.js').Person[]} */
    this.people = [];
    /** Names of what events are about, by id. @type {Map<string, string>} */
    this.known = new Map();
    this.off = () => {};
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = live.on('event', ({ event }) => {
      // Asking is itself recorded; that is no news to the one who asks.
      if (event.action !== 'audit.read')
        this.fresh++;
    });
    this.readNames();
  }

  /** What people, rooms and partners are called: events only hold their ids. */
  async readNames() {
    const [people, resources, peers] = await Promise.allSettled([
      may('people.read') ? api.get('/people') : null, api.get('/resources'), may('peers.read') ? api.get('/peers') : null,
    ]);
    for (const answer of [people, resources, peers])
      if (answer.status === 'fulfilled' && answer.value)
        for (const one of answer.value.items)
          this.known.set(one.id, nameOf(one.names));
    if (people.status === 'fulfilled' && people.value)
      this.people = people.value.items;
    this.requestUpdate();
  }

  /** What the sessions are called that events of these days are about. @param {Event[]} items */
  async readTitles(items) {
    const unknown = items.filter((one) => one.session && !this.known.has(one.session));
    if (!unknown.length)
      return;
    const from = startOfDay(unknown[unknown.length - 1].at) - DAY;
    try {
      const board = await api.get(`/board${query({ from: rfc3339(from), to: rfc3339(from + 31 * DAY) })}`);
      for (const one of board.bookings)
        this.known.set(one.id, one.title);
      this.requestUpdate();
    } catch {
      // The sentences stay without the titles.
    }
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('route'))
      this.load(false);
  }

  get filters() {
    const { query: asked } = this.route;
    return {
      period: asked.get('period') ?? (asked.get('session') || asked.get('actor') ? 'all' : 'week'), day: asked.get('day') ?? '', noun: asked.get('noun') ?? '',
      actor: asked.get('actor') ?? '', session: asked.get('session') ?? '',
    };
  }

  /** The filters as the hub wants them. */
  parameters() {
    const { period, day, noun, actor, session } = this.filters;
    const today = startOfDay(hubNow());
    const from = { today, week: today - 6 * DAY, month: today - 29 * DAY, day: moment(day || isoDay(today), '00:00') }[period];
    const to = period === 'day' && from !== undefined ? from + DAY : undefined;
    return {
      action: noun, actor, session, limit: pageSize,
      from: from === undefined || Number.isNaN(from) ? '' : rfc3339(from), to: to === undefined ? '' : rfc3339(to),
    };
  }

  /** @param {boolean} more */
  async load(more) {
    const turn = ++this.turn;
    this.loading = true;
    if (!more)
      this.items = null;
    try {
      const answer = await api.get(`/events${query({ ...this.parameters(), since: more ? this.cursor : '' })}`);
      if (turn !== this.turn)
        return;
      const known = new Set((this.items ?? []).map((one) => one.id));
      this.items = [...(this.items ?? []), ...answer.items.filter((/** @type {Event} */ one) => !known.has(one.id))];
      this.cursor = answer.cursor ?? '';
      this.problem = null;
      this.readTitles(answer.items);
      if (!more)
        this.fresh = 0;
    } catch (error) {
      if (turn === this.turn)
        this.problem = asProblem(error);
    }
    this.loading = false;
  }

  /** @param {Record<string, string>} values */
  ask(values) {
    const next = { ...this.filters, ...values };
    go(`/audit${query({ ...next, day: next.period === 'day' ? next.day || isoDay(hubNow()) : '' })}`);
  }

  form() {
    const { period, day, noun, actor, session } = this.filters;
    return html`<form class="card filters" role="search" aria-label=${_('What to look for')} @submit=${(/** @type {SubmitEvent} */ event) => event.preventDefault()}>
      ${selectField({ id: 'audit-noun', label: _('What'), value: noun, choices: [['', _('everything')], ...nouns().map(([noun, word]) => /** @type {[string, string]} */ ([noun, _(word)]))], onchange: (value) => this.ask({ noun: value }) })}
      ${selectField({ id: 'audit-actor', label: _('Who'), value: actor, choices: [['', _('everybody')], ...this.people.map((one) => /** @type {[string, string]} */ ([one.id, nameOf(one.names)])),
        ...(actor && !this.people.some((one) => one.id === actor) ? [/** @type {[string, string]} */ ([actor, this.items?.find((one) => one.actor.id === actor)?.actor.name ?? actor])] : [])], onchange: (value) => this.ask({ actor: value }) })}
      ${selectField({ id: 'audit-period', label: _('When'), value: period, choices: Object.entries(periods).map(([id, text]) => [id, _(text)]), onchange: (value) => this.ask({ period: value }) })}
      ${period === 'day' ? selectField({ id: 'audit-day', label: _('Day'), value: day, choices: Array.from({ length: 60 }, (_unused, i) => {
        const at = startOfDay(hubNow()) - i * DAY;
        return /** @type {[string, string]} */ ([isoDay(at), dayLong(at)]);
      }), onchange: (value) => this.ask({ day: value }) }) : nothing}
      ${session ? html`<p class="filter-one">${pill('confirmed', html`${_('one session')} <bdi>${session.slice(0, 8)}</bdi>`)}${button({ label: _('All sessions'), kind: 'quiet', onclick: () => this.ask({ session: '', period: 'week' }) })}</p>` : nothing}</form>`;
  }

  /** @param {Event} event */
  row(event) {
    const found = sentence(event, this.known);
    const who = event.actor.kind === 'person' || !event.actor.kind ? listOf((event.actor.roles ?? []).map(roleWord)) : '';
    return html`<li><details class="event"><summary><time datetime=${event.at}><bdi>${clockSeconds(event.at)}</bdi></time>
      <span class="event-text">${found ? say(_(found.text), ...found.values) : html`<bdi>${event.actor.name}</bdi>: <bdi><code>${event.action}</code></bdi>`}
      ${event.outcome ? html` ${pill('down', event.outcome >= 8 ? _('failed') : _('refused'))}` : nothing}</span></summary>
      ${factList([
        [_('Time'), html`<bdi>${dayLong(event.at)}</bdi>${_(', ')}<bdi>${clockSeconds(event.at)}</bdi> ${_('Beijing')}${_(', ')}<bdi>${clockInXinjiang(event.at)}</bdi> ${_('Xinjiang')}`],
        [_('Who'), html`<a href="/audit?actor=${encodeURIComponent(event.actor.id)}"><bdi>${event.actor.name}</bdi></a>${who ? html` <small>${who}</small>` : nothing}`],
        [_('From'), event.address ? html`<bdi><code>${event.address}</code></bdi>` : ''],
        [_('Action'), html`<bdi><code>${event.action}</code></bdi>`],
        [_('Row'), event.table ? html`<bdi><code>${event.schema}.${event.table} ${event.row ?? ''}</code></bdi>` : ''],
        [_('Session'), event.session ? html`<a href="/audit?session=${event.session}">${_('all about this session')}</a>` : ''],
        [_('Details'), event.details && Object.keys(event.details).length ? html`<pre dir="ltr">${JSON.stringify(event.details, null, 1)}</pre>` : ''],
      ])}</details></li>`;
  }

  /** @param {Event[]} items */
  list(items) {
    if (!items.length)
      return emptyState({ title: _('Nothing was recorded that fits.'), text: _('Widen the time or leave out a filter.') });
    /** @type {Map<number, Event[]>} */
    const days = new Map();
    for (const one of items) {
      const at = startOfDay(one.at);
      days.set(at, [...(days.get(at) ?? []), one]);
    }
    return html`${[...days].map(([at, list]) => html`<section class="card flush" aria-labelledby="day-${at}"><h2 class="site" id="day-${at}">${dayLong(at)} <small>${ngettext('%s event', '%s events', list.length)}</small></h2>
      <ul class="plain events">${list.map((one) => this.row(one))}</ul></section>`)}
      ${this.cursor ? html`<div class="row-middle">${button({ label: _('Load more'), busy: this.loading, onclick: () => this.load(true) })}</div>` : html`<p class="hint row-middle">${_('That is all of it.')}</p>`}`;
  }

  render() {
    return html`<div class="page">${pageHead({ title: _('Audit'), text: _('Who did and saw what at this hospital. Nothing here can be changed or deleted.') })}
      ${this.form()}
      ${this.fresh && this.items ? html`<div class="row-middle">${button({ label: ngettext('Show %s newer event', 'Show %s newer events', this.fresh), onclick: () => this.load(false) })}</div>` : nothing}
      <div class="stack" aria-live="polite">${this.items ? this.list(this.items) : this.problem ? failedState(this.problem, () => this.load(false)) : loadingState(8)}
      ${this.items && this.problem ? failedState(this.problem, () => this.load(true)) : nothing}</div></div>`;
  }
}
customElements.define('karez-audit', AuditPage);
