// SPDX-License-Identifier: LGPL-2.1-or-later
// The room of a shared note: everybody writes in one text. What is left of it is another element's.

import { LitElement, html, nothing } from 'lit';
import { _, button, cleanText, live, newId, number, say } from '@karez/desk';
import { NoteClient, changeAll, mostCharacters, points } from './template-client.js';
import './template-afterwards.js';

/** @typedef {import('./template-client.js').Edit} Edit */
/** @typedef {{name: string, position: number}} Cursor */

const writable = ['live', 'degraded'];
const cursorEvery = 250;
const lateAfter = 4000;

const reasons = /** @type {Record<string, () => string>} */ ({
  'note/size': () => _('The note is full: at most 20,000 characters.'),
  'note/paste': () => _('It is too long for one piece. Put it in by parts.'),
  'note/not-live': () => _('The session could not be written in at that moment.'),
  'text/control': () => _('It holds characters that are not text.'),
  'note/text': () => _('It holds characters that are not text.'),
});

export class TemplatePanel extends LitElement {
  static properties = {
    session: { attribute: false }, participant: { attribute: false }, send: { attribute: false },
    cursors: { state: true }, linkUp: { state: true }, away: { state: true }, cleaned: { state: true },
  };

  constructor() {
    super();
    /** @type {any} */
    this.session = null;
    /** @type {any} */
    this.participant = null;
    /** @type {(body: Record<string, unknown>) => boolean} */
    this.send = () => false;
    /** @type {Map<string, Cursor>} */
    this.cursors = new Map();
    this.linkUp = true;
    this.away = false;
    /** Whether something of what was put in last was left out. */
    this.cleaned = false;
    this.cursorAt = -Infinity;
    /** @type {(() => void)[]} */
    this.off = [];
    this.client = new NoteClient((body) => this.send(body), newId);
  }

  /** In the page's own tree: its style sheet and labels reach it. */
  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    const look = () => {
      this.away = live.state !== 'up';
      if (!this.away && this.client.pending && performance.now() - this.client.sentAt > lateAfter)
        this.client.retry();
    };
    const timer = setInterval(look, 1000);
    this.off = [live.on('state', look), () => clearInterval(timer)];
    look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const off of this.off)
      off();
  }

  get reads() {
    return !this.participant || this.participant.role === 'reader' || !writable.includes(this.session?.state);
  }

  /** @returns {HTMLTextAreaElement | null} */
  get area() {
    return this.querySelector('textarea');
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (changed.has('participant') && this.participant && this.participant.id !== changed.get('participant')?.id)
      this.client.retry();
  }

  /** A message of the session. @param {Record<string, any>} body */
  receive(body) {
    if (body.type === 'link')
      this.linkUp = body.up;
    else if (body.type === 'cursor')
      this.takeCursor(body);
    else
      this.show(this.client.receive(body));
  }

  /** @param {Record<string, any>} body */
  takeCursor(body) {
    if (body.participant === this.participant?.id)
      return;
    const cursors = new Map(this.cursors);
    if (body.position < 0)
      cursors.delete(body.participant);
    else
      cursors.set(body.participant, { name: body.name, position: body.position });
    this.cursors = cursors;
  }

  /** Others' edits, with the reader's own place and selection kept. @param {Edit[] | null} edits */
  show(edits) {
    const { area, client } = this;
    const text = client.view.join('');
    if (area && edits) {
      let shown = points(area.value);
      for (const edit of edits) {
        const begin = shown.slice(0, edit.position).join('').length;
        const end = begin + shown.slice(edit.position, edit.position + edit.remove).join('').length;
        area.setRangeText(edit.insert.join(''), begin, end, 'preserve');
        shown = changeAll(shown, [edit]);
      }
    }
    if (area && area.value !== text) {
      const { selectionStart, selectionEnd } = area;
      area.value = text;
      area.setSelectionRange(selectionStart, selectionEnd);
    }
    this.requestUpdate();
  }

  typed() {
    const { area, client } = this;
    if (!area)
      return;
    // What cannot be kept, which a paste may bring, is left out where its writer sees it.
    const text = cleanText(area.value);
    this.cleaned = text !== area.value;
    const taken = client.type(text);
    if (this.cleaned || !taken)
      this.show(null);
    this.moved();
    this.requestUpdate();
  }

  moved() {
    const { area } = this;
    if (!area || this.reads || performance.now() - this.cursorAt < cursorEvery)
      return;
    this.cursorAt = performance.now();
    this.send({ type: 'cursor', position: Math.min(points(area.value.slice(0, area.selectionStart)).length, mostCharacters) });
  }

  status() {
    if (this.away || !this.client.ready)
      return _('Reconnecting. What you write is kept here and sent when the connection is back.');
    if (!this.linkUp)
      return _('The link to the other hospital is down. What you write is sent when it is back.');
    if (this.session.state === 'held')
      return _('On hold: the note can be read.');
    if (this.reads)
      return _('You are reading along.');
    return this.client.pending ? _('Sending…') : _('Everything you wrote is in the note.');
  }

  /** The people who write, and in which line. */
  people() {
    const text = this.client.view;
    const list = [...this.cursors.values()].map(({ name, position }) =>
      html`<li>${say(_('%s is at line %s'), name, number(text.slice(0, position).filter((one) => one === '\n').length + 1))}</li>`);
    return list.length ? html`<ul class="hint" aria-label=${_('Others in the note')}>${list}</ul>` : nothing;
  }

  render() {
    if (!this.session)
      return nothing;
    const { client } = this;
    const length = client.view.length;
    return html`<div class="field wide">
      <label for="template-note">${_('Shared note')}</label>
      <textarea id="template-note" rows="16" dir="auto" spellcheck="true"
        aria-describedby="template-status" ?readonly=${this.reads || !client.ready}
        @input=${this.typed} @keyup=${this.moved} @pointerup=${this.moved}></textarea>
      <small id="template-status" class="hint" role="status">${this.status()}</small>
      ${this.cleaned ? html`<small class="hint" role="status">${_('Characters that cannot be kept were left out. Check the text.')}</small>` : nothing}
      ${length > mostCharacters * 0.9 ? html`<small class="hint">${say(_('%s of 20,000 characters'), number(length))}</small>` : nothing}
      ${client.refused ? this.refusedNote(client.refused) : nothing}
      ${this.people()}
    </div>`;
  }

  /** @param {{text: string, body: Record<string, any>}} refused */
  refusedNote({ text, body }) {
    return html`<div class="note" role="alert"><p>${_('This was not added to the note.')} ${reasons[body.rule]?.() ?? _(body.message)}</p>
      <p dir="auto">${text}</p>${button({ label: _('Close'), kind: 'quiet', onclick: () => {
        this.client.refused = null;
        this.requestUpdate();
      } })}</div>`;
  }

  /** The text stands in the element, not in the template: only show() writes it. */
  updated() {
    if (this.area && this.client.ready && this.area.value === '' && this.client.view.length > 0)
      this.area.value = this.client.view.join('');
  }
}

customElements.define('karez-template-panel', TemplatePanel);
