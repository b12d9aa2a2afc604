// SPDX-License-Identifier: LGPL-2.1-or-later
// What is typed in a form beside a list: it is lost by no wrong click, and who works with the keyboard
// is led to what is wrong, and back to the list.

import { _ } from '../i18n.js';
import { go } from '../router.js';
import { state } from '../state.js';
import { leadToWrong } from './parts.js';
import { toast } from './toast.js';

/** What is said where a sign-in ended over something that was being written. */
export const stays = () => _('What you were writing stays in this window: sign in here again to go on.');

/** @param {unknown} draft */
const written = (draft) => JSON.stringify(draft, (_name, value) => (value instanceof Set ? [...value].sort() : value));

/** Drafts that are wanted back, or whose writer's sign-in ended, by the page's path. @type {Map<string, {draft: unknown, whose: string}>} */
const undone = new Map();

/**
 * @template {object} T
 */
export class FormDraft {
  /** As it was opened. */
  #begin = '';
  /** What had the focus before. @type {Element | null} */
  #opener = null;
  #host;
  #path;

  /**
   * @param {import('./element.js').KarezElement & {draft: T | null}} host
   * @param {string} path of its page
   */
  constructor(host, path) {
    this.#host = host;
    this.#path = path;
    host.addController(this);
  }

  hostConnected() {
    const there = undone.get(this.#path);
    if (!there || there.whose !== state.me?.id)
      return;
    undone.delete(this.#path);
    void this.open(/** @type {T} */ (there.draft), '');
  }

  hostDisconnected() {
    const { draft } = this.#host;
    if (state.me || !draft || written(draft) === this.#begin) {
      this.discard();
      return;
    }
    undone.set(this.#path, { draft, whose: state.former });
    this.#host.draft = null;
    toast(stays(), { bad: true });
  }

  /** @param {T} draft @param {string} [begin] what it was, if something was typed already */
  async open(draft, begin = written(draft)) {
    this.discard();
    this.#begin = begin;
    this.#opener = document.activeElement;
    this.#host.draft = draft;
    await this.#host.updateComplete;
    /** @type {HTMLElement | null} */ (this.#host.querySelector('.panel select, .panel input'))?.focus();
  }

  /** What was changed can be had back. */
  discard() {
    const host = this.#host;
    const { draft } = host;
    if (draft && written(draft) !== this.#begin) {
      const whose = state.me?.id ?? '';
      toast(_('The draft was discarded.'), { undo: () => {
        if (state.me?.id !== whose)
          return;
        if (host.isConnected)
          void this.open(draft, '');
        else {
          undone.set(this.#path, { draft, whose });
          go(this.#path);
        }
      } });
    }
    this.close();
  }

  /** It was saved, or is discarded. */
  close() {
    if (!this.#host.draft)
      return;
    this.#host.draft = null;
    const opener = this.#opener;
    void this.#host.updateComplete.then(() => {
      if (opener instanceof HTMLElement && opener.isConnected && document.activeElement === document.body)
        opener.focus();
    });
  }

  /** To the first of what is wrong. */
  async lead() {
    await this.#host.updateComplete;
    const panel = /** @type {HTMLElement | null} */ (this.#host.querySelector('.panel'));
    if (panel)
      leadToWrong(panel);
  }
}
