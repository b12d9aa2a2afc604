// SPDX-License-Identifier: LGPL-2.1-or-later
// One session: the lobby with its checks, the room with the plugin's panel, and what is left of it
// afterwards.

import { html, nothing } from 'lit';
import { api } from '../api.js';
import { _, N_, nameOf, ngettext, onLanguage } from '../i18n.js';
import { live } from '../live.js';
import { hasLobby, hasPanel, hasPart, makeBookingPart, makePanel, panelClass } from '../panels.js';
import { guardPage } from '../router.js';
import { isOurs, may, state } from '../state.js';
import { clockAfter, dayAndClock, duration, hubNow, millis, range, ticks } from '../time.js';
import { hubName, sessionRole, sessionWord, titleOf } from '../words.js';
import { confirm } from '../components/dialog.js';
import { KarezElement, Loader, asProblem } from '../components/element.js';
import '../components/invited.js';
import { button, emptyState, factList, loadingState, pageHead, pill, problemNote, say, shown, span, timePair } from '../components/parts.js';
import { Part } from '../components/part.js';
import { Presence, isElsewhere } from '../components/presence.js';
import { toast, toastProblem } from '../components/toast.js';
import { checkList } from '../components/checks.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('../types.js').Hub} Hub */
/** @typedef {import('../panels.js').Panel} Panel */

const over = ['ended', 'failed'];
const checkEvery = 1000;
const settleFor = 5000; // after both halves are there, their link may take so long
const running = ['live', 'degraded', 'held'];
const mostEarly = 200; // messages that wait for a panel that is being fetched

/** When somebody was in, beside the session's start. @param {string} start @param {import('../types.js').Participant} one */
const took = (start, { joined_at: from, left_at: to }) => (from && to ? range(clockAfter(start, from), clockAfter(from, to)) : clockAfter(start, from ?? start));

/** @param {import('../types.js').Participant} one */
const personName = (one) => one.name ?? one.actor?.name ?? '';

export class SessionPage extends KarezElement {
  static pace = 1000;
  static properties = { session: {}, busy: { state: true }, role: { state: true }, problem: { state: true }, unfolded: { state: true } };

  constructor() {
    super();
    this.session = '';
    this.busy = '';
    this.role = '';
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    /** @type {Presence | null} */
    this.presence = null;
    /** @type {Panel | null} */
    this.panel = null;
    this.panelAsked = false;
    /** What was asked, where its kind of session has it in writing. @type {Part<import('../panels.js').BookingPart>} */
    this.added = new Part(this, makeBookingPart);
    /** Whether it is open: reading it is recorded, so nobody reads it unasked. */
    this.unfolded = false;
    /** What the worker said before the panel was there. @type {Record<string, any>[]} */
    this.early = [];
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
      onLanguage(() => /** @type {any} */ (this.panel)?.requestUpdate?.()),
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
      this.presence.addEventListener('message', (event) => this.hear(/** @type {CustomEvent} */ (event).detail));
      this.early = [];
      this.panel = null;
      this.panelAsked = false;
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
    this.showPanel(session);
  }

  /** @param {Record<string, any>} body */
  hear(body) {
    if (this.panel && !this.early.length)
      this.panel.receive?.(body);
    else if (this.early.length < mostEarly)
      this.early.push(body);
  }

  /** What came before the panel was there: it is in the page by now, and knows who is in the session. */
  async deliver() {
    await this.updateComplete;
    await this.panel?.updateComplete;
    if (this.panel)
      for (const body of this.early.splice(0))
        this.panel.receive?.(body);
  }

  present() {
    if (!this.isIn)
      this.asking?.abort(); // there is nothing to leave any more
    guardPage(this.isIn && this.isConnected ? this.guard : null);
    if (this.loader.value)
      this.showPanel(this.loader.value);
    this.requestUpdate();
  }

  /** @param {Session} session */
  async showPanel(session) {
    const wanted = hasPanel(session.modality) && (over.includes(session.state)
      || (this.presence?.state !== 'out' && [...running, 'stopping'].includes(session.state))
      || (hasLobby(session.modality) && may('session.join') && [...running, 'ready', 'starting', 'stopping'].includes(session.state)));
    if (!wanted) {
      this.panel = null;
      if (this.presence?.state === 'out')
        this.early = [];
      this.panelAsked = false;
      return;
    }
    if (!this.panel && !this.panelAsked) {
      this.panelAsked = true;
      try {
        const panel = await makePanel(session.modality);
        if (!this.panelAsked)
          return;
        this.panel = panel;
        panel.send = (body) => this.presence?.send(body) ?? false;
      } catch (error) {
        this.panelAsked = false;
        this.problem = asProblem(error);
        return;
      }
    }
    if (this.panel) {
      const id = this.presence?.participant;
      const role = this.presence?.role ?? '';
      this.panel.session = session;
      this.panel.participant = id
        ? session.participants.find((one) => one.id === id)
          ?? { id, role, name: nameOf(state.me?.names), hospital: state.me?.hub ?? '' }
        : null;
      this.requestUpdate();
      void this.deliver();
    }
  }

  /** @param {string} name @param {() => Promise<unknown>} act */
  async act(name, act) {
    this.busy = name;
    this.problem = null;
    try {
      await act();
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.busy = '';
    live.touch('session', 'booking');
  }

  /** @param {string} edge @param {unknown} [body] */
  move(edge, body = {}) {
    return this.act(edge, () => api.post(`/sessions/${this.session}/${edge}`, body));
  }

  /** Away from risk: by the page's open connection where it is in the session, which waits behind no
   * request; by a request where that is not heard.
   * @param {'hold' | 'stop'} edge @param {string} reason */
  halt(edge, reason) {
    return this.act(edge, async () => {
      const before = this.loader.value;
      if (this.presence?.state === 'in' && live.send({ type: edge, session: this.session, reason }))
        for (const end = ticks() + 1000; ticks() < end;) {
          await new Promise((done) => { setTimeout(done, 50); });
          const now = this.loader.value;
          if (now?.sequence !== before?.sequence || now?.state !== before?.state)
            return;
        }
      await api.post(`/sessions/${this.session}/${edge}`, { reason });
    });
  }

  async endForAll() {
    const answer = await confirm({
      title: _('End it for everybody?'),
      text: _('Everybody at both hospitals leaves the session, and what it made is kept. It cannot be opened again.'),
      action: _('End for all'),
    });
    if (answer)
      await this.halt('stop', N_('ended by the people in it'));
  }

  /** @param {string} role @param {boolean} [replace] */
  join(role, replace = false) {
    const { presence } = this;
    return this.act('join', async () => {
      try {
        await presence?.join(role, replace);
      } catch (error) {
        if (!isElsewhere(error))
          throw error;
        if (await confirm({
          title: _('You are in this session in another window'), mild: true, action: _('Use this window'),
          text: _('The others see and hear you from this window then; the other one leaves.'),
        }) && presence === this.presence)
          await presence?.join(role, true);
      }
    });
  }

  leave() {
    const role = this.presence?.role ?? '';
    return this.act('leave', async () => {
      await this.presence?.leave();
      toast(_('You left the session. It goes on.'), { undo: () => this.presence?.join(role).catch(toastProblem) });
    });
  }

  async hold() {
    const answer = await confirm({
      title: _('Put the session on hold?'),
      text: _('Everybody stays in it; nothing goes on until somebody resumes it.'),
      action: _('Hold'), reason: _('Reason, everybody in it sees it'), mild: true,
    });
    if (answer)
      await this.halt('hold', answer.reason ?? '');
  }

  /** @param {string} id */
  hospital(id) {
    return hubName(this.around.value?.hubs ?? [], id);
  }

  /** What is not as it should be, and what happens about it. @param {Session} session */
  banners(session) {
    const away = live.state === 'away' || live.state === 'connecting';
    const other = isOurs(session.host) ? session.partner : session.host;
    const peer = this.around.value?.hubs.find((one) => one.id === other);
    const active = [...running, 'starting', 'ready', 'stopping'].includes(session.state);
    const worker = session.worker?.state;
    const restarting = active && (worker === 'restarting' || worker === 'starting');
    const partner = active && session.worker?.partner;
    return html`
      ${away ? html`<div class="note bad" role="status"><p><i class="spinner" aria-hidden="true"></i> ${_('The hub is away. The session goes on between the hospitals; this page comes back by itself.')}</p></div>` : nothing}
      ${!away && restarting ? html`<div class="note bad" role="status"><p><i class="spinner" aria-hidden="true"></i> ${_('This hospital’s part of the session is restarting. You are brought back by yourself in a few seconds.')}</p></div>` : nothing}
      ${!away && !restarting && this.presence?.state === 'returning' && active ? html`<div class="note warn" role="status"><p><i class="spinner" aria-hidden="true"></i> ${_('Bringing you back into the session.')}</p></div>` : nothing}
      ${active && this.presence?.replaced ? html`<div class="note warn" role="alert"><p>${_('You joined in another window.')}</p><p>${
        button({ label: _('Use this window'), busy: this.busy === 'join', onclick: () => this.join(this.presence?.replaced ?? '', true) })}</p></div>` : nothing}
      ${active && worker === 'failed' ? html`<div class="note bad" role="alert"><p>${_('This hospital’s part of the session failed too often and is not started again. Tell the engineer, or end the session.')}</p></div>` : nothing}
      ${partner === 'restarting' || partner === 'starting' ? html`<div class="note warn" role="status"><p>${_('The part of the session at %s is restarting.', this.hospital(other))}</p></div>` : nothing}
      ${active && peer && peer.state === 'down' ? html`<div class="note warn" role="status"><p>${_('The link to %s is down. What you do is kept and sent when it is back.', this.hospital(other))}</p></div>` : nothing}
      ${session.state === 'degraded' ? html`<div class="note warn" role="status"><p>${session.reason ? _('The session is limited: %s', _(session.reason)) : _('The session is limited.')}</p></div>` : nothing}
      ${session.state === 'held' ? html`<div class="note warn" role="status"><p><b>${_('On hold.')}</b> ${session.reason ? _(session.reason) : nothing}</p></div>` : nothing}
      ${problemNote(this.problem)}`;
  }

  /** @param {Session} session */
  people(session) {
    const here = session.participants.filter((one) => !one.left_at);
    return html`<section class="card" aria-labelledby="who"><h2 id="who">${_('Who is here')} <span>${here.length}</span></h2>
      ${here.length ? html`<ul class="plain people-list">${here.map((one) => html`<li><b><bdi>${personName(one)}</bdi></b>${
        one.id === this.presence?.participant ? html` <small>${_('you')}</small>` : nothing}<small>${sessionRole(one.role, session.modality)} · <bdi>${this.hospital(one.hospital)}</bdi></small></li>`)}</ul>`
        : html`<p class="hint">${_('Nobody yet.')}</p>`}</section>`;
  }

  /** @param {Session} session */
  joinForm(session) {
    const modality = this.around.value?.modalities.find((one) => one.id === session.modality);
    const roles = (modality?.roles ?? []).filter((one) => modality?.accounts[one]?.some((account) => state.me?.roles.includes(account)));
    if (this.presence?.state !== 'out')
      return html`<p class="row">${pill('live', _('You are in as %s', sessionRole(this.presence?.role, session.modality)))}
        ${button({ label: _('Leave'), onclick: () => this.act('leave', async () => this.presence?.leave()) })}</p>`;
    if (!may('session.join'))
      return html`<p class="hint">${_('Your roles do not let you join sessions.')}</p>`;
    if (this.uninvited)
      return html`<div class="note"><p><b>${_('You are not invited to this session.')}</b></p><p>${_('Its desk, or somebody who is invited, can invite you.')}</p></div>`;
    if (modality && !roles.length)
      return html`<p class="hint">${_('Your account has no role that takes part in this kind of session.')}</p>`;
    const fitting = panelClass(session.modality)?.role?.(session, state.me) ?? '';
    const role = this.role || (roles.includes(fitting) ? fitting : roles[0]) || '';
    return html`<form class="join-form" @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      this.join(role);
    }}>
      ${roles.length > 1 ? html`<fieldset class="choice"><legend>${_('Join as')}</legend><div class="choices">${roles.map((one) => html`<label class="choice-one"><input
        type="radio" name="role" value=${one} .checked=${one === role} @change=${() => { this.role = one; }}><span>${sessionRole(one, session.modality)}</span></label>`)}</div></fieldset>` : nothing}
      ${button({ label: _('Join'), kind: 'primary', type: 'submit', busy: this.busy === 'join', disabled: !role })}</form>`;
  }

  /** Whether it is for others. */
  get uninvited() {
    const { value } = this.invitations;
    return value !== undefined && !value.open && !value.items.some((one) => one.person === state.me?.id);
  }

  /** @param {Session} session */
  invited(session) {
    const { value } = this.invitations;
    return value && !value.open && !over.includes(session.state)
      ? html`<karez-invited .session=${session.id} .modality=${session.modality} .invitations=${value}></karez-invited>` : nothing;
  }

  /** A session is moved by those whom it is for, and by those who look after all of them. */
  get mayControl() {
    return may('session.control') && (!this.uninvited || ['desk', 'engineer', 'administrator'].some((role) => state.me?.roles.includes(role)));
  }

  /** What the panel wants to be looked at before it begins. */
  ahead() {
    return this.panel && !this.uninvited ? html`<div class="panel-place ahead">${this.panel}</div>` : nothing;
  }

  /** @param {Session} session */
  lobby(session) {
    const { mayControl } = this;
    const failed = session.checks?.filter((one) => one.verdict === 'failed') ?? [];
    const settling = ticks() - this.preparedAt < settleFor;
    const start = session.booking?.starts_at;
    const main = {
      planned: () => html`<p>${_('Nothing runs yet. Preparing it starts this session’s part at both hospitals and checks the link between them.')}</p>
        ${mayControl ? button({ label: _('Prepare'), kind: 'primary', busy: this.busy === 'prepare', onclick: () => this.move('prepare') })
          : html`<p class="hint">${_('The desk prepares it.')}</p>`}`,
      preparing: () => html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('Both hospitals prepare their part. This takes a few seconds.')}</p>${loadingState(3)}`,
      starting: () => html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('The session is starting.')}</p>${this.ahead()}
        ${may('session.halt') ? button({ label: _('Hold…'), busy: this.busy === 'hold', onclick: () => this.hold() }) : nothing}`,
      stopping: () => html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('The session is ending; what it made is being kept.')}</p>${this.ahead()}`,
      ready: () => html`${checkList(session.checks ?? [], settling)}
        ${this.ahead()}
        ${this.joinForm(session)}
        ${mayControl ? html`<div class="row lobby-start">${button({ label: _('Start'), kind: this.presence?.state === 'in' ? 'primary' : 'plain', busy: this.busy === 'start',
          disabled: failed.length > 0 || (settling && !session.checks?.length), why: settling ? _('The link between the hospitals is being made.') : ngettext('%s check has failed', '%s checks have failed', failed.length), onclick: () => this.move('start', { sequence: session.sequence }) })}
          <small class="hint">${_('It starts for both hospitals, and the start is recorded first.')}</small></div>`
          : html`<p class="hint">${_('It begins as soon as somebody with that right starts it.')}</p>`}`,
      live: () => html`<p>${_('The session is running.')}</p>${this.ahead()}${this.joinForm(session)}`,
    };
    const state = /** @type {keyof typeof main} */ (running.includes(session.state) ? 'live' : session.state);
    return html`<div class="lobby"><section class="card" aria-labelledby="lobby-title"><h2 id="lobby-title">${_('Lobby')}${
      start ? html` <span>${span(start, session.booking?.ends_at ?? start)}</span>` : nothing}</h2>
      ${main[state]?.() ?? nothing}</section>
      <aside class="stack">${this.people(session)}${this.invited(session)}${this.asked(session)}${this.about(session)}</aside></div>`;
  }

  /** @param {Session} session */
  asked(session) {
    const { booking, modality } = session;
    if (!booking || !hasPart(modality, 'booking'))
      return nothing;
    this.added.want(this.unfolded ? `${modality} ${booking.id}` : '');
    return html`<details class="card fold" ?open=${this.unfolded} @toggle=${(/** @type {Event} */ event) => {
      this.unfolded = /** @type {HTMLDetailsElement} */ (event.target).open;
    }}><summary><h2>${_('Request')}</h2></summary>${this.added.show({ booking, hubs: this.around.value?.hubs ?? [] })}</details>`;
  }

  /** @param {Session} session */
  about(session) {
    const { booking } = session;
    return html`<section class="card" aria-labelledby="about-title"><h2 id="about-title">${_('About')}</h2>${factList([
      [_('Reason'), booking?.reason ? html`<p class="prose" dir="auto">${booking.reason}</p>` : ''],
      [_('Hospitals'), say(_('%s runs it, with %s'), this.hospital(session.host), this.hospital(isOurs(session.host) ? session.partner : state.me?.hub ?? ''))],
      [_('Asked by'), booking?.requested_by ? html`<bdi>${booking.requested_by}</bdi>` : ''],
      [_('Booking'), html`<a href="/bookings/${session.id}">${_('Open')}</a>`],
    ])}</section>`;
  }

  /** Figures of the link, when the worker tells them. @param {Session} session */
  strip(session) {
    const link = this.statistics?.link ?? session.link;
    const rtt = link?.rtt_ms;
    const loss = link?.loss;
    const since = session.started_at ? duration(hubNow() - millis(session.started_at)) : '';
    return html`<div class="room-strip">${since ? html`<span><small>${_('running')}</small> <bdi>${since}</bdi></span>` : nothing}
      ${typeof rtt === 'number' ? html`<span><small>${_('link')}</small> <bdi>${_('%s ms', Math.round(rtt))}</bdi></span>` : nothing}
      ${typeof loss === 'number' ? html`<span><small>${_('lost')}</small> <bdi>${_('%s %%', (loss * 100).toFixed(1))}</bdi></span>` : nothing}
      ${session.booking ? html`<span><small>${_('plan')}</small> <bdi>${dayAndClock(session.booking.ends_at)}</bdi></span>` : nothing}</div>`;
  }

  /** @param {Session} session */
  room(session) {
    return html`<div class="room"><div class="room-main">${this.strip(session)}
        <div class="panel-place">${this.panel ?? (hasPanel(session.modality) ? loadingState(6)
          : emptyState({ title: _('This kind of session has no page here.'), text: _('Its plugin brings none.') }))}</div>
        <div class="room-bar">${button({ label: _('Leave'), busy: this.busy === 'leave', onclick: () => this.leave() })}
        ${may('session.control') && session.state === 'held'
          ? button({ label: _('Resume'), kind: 'primary', busy: this.busy === 'resume', onclick: () => this.move('resume', { sequence: session.sequence }) }) : nothing}
        ${may('session.halt') ? button({ label: _('Hold…'), busy: this.busy === 'hold', onclick: () => this.hold() }) : nothing}
        <span class="grow"></span>
        ${this.mayControl ? button({ label: _('End for all…'), kind: 'danger-plain', busy: this.busy === 'stop', onclick: () => this.endForAll() }) : nothing}</div></div>
      <aside class="stack">${this.people(session)}${this.invited(session)}${this.asked(session)}${this.about(session)}${session.checks?.length ? html`<section class="card"><h2>${_('Checks')}</h2>${checkList(session.checks)}</section>` : nothing}</aside></div>`;
  }

  /** @param {Session} session */
  afterwards(session) {
    const { started_at: from, ended_at: to } = session;
    return html`<div class="lobby"><section class="card" aria-labelledby="kept-title"><h2 id="kept-title">${_('What was kept')}</h2>
        ${session.state === 'failed' ? html`<div class="note bad"><p>${session.reason ? _('The session failed: %s', _(session.reason)) : _('The session failed.')}</p></div>` : nothing}
        <div class="panel-place kept">${this.panel ?? (hasPanel(session.modality) ? loadingState(4) : html`<p class="hint">${_('This kind of session keeps nothing of its own.')}</p>`)}</div></section>
      <aside class="stack"><section class="card" aria-labelledby="sum-title"><h2 id="sum-title">${_('Summary')}</h2>${factList([
        [_('Started'), from ? timePair(from) : _('never')],
        [_('Ended'), to ? timePair(to) : ''],
        [_('Ran for'), from && to ? html`<bdi>${duration(millis(to) - millis(from))}</bdi>` : ''],
        [_('End'), session.state !== 'failed' && session.reason ? html`<bdi>${_(session.reason)}</bdi>` : ''],
        [_('Took part'), session.participants.length ? html`<ul class="plain people-list">${session.participants.map((one) => html`<li><b><bdi>${personName(one)}</bdi></b><small>${
          sessionRole(one.role, session.modality)} · <bdi>${this.hospital(one.hospital)}</bdi>${one.joined_at ? html` · <bdi>${took(from ?? one.joined_at, one)}</bdi>` : nothing}</small></li>`)}</ul>` : _('nobody')],
      ])}
      ${may('audit.read') ? html`<p><a href="/audit?session=${session.id}">${_('Who did what in it')}</a></p>` : nothing}</section>${this.asked(session)}${this.about(session)}</aside></div>`;
  }

  /** @param {Session} session */
  body(session) {
    if (over.includes(session.state))
      return this.afterwards(session);
    const inRoom = this.presence?.state !== 'out' && [...running, 'stopping'].includes(session.state);
    return inRoom ? this.room(session) : this.lobby(session);
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
      ${this.banners(session)}${this.body(session)}`, { lines: 8 })}</div>`;
  }
}
customElements.define('karez-session', SessionPage);
