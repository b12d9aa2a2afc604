// SPDX-License-Identifier: LGPL-2.1-or-later
// After a guidance: who was there, what was drawn, what was read back.

import { KarezElement, _, api, asProblem, consentSentence, dayAndClock, duration, emptyState, factList, failedState, hubName, html, loadingState, may, nameOf, ngettext, nothing, sessionRole, state, timePair } from '@karez/desk';
import './guidance-pictures.js';
import './guidance-report.js';

/** @typedef {{participant: string, person: string, name: string, role: string, hospital: string}} Person */
/** @typedef {{by: string, tool: string, text?: string, drawn_at: string, removed_at?: string}} Drawn */
/** @typedef {{checklist: import('./guidance-checklist.js').Text, items: {asked_at?: string, confirmed_by?: string, confirmed_at?: string}[]}} List */
/** @typedef {{people: Person[], seconds: number, marks: Drawn[], more_marks: number, checklists: List[]}} Kept */

/** @type {() => Record<string, string>} */
const tools = () => ({ pen: _('Pen'), arrow: _('Arrow'), circle: _('Circle'), text: _('Text') });

/** Each person once, however often they came back. @param {Person[]} people */
const once = (people) => [...new Map(people.map((one) => [one.person, one])).values()];

export class GuidanceKept extends KarezElement {
  static properties = { session: { attribute: false }, kept: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.session = null;
    /** @type {Kept | null} */
    this.kept = null;
    /** @type {import('@karez/desk').Consent[]} */
    this.consents = [];
    /** @type {{id: string, names: Record<string, string>, own: boolean}[]} */
    this.hubs = [];
    /** @type {any} */
    this.problem = null;
    this.asked = '';
  }

  /** Each reading is on record: it is read once, and not by a page behind others. */
  willUpdate() {
    if (this.session && this.asked !== this.session.id && document.visibilityState === 'visible')
      void this.read();
  }

  async read() {
    this.asked = this.session.id;
    this.problem = null;
    try {
      this.hubs = [{ id: state.me?.hub ?? '', names: state.me?.hub_names ?? {}, own: true }, ...may('peers.read') ? (await api.get('/peers')).items : []];
      this.consents = (await api.get(`/sessions/${this.session.id}/consents`)).items;
      this.kept = await api.get(`/x/guidance/sessions/${this.session.id}`);
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** @param {string} account */
  nameOf(account) {
    return this.kept?.people.find((one) => one.person === account)?.name ?? '';
  }

  /** @param {List} list */
  list({ checklist, items }) {
    return html`<section class="guidance-checklist"><h4>${nameOf(checklist.title)}</h4><ol class="plain">${items.map(({ asked_at: asked, confirmed_by: by, confirmed_at: at }, i) => html`<li
      data-state=${at ? 'confirmed' : asked ? 'asked' : 'open'}><span class="guidance-sign" aria-hidden="true">${at ? '✓' : asked ? '…' : '○'}</span>
      <span><bdi>${nameOf(checklist.items[i] ?? {})}</bdi><small>${at ? _('confirmed by %s at %s', this.nameOf(by ?? ''), dayAndClock(at))
        : asked ? _('asked at %s, and not confirmed', dayAndClock(asked)) : _('not asked')}</small></span></li>`)}</ol></section>`;
  }

  render() {
    const { kept } = this;
    if (!kept)
      return this.problem?.rule === 'guidance/none' ? emptyState({ title: _('Nothing was kept.'), text: _('The guidance ended before anybody was in it.') })
        : this.problem ? failedState(this.problem, () => this.read()) : loadingState(4);
    const words = tools();
    return html`<section class="guidance-part" aria-labelledby="guidance-report-title"><h3 id="guidance-report-title">${_('Report')}</h3>
      <karez-guidance-report .session=${this.session} .hubs=${this.hubs} .kept=${kept} .consents=${this.consents}></karez-guidance-report></section>
      <section class="guidance-part" aria-labelledby="guidance-course-title"><h3 id="guidance-course-title">${_('Course')}</h3>${factList([
      [_('Scene shown'), kept.seconds ? html`<bdi>${duration(kept.seconds * 1000)}</bdi>` : _('Nobody was seen or heard.')],
      [_('Consent'), this.consents.length ? html`<ul class="plain people-list">${this.consents.map((one) => html`<li>${consentSentence(one, timePair(one.at ?? 0))}</li>`)}</ul>` : _('No consent was recorded.')],
      [_('People'), html`<ul class="plain people-list">${once(kept.people).map((one) => html`<li><b><bdi>${one.name}</bdi></b><small>${sessionRole(one.role, 'guidance')} · <bdi>${hubName(this.hubs, one.hospital)}</bdi></small></li>`)}</ul>`],
      [_('Marks'), kept.marks.length ? html`<ul class="plain people-list">${kept.marks.map((one) => html`<li><b>${words[one.tool] ?? one.tool}</b>${one.text ? html` “<bdi>${one.text}</bdi>”` : nothing}
        <small><bdi>${this.nameOf(one.by)}</bdi> · ${dayAndClock(one.drawn_at)}${one.removed_at ? html` · ${_('taken back at %s', dayAndClock(one.removed_at))}` : nothing}</small></li>`)}</ul>${
        kept.more_marks ? html`<p>${ngettext('and %s more', 'and %s more', kept.more_marks)}</p>` : nothing}` : _('No mark was drawn.')],
      ...may('guidance.picture.read') ? [/** @type {[string, unknown]} */ ([_('Pictures'), html`<karez-guidance-pictures .session=${this.session.id}></karez-guidance-pictures>`])] : [],
    ])}${kept.checklists.map((one) => this.list(one))}</section>`;
  }
}

customElements.define('karez-guidance-kept', GuidanceKept);
