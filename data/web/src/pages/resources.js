// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be booked at both hospitals: rooms, devices, teams and people. Each hospital decides on
// its own; the partner's are only shown.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { api, newId } from '../api.js';
import { _, nameOf } from '../i18n.js';
import { live } from '../live.js';
import { may, state } from '../state.js';
import { hubName, kindPlural, kindWord, kinds } from '../words.js';
import { byKind } from '../components/board.js';
import { moveInList } from '../components/board-keys.js';
import { KarezElement, Loader, asProblem } from '../components/element.js';
import { FormDraft } from '../components/form-draft.js';
import { nameNeeded, namesField, written } from '../components/names-field.js';
import { button, emptyState, icon, pageHead, pill, problemNote, searchBox, selectField, shown } from '../components/parts.js';
import { toast, toastProblem } from '../components/toast.js';

/** @typedef {import('../types.js').Resource} Resource */
/** @typedef {import('../i18n.js').Names} Names */
/** @typedef {{id: string, isNew: boolean, kind: string, names: Names, detail: Names, person: string, active: boolean}} Draft */

export class ResourcesPage extends KarezElement {
  static properties = { find: { state: true }, draft: { state: true }, problem: { state: true }, busy: { state: true }, tried: { state: true } };

  constructor() {
    super();
    this.find = '';
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    this.busy = false;
    this.tried = false;
    /** @type {FormDraft<Draft>} */
    this.writing = new FormDraft(this, '/resources');
    /** @type {Loader<{resources: Resource[], people: import('../types.js').Person[], hubs: import('../types.js').Peer[]}>} */
    this.loader = new Loader(this, async () => {
      const [resources, people, peers] = await Promise.all([
        api.get('/resources'), may('people.read') ? api.get('/people') : { items: [] }, may('peers.read') ? api.get('/peers') : { items: [] },
      ]);
      return { resources: resources.items, people: people.items, hubs: peers.items };
    }, 'resource', 'person', 'peer');
  }

  /** @param {Resource} [one] */
  open(one) {
    this.tried = false;
    this.problem = null;
    return this.writing.open({ id: one?.id ?? newId(), isNew: !one, kind: one?.kind ?? 'room', names: { ...one?.names }, detail: { ...one?.detail },
      person: one?.person ?? '', active: one?.in_use ?? one?.active ?? true });
  }

  /** @param {Partial<Draft>} values */
  change(values) {
    if (this.draft)
      this.draft = { ...this.draft, ...values };
  }

  /** @param {Event} event */
  async save(event) {
    event.preventDefault();
    const { draft } = this;
    this.tried = true;
    this.problem = null;
    if (!draft || this.busy)
      return;
    if (!draft.names.en?.trim()) {
      await this.writing.lead();
      return;
    }
    this.busy = true;
    try {
      if (draft.isNew)
        await api.post('/resources', { id: draft.id, kind: draft.kind, names: written(draft.names), detail: written(draft.detail),
          ...(draft.kind === 'person' && draft.person ? { person: draft.person } : {}) });
      else
        await api.put(`/resources/${draft.id}`, { names: written(draft.names), detail: written(draft.detail), active: draft.active });
      toast(_('Saved: %s', nameOf(draft.names)));
      this.writing.close();
      live.touch('resource');
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.busy = false;
  }

  /** @param {Resource} one @param {boolean} active */
  async setActive(one, active) {
    const put = (/** @type {boolean} */ value) => api.put(`/resources/${one.id}`, { names: one.names, detail: one.detail ?? {}, active: value });
    try {
      await put(active);
      toast(active ? _('%s can be booked again.', nameOf(one.names)) : _('%s can no longer be booked.', nameOf(one.names)),
        { undo: async () => { await put(!active); live.touch('resource'); } });
    } catch (error) {
      toastProblem(error);
    }
    live.touch('resource');
  }

  /** @param {Draft} draft @param {import('../types.js').Person[]} people */
  form(draft, people) {
    return html`<form class="card panel" aria-labelledby="resource-head" novalidate @submit=${this.save}>
      <div class="card-head"><h2 class="title" id="resource-head">${draft.isNew ? _('Something new to book') : html`<bdi>${nameOf(draft.names)}</bdi>`}</h2>
        ${button({ label: icon('close'), kind: 'quiet', name: _('Close'), onclick: () => this.writing.discard() })}</div>
      ${draft.isNew ? selectField({ id: 'resource-kind', label: _('Kind'), value: draft.kind, choices: kinds.map((kind) => [kind, kindWord(kind)]), onchange: (kind) => this.change({ kind }) })
        : html`<p>${kindWord(draft.kind)}</p>`}
      ${draft.isNew && draft.kind === 'person' ? selectField({ id: 'resource-person', label: _('Person'), optional: true, value: draft.person,
        choices: [['', _('nobody in the list of people')], ...people.map((one) => /** @type {[string, string]} */ ([one.id, nameOf(one.names)]))],
        onchange: (person) => {
          const found = people.find((one) => one.id === person);
          this.change({ person, ...(found ? { names: { ...found.names }, detail: { ...found.title } } : {}) });
        } }) : nothing}
      ${namesField({ id: 'resource-names', label: _('Name'), names: draft.names, error: this.tried && !draft.names.en?.trim() ? nameNeeded() : undefined, onchange: (names) => this.change({ names }) })}
      ${namesField({ id: 'resource-detail', label: _('What it is'), names: draft.detail, required: false, onchange: (detail) => this.change({ detail }) })}
      <div class="sticky-end stack">${problemNote(this.problem)}<div class="row-end">${button({ label: _('Discard'), onclick: () => this.writing.discard() })}${button({ label: _('Save'), kind: 'primary', type: 'submit', busy: this.busy })}</div></div></form>`;
  }

  /** @param {Resource} one @param {boolean} ours */
  row(one, ours) {
    const write = ours && may('resource.write');
    return html`<tr class=${one.active === false ? 'off' : ''}><th scope="row"><bdi>${nameOf(one.names)}</bdi>${one.active === false ? html` ${pill('off', one.in_use ? _('the person’s account is off') : _('not to be booked'))}` : nothing}</th>
      <td>${kindWord(one.kind)}</td><td><bdi>${nameOf(one.detail)}</bdi></td>
      <td class="end">${write ? html`<button class="button small" data-item @click=${() => this.open(one)}>${_('Change')}<span class="unseen"> ${nameOf(one.names)}</span></button>
        <button class="button small quiet" @click=${() => this.setActive(one, !(one.in_use ?? one.active))}>${!(one.in_use ?? one.active) ? _('Offer') : _('Take out')}<span class="unseen"> ${nameOf(one.names)}</span></button>` : nothing}</td></tr>`;
  }

  /** @param {string} hub @param {string} name @param {Resource[]} list @param {boolean} ours */
  group(hub, name, list, ours) {
    return html`<section class="card flush table-wrap" aria-labelledby="hub-${hub}"><h2 class="site" id="hub-${hub}"><bdi>${name}</bdi> <small>${ours ? _('your hospital') : _('only shown; they decide on them')}</small></h2>
      ${list.length ? html`<table class="table"><thead><tr><th scope="col">${_('Name')}</th><th scope="col">${_('Kind')}</th><th scope="col">${_('What it is')}</th><th scope="col"><span class="unseen">${_('Change')}</span></th></tr></thead>
        <tbody @keydown=${moveInList}>${repeat(list, (one) => one.id, (one) => this.row(one, ours))}</tbody></table>` : emptyState({ title: _('Nothing can be booked there yet.') })}</section>`;
  }

  render() {
    const { value } = this.loader;
    const wanted = this.find.trim().toLowerCase();
    return html`<div class="page"><div class=${this.draft ? 'with-side' : ''}><div>
      ${pageHead({ title: _('Rooms and devices'), text: _('What can be booked: rooms, devices, teams and people of both hospitals.'), tools: html`${searchBox(_('Find by name or kind'), this.find, (find) => { this.find = find; })}
        ${may('resource.write') ? button({ label: _('Add'), kind: 'primary', onclick: () => this.open() }) : nothing}` })}
      ${shown(this.loader, ({ resources, hubs }) => {
        const found = resources.filter((one) => !wanted || [...Object.values(one.names), ...Object.values(one.detail ?? {}), kindWord(one.kind), kindPlural(one.kind)].join(' ').toLowerCase().includes(wanted)).sort(byKind);
        const own = state.me?.hub ?? '';
        const others = [...new Set([...hubs.filter((hub) => hub.state !== 'revoked').map((hub) => hub.id), ...resources.map((one) => one.hub)])].filter((id) => id !== own);
        return html`<div class="stack">${this.group(own, nameOf(state.me?.hub_names), found.filter((one) => one.hub === own), true)}
          ${repeat(others, (id) => id, (id) => this.group(id, hubName(/** @type {any} */ (hubs), id), found.filter((one) => one.hub === id), false))}</div>`;
      })}</div>${this.draft ? html`<aside>${this.form(this.draft, value?.people ?? [])}</aside>` : nothing}</div></div>`;
  }
}
customElements.define('karez-resources', ResourcesPage);
