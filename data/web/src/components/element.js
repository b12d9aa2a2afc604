// SPDX-License-Identifier: LGPL-2.1-or-later
// What every element of the desk stands on, and the one way of fetching what it shows.

import { LitElement } from 'lit';
import { Problem } from '../api.js';
import { onLanguage } from '../i18n.js';
import { onSingleKeys } from '../keys.js';
import { live } from '../live.js';
import { onPanels } from '../panels.js';
import { onState } from '../state.js';
import { keepFocus } from './focus.js';

/**
 * An element in the page's own tree: the one style sheet reaches it, labels and descriptions work
 * across it. Drawn anew when the language or what plugins bring changes, and each `pace` ms when it shows times.
 */
export class KarezElement extends LitElement {
  /** How often times in it move, in ms; 0 is never. */
  static pace = 0;

  /** @type {(() => void)[]} */
  #off = [];

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    const draw = () => this.requestUpdate();
    this.#off = [onLanguage(draw), onState(draw), onSingleKeys(draw), onPanels(draw)];
    const { pace } = /** @type {typeof KarezElement} */ (this.constructor);
    if (pace) {
      const timer = setInterval(draw, pace);
      this.#off.push(() => clearInterval(timer));
    }
  }

  /** @param {import('lit').PropertyValues} changed */
  update(changed) {
    const settle = keepFocus(this);
    super.update(changed);
    settle();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const off of this.#off)
      off();
    this.#off = [];
  }
}

/** @param {unknown} error @returns {Problem} */
export const asProblem = (error) =>
  error instanceof Problem
    ? error
    : new Problem({ status: 500, title: String(error), rule: 'desk/fault' });

/**
 * Fetches what an element shows: when it appears, when the hub says that it changed, and when it
 * is asked. What was shown stays while it is fetched again, and when that fails.
 * @template T
 */
export class Loader {
  /** @type {T | undefined} */
  value;
  /** @type {Problem | undefined} */
  problem;
  loading = false;
  #turn = 0;
  /** Answers up to this turn are too old. */
  #shown = 0;
  /** @type {() => void} */
  #off = () => {};
  #host;
  #load;
  #topics;
  #whenSeen = false;
  /** Whether it was to be fetched while nobody could see it. */
  #late = false;

  /**
   * @param {KarezElement} host
   * @param {() => Promise<T> | null} load null when there is nothing to ask for yet
   * @param {...string} topics
   */
  constructor(host, load, ...topics) {
    this.#host = host;
    this.#load = load;
    this.#topics = topics;
    host.addController(this);
  }

  /** What is about a patient is fetched for somebody who looks: a page behind others reads nothing, and
   * is nobody's reading on record. */
  whenSeen() {
    this.#whenSeen = true;
    return this;
  }

  hostConnected() {
    const off = live.onTouched(this.#topics, () => this.reload());
    const visible = () => {
      if (this.#late && document.visibilityState === 'visible')
        this.reload();
    };
    if (this.#whenSeen)
      document.addEventListener('visibilitychange', visible);
    this.#off = () => {
      off();
      if (this.#whenSeen)
        document.removeEventListener('visibilitychange', visible);
    };
    this.reload();
  }

  hostDisconnected() {
    this.#off();
    this.#shown = ++this.#turn;
    this.loading = false;
  }

  /** Forgets what was shown: it is about something else now. */
  renew() {
    this.value = undefined;
    this.problem = undefined;
    this.#shown = this.#turn;
    return this.reload();
  }

  async reload() {
    this.#late = this.#whenSeen && document.visibilityState !== 'visible';
    if (this.#late)
      return;
    const turn = ++this.#turn;
    const asked = this.#load();
    if (!asked)
      return;
    this.loading = true;
    this.#host.requestUpdate();
    try {
      const value = await asked;
      // One that was overtaken is shown until the newer one is there.
      if (turn <= this.#shown)
        return;
      this.#shown = turn;
      this.value = value;
      this.problem = undefined;
    } catch (error) {
      if (turn !== this.#turn)
        return;
      this.problem = asProblem(error);
    }
    this.loading = turn !== this.#turn;
    this.#host.requestUpdate();
  }
}
