// SPDX-License-Identifier: LGPL-2.1-or-later
// A question before something that cannot be taken back. Nothing else in the desk is a dialog.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { onState, state } from '../state.js';
import { KarezElement, asProblem } from './element.js';
import { button, passwordField, problemNote, textField, tooLong } from './parts.js';

/** @typedef {{reason: string, password: string}} Answer */
/**
 * @typedef {object} Question
 * @property {string} title
 * @property {unknown} text  what will happen
 * @property {string} action the verb on the button
 * @property {string} [reason] asks for a reason, with this label
 * @property {number} [reasonMax] how long it may be
 * @property {boolean} [password] asks who is signed in for the password again
 * @property {string} [stay] what not doing it is called
 * @property {boolean} [mild] not destructive
 * @property {AbortSignal} [over] aborted when there is nothing to ask any more
 * @property {(answer: Answer) => Promise<unknown>} [attempt] does it while the dialog is there, which
 *   closes when it is done; what it is refused for is shown in the dialog
 */

class Confirm extends KarezElement {
  constructor() {
    super();
    /** @type {Question | null} */
    this.question = null;
    this.reason = '';
    this.password = '';
    this.busy = false;
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    /** Who is asked. @type {string | undefined} */
    this.asked = undefined;
    /** @type {(answer: Answer | null) => void} */
    this.settle = () => {};
    // What it is about is nobody else's to read or to answer.
    onState(() => {
      if (this.question && state.me?.id !== this.asked)
        this.close(null);
    });
  }

  /** @param {Question} question @returns {Promise<Answer | null>} */
  async ask(question) {
    this.settle(null);
    Object.assign(this, { question, reason: '', password: '', busy: false, problem: null, asked: state.me?.id });
    question.over?.addEventListener('abort', () => { if (this.question === question) this.close(null); });
    this.requestUpdate();
    await this.updateComplete;
    if (this.question !== question)
      return null;
    /** @type {HTMLDialogElement} */ (this.querySelector('dialog')).showModal();
    return new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** @param {Answer | null} answer */
  close(answer) {
    this.settle(answer);
    this.settle = () => {};
    this.querySelector('dialog')?.close();
    Object.assign(this, { question: null, password: '', busy: false });
    this.requestUpdate();
  }

  get reasonMax() {
    return this.question?.reasonMax ?? 500;
  }

  get missing() {
    const { question } = this;
    return (Boolean(question?.reason) && (this.reason.trim() === '' || tooLong(this.reason, this.reasonMax) !== '')) || (Boolean(question?.password) && this.password === '');
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    const { question } = this;
    if (!question || this.missing || this.busy)
      return;
    const answer = { reason: this.reason.trim(), password: this.password };
    if (!question.attempt) {
      this.close(answer);
      return;
    }
    this.busy = true;
    this.problem = null;
    this.requestUpdate();
    try {
      await question.attempt(answer);
      if (this.question === question)
        this.close(answer);
    } catch (error) {
      if (this.question === question)
        await this.refused(error);
    }
  }

  /** What was typed stays, except for a password that was wrong. @param {unknown} error */
  async refused(error) {
    this.problem = asProblem(error);
    this.busy = false;
    const wrong = this.problem.rule === 'sign-in/refused';
    if (wrong)
      this.password = '';
    this.requestUpdate();
    await this.updateComplete;
    if (wrong)
      /** @type {HTMLElement | null} */ (this.querySelector('#confirm-password'))?.focus();
  }

  render() {
    const { question } = this;
    const wrong = this.problem?.rule === 'sign-in/refused';
    return html`<dialog aria-labelledby="confirm-title" aria-describedby="confirm-text"
        @cancel=${(/** @type {Event} */ event) => { event.preventDefault(); if (!this.busy) this.close(null); }}>
      ${question ? html`<form method="dialog" @submit=${this.submit}>
        <h2 id="confirm-title">${question.title}</h2>
        <p id="confirm-text">${question.text}</p>
        ${question.reason ? textField({
          id: 'confirm-reason', label: question.reason, value: this.reason, max: this.reasonMax, lines: 2,
          oninput: (value) => { this.reason = value; this.requestUpdate(); },
        }) : nothing}
        ${question.password ? passwordField({
          id: 'confirm-password', label: _('Your password'), autocomplete: 'current-password',
          value: this.password, error: wrong ? _('The password is wrong. Nothing was done.') : undefined,
          oninput: (value) => { this.password = value; this.requestUpdate(); },
        }) : nothing}
        ${wrong ? nothing : problemNote(this.problem)}
        <div class="row-end">
          ${button({ label: question.stay ?? _('Go back'), disabled: this.busy, onclick: () => this.close(null) })}
          ${button({ label: question.action, kind: question.mild ? 'primary' : 'danger', type: 'submit', disabled: this.missing, busy: this.busy })}
        </div>
      </form>` : nothing}
    </dialog>`;
  }
}
customElements.define('karez-confirm', Confirm);

/** @param {Question} question @returns {Promise<Answer | null>} null when nothing is to be done */
export function confirm(question) {
  const place = document.querySelector('karez-confirm');
  return place instanceof Confirm ? place.ask(question) : Promise.resolve(null);
}
