// SPDX-License-Identifier: LGPL-2.1-or-later
// The page of the notes that sessions kept: which there are, and one of them opened. That somebody
// read a note is on record, so none is fetched before it is opened.

import { DAY, KarezElement, Loader, _, api, button, emptyState, failedState, hubNow, loadingState, pageHead, repeat, rfc3339, shown, titleOf } from '@karez/desk';
import { html, nothing } from 'lit';
import { keptNote } from './template-kept.js';

/** @typedef {import('@karez/desk').Session} Session */

/** How far back the page looks, in days. */
const days = 14;
const modality = 'shared-note';

class TemplateNotes extends KarezElement {
  static properties = { route: { attribute: false }, opened: { state: true }, note: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.route = null;
    /** The session whose note is open. */
    this.opened = '';
    /** @type {import('./template-kept.js').Kept | null} */
    this.note = null;
    /** @type {any} */
    this.problem = null;
    /** @type {Loader<{items: Session[]}>} */
    this.sessions = new Loader(this, () => api.get(`/sessions?from=${rfc3339(hubNow() - days * DAY)}&to=${rfc3339(hubNow() + DAY)}`), 'session').whenSeen();
  }

  /** @param {string} session */
  async open(session) {
    this.opened = this.opened === session ? '' : session;
    this.note = null;
    this.problem = null;
    if (!this.opened)
      return;
    try {
      const note = await api.get(`/x/template/sessions/${session}/note`);
      if (this.opened === session)
        this.note = note;
    } catch (error) {
      if (this.opened === session)
        this.problem = error;
    }
  }

  /** @param {Session} session */
  one(session) {
    const open = this.opened === session.id;
    return html`<li class="card template-one"><div class="card-head"><h2 class="title"><a href="/sessions/${session.id}"><bdi>${titleOf({ title: session.title })}</bdi></a></h2>${
      button({ label: open ? _('Close') : _('Read'), kind: 'quiet', name: `${open ? _('Close') : _('Read')}: ${session.title}`, onclick: () => this.open(session.id) })}</div>
      ${!open ? nothing : this.note ? keptNote(this.note)
        : this.problem?.rule === 'note/none' ? html`<p class="hint">${_('This session has kept no note.')}</p>`
          : this.problem ? failedState(this.problem, () => this.open(session.id)) : loadingState(3)}</li>`;
  }

  render() {
    return html`<div class="page">${pageHead({ title: _('Shared notes'), text: _('What sessions of the last two weeks wrote together.') })}
      ${shown(this.sessions, ({ items }) => {
        const ended = items.filter((one) => one.modality === modality && one.state === 'ended');
        return ended.length ? html`<ul class="plain stack template-notes">${repeat(ended, (one) => one.id, (one) => this.one(one))}</ul>`
          : emptyState({ title: _('There is no shared note.'), text: _('A note is kept when its session ends.') });
      })}</div>`;
  }
}
customElements.define('karez-template-notes', TemplateNotes);
