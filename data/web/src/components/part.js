// SPDX-License-Identifier: LGPL-2.1-or-later
// The place of a plugin's part: it is fetched when it is shown first, and made anew when it is to
// be another one.

import { html, nothing } from 'lit';
import { asProblem } from './element.js';
import { failedState, loadingState } from './parts.js';

/**
 * @template {HTMLElement} T
 */
export class Part {
  /** @type {T | null} */
  element = null;
  /** Whose part it is: nothing is made while it is ''. */
  #of = '';
  /** @type {import('../api.js').Problem | null} */
  #problem = null;
  #host;
  #make;

  /**
   * @param {import('./element.js').KarezElement} host
   * @param {(of: string) => Promise<T>} make
   */
  constructor(host, make) {
    this.#host = host;
    this.#make = make;
  }

  /** @param {string} of */
  want(of) {
    if (of === this.#of)
      return;
    this.#of = of;
    this.element = null;
    this.#problem = null;
    if (of)
      this.#fetch();
  }

  async #fetch() {
    const of = this.#of;
    this.#problem = null;
    try {
      // The key may say more than the modality, which is its first word.
      const element = await this.#make(of.split(' ')[0]);
      element.classList.add('part');
      if (of === this.#of)
        this.element = element;
    } catch (error) {
      if (of === this.#of)
        this.#problem = asProblem(error);
    }
    this.#host.requestUpdate();
  }

  /** @param {Partial<T>} values of its properties */
  show(values) {
    if (!this.#of)
      return nothing;
    if (this.element)
      return Object.assign(this.element, values);
    return this.#problem ? failedState(this.#problem, () => {
        this.#fetch();
        this.#host.requestUpdate();
      }) : html`<div class="part">${loadingState(2)}</div>`;
  }
}
