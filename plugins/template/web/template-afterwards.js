// SPDX-License-Identifier: LGPL-2.1-or-later
// What a shared note has left once its session is over.

import { KarezElement, _, api, emptyState, failedState, live, loadingState } from '@karez/desk';
import { nothing } from 'lit';
import { keptNote } from './template-kept.js';

class TemplateAfterwards extends KarezElement {
  static properties = { session: { attribute: false }, kept: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.session = null;
    /** @type {import('./template-kept.js').Kept | null} */
    this.kept = null;
    /** @type {any} */
    this.problem = null;
    this.asked = false;
    this.off = () => {};
  }

  connectedCallback() {
    super.connectedCallback();
    // This hospital's half keeps the note by itself, maybe after the other's has ended the session.
    this.off = live.onTouched(['session'], () => {
      if (!this.kept)
        this.read();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
  }

  willUpdate() {
    if (this.session && !this.asked)
      this.read();
  }

  async read() {
    this.asked = true;
    try {
      this.kept = await api.get(`/x/template/sessions/${this.session.id}/note`);
    } catch (error) {
      this.problem = error;
    }
  }

  render() {
    if (!this.session)
      return nothing;
    if (this.kept)
      return keptNote(this.kept);
    if (this.problem?.rule === 'note/none')
      return emptyState({ title: _('Nothing was written.'), text: _('This session has kept no note.') });
    return this.problem ? failedState(this.problem, () => this.read()) : loadingState(4);
  }
}

customElements.define('karez-template-afterwards', TemplateAfterwards);
