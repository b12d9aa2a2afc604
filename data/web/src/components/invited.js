// SPDX-License-Identifier: LGPL-2.1-or-later
// Who of this hospital may come into a session, where it is not open to all of them; and inviting
// others.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { api } from '../api.js';
import { _, nameOf } from '../i18n.js';
import { live } from '../live.js';
import { may } from '../state.js';
import { candidateChoices, candidatesLeftOut, nobodyToInvite } from './candidates.js';
import { KarezElement, Loader, asProblem } from './element.js';
import { button, problemNote, selectField, shown } from './parts.js';
import { toast } from './toast.js';

/** @typedef {import('../types.js').InvitationCandidates} InvitationCandidates */
/** @typedef {import('../types.js').Invitations} Invitations */

export class Invited extends KarezElement {
  static properties = { session: {}, modality: {}, invitations: {}, unfolded: { state: true }, person: { state: true }, busy: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.session = '';
    this.modality = '';
    /** @type {Invitations} */
    this.invitations = { open: true, items: [] };
    this.unfolded = false;
    this.person = '';
    this.busy = '';
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    /** @type {Loader<InvitationCandidates>} */
    this.people = new Loader(this, () => (this.unfolded ? api.get(`/sessions/${this.session}/invitations/candidates`) : null), 'person', 'session', 'booking');
  }

  /** @param {string} person who it is about @param {() => Promise<unknown>} act */
  async act(person, act) {
    this.busy = person;
    this.problem = null;
    try {
      await act();
      live.touch('session');
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.busy = '';
  }

  /** @param {string} person */
  invite(person) {
    return this.act(person, () => api.post(`/sessions/${this.session}/invitations`, { person }));
  }

  /** @param {Invitations['items'][0]} one */
  takeBack(one) {
    return this.act(one.person, async () => {
      await api.delete(`/sessions/${this.session}/invitations/${one.person}`);
      toast(_('%s is no longer invited.', nameOf(one.names)), { undo: () => this.invite(one.person) });
    });
  }

  /** @param {InvitationCandidates} candidates */
  form(candidates) {
    const choices = candidateChoices(candidates, this.modality);
    const leftOut = candidatesLeftOut(candidates);
    const why = leftOut.length ? html`<p class="hint">${leftOut.map((sentence) => html`${sentence} `)}</p>` : nothing;
    if (!choices.length)
      return html`<p class="hint">${nobodyToInvite(candidates)}</p>${why}`;
    const person = choices.some(([id]) => id === this.person) ? this.person : '';
    return html`<form class="stack" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      this.invite(person);
    }}>${selectField({
      id: 'invited-person', label: _('Who'), value: person, onchange: (value) => { this.person = value; },
      choices: [['', _('Choose somebody')], ...choices],
    })}${why}<div class="row">${button({ label: _('Invite'), type: 'submit', disabled: !person, busy: this.busy !== '' && this.busy === person })}</div></form>`;
  }

  render() {
    const { items } = this.invitations;
    return html`<section class="card" aria-labelledby="invited-title"><h2 id="invited-title">${_('Invited from here')} <span>${items.length}</span></h2>
      <ul class="plain people-list">${repeat(items, (one) => one.person, (one) => html`<li class="row"><b class="grow"><bdi>${nameOf(one.names)}</bdi></b>${
        !one.booked && may('session.invite') ? button({ label: _('Take back'), kind: 'quiet', name: _('Take back the invitation of %s', nameOf(one.names)),
          busy: this.busy === one.person, onclick: () => this.takeBack(one) }) : nothing}</li>`)}</ul>
      ${problemNote(this.problem)}
      ${may('session.invite') ? html`<details class="fold" ?open=${this.unfolded} @toggle=${(/** @type {Event} */ event) => {
        const { open } = /** @type {HTMLDetailsElement} */ (event.target);
        if (open !== this.unfolded) {
          this.unfolded = open;
          this.people.reload();
        }
      }}><summary>${_('Invite somebody else')}</summary>${this.unfolded ? shown(this.people, (candidates) => this.form(candidates), { lines: 2 }) : nothing}</details>` : nothing}</section>`;
  }
}

customElements.define('karez-invited', Invited);
