// SPDX-License-Identifier: LGPL-2.1-or-later
// What every panel with speech and pictures does: consent, one's own devices, the connection while
// this page is in, what is wrong with any of them, and the tracks in their elements.

import { LitElement, html, nothing } from 'lit';
import { Problem, api } from '../api.js';
import { _, onLanguage } from '../i18n.js';
import { onSingleKeys } from '../keys.js';
import { live } from '../live.js';
import { MediaClient } from '../media.js';
import { Devices } from '../media-devices.js';
import { deviceTroubles, silencedBySystem } from '../media-device-parts.js';
import { may, state } from '../state.js';
import { hubName } from '../words.js';
import { ConsentControl } from './consent.js';
import { button, problemNote } from './parts.js';

/** @typedef {import('../media-sources.js').Source} Source */
/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {string} role
 * @property {string} hospital its name
 * @property {string} hub its id
 * @property {boolean} own
 */

const over = ['ended', 'failed'];
const running = ['live', 'degraded', 'held'];
/** Somebody whose place was lost comes back within this, and keeps the camera. */
const graceMs = 1500;

/**
 * A panel of a modality with media, in the page's own tree. Who derives from it draws with `room`,
 * `bars` and the elements' `data-own`, or `data-person` and `data-source`, which say whose track plays there.
 */
export class MediaPanel extends LitElement {
  static properties = {
    session: { attribute: false }, participant: { attribute: false }, send: { attribute: false },
    silent: { state: true }, refusal: { state: true },
  };

  constructor() {
    super();
    /** @type {any} */
    this.session = null;
    /** @type {any} */
    this.participant = null;
    /** @type {(body: Record<string, unknown>) => boolean} */
    this.send = () => false;
    /** Rules of refusals that are shown here. */
    this.rules = /^(rtc|consent|worker)\//;
    this.consent = new ConsentControl();
    this.consent.send = (body) => this.send(body);
    this.consent.addEventListener('change', () => this.requestUpdate());
    this.consent.addEventListener('refuse', (event) => { this.refusal = /** @type {CustomEvent} */ (event).detail; });
    this.consent.addEventListener('shut', () => {
      if (this.isConnected) // what is left sends nothing
        this.shut();
    });
    /** The browser plays no sound before somebody asks for it. */
    this.silent = false;
    /** What the worker refused. @type {any} */
    this.refusal = null;
    /** @type {{id: string, names: Record<string, string>, own: boolean}[]} */
    this.hubs = [];
    this.devices = this.makeDevices();
    this.devices.addEventListener('change', () => this.follow());
    /** @type {MediaClient | null} */
    this.client = null;
    /** One for each track, so that nothing that plays is begun again. @type {WeakMap<MediaStreamTrack, MediaStream>} */
    this.streams = new WeakMap();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.leaving = undefined;
    /** @type {(() => void)[]} */
    this.off = [];
  }

  /** In the page's own tree: its style sheet and labels reach it. */
  createRenderRoot() {
    return this;
  }

  /** Its own devices. */
  makeDevices() {
    return new Devices();
  }

  /** Sources and channels, as the modality declares them. @returns {ConstructorParameters<typeof MediaClient>[1]} */
  declared() {
    return {};
  }

  /** What is sent. @returns {Partial<Record<Source, MediaStreamTrack | null>>} */
  own() {
    return { ...this.devices.tracks };
  }

  /** Its single keys. @param {KeyboardEvent} _event */
  key(_event) {}

  connectedCallback() {
    super.connectedCallback();
    const keys = (/** @type {KeyboardEvent} */ event) => this.key(event);
    document.addEventListener('keydown', keys);
    navigator.mediaDevices?.addEventListener('devicechange', this.devices.listed);
    this.off = [
      live.on('problem', (told) => this.takeProblem(told)),
      live.on('state', (now) => (now === 'up' ? undefined : this.client?.unheard())),
      onLanguage(() => this.requestUpdate()),
      onSingleKeys(() => this.requestUpdate()),
      () => document.removeEventListener('keydown', keys),
      () => navigator.mediaDevices?.removeEventListener('devicechange', this.devices.listed),
    ];
    void this.readHubs();
    this.requestUpdate();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const off of this.off)
      off();
    // From the lobby to the room it is moved, not taken away.
    setTimeout(() => {
      if (!this.isConnected)
        this.finish();
    });
  }

  async readHubs() {
    this.hubs = [{ id: state.me?.hub ?? '', names: state.me?.hub_names ?? {}, own: true }];
    if (may('peers.read'))
      this.hubs = [...this.hubs, ...await api.get('/peers').then((answer) => answer.items, () => [])];
    this.requestUpdate();
  }

  get isOver() {
    return over.includes(this.session?.state);
  }

  get isRunning() {
    return running.includes(this.session?.state);
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (changed.has('participant') || changed.has('session'))
      this.attend();
  }

  /** Begins when this page is in, ends when it is not. */
  attend() {
    if (this.isOver) {
      this.consent.settle(); // nobody is seen any more
      this.finish();
    } else if (this.participant) {
      clearTimeout(this.leaving);
      this.leaving = undefined;
      if (!this.client)
        this.begin();
    } else if (this.client) {
      this.close();
      this.consent.forget();
      this.leaving = setTimeout(() => {
        this.leaving = undefined;
        this.finish();
        this.requestUpdate();
      }, graceMs);
    }
  }

  begin() {
    const client = new MediaClient((body) => this.send(body), this.declared());
    client.addEventListener('change', () => {
      if (client !== this.client)
        return;
      if (client.state === 'open')
        this.refusal = null;
      this.requestUpdate();
    });
    this.client = client;
    this.refusal = null;
    client.open(this.own());
    // Who said yes before is not asked again, and nobody is asked without a click.
    if (!this.devices.asked)
      this.devices.allowed().then((yes) => (yes && client === this.client ? this.devices.open() : undefined));
  }

  close() {
    this.client?.close();
    this.client = null;
  }

  finish() {
    clearTimeout(this.leaving);
    this.leaving = undefined;
    this.close();
    this.devices.stop();
  }

  /** The others are sent what there is now. */
  follow() {
    const { client } = this;
    const tracks = this.own();
    if (client?.connection)
      for (const source of client.sources)
        if ((client.own[source] ?? null) !== (tracks[source] ?? null))
          void client.replace(source, tracks[source] ?? null);
        else
          client.tellOn(source);
    else if (client)
      client.own = tracks;
    this.requestUpdate();
  }

  /** A message of the session. @param {Record<string, any>} body @returns {boolean} whether it was taken */
  receive(body) {
    if (this.client?.take(body) || this.consent.take(body))
      return true;
    if (typeof body.rule !== 'string' || !body.rule.startsWith('rtc/'))
      return false;
    this.refusal = body;
    return true;
  }

  /** @param {Record<string, any>} frame */
  takeProblem(frame) {
    const rule = frame.problem?.rule ?? '';
    if (frame.session !== this.session?.id || !this.rules.test(rule))
      return;
    this.refusal = new Problem(frame.problem);
    if (rule.startsWith('worker/'))
      this.consent.missed();
  }

  /** @param {Source} source one of its devices' */
  toggle(source) {
    this.devices.asked = true;
    return this.devices.set(source, !this.devices.isOn(source));
  }

  /** This page sends nothing more. */
  shut() {
    for (const source of Object.keys(this.devices.tracks))
      void this.devices.set(source, false);
    this.requestUpdate();
  }

  /** The track that an element plays. @param {DOMStringMap} dataset */
  trackOf({ own, person, source }) {
    return (own ? this.devices.tracks[own] : this.client?.people.get(person ?? '')?.tracks[source ?? '']) ?? null;
  }

  /** The same track keeps the same stream, and what plays is not touched. */
  updated() {
    for (const element of /** @type {NodeListOf<HTMLMediaElement>} */ (this.querySelectorAll('video, audio'))) {
      const track = this.trackOf(element.dataset);
      if (track && !this.streams.has(track))
        this.streams.set(track, new MediaStream([track]));
      const stream = track ? this.streams.get(track) ?? null : null;
      if (element.srcObject !== stream)
        element.srcObject = stream;
      if (element instanceof HTMLAudioElement)
        void this.devices.route(element);
      if (stream && element.paused)
        this.play(element);
    }
  }

  /** @param {HTMLMediaElement} element */
  play(element) {
    element.play().catch((error) => {
      if (error?.name === 'NotAllowedError')
        this.silent = true;
    });
  }

  soundOn() {
    this.silent = false;
    for (const element of this.querySelectorAll('audio, video'))
      this.play(/** @type {HTMLMediaElement} */ (element));
  }

  /** @param {string} id */
  hospital(id) {
    return hubName(this.hubs, id);
  }

  /** Who is here, this page last. @returns {Person[]} */
  people() {
    const here = this.session.participants.filter((/** @type {any} */ one) => !one.left_at && one.id !== this.participant?.id);
    return [...here, ...this.participant ? [this.participant] : []].map((one) => ({
      id: one.id, name: one.name ?? one.actor?.name ?? '', role: one.role, hospital: this.hospital(one.hospital), hub: one.hospital, own: one.id === this.participant?.id,
    }));
  }

  /** What is not as it should be with the connection, and what happens about it. @param {MediaClient} client */
  connectionBars(client) {
    const waits = html`<i class="spinner" aria-hidden="true"></i>`;
    return html`
      ${client.state === 'connecting' && client.failures === 0 && !client.failure ? html`<div class="note calm" role="status"><p>${waits} ${_('Connecting picture and sound.')}</p></div>` : nothing}
      ${client.state === 'away' || client.state === 'connecting' && (client.failures > 0 || client.failure) ? html`<div class="note warn" role="status"><p>${waits} ${
        _('Your connection is interrupted, trying again.')}</p></div>` : nothing}
      ${client.linkUp ? nothing : html`<div class="note bad" role="status"><p>${_('The other hospital cannot be reached right now. You are connected again as soon as the link is back.')}</p></div>`}
      ${client.crowded ? html`<div class="note warn" role="status"><p>${
        _('More people are here than this page has places for: not all of them are heard and seen here.')}</p></div>` : nothing}
      ${this.session.state === 'held' ? html`<div class="note warn" role="status"><p>${_('On hold: nobody is seen or heard until it is resumed.')}</p></div>` : nothing}
      ${this.refusal ? html`<div class="panel-refused">${problemNote(this.refusal)}<p>${button({ label: _('Close'), kind: 'quiet', onclick: () => { this.refusal = null; } })}</p></div>` : nothing}
      ${this.silent ? html`<div class="note warn" role="alert"><p>${_('The browser plays no sound until you ask for it.')}</p><p>${button({ label: _('Turn sound on'), kind: 'primary', onclick: () => this.soundOn() })}</p></div>` : nothing}`;
  }

  /** The same of the devices. @param {string} off what is said while none of them was asked for @param {string} turnOn the button's label
   * @param {Source[]} [sources] that this page is to have */
  deviceBars(off, turnOn, sources = this.devices.sources) {
    const { devices } = this;
    const none = !devices.asked && sources.every((source) => !devices.tracks[source]);
    return html`${silencedBySystem(devices)}
      ${none ? html`<div class="note warn" role="status"><p>${off}</p><p>${button({ label: turnOn, kind: 'primary', onclick: () => void devices.open(sources) })}</p></div>` : nothing}
      ${deviceTroubles(devices)}`;
  }
}
