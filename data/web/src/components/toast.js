// SPDX-License-Identifier: LGPL-2.1-or-later
// What was done, said at the edge of the page, with a way back where there is one.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { _ } from '../i18n.js';
import { onState, state } from '../state.js';
import { KarezElement, asProblem } from './element.js';
import { icon, sentence } from './parts.js';

/** @typedef {{id: number, text: unknown, bad: boolean, undo?: () => unknown, whose?: string}} Toast */

const shownFor = 8000;

class Toasts extends KarezElement {
  constructor() {
    super();
    /** @type {Toast[]} */
    this.list = [];
    // What one person was told, and could take back, is nobody else's: nor the door's, where anybody reads it.
    // What was told at the door, as of words that this window still has, stays.
    onState(() => {
      this.list = this.list.filter(({ whose }) => !whose || whose === state.me?.id);
      this.requestUpdate();
    });
  }

  /** @param {Toast} toast */
  add(toast) {
    this.list = [...this.list.slice(-2), toast];
    this.requestUpdate();
    if (!toast.bad)
      this.removeLater(toast.id);
  }

  /** What somebody is at, to press its Undo, stays until they went on. @param {number} id */
  removeLater(id) {
    setTimeout(() => {
      if (this.querySelector(`[data-toast="${id}"]:is(:focus-within, :hover)`))
        this.removeLater(id);
      else
        this.remove_(id);
    }, shownFor);
  }

  /** @param {number} id */
  remove_(id) {
    this.list = this.list.filter((toast) => toast.id !== id);
    this.requestUpdate();
  }

  /** @param {Toast} toast */
  async undo(toast) {
    this.remove_(toast.id);
    try {
      await toast.undo?.();
    } catch (error) {
      toastProblem(error);
    }
  }

  render() {
    return html`<div class="toasts" role="status" aria-live="polite" aria-atomic="false">${repeat(this.list, (toast) => toast.id, (toast) => html`
      <div class="toast ${toast.bad ? 'bad' : ''}" data-toast=${toast.id}><p dir="auto">${toast.text}</p>
        ${toast.undo ? html`<button class="button quiet" @click=${() => this.undo(toast)}>${_('Undo')}</button>` : nothing}
        <button class="button quiet square" aria-label=${_('Close')} @click=${() => this.remove_(toast.id)}>${icon('close')}</button>
      </div>`)}</div>`;
  }
}
customElements.define('karez-toasts', Toasts);

let next = 1;
/** @param {unknown} text a string or template @param {{undo?: () => unknown, bad?: boolean}} [options] */
export function toast(text, { undo, bad = false } = {}) {
  const place = document.querySelector('karez-toasts');
  if (place instanceof Toasts)
    place.add({ id: next++, text, bad, undo, whose: state.me?.id });
}

/** @param {unknown} error */
export function toastProblem(error) {
  const problem = asProblem(error);
  toast(html`${sentence(problem.parts)}${problem.accepted ? html`<br>${sentence(problem.acceptedParts)}` : nothing}`, { bad: true });
}
