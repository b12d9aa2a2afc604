// SPDX-License-Identifier: LGPL-2.1-or-later
// What was asked about a patient, with its files: in a booking's card and beside its session. Each
// reading is recorded, so it reads when it is shown and when something has changed.

import {
  _, KarezElement, Loader, api, button, emptyState, hubName, html, isOurs, live, may, nothing, repeat, say, shown,
  size, timePair, toastProblem,
} from '@karez/desk';
import { kindWords, share } from './consult-file.js';
import { draftOf } from './consult-request-form.js';

/** @typedef {{id: string, name: string, media_type: string, size: number, state: 'coming' | 'whole' | 'broken' | 'abandoned', sent: boolean, received: number}} Attachment */
/**
 * @typedef {object} Request
 * @property {number} version
 * @property {string} history
 * @property {string} question
 * @property {string} written_by
 * @property {string} written_at
 * @property {boolean} sent
 * @property {Attachment[]} attachments
 */
/** @typedef {{id: string, requester: string, provider: string, urgency: string, title: string, state: string, requested_at: string}} Booking */

/** A file comes in many parts: not each of them is a reason to read again. */
const readEvery = 3000;
/** A larger picture waits until somebody opens it: a clinic's line is slow. */
const previewBytes = 4 * 1024 * 1024;
const open = ['requested', 'confirmed'];
const calledOff = ['declined', 'cancelled'];

/** Whether it is shown beside its name. @param {Attachment} one */
const isPicture = (one) => one.state === 'whole' && (one.media_type === 'image/jpeg' || one.media_type === 'image/png') && one.size <= previewBytes;

export class ConsultRequest extends KarezElement {
  static properties = { booking: { attribute: false }, hubs: { attribute: false }, readonly: { type: Boolean }, adding: { state: true } };

  constructor() {
    super();
    /** @type {Booking | null} */
    this.booking = null;
    /** @type {{id: string, names: Record<string, string>, own: boolean}[]} */
    this.hubs = [];
    this.readonly = false;
    this.adding = false;
    /** Whose pictures somebody wants to see: each is a reading on record. */
    this.pictures = '';
    this.readAt = -Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
    this.off = () => {};
    /** @type {Loader<Request | null>} */
    this.loader = new Loader(this, () => (this.booking && may('consult.request.read') ? this.read(this.booking.id) : null)).whenSeen();
  }

  connectedCallback() {
    super.connectedCallback();
    this.off = live.onTouched(['consult.request', 'consult.attachment'], () => {
      this.later ??= setTimeout(() => {
        this.later = undefined;
        void this.loader.reload();
      }, Math.max(0, this.readAt + readEvery - performance.now()));
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.off();
    clearTimeout(this.later);
    this.later = undefined;
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    const before = changed.get('booking')?.id;
    if (!changed.has('booking') || before === this.booking?.id)
      return;
    const draft = draftOf(this.booking?.id ?? '');
    this.adding = draft !== undefined && (draft.unsent || draft.items.some((one) => one.state !== 'whole'));
    if (before)
      void this.loader.renew();
    else if (!this.loader.loading)
      void this.loader.reload();
  }

  /** @param {string} id @returns {Promise<Request | null>} null: nothing was written */
  async read(id) {
    this.readAt = performance.now();
    try {
      return await api.get(`/x/consult/requests/${id}`);
    } catch (error) {
      if (/** @type {any} */ (error).rule === 'consult/no-request')
        return null;
      throw error;
    }
  }

  get mayAdd() {
    const { booking } = this;
    return !this.readonly && booking !== null && isOurs(booking.requester) && open.includes(booking.state) && may('consult.request.write');
  }

  /** @param {Attachment} one */
  async discard(one) {
    try {
      await api.delete(`/x/consult/attachments/${one.id}`);
    } catch (error) {
      toastProblem(error);
    }
    await this.loader.reload();
  }

  /** The file itself is not here: it is chosen again. @param {Attachment} one */
  async tryAgain(one) {
    await this.discard(one);
    await this.add();
    /** @type {HTMLElement | null} */ (this.querySelector('.consult-drop .button'))?.focus();
  }

  /** @param {Attachment} one */
  state(one) {
    if (one.state === 'broken')
      return html`<small class="consult-file-state">${calledOff.includes(this.booking?.state ?? '') ? _('It was not fetched: the booking was called off.')
        : _('It did not arrive as it was sent. Ask for it again.')}</small>`;
    if (one.state === 'abandoned')
      return html`<small class="consult-file-state" role="status">${_('It was not added: nothing more of it came for half an hour.')}</small>
        ${this.mayAdd ? html`<span class="row">${button({ label: _('Try again…'), name: _('Try again to add %s', one.name), kind: 'quiet', onclick: () => void this.tryAgain(one) })}
          ${button({ label: _('Remove'), name: _('Remove %s', one.name), kind: 'quiet', onclick: () => void this.discard(one) })}</span>` : nothing}`;
    const there = share(one.received, one.size);
    const ours = isOurs(this.booking?.requester);
    return html`<small class="consult-file-state">${ours ? _('not added whole yet, %s %%', there) : _('arriving, %s %%', there)}</small>
      <progress max="100" .value=${there} aria-label=${_('How much of %s has arrived', one.name)}></progress>
      ${ours && this.mayAdd ? button({ label: _('Remove'), name: _('Remove %s', one.name), kind: 'quiet', onclick: () => void this.discard(one) }) : nothing}`;
  }

  /** What is here alone must not look as if it had left. @param {Attachment} one */
  unsent(one) {
    if (one.sent || !isOurs(this.booking?.requester))
      return nothing;
    return html`<small class="consult-file-state">${calledOff.includes(this.booking?.state ?? '') ? _('It was not sent.') : _('It is not sent yet.')}</small>`;
  }

  /** @param {Attachment} one */
  file(one) {
    const address = `/api/v1/x/consult/attachments/${one.id}`;
    const what = html`<bdi>${one.name}</bdi> <small>${_(kindWords[one.media_type] ?? one.media_type)} · <bdi>${size(one.size)}</bdi></small>`;
    if (one.state !== 'whole')
      return html`<li data-state=${one.state}><span class="consult-file">${what}</span>${this.state(one)}</li>`;
    const picture = isPicture(one) && this.pictures === this.booking?.id;
    // Browsers show no DICOM: it is saved under the name that the hub gives it.
    const saved = one.media_type === 'application/dicom';
    return html`<li data-state="whole"><a class="consult-file" href=${address} target=${saved ? nothing : '_blank'} rel=${saved ? nothing : 'noopener'}
        download=${saved ? '' : nothing}>${picture ? html`<img src=${address} alt="" loading="lazy">` : nothing}<span>${what}${
        saved ? nothing : html`<span class="unseen"> ${_('opens in a new tab')}</span>`}</span></a>${this.unsent(one)}</li>`;
  }

  /** @param {Request | null} asked */
  form(asked) {
    return html`<karez-consult-request-form .booking=${this.booking} .asked=${asked} .partner=${hubName(this.hubs, this.booking?.provider)}
      @sent=${() => { this.adding = false; void this.loader.reload(); }} @close=${() => { this.adding = false; }}></karez-consult-request-form>`;
  }

  async add() {
    this.adding = true;
    await this.updateComplete;
    await /** @type {KarezElement | null} */ (this.querySelector('karez-consult-request-form'))?.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('textarea'))?.focus();
  }

  /** @param {Request | null} asked */
  body(asked) {
    if (this.adding && this.mayAdd)
      return this.form(asked);
    const add = this.mayAdd ? button({ label: asked ? _('Add to the request…') : _('Write the request…'), onclick: () => void this.add() }) : nothing;
    if (!asked)
      return emptyState({ title: _('No question was written.'), text: this.booking?.urgency === 'T0' ? _('An emergency does not wait for one.') : undefined, action: add });
    return html`<h3>${_('Question')}</h3><p class="prose consult-question" dir="auto">${asked.question}</p>
      ${asked.history ? html`<h3>${_('History')}</h3><p class="prose" dir="auto">${asked.history}</p>` : nothing}
      ${asked.attachments.length ? html`<h3>${_('Files')}</h3><ul class="plain consult-list">${repeat(asked.attachments, (one) => one.id, (one) => this.file(one))}</ul>${
        asked.attachments.some(isPicture) && this.pictures !== this.booking?.id ? html`<p>${button({ label: _('Show the pictures'), onclick: () => {
          this.pictures = this.booking?.id ?? '';
          this.requestUpdate();
        } })}</p>` : nothing}` : nothing}
      <p class="hint">${asked.written_at > (this.booking?.requested_at ?? '') && asked.version > 1 ? say(_('Changed by %s, %s'), asked.written_by, timePair(asked.written_at)) : say(_('Written by %s, %s'), asked.written_by, timePair(asked.written_at))}${
        asked.sent ? nothing : html`<br>${_('The other hospital does not have it yet; it is sent as soon as it can be.')}`}</p>
      ${this.mayAdd ? html`<p>${add}</p>` : nothing}`;
  }

  render() {
    if (!may('consult.request.read'))
      return html`<p class="hint">${_('Your roles do not let you read the request.')}</p>`;
    return html`<section class="consult-request" aria-label=${_('Request')}>${shown(this.loader, (asked) => this.body(asked), { lines: 2 })}</section>`;
  }
}

customElements.define('karez-consult-request', ConsultRequest);
