// SPDX-License-Identifier: LGPL-2.1-or-later
// What calls a person at once: an emergency of another hospital that nobody has answered. A band
// across every page, the window's title, a notification, and a sound until somebody answers.

import { html, nothing } from 'lit';
import { accept } from '../acts.js';
import { _, ngettext } from '../i18n.js';
import { go } from '../router.js';
import { state } from '../state.js';
import { setCall } from '../title.js';
import { duration, hubNow, millis } from '../time.js';
import { hubName, partnerOf, titleOf } from '../words.js';
import { AlarmSound } from './alarm-sound.js';
import { KarezElement } from './element.js';
import { button, icon, say } from './parts.js';

/** @typedef {import('../types.js').Booking} Booking */

/** Whether the browser may show notifications: '' where it has none. */
const notifying = () => (globalThis.isSecureContext && 'Notification' in globalThis ? Notification.permission : '');

export class Alarm extends KarezElement {
  static pace = 1000;
  static properties = { bookings: { attribute: false }, hubs: { attribute: false }, busy: { state: true } };

  constructor() {
    super();
    /** Emergencies that wait for this hospital's answer. @type {Booking[]} */
    this.bookings = [];
    /** @type {import('../types.js').Hub[]} */
    this.hubs = [];
    this.busy = '';
    /** Those that somebody here chose not to hear. @type {Set<string>} */
    this.silenced = new Set();
    /** Those of which was told. @type {Map<string, Notification | null>} */
    this.told = new Map();
    this.sound = new AlarmSound();
    this.sound.addEventListener('change', () => this.requestUpdate());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.follow([]);
  }

  /** @param {import('lit').PropertyValues} changed */
  willUpdate(changed) {
    if (changed.has('bookings') || changed.has('hubs'))
      this.follow(this.bookings);
  }

  /** Calls for what is new, and no more for what was answered. @param {Booking[]} bookings */
  follow(bookings) {
    const ids = new Set(bookings.map((one) => one.id));
    for (const [id, notification] of this.told)
      if (!ids.has(id)) {
        notification?.close();
        this.told.delete(id);
        this.silenced.delete(id);
      }
    for (const booking of bookings)
      if (!this.told.has(booking.id))
        this.told.set(booking.id, this.notify(booking));
    this.ring();
  }

  ring() {
    if ([...this.told.keys()].some((id) => !this.silenced.has(id)))
      this.sound.start();
    else
      this.sound.stop();
    setCall(this.told.size ? _('Emergency') : '');
  }

  /** Without a word of the patient: it is seen on locked screens. @param {Booking} booking */
  notify(booking) {
    if (notifying() !== 'granted')
      return null;
    const notification = new Notification(_('Emergency'), {
      body: _('%s asks for help now.', hubName(this.hubs, partnerOf(booking))), tag: booking.id, requireInteraction: true,
    });
    notification.onclick = () => {
      focus();
      go(`/bookings/${booking.id}`);
    };
    return notification;
  }

  async allow() {
    if (await Notification.requestPermission() === 'granted')
      for (const booking of this.bookings)
        this.told.set(booking.id, this.notify(booking));
    this.requestUpdate();
  }

  /** @param {Booking} booking */
  async answer(booking) {
    this.busy = booking.id;
    const accepted = await accept(booking);
    this.busy = '';
    go(accepted ? `/sessions/${booking.id}` : `/bookings/${booking.id}`);
  }

  /** @param {boolean} on */
  silence(on) {
    this.silenced = new Set(on ? this.told.keys() : []);
    this.ring();
    this.requestUpdate();
  }

  controls() {
    const silent = [...this.told.keys()].every((id) => this.silenced.has(id));
    return [
      this.sound.blocked && !silent ? button({ label: _('Turn the sound on'), kind: 'quiet', onclick: () => this.sound.unblock() })
        : button({ label: silent ? _('Let it ring here') : _('Silence here'), kind: 'quiet', onclick: () => this.silence(!silent) }),
      notifying() === 'default' ? button({ label: _('Also notify me outside of this page'), kind: 'quiet', onclick: () => this.allow() }) : nothing,
    ];
  }

  render() {
    const [first, ...more] = [...this.bookings].sort((a, b) => millis(a.requested_at) - millis(b.requested_at));
    if (!first || !state.me)
      return nothing;
    const waited = hubNow() - millis(first.requested_at);
    return html`<section class="alarm" aria-label=${_('Emergency')}>
      <p class="alarm-what" role="alert">${icon('alarm')}<b>${say(_('%s asks for “%s” now.'), hubName(this.hubs, partnerOf(first)), titleOf(first))}</b></p>
      <p class="alarm-why">${_('Waits %s.', duration(waited))} ${_('It rings for everybody here who may answer, until somebody does.')}
        ${more.length ? html`<a href="/">${ngettext('%s more emergency', '%s more emergencies', more.length)}</a>` : nothing}</p>
      <div class="alarm-acts">${button({ label: _('Answer'), kind: 'primary', busy: this.busy === first.id, onclick: () => this.answer(first) })}
        <a class="button quiet" href="/bookings/${first.id}">${_('Look')}</a>${this.controls()}</div></section>`;
  }
}
customElements.define('karez-alarm', Alarm);
