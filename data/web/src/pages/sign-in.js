// SPDX-License-Identifier: LGPL-2.1-or-later
// The door: who are you, in which language, at which hospital.

import { html, nothing } from 'lit';
import { _, language, languages, nameOf } from '../i18n.js';
import { go } from '../router.js';
import { chooseLanguage, signIn, state } from '../state.js';
import { clock, hubNow } from '../time.js';
import { clockNote } from '../components/clock-note.js';
import { KarezElement, asProblem } from '../components/element.js';
import { button, mark, passwordField, problemNote, textField } from '../components/parts.js';

export class SignIn extends KarezElement {
  static pace = 10_000;
  static properties = { busy: { state: true }, problem: { state: true }, caps: { state: true } };

  constructor() {
    super();
    this.busy = false;
    /** @type {import('../api.js').Problem | null} */
    this.problem = state.problem;
    this.caps = false;
    this.login = '';
    this.password = '';
  }

  firstUpdated() {
    /** @type {HTMLElement | null} */ (this.querySelector('#login'))?.focus();
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    if (this.busy)
      return;
    this.busy = true;
    this.problem = null;
    try {
      await signIn(this.login.trim(), this.password);
      go(state.wanted || '/', { replace: true });
      state.wanted = '';
    } catch (error) {
      this.problem = asProblem(error);
      this.password = '';
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('#password'))?.focus();
    }
    this.busy = false;
  }

  render() {
    const now = hubNow();
    return html`<main class="door" id="main"><form class="card" @submit=${this.submit}
        @keydown=${(/** @type {KeyboardEvent} */ event) => { this.caps = event.getModifierState?.('CapsLock') ?? false; }}>
      <p class="door-mark">${mark()}<span>Karez</span></p>
      <h1>${nameOf(state.hello?.names) || 'Karez'}</h1>
      <p class="door-clock"><span><b><bdi>${clock(now)}</bdi></b> ${_('Beijing')}</span><span><b><bdi>${clock(now, 'xinjiang')}</bdi></b> ${_('Xinjiang')}</span></p>
      ${clockNote('note')}${problemNote(this.problem)}
      ${textField({ id: 'login', label: _('Name to sign in'), value: this.login, dir: 'ltr', autocomplete: 'username', max: 64,
        oninput: (value) => { this.login = value; } })}
      ${passwordField({ id: 'password', label: _('Password'), value: this.password, autocomplete: 'current-password',
        hint: this.caps ? _('Caps Lock is on.') : undefined, oninput: (value) => { this.password = value; } })}
      ${button({ label: _('Sign in'), kind: 'primary', type: 'submit', busy: this.busy })}
      <div class="languages" role="group" aria-label=${_('Language')}>${Object.entries(languages).map(([tag, word]) => html`<button type="button"
        class="button quiet small" lang=${tag.replace('_', '-')} aria-pressed=${tag === language() ? 'true' : 'false'}
        @click=${() => chooseLanguage(tag)}>${word}</button>`)}</div>
    </form><p class="door-foot">${state.hello?.version ? html`Karez <bdi>${state.hello.version}</bdi>` : nothing}</p></main>`;
  }
}
customElements.define('karez-sign-in', SignIn);
