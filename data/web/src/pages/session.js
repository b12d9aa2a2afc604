// SPDX-License-Identifier: LGPL-2.1-or-later
// One session: the lobby with its checks, the room with the plugin's panel, and what is left of it
// afterwards.

import { html } from 'lit';
import { api } from '../api.js';
import { _, onLanguage } from '../i18n.js';
import { live } from '../live.js';
import { makeBookingPart } from '../panels.js';
import { guardPage } from '../router.js';
import { may, state } from '../state.js';
import { ticks } from '../time.js';
import { hubName, sessionWord, titleOf } from '../words.js';
import { confirm } from '../components/dialog.js';
import { KarezElement, Loader } from '../components/element.js';
import { Part } from '../components/part.js';
import { pageHead, pill, shown } from '../components/parts.js';
import { Presence } from '../components/presence.js';
import { SessionActs } from './session-acts.js';
import { afterwards } from './session-afterwards.js';
import { lobby, settleFor } from './session-lobby.js';
import { PanelPlace } from './session-panel.js';
import { banners, over, running } from './session-parts.js';
import { room } from './session-room.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('../types.js').Hub} Hub */

const checkEvery = 1000;

export class SessionPage extends KarezElement {
  static pace = 1000;
  static properties = { session: {}, role: { state: true }, unfolded: { state: true } };

  constructor() {
    super();
    this.session = '';
    this.role = '';
    /** @type {Presence | null} */
    this.presence = null;
    this.acts = new SessionActs(this);
    this.place = new PanelPlace(this);
    /** What was asked, where its kind of session has it in writing. @type {Part<import('../panels.js').BookingPart>} */
    this.added = new Part(this, makeBookingPart);
    /** Whether it is open: reading it is recorded, so nobody reads it unasked. */
    this.unfolded = false;
    /** When this page last saw it being prepared. */
    this.preparedAt = -Infinity;
    /** @type {Record<string, any> | null} */
    this.statistics = null;
    /** @type {(() => void)[]} */
    this.off = [];
    /** @type {Loader<Session>} */
    this.loader = new Loader(this, () => (this.session ? this.read() : null), 'session', 'booking', 'plugin');
    /** @type {Loader<import('../types.js').Invitations>} */
    this.invitations = new Loader(this, () => (this.session && may('session.join') ? api.get(`/sessions/${this.session}/invitations`) : null), 'session', 'booking');
    /** @type {Loader<{hubs: Hub[], modalities: import('../types.js').Modality[]}>} */
    this.around = new Loader(this, async () => {
      const [peers, modalities] = await Promise.all([may('peers.read') ? api.get('/peers') : { items: [] }, api.get('/modalities')]);
      const own = { id: state.me?.hub ?? '', names: state.me?.hub_names ?? {}, own: true };
      return { hubs: [own, ...peers.items], modalities: modalities.items };
    }, 'peer', 'plugin');
  }

  /** Whoever is in stays in, unless they say so: not by a stray key, a link or Back. */
  guard = async () => {
    const title = titleOf({ title: this.loader.value?.title ?? '', concealed: this.loader.value?.booking?.concealed });
    this.asking = new AbortController();
    const answer = await confirm({
      title: _('Leave the session?'), action: _('Leave'), stay: _('Stay in the session'), over: this.asking.signal,
      text: _('You are in “%s”. If you go to another page, you leave it, and both hospitals see that you left. The session goes on.', title),
    });
    return answer !== null;
  };
  /** Of the question that is open. @type {AbortController | null} */
  asking = null;
  /** Closing the window or loading another address, too. @param {BeforeUnloadEvent} event */
  unload = (event) => {
    if (this.isIn && running.includes(this.loader.value?.state ?? ''))
      event.preventDefault();
  };

  get isIn() {
    return this.presence !== null && this.presence.state !== 'out';
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener('beforeunload', this.unload);
    this.off = [
      () => removeEventListener('beforeunload', this.unload),
      () => guardPage(null),
      live.on('session', (frame) => this.moved(frame)),
      live.on('statistics', (frame) => {
        if (frame.session === this.session)
          this.measured(frame);
      }),
      live.on('state', () => this.requestUpdate()),
      onLanguage(() => /** @type {any} */ (this.place.panel)?.requestUpdate?.()),
    ];
    const again = setInterval(() => this.lookAgain(), checkEvery);
    this.off.push(() => clearInterval(again));
    this.presence?.listen();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const off of this.off)
      off();
    this.goOut();
  }

  /** Somebody who goes to another page is no longer in the room. */
  goOut() {
    this.presence?.silence();
    if (this.presence && this.presence.state !== 'out')
      this.presence.leave().catch(() => {});
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('session') && this.session) {
      this.goOut();
      this.presence = new Presence(this.session);
      this.presence.listen();
      this.presence.addEventListener('change', () => this.present());
      this.presence.addEventListener('message', (event) => this.place.hear(/** @type {CustomEvent} */ (event).detail));
      this.place.clear();
      this.statistics = null;
      this.unfolded = false;
      this.role = '';
      // Each reading is on record: what was asked for when the page came is not asked for again.
      if (changed.get('session') || !this.loader.loading)
        this.loader.renew();
      if (changed.get('session') || !this.invitations.loading)
        this.invitations.renew();
    }
  }

  /** @returns {Promise<Session>} */
  async read() {
    const session = await api.get(`/sessions/${this.session}`);
    this.take(session);
    return session;
  }

  /** The worker's figures, once a second while somebody is in. @param {any} frame */
  measured(frame) {
    this.statistics = frame;
    const { value } = this.loader;
    if (value && Array.isArray(frame.checks)) {
      this.loader.value = { ...value, checks: frame.checks };
      this.requestUpdate();
    }
  }

  /** A check that failed is looked at again: nobody is told when only a figure changes. */
  lookAgain() {
    const { value } = this.loader;
    if (value?.state === 'ready' && !this.loader.loading && (!value.checks?.length || value.checks.some((one) => one.verdict !== 'passed')))
      this.loader.reload();
  }

  /** The hub's word on the state comes before the rest of it. @param {any} frame */
  moved(frame) {
    const { value } = this.loader;
    if (frame.session !== this.session || !value || !(frame.sequence >= value.sequence))
      return;
    this.loader.value = {
      ...value, state: frame.state, reason: frame.reason, sequence: frame.sequence,
      worker: frame.worker && value.worker ? { ...value.worker, state: frame.worker, partner: frame.partner_worker } : value.worker,
    };
    this.take(this.loader.value);
    this.requestUpdate();
  }

  /** @param {Session} session */
  take(session) {
    const { presence } = this;
    if (session.state === 'preparing')
      this.preparedAt = ticks();
    if (!presence)
      return;
    if (over.includes(session.state))
      presence.end();
    else if (presence.remembers && [...running, 'ready'].includes(session.state))
      presence.again();
    void this.place.show(session);
  }

  present() {
    if (!this.isIn)
      this.asking?.abort(); // there is nothing to leave any more
    guardPage(this.isIn && this.isConnected ? this.guard : null);
    if (this.loader.value)
      void this.place.show(this.loader.value);
    this.requestUpdate();
  }

  /** @param {string} id */
  hospital(id) {
    return hubName(this.around.value?.hubs ?? [], id);
  }

  /** Whether it is for others. */
  get uninvited() {
    const { value } = this.invitations;
    return value !== undefined && !value.open && !value.items.some((one) => one.person === state.me?.id);
  }

  /** A session is moved by those whom it is for, and by those who look after all of them. */
  get mayControl() {
    return may('session.control') && (!this.uninvited || ['desk', 'engineer', 'administrator'].some((role) => state.me?.roles.includes(role)));
  }

  /** @param {Session} session */
  body(session) {
    if (over.includes(session.state))
      return afterwards(this, session);
    const inRoom = this.presence?.state !== 'out' && [...running, 'stopping'].includes(session.state);
    return inRoom ? room(this, session) : lobby(this, session);
  }

  /** Whether it would start now, by what both hospitals see. @param {Session} session */
  readiness(session) {
    if (session.state !== 'ready')
      return pill(session.state, sessionWord(session.state));
    if (session.checks?.some((one) => one.verdict === 'failed') || !session.checks?.length)
      return ticks() - this.preparedAt < settleFor ? pill('preparing', _('Checking')) : pill('failed', _('Not ready: see the checks'));
    return pill(session.state, sessionWord(session.state));
  }

  render() {
    return html`<div class="page">${shown(this.loader, (session) => html`
      ${pageHead({ title: html`<bdi>${titleOf({ title: session.title, concealed: session.booking?.concealed })}</bdi>`, tools: html`<span role="status">${this.readiness(session)}</span>` })}
      ${banners(this, session)}${this.body(session)}`, { lines: 8 })}</div>`;
  }
}
customElements.define('karez-session', SessionPage);
