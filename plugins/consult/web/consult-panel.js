// SPDX-License-Identifier: LGPL-2.1-or-later
// The room of a video consultation: one's own devices first, then faces, the consent and what is
// wrong, and the opinion beside them; after the end, what was kept.

import {
  _, N_, ngettext, announce, api, button, consentSentence, duration, emptyState, factList, failedState, icon,
  keyHint, live, loadingState, may, sessionRole, singleKey, singleKeys, state, timePair, html, nothing,
} from '@karez/desk';
import { Devices, MediaEcho, MediaPanel, choosers, levelMeter, moveLevel, problemOf, sharesScreen } from '@karez/media';
import { deviceCheck } from './consult-check.js';
import { formerAct, formerState, quiet } from './consult-consent.js';
import './consult-opinion.js';
import './consult-request-form.js';
import './consult-request.js';
import { stage } from './consult-tiles.js';
import { once, roleFor } from './consult-view.js';

/** @typedef {import('@karez/desk').Consent} Consent */
/** @typedef {{consents: Consent[], people: {name: string, hospital: string, role?: string}[], seconds: number}} Kept */

/** What is said of a key that turned one of them off or on. */
const standings = {
  microphone: [N_('Your microphone is off.'), N_('Your microphone is on.')],
  camera: [N_('Your camera is off.'), N_('Your camera is on.')],
};

export class ConsultPanel extends MediaPanel {
  /** @type {[string, string][]} */
  static keys = [['M', N_('Mute or unmute yourself')], ['V', N_('Turn your camera on or off')], ['O', N_('Open or close the opinion')]];
  static role = roleFor;
  static properties = {
    ...MediaPanel.properties, kept: { state: true }, problem: { state: true },
    tone: { state: true }, choosing: { state: true }, trouble: { state: true }, writing: { state: true }, news: { state: true },
  };

  constructor() {
    super();
    this.rules = /^(rtc|consent|consult|worker)\//;
    /** Whether the worker lets people see and hear each other. */
    this.forwarding = false;
    /** The worker is one that took its place before the hub brought this page. */
    this.former = false;
    this.consent.send = (body) => this.send(this.former ? formerAct(body) : body);
    /** @type {Kept | null} */
    this.kept = null;
    /** @type {Consent[]} */
    this.consents = [];
    /** @type {any} */
    this.problem = null;
    this.asked = false;
    this.tone = false;
    this.choosing = false;
    /** The error's name when the screen could not be shared. */
    this.trouble = '';
    /** Whether the opinion is beside the faces. */
    this.writing = false;
    /** The same one however often it is opened: what is written in it is not lost. @type {any} */
    this.paper = null;
    /** Opinions that were signed since it was there. */
    this.news = 0;
    this.echo = new MediaEcho((sdp) => api.post(`/sessions/${this.session.id}/echo`, { sdp }).then((answer) => answer.sdp));
    this.echo.addEventListener('change', () => this.requestUpdate());
    /** @type {MediaStreamTrack | null} */
    this.screen = null;
  }

  makeDevices() {
    return new Devices({ memory: 'karez.consult.devices' });
  }

  connectedCallback() {
    super.connectedCallback();
    const full = () => this.requestUpdate();
    // The opinion may be closed, and its words are not kept none the less.
    const ask = (/** @type {Event} */ event) => {
      if (this.paper?.keeper?.atRisk)
        event.preventDefault();
    };
    addEventListener('beforeunload', ask);
    document.addEventListener('fullscreenchange', full);
    const seen = () => this.lookForKept();
    document.addEventListener('visibilitychange', seen);
    let frame = 0;
    const move = () => {
      moveLevel(this, this.devices);
      frame = requestAnimationFrame(move);
    };
    move();
    this.off.push(
      live.on('event', ({ event }) => this.hearOf(event)),
      live.onTouched(['session'], () => this.lookForKept()),
      () => removeEventListener('beforeunload', ask),
      () => document.removeEventListener('fullscreenchange', full),
      () => document.removeEventListener('visibilitychange', seen),
      () => cancelAnimationFrame(frame),
    );
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.isOver && !this.asked)
      this.lookForKept();
  }

  attend() {
    if (this.isOver)
      this.writing = false;
    super.attend();
  }

  /** All of the lobby's check. */
  check() {
    void this.devices.open();
    if (!this.client)
      void this.echo.run();
  }

  begin() {
    this.echo.stop(); // its own picture and sound need the line now
    super.begin();
    this.client?.expect(this.forwarding);
  }

  finish() {
    super.finish();
    this.stopSharing();
    this.echo.stop();
    this.choosing = false;
    this.news = 0;
    if (document.fullscreenElement && this.contains(document.fullscreenElement))
      void document.exitFullscreen();
  }

  own() {
    return { ...super.own(), screen: this.screen };
  }

  /** A message of the session. @param {Record<string, any>} body */
  receive(body) {
    if (body.type !== 'consult.state')
      return super.receive(body);
    const former = formerState(body);
    this.former = former !== null;
    this.forwarding = body.forwarding;
    this.client?.expect(body.forwarding);
    if (former)
      this.consent.take(former);
    this.requestUpdate();
    return true;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === 'Escape' && this.writing && !event.isComposing && !document.querySelector('dialog[open]'))
      void this.openOpinion(false);
    if (!this.client || !this.isRunning)
      return;
    const key = singleKey(event);
    if (key === 'o' && may('consult.opinion.read')) {
      event.preventDefault();
      void this.openOpinion(!this.writing);
      announce(this.writing ? _('The opinion is open.') : _('The opinion is closed.'));
    }
    const source = { m: /** @type {const} */ ('microphone'), v: /** @type {const} */ ('camera') }[key];
    if (source) {
      event.preventDefault();
      if (!this.devices.asking)
        void this.toggle(source).then(() => announce(_(standings[source][this.devices.isOn(source) ? 1 : 0])));
    }
  }

  /** That one was signed is said without reading it: whose eyes saw it is recorded. @param {import('@karez/desk').Event} event */
  hearOf({ action, session }) {
    if (session === this.session?.id && (action === 'opinion.sign' || action === 'opinion.receive') && !this.writing && this.client)
      this.news++;
  }

  /** @param {boolean} wanted */
  async openOpinion(wanted) {
    this.writing = wanted;
    this.news = 0;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(wanted ? '#consult-opinion-title' : '#consult-opinion-button'))?.focus();
  }

  async share() {
    this.trouble = '';
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
      const [track] = stream.getVideoTracks();
      if (!this.client) {
        track.stop();
        return;
      }
      track.contentHint = 'detail';
      track.onended = () => this.stopSharing();
      this.screen = track;
      this.follow();
    } catch (error) {
      // Who closes the browser's question has decided.
      const name = error instanceof DOMException ? error.name : 'Error';
      this.trouble = name === 'NotAllowedError' && !/system/i.test(String(error)) ? '' : name;
    }
  }

  stopSharing() {
    if (!this.screen)
      return;
    this.screen.onended = null;
    this.screen.stop();
    this.screen = null;
    this.follow();
  }

  async playTone() {
    this.tone = true;
    await this.devices.playTone().catch(() => {});
    this.tone = false;
  }

  full() {
    const place = this.querySelector('.consult');
    void (document.fullscreenElement ? document.exitFullscreen() : place?.requestFullscreen())?.catch(() => {});
  }

  /** This page sends nothing more. */
  shut() {
    super.shut();
    this.stopSharing();
  }

  /** This hospital's half keeps it by itself, maybe after the other's has ended the session. */
  lookForKept() {
    // A page behind others reads nothing.
    if (this.isOver && !this.kept && document.visibilityState === 'visible')
      this.readKept();
  }

  /** The hub keeps what was said of the consent, the plugin the rest; sessions of version 0.1 have all of it there. */
  async readKept() {
    this.asked = true;
    try {
      this.consents = (await api.get(`/sessions/${this.session.id}/consents`)).items;
      this.kept = await api.get(`/x/consult/sessions/${this.session.id}`);
    } catch (error) {
      this.problem = error;
    }
  }

  /** What is not as it should be, and what happens about it. @param {import('@karez/media').MediaClient} client */
  bars(client) {
    return html`${this.connectionBars(client)}
      ${this.deviceBars(_('The others neither see nor hear you yet.'), _('Turn on camera and microphone'))}
      ${this.trouble ? problemOf(this.trouble, 'screen') : nothing}`;
  }

  tools() {
    const camera = this.devices.isOn('camera');
    const microphone = this.devices.isOn('microphone');
    const full = document.fullscreenElement !== null;
    return html`<div class="consult-tools" role="toolbar" aria-label=${_('Picture and sound')}>
      ${button({ label: microphone ? _('Mute') : _('Unmute'), kind: microphone ? 'plain' : 'danger-plain', key: 'M', busy: this.devices.asking, onclick: () => void this.toggle('microphone') })}
      ${button({ label: camera ? _('Camera off') : _('Camera on'), kind: camera ? 'plain' : 'danger-plain', key: 'V', busy: this.devices.asking, onclick: () => void this.toggle('camera') })}
      ${sharesScreen ? this.screen ? button({ label: _('Stop sharing'), kind: 'primary', onclick: () => this.stopSharing() })
        : button({ label: _('Share screen'), onclick: () => this.share() }) : nothing}
      <button class="button plain" type="button" aria-expanded=${this.choosing ? 'true' : 'false'} aria-controls="consult-devices"
        @click=${() => this.choose()}>${_('Devices')}</button>
      ${may('consult.opinion.read') ? html`<button class="button plain" type="button" id="consult-opinion-button" aria-expanded=${this.writing ? 'true' : 'false'}
        aria-controls="consult-opinion" aria-keyshortcuts=${singleKeys() ? 'O' : nothing} @click=${() => void this.openOpinion(!this.writing)}>${_('Opinion')}${this.news
          ? html`<span class="consult-news">${this.news}<span class="unseen"> ${ngettext('signed opinion to read', 'signed opinions to read', this.news)}</span></span>` : nothing}${keyHint('O')}</button>` : nothing}
      ${document.fullscreenEnabled ? button({ label: full ? _('Leave full screen') : _('Full screen'), onclick: () => this.full() }) : nothing}</div>
      <div id="consult-devices" ?hidden=${!this.choosing}>${this.choosing
        ? html`${levelMeter()}${choosers(this.devices, { tone: this.tone, playTone: () => this.playTone() })}` : nothing}</div>`;
  }

  choose() {
    this.choosing = !this.choosing;
    if (this.choosing)
      void this.devices.enumerate();
  }

  /** @param {import('@karez/media').MediaClient} client */
  room(client) {
    const why = quiet(this.consent, this.forwarding, this.session.state === 'held');
    this.consent.where = this.hospital(this.session.host);
    return html`${this.consent}${this.bars(client)}
      ${stage({ client, people: this.people(), camera: this.devices.isOn('camera'), microphone: this.devices.isOn('microphone'), quiet: why })}
      ${this.screen ? html`<p class="hint" role="status">${_('You share your screen; the others see it.')}</p>` : nothing}${this.tools()}`;
  }

  /** What is beside the opinion changes, the opinion stays: somebody may be typing in it. @param {unknown} main */
  frame(main) {
    return html`<div class="consult ${this.writing ? 'with-sheet' : ''}"><div class="consult-main">${main}</div>${this.sheet()}</div>`;
  }

  /** What is wrong in the room, which an opinion on a phone hides. */
  roomState() {
    if (!this.participant)
      return _('You are not in the session now. Close the opinion to join it again.');
    if (this.session.state === 'held')
      return _('On hold: nobody is seen or heard until it is resumed.');
    if (this.client?.state === 'away')
      return _('Your connection is interrupted, trying again.');
    return this.consent.consent?.state === 'withdrawn' ? quiet(this.consent, this.forwarding, false) : '';
  }

  sheet() {
    const told = this.writing ? this.roomState() : '';
    return this.writing ? html`<section class="consult-sheet" id="consult-opinion" aria-labelledby="consult-opinion-title">
      <header><h2 id="consult-opinion-title" tabindex="-1">${_('Opinion')}</h2><button class="button quiet square" type="button" aria-label=${_('Close the opinion')}
        @click=${() => void this.openOpinion(false)}>${icon('close')}</button></header>
      <div class="consult-sheet-state" role="status">${told ? html`<div class="note warn"><p>${told}</p></div>` : nothing}</div>
      ${this.opinion(true)}</section>` : nothing;
  }

  /** @param {boolean} going whether the consultation goes on */
  opinion(going) {
    const { booking } = this.session;
    this.paper ??= document.createElement('karez-consult-opinion');
    return booking ? Object.assign(this.paper, { booking, hubs: this.hubs, running: going }) : nothing;
  }

  /** What came of it first: the opinion. */
  afterwards() {
    return html`${may('consult.opinion.read') ? html`<section class="consult-result" aria-labelledby="consult-opinion-title"><h3 id="consult-opinion-title">${_('Opinion')}</h3>
      ${this.opinion(false)}</section>` : nothing}
      <section class="consult-result" aria-labelledby="consult-course-title"><h3 id="consult-course-title">${_('Course')}</h3>${this.keptSummary()}</section>`;
  }

  keptSummary() {
    const kept = this.kept ?? (this.problem?.rule === 'consult/none' && this.consents.length ? { consents: [], people: [], seconds: 0 } : null);
    if (!kept && this.problem?.rule === 'consult/none')
      return emptyState({ title: _('Nothing was kept.'), text: _('No consent was recorded, and nobody was seen or heard.') });
    if (!kept)
      return this.problem ? failedState(this.problem, () => this.readKept()) : loadingState(4);
    const { people, seconds } = kept;
    const consents = [...kept.consents, ...this.consents];
    return factList([
      [_('Seen and heard'), seconds ? html`<bdi>${duration(seconds * 1000)}</bdi>` : _('Nobody was seen or heard.')],
      [_('Consent'), consents.length ? html`<ul class="plain people-list">${consents.map((one) => html`<li>${consentSentence(one, timePair(one.at ?? 0))}</li>`)}</ul>`
        : _('No consent was recorded.')],
      [_('People'), people.length ? html`<ul class="plain people-list">${once(people).map((one) => html`<li><b><bdi>${one.name}</bdi></b><small>${
        one.role ? html`${sessionRole(one.role, 'consultation')} · ` : nothing}<bdi>${this.hospital(one.hospital)}</bdi></small></li>`)}</ul>` : _('nobody')],
    ]);
  }

  render() {
    if (!this.session)
      return nothing;
    if (this.isOver)
      return this.afterwards();
    if (this.client && this.isRunning)
      return this.frame(this.room(this.client));
    const main = this.leaving !== undefined || this.session.state === 'stopping' ? loadingState(4) : deviceCheck(this.devices, {
      name: this.participant?.name ?? state.me?.names?.en ?? '', tone: this.tone, playTone: () => this.playTone(),
      begin: () => this.check(), echo: this.client ? null : this.echo,
    });
    return this.writing ? this.frame(main) : main;
  }
}

customElements.define('karez-consult-panel', ConsultPanel);
