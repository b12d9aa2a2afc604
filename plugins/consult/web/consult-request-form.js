// SPDX-License-Identifier: LGPL-2.1-or-later
// What a hospital asks another one about a patient: history, question and files. A part of the
// composer; and, for what is added later, of a booking.

import { _, KarezElement, api, button, confirm, html, leadToWrong, newId, nothing, repeat, size, state, textField, toastProblem } from '@karez/desk';
import { RequestDraft } from './consult-draft.js';
import { accept, kindWords, refusalWords, share } from './consult-file.js';

/** @typedef {import('./consult-draft.js').Item} Item */
/** @typedef {{version: number, history: string, question: string, written_by: string, attachments: {id: string, state: string}[]}} Asked */

/** Undoing a discard is offered for so long. */
const abandonAfter = 9000;
/** A part may take so long on a poor line. */
const partWithin = 90_000;

/** @type {Map<string, RequestDraft>} */
const drafts = new Map();

/** @type {import('./consult-draft.js').Hub} */
const hub = {
  newId,
  put: (booking, body) => api.put(`/x/consult/requests/${booking}`, body),
  announce: (booking, { id, key, name, media_type, size: bytes, stop }) =>
    api.post(`/x/consult/requests/${booking}/attachments`, { id, name, media_type, size: bytes }, { key, signal: stop.signal }),
  part: ({ id, stop }, part, bytes) =>
    api.put(`/x/consult/attachments/${id}/parts/${part}`, bytes, { signal: stop.signal, once: true, within: partWithin }),
  remove: ({ id }) => api.delete(`/x/consult/attachments/${id}`),
};

addEventListener('beforeunload', (event) => {
  if ([...drafts.values()].some((one) => one.unsent))
    event.preventDefault();
});

/** The one that is being written for a booking, if there is one. @param {string} booking */
export const draftOf = (booking) => drafts.get(booking);

/** @param {string} booking */
function makeDraft(booking) {
  const there = drafts.get(booking);
  const whose = state.me?.id ?? '';
  const draft = there?.whose === whose ? there : new RequestDraft(booking, hub, undefined, whose);
  drafts.set(booking, draft);
  return draft;
}

/** Fires "draft" in the composer; "sent" and "close" for what is added later. */
export class ConsultRequestForm extends KarezElement {
  static properties = {
    // The composer changes its request in place.
    request: { attribute: false, hasChanged: () => true }, problem: { attribute: false }, booking: { attribute: false }, asked: { attribute: false },
    partner: {}, tried: { state: true }, over: { state: true }, busy: { state: true }, refusal: { state: true },
    theirs: { state: true },
  };

  constructor() {
    super();
    /** In the composer. @type {{id: string, partner: string, urgency: string, title: string} | null} */
    this.request = null;
    /** Why the composer was refused. @type {any} */
    this.problem = null;
    /** What is added to later. @type {{id: string, provider: string, urgency: string, title: string} | null} */
    this.booking = null;
    /** What was asked so far. @type {Asked | null} */
    this.asked = null;
    /** The name of the hospital that is asked. */
    this.partner = '';
    this.tried = false;
    this.over = false;
    this.busy = false;
    /** @type {any} */
    this.refusal = null;
    /** What somebody else wrote while this was being written. @type {Asked | null} */
    this.theirs = null;
    /** @type {RequestDraft | null} */
    this.draft = null;
    /** Whether the composer sent it. */
    this.given = false;
    this.changed = () => this.requestUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    const { draft } = this;
    if (!draft)
      return;
    drafts.set(draft.booking, draft);
    draft.addEventListener('change', this.changed);
    draft.resume();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    const { draft } = this;
    draft?.removeEventListener('change', this.changed);
    if (!state.me && draft?.unsent)
      draft.abandon(); // until its writer signs in again
    else if (this.request && !this.given && draft)
      draft.discard(abandonAfter, () => drafts.delete(draft.booking));
  }

  willUpdate() {
    const of = this.request ?? this.booking;
    if (!of)
      return;
    if (this.draft?.booking !== of.id) {
      this.draft?.removeEventListener('change', this.changed);
      this.draft = makeDraft(of.id);
      this.draft.addEventListener('change', this.changed);
      this.draft.resume();
    }
    const { draft } = this;
    draft.instead = of.urgency === 'T0' ? of.title : '';
    if (this.request) {
      draft.partner = this.request.partner;
      return;
    }
    // Who has the request has its files at once: they wait for the button.
    draft.eager = false;
    draft.partner = this.booking?.provider ?? '';
    draft.there = this.asked?.attachments.filter((one) => one.state !== 'abandoned' && !draft.items.some((item) => item.id === one.id)).length ?? 0;
    if (!draft.touched)
      draft.seen ??= 0;
    // An answer that was on its way may be older than what was taken since.
    if (!draft.touched && this.asked && this.asked.version >= (draft.seen ?? 0)) {
      draft.seen = this.asked.version;
      draft.history = this.asked.history;
      draft.question = this.asked.question;
      draft.settle();
    }
  }

  tell() {
    this.dispatchEvent(new CustomEvent('draft'));
  }

  /** @param {{history?: string, question?: string}} words */
  write(words) {
    this.draft?.write(words);
    this.tell();
  }

  /** Whether the question is lacking. */
  get lacks() {
    return !this.draft?.asks && this.request?.urgency !== 'T0';
  }

  /** For the composer. */
  wrong() {
    this.tried = true;
    return this.lacks;
  }

  /** For the composer. */
  async save() {
    const wait = this.request?.urgency !== 'T0';
    await this.draft?.save({ wait });
  }

  /** For the composer: what is still on its way goes on without this element. */
  sent() {
    const { draft } = this;
    this.given = true;
    if (draft && draft.items.every((one) => one.state === 'whole'))
      drafts.delete(draft.booking);
    else if (draft)
      draft.touched = false;
  }

  /** What is added later. */
  async send() {
    this.tried = true;
    const { draft } = this;
    if (!draft || this.busy || this.lacks) {
      await this.updateComplete;
      leadToWrong(this);
      return;
    }
    this.busy = true;
    this.refusal = null;
    let again = false;
    try {
      await draft.save({ wait: true });
      drafts.delete(draft.booking);
      this.dispatchEvent(new CustomEvent('sent'));
    } catch (/** @type {any} */ error) {
      if (error?.rule === 'consult/request-version')
        again = await this.compare(draft);
      else
        this.refusal = error;
    }
    this.busy = false;
    if (again)
      await this.send();
  }

  /** Somebody else wrote meanwhile; or it was this page, whose answer was lost: then what is left goes.
   * @param {RequestDraft} draft */
  async compare(draft) {
    try {
      const theirs = await api.get(`/x/consult/requests/${draft.booking}`);
      this.theirs = draft.says(theirs) ? null : theirs;
      if (this.theirs)
        return false;
      this.take(theirs);
      return true;
    } catch (error) {
      this.refusal = error;
      return false;
    }
  }

  /** @param {Asked} theirs */
  take(theirs) {
    const { draft } = this;
    if (!draft)
      return;
    this.asked = theirs;
    Object.assign(draft, { history: theirs.history, question: theirs.question, seen: theirs.version });
    draft.settle();
    draft.touched = draft.items.length > 0;
    this.theirs = null;
  }

  /** @param {Asked} theirs */
  async insist(theirs) {
    if (this.draft)
      this.draft.seen = theirs.version;
    this.theirs = null;
    await this.send();
  }

  /** @param {Asked} theirs */
  choice(theirs) {
    return html`<div class="note warn" role="alert"><p><b>${_('%s changed the request meanwhile.', theirs.written_by)}</b></p>
      <p class="prose" dir="auto">${theirs.question}</p>${theirs.history ? html`<p class="prose" dir="auto">${theirs.history}</p>` : nothing}
      <div class="row-end">${button({ label: _('Take theirs'), onclick: () => this.take(theirs) })}
        ${button({ label: _('Send mine instead'), onclick: () => void this.insist(theirs) })}</div></div>`;
  }

  /** Nothing is added; what is on its way goes on. */
  async close() {
    const { draft } = this;
    if (draft && !draft.busy && draft.unsent && !await confirm({
      title: _('Discard the draft?'), text: _('What you wrote and the files that you chose are removed. What was sent stays as it is.'), action: _('Discard'),
    }))
      return;
    if (draft && !draft.busy) {
      drafts.delete(draft.booking);
      for (const item of draft.items)
        draft.remove(item).catch(() => {});
    }
    this.dispatchEvent(new CustomEvent('close'));
  }

  /** @param {Iterable<File> | null | undefined} files */
  async add(files) {
    await this.draft?.add(files ?? []);
    this.tell();
  }

  /** @param {DragEvent} event */
  drop(event) {
    event.preventDefault();
    this.over = false;
    void this.add(event.dataTransfer?.files);
  }

  /** @param {Item} item */
  async remove_(item) {
    this.tell();
    // The button that had the focus is gone.
    /** @type {HTMLElement | null} */ (this.querySelector('.consult-drop .button'))?.focus();
    await this.draft?.remove(item).catch(toastProblem);
  }

  /** @param {Item} item */
  stateOf(item) {
    switch (item.state) {
      case 'whole':
        return _('added');
      case 'sending':
        return _('being added, %s %%', share(item.sent, item.size));
      case 'failed':
        return item.problem?.message ? _('not added: %s', item.problem.message) : _('not added');
      default:
        return this.draft?.eager && !this.draft.asks ? _('is added once there is a question') : _('waits to be sent');
    }
  }

  /** What others have is not taken back. @param {Item} item */
  item(item) {
    return html`<li data-state=${item.state}><span class="consult-file"><bdi>${item.name}</bdi> <small>${_(kindWords[item.media_type])} · <bdi>${size(item.size)}</bdi></small></span>
      <span class="row-end">${item.state === 'failed' ? button({ label: _('Try again'), name: _('Try again to add %s', item.name), kind: 'quiet', onclick: () => void this.draft?.retry(item) }) : nothing}
        ${item.state === 'whole' && !this.request ? nothing : button({ label: item.state === 'sending' ? _('Cancel') : _('Remove'),
          name: item.state === 'sending' ? _('Cancel adding %s', item.name) : _('Remove %s', item.name), kind: 'quiet', onclick: () => void this.remove_(item) })}</span>
      <small class="consult-file-state">${this.stateOf(item)}</small>
      ${item.state === 'sending' ? html`<progress max="100" .value=${share(item.sent, item.size)} aria-label=${_('How much of %s was added', item.name)}></progress>` : nothing}</li>`;
  }

  /** @param {RequestDraft} draft */
  files(draft) {
    return html`<div class="consult-files" role="group" aria-labelledby="consult-files">
      <div class="consult-drop ${this.over ? 'over' : ''}" @dragover=${(/** @type {DragEvent} */ event) => { event.preventDefault(); this.over = true; }}
          @dragleave=${() => { this.over = false; }} @drop=${this.drop}>
        <p><b id="consult-files">${_('Files')}</b> <span class="optional">${_('optional')}</span><br><small class="hint">${
          _('JPEG, PNG, PDF, DICOM or plain text; at most 10 files of 32 MiB. Drop them here, or choose them.')}</small></p>
        ${button({ label: _('Add files…'), onclick: () => /** @type {HTMLElement | null} */ (this.querySelector('input[type="file"]'))?.click() })}
        <input type="file" multiple hidden accept=${accept} aria-label=${_('Files')} @change=${(/** @type {Event} */ event) => {
          const input = /** @type {HTMLInputElement} */ (event.target);
          void this.add([...input.files ?? []]);
          input.value = '';
        }}></div>
      ${draft.refused.length ? html`<div class="note warn" role="alert">${draft.refused.map(({ name, why }) => html`<p>${_(refusalWords[why], name)}</p>`)}</div>` : nothing}
      ${draft.items.length ? html`<ul class="plain consult-list" aria-label=${_('Files')}>${repeat(draft.items, (item) => item, (item) => this.item(item))}</ul>` : nothing}</div>`;
  }

  render() {
    const { draft } = this;
    if (!draft)
      return nothing;
    const emergency = Boolean(this.request) && this.request?.urgency === 'T0';
    const refused = this.problem?.rule === 'consult/question' ? this.problem.message : '';
    return html`<div class="consult-form">
      ${textField({ id: 'consult-question', label: _('Question'), value: draft.question, lines: 3, max: 4000, wide: true, optional: emergency,
        error: this.tried && this.lacks ? _('Write what you want to know.') : refused || undefined,
        hint: emergency ? _('An emergency does not wait for it. Without a question, what it is about is asked.') : undefined,
        oninput: (question) => this.write({ question }) })}
      ${textField({ id: 'consult-history', label: _('History'), value: draft.history, lines: 4, max: 8000, wide: true, optional: true,
        oninput: (history) => this.write({ history }) })}
      ${this.files(draft)}
      ${this.booking && !this.request ? html`${this.theirs ? this.choice(this.theirs) : nothing}${this.refusal ? html`<div class="note bad" role="alert"><p>${this.refusal.message}</p>${
        this.refusal.accepted ? html`<p>${this.refusal.accepted}</p>` : nothing}</div>` : nothing}
        <div class="row-end">${button({ label: _('Go back'), onclick: () => this.close() })}
          ${button({ label: _('Send to %s', this.partner), kind: 'primary', busy: this.busy, onclick: () => void this.send() })}</div>` : nothing}</div>`;
  }

  firstUpdated() {
    this.addEventListener('change', (event) => {
      // A question that is written lets go what waited for it.
      if (/** @type {HTMLElement} */ (event.target).id === 'consult-question')
        this.draft?.begin();
    });
  }
}

customElements.define('karez-consult-request-form', ConsultRequestForm);
