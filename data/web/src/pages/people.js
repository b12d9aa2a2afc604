// SPDX-License-Identifier: LGPL-2.1-or-later
// The people of this hospital: who may sign in, and what for.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { api, newId } from '../api.js';
import { _, listOf, nameOf, ngettext } from '../i18n.js';
import { live } from '../live.js';
import { may, state } from '../state.js';
import { roles, roleWord } from '../words.js';
import { moveInList } from '../components/board-keys.js';
import { KarezElement, Loader, asProblem } from '../components/element.js';
import { FormDraft } from '../components/form-draft.js';
import { nameNeeded, namesField, written } from '../components/names-field.js';
import { confirm } from '../components/dialog.js';
import { button, checkField, emptyState, icon, pageHead, passwordField, passwordHint, pill, problemNote, searchBox, shown, textField, wrongLength } from '../components/parts.js';
import { toast } from '../components/toast.js';

/** @typedef {import('../types.js').Person} Person */
/** @typedef {import('../i18n.js').Names} Names */
/** @typedef {{id: string, isNew: boolean, names: Names, title: Names, login: string, password: string, roles: Set<string>, active: boolean}} Draft */

export class PeoplePage extends KarezElement {
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
    this.writing = new FormDraft(this, '/people');
    /** @type {Loader<{items: Person[]}>} */
    this.loader = new Loader(this, () => api.get('/people'), 'person');
  }

  /** @param {Person} [person] */
  open(person) {
    this.tried = false;
    this.problem = null;
    return this.writing.open({
      id: person?.id ?? newId(), isNew: !person, names: { ...person?.names }, title: { ...person?.title },
      login: person?.login ?? '', password: '', roles: new Set(person?.roles ?? []), active: person?.active ?? true,
    });
  }

  /** @param {Partial<Draft>} values */
  change(values) {
    if (this.draft)
      this.draft = { ...this.draft, ...values };
  }

  /** @param {Draft} draft @returns {Record<string, string>} */
  wrong(draft) {
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!draft.names.en?.trim())
      wrong.names = nameNeeded();
    if (draft.isNew && !/^[a-z][a-z0-9._-]{1,63}$/.test(draft.login))
      wrong.login = _('2 to 64 of a–z, 0–9, dot, dash and underscore; a letter first.');
    const length = draft.isNew || draft.password ? wrongLength(draft.password) : '';
    if (length)
      wrong.password = length;
    else if (this.problem?.pointer === '/password')
      wrong.password = this.problem.message;
    if (!wrong.login && this.problem?.pointer === '/login')
      wrong.login = this.problem.message;
    if (!draft.roles.size)
      wrong.roles = _('At least one role.');
    return wrong;
  }

  /** @param {Event} event */
  async save(event) {
    event.preventDefault();
    const { draft } = this;
    this.tried = true;
    this.problem = null;
    if (!draft || this.busy)
      return;
    if (Object.keys(this.wrong(draft)).length) {
      await this.writing.lead();
      return;
    }
    this.busy = true;
    const body = { names: written(draft.names), title: written(draft.title), roles: [...draft.roles] };
    try {
      if (draft.isNew)
        await api.post('/people', { id: draft.id, login: draft.login, password: draft.password, ...body });
      else
        await api.put(`/people/${draft.id}`, { ...body, active: draft.active, ...(draft.password ? { password: draft.password } : {}) });
      toast(_('Saved: %s', nameOf(draft.names)));
      this.writing.close();
      live.touch('person');
    } catch (error) {
      this.problem = asProblem(error);
      await this.writing.lead();
    }
    this.busy = false;
  }

  /** @param {Draft} draft */
  forgetBrowsers(draft) {
    return confirm({
      title: _('Forget the browsers of %s?', nameOf(draft.names)),
      text: _('For a browser or a machine that was lost. Sign-ins go on; each browser is known again once the person has signed in there.'),
      action: _('Forget the known browsers'),
      attempt: async () => {
        await api.delete(`/people/${draft.id}/browsers`);
        toast(_('The browsers of %s are forgotten.', nameOf(draft.names)));
      },
    });
  }

  /** @param {Draft} draft */
  form(draft) {
    const wrong = this.tried ? this.wrong(draft) : {};
    return html`<form class="card panel" aria-labelledby="person-head" novalidate @submit=${this.save}>
      <div class="card-head"><h2 class="title" id="person-head">${draft.isNew ? _('New person') : html`<bdi>${nameOf(draft.names)}</bdi>`}</h2>
        ${button({ label: icon('close'), kind: 'quiet', name: _('Close'), onclick: () => this.writing.discard() })}</div>
      ${namesField({ id: 'person-names', label: _('Full name'), names: draft.names, error: wrong.names, onchange: (names) => this.change({ names }) })}
      ${namesField({ id: 'person-title', label: _('Title'), names: draft.title, required: false, onchange: (title) => this.change({ title }) })}
      ${draft.isNew ? textField({ id: 'person-login', label: _('Name to sign in'), dir: 'ltr', value: draft.login, max: 64, error: wrong.login,
        oninput: (login) => this.change({ login }) }) : nothing}
      ${draft.id === state.me?.id ? nothing : passwordField({ id: 'person-password', label: draft.isNew ? _('Password for the first sign-in') : _('New password'), autocomplete: 'new-password',
        optional: !draft.isNew, value: draft.password, error: wrong.password,
        hint: html`${draft.isNew ? _('Tell it to the person yourself; at the first sign-in they choose another.') : _('Leave it empty to keep the present one. At the next sign-in the person chooses another.')} ${passwordHint()}`,
        oninput: (password) => this.change({ password }) })}
      <fieldset class="pick"><legend>${_('Roles')}</legend>${roles.map((role) => checkField({ label: roleWord(role), checked: draft.roles.has(role), onchange: (checked) => {
        const next = new Set(draft.roles);
        if (checked)
          next.add(role);
        else
          next.delete(role);
        this.change({ roles: next });
      } }))}${wrong.roles ? html`<small class="error-text" role="alert">${wrong.roles}</small>` : nothing}</fieldset>
      ${draft.isNew ? nothing : checkField({ label: _('May sign in'), checked: draft.active, disabled: draft.id === state.me?.id,
        hint: draft.id === state.me?.id ? _('You cannot shut yourself out.') : _('Without it every open page of theirs is signed out, and they cannot be booked.'), onchange: (active) => this.change({ active }) })}
      ${draft.isNew ? nothing : html`<div><p class="hint">${_('In a browser in which the person has signed in before, wrong passwords that others type slow nobody down.')}</p>
        ${button({ label: _('Forget the known browsers'), onclick: () => this.forgetBrowsers(draft) })}</div>`}
      <div class="sticky-end stack">${wrong.password ? nothing : problemNote(this.problem)}<div class="row-end">${button({ label: _('Discard'), onclick: () => this.writing.discard() })}${button({ label: _('Save'), kind: 'primary', type: 'submit', busy: this.busy })}</div></div></form>`;
  }

  /** @param {Person[]} people */
  list(people) {
    const write = may('people.write');
    const wanted = this.find.trim().toLowerCase();
    const found = people.filter((one) => !wanted || [...Object.values(one.names), ...Object.values(one.title ?? {}), one.login ?? ''].join(' ').toLowerCase().includes(wanted));
    if (!found.length)
      return emptyState({ title: wanted ? _('Nobody fits “%s”.', this.find) : _('Nobody is listed yet.') });
    return html`<div class="card flush table-wrap"><table class="table"><caption class="unseen">${_('People')}</caption>
      <thead><tr><th scope="col">${_('Full name')}</th><th scope="col">${_('Title')}</th>${write ? html`<th scope="col">${_('Name to sign in')}</th>` : nothing}<th scope="col">${_('Roles')}</th>${
        write ? html`<th scope="col"><span class="unseen">${_('Change')}</span></th>` : nothing}</tr></thead>
      <tbody @keydown=${moveInList}>${repeat(found, (one) => one.id, (one) => html`<tr class=${one.active === false ? 'off' : ''}><th scope="row"><bdi>${nameOf(one.names)}</bdi>${
        one.active === false ? html` ${pill('off', _('may not sign in'))}` : nothing}</th><td><bdi>${nameOf(one.title)}</bdi></td>${
        write ? html`<td><bdi><code>${one.login ?? '—'}</code></bdi></td>` : nothing}<td>${listOf((one.roles ?? []).map(roleWord))}</td>${
        write ? html`<td class="end"><button class="button small" data-item @click=${() => this.open(one)}>${_('Change')}<span class="unseen"> ${nameOf(one.names)}</span></button></td>` : nothing}</tr>`)}</tbody></table></div>
      <p class="hint">${ngettext('%s person', '%s people', found.length)}</p>`;
  }

  render() {
    return html`<div class="page"><div class=${this.draft ? 'with-side' : ''}><div>
      ${pageHead({ title: _('People'), text: _('Who works at this hospital, and what each may do here.'), tools: html`${searchBox(_('Find a person'), this.find, (value) => { this.find = value; })}
        ${may('people.write') ? button({ label: _('Add a person'), kind: 'primary', onclick: () => this.open() }) : nothing}` })}
      ${shown(this.loader, ({ items }) => this.list(items))}</div>${this.draft ? html`<aside>${this.form(this.draft)}</aside>` : nothing}</div></div>`;
  }
}
customElements.define('karez-people', PeoplePage);
