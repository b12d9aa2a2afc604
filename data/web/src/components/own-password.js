// SPDX-License-Identifier: LGPL-2.1-or-later
// Another password for whoever is signed in: in a dialog, or as the page before all others when the
// present one was chosen by somebody else.

import { html, nothing } from 'lit';
import { api } from '../api.js';
import { _, language, languages, nameOf } from '../i18n.js';
import { chooseLanguage, onState, readMe, signOut, state } from '../state.js';
import { KarezElement, asProblem } from './element.js';
import { button, mark, passwordField, passwordHint, problemNote, wrongLength } from './parts.js';
import { toast, toastProblem } from './toast.js';

export class OwnPassword extends KarezElement {
  static properties = { first: { type: Boolean }, shown: { state: true }, problem: { state: true }, busy: { state: true }, tried: { state: true } };

  constructor() {
    super();
    /** Whether it is the page of a first sign-in, not the dialog. */
    this.first = false;
    /** Whether the dialog is open: only then are its fields there. */
    this.shown = false;
    this.present = '';
    this.next = '';
    this.again = '';
    this.busy = false;
    this.tried = false;
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    onState(() => {
      if (this.shown && !state.me)
        this.close();
    });
  }

  clear() {
    Object.assign(this, { present: '', next: '', again: '', busy: false, tried: false, problem: null });
  }

  firstUpdated() {
    if (this.first)
      this.focusOn('present');
  }

  /** @param {string} field */
  focusOn(field) {
    /** @type {HTMLElement | null} */ (this.querySelector(`#own-${field}`))?.focus();
  }

  async open() {
    this.clear();
    this.shown = true;
    await this.updateComplete;
    this.querySelector('dialog')?.showModal();
    this.focusOn('present');
  }

  close() {
    this.querySelector('dialog')?.close();
    this.clear();
    this.shown = false;
  }

  /** @returns {Record<string, string>} */
  get wrong() {
    /** @type {Record<string, string>} */
    const wrong = {};
    const { problem } = this;
    if (problem?.rule === 'sign-in/refused')
      wrong.present = _('The password is wrong. Nothing was done.');
    if (problem?.pointer === '/new_password')
      wrong.next = problem.message;
    if (!this.tried)
      return wrong;
    if (!this.present)
      wrong.present = _('Type the present password.');
    const length = wrongLength(this.next);
    if (length)
      wrong.next = length;
    else if (this.next !== this.again)
      wrong.again = _('The two are not the same.');
    return wrong;
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    if (this.busy)
      return;
    this.tried = true;
    this.problem = null;
    const wrong = Object.keys(this.wrong)[0];
    if (wrong) {
      await this.updateComplete;
      this.focusOn(wrong);
      return;
    }
    this.busy = true;
    try {
      await api.put('/me/password', { password: this.present, new_password: this.next });
      this.close();
      toast(_('The password is changed. All other sign-ins of yours have ended.'));
      await readMe();
    } catch (error) {
      this.problem = asProblem(error);
      this.busy = false;
      this.tried = false;
      if (this.problem.rule === 'sign-in/refused')
        this.present = '';
      await this.updateComplete;
      this.focusOn(Object.keys(this.wrong)[0] ?? 'present');
    }
  }

  /** @param {'present' | 'next' | 'again'} name @param {string} value */
  set(name, value) {
    Object.assign(this, { [name]: value });
    this.requestUpdate();
  }

  fields() {
    const { wrong } = this;
    return html`<span class="unseen" aria-hidden="true"><input type="text" autocomplete="username" tabindex="-1" readonly .value=${state.me?.login ?? ''}></span>
      ${passwordField({ id: 'own-present', label: _('Present password'), autocomplete: 'current-password', value: this.present, error: wrong.present, oninput: (value) => this.set('present', value) })}
      ${passwordField({ id: 'own-next', label: _('New password'), autocomplete: 'new-password', value: this.next, error: wrong.next, hint: passwordHint(), oninput: (value) => this.set('next', value) })}
      ${passwordField({ id: 'own-again', label: _('New password once more'), autocomplete: 'new-password', value: this.again, error: wrong.again, oninput: (value) => this.set('again', value) })}
      ${this.problem && !wrong.present && !wrong.next ? problemNote(this.problem) : nothing}`;
  }

  render() {
    const save = button({ label: _('Change the password'), kind: 'primary', type: 'submit', busy: this.busy });
    if (this.first)
      return html`<main class="door" id="main"><form class="card" novalidate aria-labelledby="own-title" @submit=${this.submit}>
        <p class="door-mark">${mark()}<bdi>${nameOf(state.me?.hub_names)}</bdi></p>
        <h1 id="own-title">${_('Choose a password of your own')}</h1>
        <p>${_('The present one was chosen by somebody else, who knows it. Until you have changed it, nothing else can be done here.')}</p>
        ${this.fields()}
        <div class="row-end">${button({ label: _('Sign out'), disabled: this.busy, onclick: () => signOut().catch(toastProblem) })}${save}</div>
        <div class="languages" role="group" aria-label=${_('Language')}>${Object.entries(languages).map(([tag, word]) => html`<button type="button"
          class="button quiet small" lang=${tag.replace('_', '-')} aria-pressed=${tag === language() ? 'true' : 'false'}
          @click=${() => chooseLanguage(tag)}>${word}</button>`)}</div>
      </form></main>`;
    return html`<dialog aria-labelledby="own-title" @cancel=${(/** @type {Event} */ event) => { event.preventDefault(); if (!this.busy) this.close(); }}>
      ${this.shown ? html`<form novalidate @submit=${this.submit}><h2 id="own-title">${_('Change your password')}</h2>
        <p>${_('All other sign-ins of yours end; this one stays.')}</p>
        ${this.fields()}
        <div class="row-end">${button({ label: _('Go back'), disabled: this.busy, onclick: () => this.close() })}${save}</div></form>` : nothing}</dialog>`;
  }
}
customElements.define('karez-own-password', OwnPassword);
