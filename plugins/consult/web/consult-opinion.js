// SPDX-License-Identifier: LGPL-2.1-or-later
// The opinion of a consultation: written and signed by a consultant, kept as it is typed; read by
// both hospitals.

import {
  DraftKeeper, _, draftStanding, nameOf, onLanguage, KarezElement, Loader, Problem, api, button, cleanText, confirm, emptyState,
  hubName, html, isOurs, leadToWrong, live, may, newId, nothing, printPaper, say, shown, state, textField, timePair, toast,
  toastProblem,
} from '@karez/desk';
import { opinionPaper, signedOpinion, unreadOpinion } from './consult-opinion-paper.js';
import './consult-request.js';

/** @typedef {import('./consult-opinion-paper.js').Signed} Signed */
/** @typedef {import('./consult-opinion-paper.js').Paper} Paper */
/** @typedef {import('@karez/desk').Draft} Draft */
/** @typedef {{may_write: boolean, why: string | null, unread?: boolean, draft: Draft | null, opinions: Signed[]}} Opinions */
/** @typedef {{id: string, requester: string, provider: string, title: string, patient?: string | null}} Booking */

const parts = /** @type {const} */ (['findings', 'impression', 'recommendation']);
const most = 8000;
/** A page that is left may still send so much. */
const leavingBytes = 60_000;

/** What was written in elements that are gone, while the hub may not have it: by person and booking. @type {Map<string, DraftKeeper>} */
const left = new Map();

addEventListener('beforeunload', (event) => {
  if ([...left.values()].some((keeper) => keeper.dirty))
    event.preventDefault();
});

export class ConsultOpinion extends KarezElement {
  static properties = {
    booking: { attribute: false }, hubs: { attribute: false }, running: { type: Boolean }, lacking: { state: true }, busy: { state: true },
    reading: { state: true }, paper: { state: true },
  };

  constructor() {
    super();
    /** @type {Booking | null} */
    this.booking = null;
    /** @type {{id: string, names: Record<string, string>, own: boolean}[]} */
    this.hubs = [];
    /** Whether the consultation goes on. */
    this.running = false;
    /** Whether it was to be signed without an impression. */
    this.lacking = false;
    this.busy = '';
    /** Whether the request is open beside what is written. */
    this.reading = false;
    /** What is being printed. @type {Paper | null} */
    this.paper = null;
    this.changed = () => this.requestUpdate();
    this.keeper = new DraftKeeper(parts, (body) => this.put(body), { clean: cleanText, another: 'consult/revision' });
    this.keeper.addEventListener('change', this.changed);
    /** Who writes here: nobody else's sign-in sends it. */
    this.whose = state.me?.id ?? '';
    /** Where somebody types. @type {HTMLTextAreaElement | null} */
    this.field = null;
    this.addEventListener('focusin', ({ target }) => { this.field = target instanceof HTMLTextAreaElement ? target : null; });
    this.addEventListener('focusout', () => this.lookForField());
    /** @type {(() => void)[]} */
    this.off = [];
    /** @type {Loader<Opinions>} */
    this.loader = new Loader(this, () => (this.booking && may('consult.opinion.read') ? this.read(this.booking.id) : null),
      'consult.opinion', 'consult.consultant').whenSeen();
  }

  connectedCallback() {
    super.connectedCallback();
    const leave = () => this.keeper.leave();
    const hidden = () => {
      if (document.visibilityState === 'hidden')
        leave();
    };
    addEventListener('pagehide', leave);
    document.addEventListener('visibilitychange', hidden);
    this.off = [
      () => removeEventListener('pagehide', leave),
      () => document.removeEventListener('visibilitychange', hidden),
      live.on('state', (state) => {
        if (state === 'up' && this.keeper.standing === 'away')
          void this.keeper.flush();
      }),
      // The reason that is shown is in the language it was asked in.
      onLanguage(() => {
        if (this.loader.value?.why)
          void this.loader.reload();
      }),
    ];
    if (this.field)
      void this.goOn(this.field);
    this.takeUp();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const off of this.off)
      off();
    this.keeper.leave();
    void this.leaveBehind();
    this.lookForField();
  }

  get key() {
    return `${this.whose} ${this.booking?.id}`;
  }

  /** Words that the hub could not take yet stay in the window, and their writer is told. */
  async leaveBehind() {
    const { keeper, key } = this;
    if (!keeper.dirty)
      return;
    left.set(key, keeper);
    await keeper.flush();
    if (keeper.dirty && !this.isConnected && left.get(key) === keeper)
      toast(_('Not kept yet: what you typed last in the opinion on “%s”. It stays in this window; join the session here again to go on.', this.booking?.title), { bad: true });
    else if (left.get(key) === keeper)
      left.delete(key);
  }

  /** Goes on with what was left behind. */
  takeUp() {
    const keeper = left.get(this.key);
    left.delete(this.key);
    if (!keeper?.dirty || keeper === this.keeper)
      return;
    this.keeper.removeEventListener('change', this.changed);
    this.keeper = keeper;
    keeper.addEventListener('change', this.changed);
    keeper.type({});
  }

  /** Moved in the page, as at the session's end: who types goes on, and no letter becomes one of the desk's keys.
   * @param {HTMLTextAreaElement} field */
  async goOn(field) {
    const { selectionStart, selectionEnd, selectionDirection } = field;
    await this.updateComplete;
    if (!field.isConnected || document.activeElement !== document.body)
      return;
    field.focus({ preventScroll: true });
    field.setSelectionRange(selectionStart, selectionEnd, selectionDirection);
  }

  /** What is moved loses the focus, too: only later it is known who went elsewhere. */
  lookForField() {
    setTimeout(() => {
      if (!this.contains(document.activeElement))
        this.field = null;
    });
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    const before = changed.get('booking')?.id;
    if (changed.has('booking') && this.booking && before !== this.booking.id)
      this.takeUp();
    if (before && before !== this.booking?.id)
      void this.loader.renew();
    else if (changed.has('booking') && !this.loader.value && !this.loader.loading)
      void this.loader.reload();
  }

  /** @param {string} id */
  async read(id) {
    const { mark } = this.keeper;
    /** @type {Opinions} */
    const found = await api.get(`/x/consult/opinions/${id}`);
    this.keeper.take(found.draft, mark);
    return found;
  }

  /** @param {{revision: number, [part: string]: any}} body */
  put(body) {
    if (state.me?.id !== this.whose)
      return Promise.reject(new Problem({ status: 401, title: _('You are not signed in, or no longer'), rule: 'sign-in/none' }));
    const keepalive = new Blob([JSON.stringify(body)]).size < leavingBytes;
    return api.put(`/x/consult/opinions/${this.booking?.id}/draft`, body, { once: true, keepalive });
  }

  /** @param {string} id */
  hospital = (id) => hubName(this.hubs, id);

  /** After another window wrote. @param {(draft: Opinions['draft']) => unknown} use what is there now */
  async settle(use) {
    try {
      const found = await api.get(`/x/consult/opinions/${this.booking?.id}`);
      this.loader.value = found;
      use(found.draft);
      this.requestUpdate();
    } catch (error) {
      toastProblem(error);
    }
  }

  async sign() {
    const { keeper } = this;
    this.lacking = !keeper.words.impression.trim();
    if (this.lacking) {
      await this.updateComplete;
      leadToWrong(this);
      return;
    }
    this.busy = 'sign';
    const kept = await keeper.flush();
    this.busy = '';
    if (!kept)
      return;
    const address = `/x/consult/opinions/${this.booking?.id}/sign`;
    const amends = Boolean(this.loader.value?.opinions.length);
    const id = newId();
    const asking = this.hospital(this.booking?.requester ?? '');
    const answer = await confirm({
      title: amends ? _('Sign the amended opinion?') : _('Sign the opinion?'),
      text: _('It goes to %s at once, with your name and the time. A signed opinion is never changed; it can be amended by a new version.', asking),
      action: _('Sign'), mild: true, password: true, ...(amends ? { reason: _('Why it is amended'), reasonMax: 1000 } : {}),
      attempt: async ({ password, reason }) => {
        try {
          await api.post(address, { id, revision: keeper.revision, digest: keeper.digest, password, ...(amends ? { amendment: reason } : {}) });
        } catch (/** @type {any} */ error) {
          if (error?.rule === 'consult/revision' || error?.rule === 'consult/shown')
            keeper.contest();
          throw error;
        }
      },
    });
    if (!answer)
      return;
    keeper.load(null);
    toast(_('Signed. It is sent to %s.', asking));
    await this.loader.reload();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('.opinion-signed h3'))?.focus();
  }

  async discard() {
    if (!await confirm({ title: _('Discard the draft?'), text: _('What you wrote is removed. What is signed stays as it is.'), action: _('Discard') }))
      return;
    this.busy = 'discard';
    try {
      await this.keeper.stop();
      await api.delete(`/x/consult/opinions/${this.booking?.id}/draft`);
      this.keeper.load(null);
      this.lacking = false;
      await this.loader.reload();
    } catch (error) {
      toastProblem(error);
    }
    this.busy = '';
  }

  /** @param {Signed} newest */
  async amend(newest) {
    this.keeper.begin(newest);
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('#consult-impression'))?.focus();
  }

  /** Somebody wants to read it: that, and no page that is open somewhere, is a reading. @param {Signed} opinion */
  open = async ({ id }) => {
    this.busy = 'read';
    try {
      await api.post(`/x/consult/opinions/${this.booking?.id}/read`, { opinion: id });
    } catch (error) {
      toastProblem(error);
    }
    await this.loader.reload();
    this.busy = '';
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('.opinion-signed h3'))?.focus();
  };

  /** @param {Signed} opinion */
  print = async (opinion) => {
    const { booking } = this;
    if (!booking)
      return;
    const [request, patients] = await Promise.all([
      may('consult.request.read') ? api.get(`/x/consult/requests/${booking.id}`).catch(() => null) : null,
      booking.patient && may('patient.read') ? api.get('/patients').catch(() => null) : null,
    ]);
    this.paper = {
      opinion, request, title: booking.title, asking: this.hospital(booking.requester),
      patient: nameOf(patients?.items.find((/** @type {any} */ one) => one.id === booking.patient)?.names),
    };
    await printPaper(this, () => { this.paper = null; });
  };

  /** @param {Opinions} found */
  form(found) {
    const { keeper } = this;
    /** @param {typeof parts[number]} name @param {string} label @param {boolean} optional */
    const area = (name, label, optional) => textField({
      id: `consult-${name}`, label, lines: 4, max: most, wide: true, optional, value: keeper.words[name],
      error: !optional && this.lacking && !keeper.words[name].trim() ? _('An opinion needs an impression before it is signed.') : undefined,
      oninput: (value) => keeper.type({ [name]: value }),
    });
    return html`<form class="opinion-form" novalidate @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void this.sign(); }}
        @focusout=${() => void keeper.flush()}>
      ${found.opinions.length ? html`<p><b>${_('Version %s, not signed', found.opinions[0].version + 1)}</b></p>` : nothing}
      ${area('findings', _('Findings'), true)}${area('impression', _('Impression'), false)}${area('recommendation', _('Recommendation'), true)}
      <div class="opinion-end">${draftStanding(keeper, (use) => void this.settle(use))}
        <div class="row-end">${keeper.begun ? button({ label: _('Discard draft…'), kind: 'quiet', busy: this.busy === 'discard', onclick: () => void this.discard() }) : nothing}
          ${button({ label: _('Sign…'), kind: 'primary', type: 'submit', busy: this.busy === 'sign', disabled: keeper.standing === 'conflict' || keeper.standing === 'differs' })}</div></div></form>`;
  }

  /** What was asked, to be read while it is answered. */
  question() {
    return html`<details class="fold" ?open=${this.reading} @toggle=${(/** @type {Event} */ event) => {
      this.reading = /** @type {HTMLDetailsElement} */ (event.target).open;
    }}><summary>${_('What was asked')}</summary>${this.reading
      ? html`<karez-consult-request readonly .booking=${this.booking} .hubs=${this.hubs}></karez-consult-request>` : nothing}</details>`;
  }

  /** @param {Opinions} found */
  none(found) {
    const there = this.booking && !isOurs(this.booking.provider);
    return emptyState({
      title: this.running ? _('No opinion yet.') : _('No opinion was signed.'),
      text: there ? _('The opinion is written at %s.', this.hospital(this.booking?.provider ?? '')) : found.why ?? undefined,
    });
  }

  /** @param {Signed[]} opinions */
  signed([newest, ...older]) {
    const how = { hospital: this.hospital, print: this.print };
    return html`${signedOpinion(newest, how)}${older.map((one) => html`<details class="opinion-older"><summary><span>${
      say(_('Version %s, signed %s'), one.version, timePair(one.signed_at))}</span></summary>${signedOpinion(one, { ...how, heading: false })}</details>`)}`;
  }

  /** What was typed while its writer lost the right to: it is shown, to be taken elsewhere. @param {string | null} why */
  unkept(why) {
    return html`<div class="note warn" role="alert"><p><b>${_('What you typed last is not kept.')}</b>${why ? html` ${why}` : nothing}</p>${
      parts.map((part) => (this.keeper.words[part] ? html`<p class="prose" dir="auto">${this.keeper.words[part]}</p>` : nothing))}</div>`;
  }

  /** @param {Opinions} found */
  body(found) {
    const { opinions, may_write: mayWrite } = found;
    const writes = mayWrite && (!opinions.length || this.keeper.begun);
    return html`${!mayWrite && this.keeper.dirty ? this.unkept(found.why) : nothing}${writes ? html`${this.running ? this.question() : nothing}${this.form(found)}` : nothing}
      ${opinions.length && found.unread ? unreadOpinion(opinions[0], { hospital: this.hospital, read: this.open, busy: this.busy === 'read' }) : opinions.length ? this.signed(opinions) : writes ? nothing : this.none(found)}
      ${mayWrite && opinions.length && !writes ? html`<p>${button({ label: _('Amend…'), onclick: () => void this.amend(opinions[0]) })}</p>` : nothing}`;
  }

  render() {
    if (!may('consult.opinion.read'))
      return html`<p class="hint">${_('Your roles do not let you read the opinion.')}</p>`;
    return html`<div class="opinion">${shown(this.loader, (found) => this.body(found), { lines: 4 })}</div>${this.paper ? opinionPaper(this.paper, this.hospital) : nothing}`;
  }
}

customElements.define('karez-consult-opinion', ConsultOpinion);
