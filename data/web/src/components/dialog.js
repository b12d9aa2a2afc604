// SPDX-License-Identifier: LGPL-2.1-or-later
// A question before something that cannot be taken back. Nothing else in the desk is a dialog.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { KarezElement } from './element.js';
import { button, textField } from './parts.js';

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {unknown} text  what will happen
 * @property {string} action the verb on the button
 * @property {string} [reason] asks for a reason, with this label
 * @property {boolean} [mild] not destructive
 */

class Confirm extends KarezElement {
  constructor() {
    super();
    /** @type {Question | null} */
    this.question = null;
    this.reason = '';
    /** @type {(answer: {reason: string} | null) => void} */
    this.settle = () => {};
  }

  /** @param {Question} question @returns {Promise<{reason: string} | null>} */
  async ask(question) {
    this.settle(null);
    this.question = question;
    this.reason = '';
    this.requestUpdate();
    await this.updateComplete;
    const dialog = /** @type {HTMLDialogElement} */ (this.querySelector('dialog'));
    dialog.showModal();
    return new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** @param {{reason: string} | null} answer */
  close(answer) {
    this.settle(answer);
    this.settle = () => {};
    this.querySelector('dialog')?.close();
    this.question = null;
    this.requestUpdate();
  }

  render() {
    const { question } = this;
    const missing = Boolean(question?.reason) && this.reason.trim() === '';
    return html`<dialog aria-labelledby="confirm-title" aria-describedby="confirm-text"
        @cancel=${(/** @type {Event} */ event) => { event.preventDefault(); this.close(null); }}>
      ${question ? html`<form method="dialog" @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        if (!missing)
          this.close({ reason: this.reason.trim() });
      }}>
        <h2 id="confirm-title">${question.title}</h2>
        <p id="confirm-text">${question.text}</p>
        ${question.reason ? textField({
          id: 'confirm-reason', label: question.reason, value: this.reason, max: 500, lines: 2,
          oninput: (value) => { this.reason = value; this.requestUpdate(); },
        }) : nothing}
        <div class="row-end">
          ${button({ label: _('Go back'), onclick: () => this.close(null) })}
          ${button({ label: question.action, kind: question.mild ? 'primary' : 'danger', type: 'submit', disabled: missing })}
        </div>
      </form>` : nothing}
    </dialog>`;
  }
}
customElements.define('karez-confirm', Confirm);

/** @param {Question} question @returns {Promise<{reason: string} | null>} null when nothing is to be done */
export function confirm(question) {
  const place = document.querySelector('karez-confirm');
  return place instanceof Confirm ? place.ask(question) : Promise.resolve(null);
}
