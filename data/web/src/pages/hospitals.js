// SPDX-License-Identifier: LGPL-2.1-or-later
// The partners of this hospital, and the way two administrators make a new one: each reads a
// string to the other and types what is heard.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { api } from '../api.js';
import { _, nameOf, ngettext } from '../i18n.js';
import { live } from '../live.js';
import { may } from '../state.js';
import { ago, duration, hubNow, number } from '../time.js';
import { clockApart, clockMeasure } from '../partner.js';
import { peerState, peerWord, phaseWord } from '../words.js';
import { confirm } from '../components/dialog.js';
import { KarezElement, Loader, asProblem } from '../components/element.js';
import { button, emptyState, factList, pageHead, pill, problemNote, say, shown, textField, timePair } from '../components/parts.js';
import { toast, toastProblem } from '../components/toast.js';

/** @typedef {import('../types.js').Peer} Peer */
/** @typedef {import('../types.js').Pairing} Pairing */
/** @typedef {import('../types.js').Difference} Difference */

/** States in which a pairing no longer goes on. */
const stopped = ['burnt', 'expired', 'cancelled'];

export class HospitalsPage extends KarezElement {
  static pace = 1000;
  static properties = { address: { state: true }, problem: { state: true }, busy: { state: true }, compared: { state: true }, typed: { state: true }, origin: { state: true }, unexpected: { state: true } };

  constructor() {
    super();
    this.address = '';
    /** @type {import('../api.js').Problem | null} */
    this.problem = null;
    /** Where a hub that is to be announced comes from. */
    this.origin = '';
    /** @type {import('../api.js').Problem | null} */
    this.unexpected = null;
    this.busy = '';
    /** What was typed for each pairing. @type {Record<string, string>} */
    this.typed = {};
    /** @type {Record<string, import('../api.js').Problem>} */
    this.refused = {};
    /** @type {Loader<{items: Peer[]}>} */
    this.peers = new Loader(this, () => api.get('/peers'), 'peer');
    /** @type {Loader<{items: Pairing[], expected: {address: string, expires_in_s: number}[]}>} */
    this.pairings = new Loader(this, async () => {
      const answer = may('peers.write') ? await api.get('/pairings') : { items: [], expected: [] };
      this.asked = hubNow();
      return answer;
    }, 'peer');
    /** When the pairings were read: they say how many seconds are left. */
    this.asked = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    /** What each partner and this hospital do not have alike, once it was compared.
     * @type {Record<string, {items: Difference[], more: boolean} | import('../api.js').Problem>} */
    this.compared = {};
  }

  connectedCallback() {
    super.connectedCallback();
    // A pairing that the other hospital begins is no event here until it is made.
    if (may('peers.write'))
      this.timer = setInterval(() => this.pairings.reload(), 2000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  reload() {
    this.peers.reload();
    this.pairings.reload();
    live.touch('peer');
  }

  /** @param {Event} event */
  async begin(event) {
    event.preventDefault();
    if (this.busy || !this.address.trim())
      return;
    this.busy = 'begin';
    this.problem = null;
    try {
      await api.post('/pairings', { address: this.address.trim() });
      this.address = '';
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.busy = '';
    this.reload();
  }

  /** @param {Event} event */
  async expect(event) {
    event.preventDefault();
    const address = this.origin.trim();
    if (this.busy || !address)
      return;
    this.busy = 'expect';
    this.unexpected = null;
    try {
      await api.post('/pairings/expected', { address });
      this.origin = '';
      toast(_('The hub at %s is announced.', address));
    } catch (error) {
      this.unexpected = asProblem(error);
    }
    this.busy = '';
    this.reload();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('#expect-address'))?.focus();
  }

  /** @param {Event} event @param {Pairing} pairing */
  async confirm(event, pairing) {
    event.preventDefault();
    const string = (this.typed[pairing.id] ?? '').trim();
    if (!string || this.busy)
      return;
    this.busy = pairing.id;
    delete this.refused[pairing.id];
    try {
      const answer = await api.post(`/pairings/${pairing.id}/confirm`, { string });
      if (answer?.state === 'paired')
        toast(_('The hospitals are paired.'));
      else
        toast(_('Right. The other administrator still has to type yours.'));
      delete this.typed[pairing.id];
    } catch (error) {
      this.refused[pairing.id] = asProblem(error);
      this.typed = { ...this.typed, [pairing.id]: '' };
    }
    this.busy = '';
    this.reload();
  }

  /** @param {Pairing} pairing */
  async stop(pairing) {
    try {
      await api.delete(`/pairings/${pairing.id}`);
    } catch (error) {
      toastProblem(error);
    }
    this.reload();
  }

  /** @param {Peer} peer */
  async unpair(peer) {
    const name = nameOf(peer.names);
    const answer = await confirm({
      title: _('Unpair %s?', name),
      text: _('The link to %s stops at once. Nothing more is sent or received, and nobody there can join a session here. To undo it, both administrators pair the hospitals again.', name),
      action: _('Unpair'),
    });
    if (!answer)
      return;
    try {
      await api.delete(`/peers/${peer.id}`);
      toast(_('%s is unpaired.', name));
    } catch (error) {
      toastProblem(error);
    }
    this.reload();
  }

  /** @param {Peer} peer */
  async forget(peer) {
    const name = nameOf(peer.names);
    const answer = await confirm({
      title: _('Forget the key of %s?', name),
      text: _('Do this only when the administrators of %s told you by telephone that their hub was set up anew. Whoever is paired under its id after that speaks for this hospital: its rooms, its people and its bookings here.', name),
      action: _('Forget'),
    });
    if (!answer)
      return;
    try {
      await api.post(`/peers/${peer.id}/forget`);
      toast(_('%s is forgotten and can be paired anew.', name));
    } catch (error) {
      toastProblem(error);
    }
    this.reload();
  }

  /** @param {Peer} peer */
  async compare(peer) {
    this.busy = `compare-${peer.id}`;
    try {
      this.compared = { ...this.compared, [peer.id]: await api.get(`/peers/${peer.id}/differences`) };
    } catch (error) {
      this.compared = { ...this.compared, [peer.id]: asProblem(error) };
    }
    this.busy = '';
  }

  /** @param {Peer} peer */
  async acknowledge(peer) {
    const name = nameOf(peer.names);
    const answer = await confirm({
      title: _('Acknowledge the restore with %s?', name),
      text: _('What waited here is sent again, and what %s sends is taken again, once their administrator has acknowledged it, too. What was lost does not come back by itself: compare the bookings first.', name),
      action: _('Acknowledge'),
    });
    if (!answer)
      return;
    try {
      await api.post(`/peers/${peer.id}/acknowledge-restore`);
    } catch (error) {
      toastProblem(error);
    }
    this.reload();
  }

  /** The shown string in groups of four: it is read aloud. @param {string} text */
  spoken(text) {
    const groups = /[\s-]/.test(text) ? text.split(/[\s-]+/) : text.match(/.{1,4}/g) ?? [text];
    return html`<p class="spoken" dir="ltr" aria-label=${groups.join(' ').split('').join(' ')}>${groups.map((group) => html`<span>${group}</span>`)}</p>`;
  }

  /** @param {Pairing} pairing */
  pairing(pairing) {
    const left = pairing.expires_in_s == null ? null : pairing.expires_in_s * 1000 - (hubNow() - this.asked);
    const name = nameOf(pairing.names) || pairing.address || '';
    const state = left !== null && left <= 0 && !stopped.includes(pairing.state) ? 'expired' : pairing.state;
    if (stopped.includes(state))
      return html`<section class="card"><h2 class="title">${say(_('Pairing with %s'), name)}</h2>
        <div class="note bad" role="status"><p>${state === 'burnt' ? _('Three wrong strings: this pairing is burned. Somebody may be between the hospitals; begin again by telephone, not by message.')
          : state === 'expired' ? _('The time for this pairing ran out. Begin again.') : _('This pairing was stopped.')}</p></div>
        <div class="row-end">${button({ label: _('Put away'), onclick: () => this.stop(pairing) })}</div></section>`;
    return html`<section class="card ceremony"><h2 class="title">${say(_('Pairing with %s'), name)}</h2>
      ${pairing.rekeyed ? html`<div class="note warn" role="status"><p>${_('%s was paired under another key before. Go on only if its hospital has told you by telephone why: whoever is paired under its id speaks for it here.', name)}</p></div>` : nothing}
      <ol class="steps"><li><p>${_('Call the other administrator and read this to them:')}</p>
        ${pairing.shown ? this.spoken(pairing.shown) : html`<p class="row"><i class="spinner" aria-hidden="true"></i> ${_('Waiting for the other hub to answer.')}</p>`}</li>
      <li>${state === 'here' || state === 'both' ? html`<p class="row">${pill('done', _('What you typed is right.'))} ${_('The other administrator still has to type yours.')}</p>` : html`<form @submit=${(/** @type {Event} */ event) => this.confirm(event, pairing)}>${textField({
        id: `typed-${pairing.id}`, label: _('Type what they read to you'), value: this.typed[pairing.id] ?? '', dir: 'ltr', max: 32,
        error: this.refused[pairing.id]?.message, hint: _('Upper or lower case and dashes make no difference.'),
        oninput: (value) => { this.typed = { ...this.typed, [pairing.id]: value }; } })}
        ${button({ label: _('Confirm'), kind: 'primary', type: 'submit', busy: this.busy === pairing.id, disabled: !pairing.shown || !(this.typed[pairing.id] ?? '').trim() })}</form>`}</li></ol>
      ${state === 'there' ? html`<p class="note calm" role="status">${_('The other administrator has typed yours.')}</p>` : nothing}
      <p class="row">${pairing.tries_left != null ? pill(pairing.tries_left > 1 ? 'asked' : 'over', ngettext('%s try left', '%s tries left', pairing.tries_left)) : nothing}
        ${left !== null ? html`<small>${_('ends in %s', duration(left))}</small>` : nothing}<span class="grow"></span>${button({ label: _('Stop this pairing'), kind: 'danger-plain', onclick: () => this.stop(pairing) })}</p></section>`;
  }

  /** What to do about a booking that is not the same at both. @param {Difference} one @param {string} name */
  advice(one, name) {
    const word = (/** @type {string} */ state) => phaseWord(state === 'requested' ? 'waiting' : state);
    if (!one.here)
      return _('Not known here; %s has it as “%s”. Have their desk cancel it, and book it again if it is still to take place.', name, word(one.there ?? ''));
    if (!one.there)
      return _('Not known at %s; here it is “%s”. Cancel it here, and book it again if it is still to take place.', name, word(one.here));
    return _('Here it is “%s”, at %s “%s”. Cancel it where it still stands, and book it again if it is still to take place.', word(one.here), name, word(one.there));
  }

  /** @param {Peer} peer */
  differences(peer) {
    const found = this.compared[peer.id];
    const name = nameOf(peer.names);
    if (!found)
      return nothing;
    if (!('items' in found))
      return problemNote(found);
    if (!found.items.length)
      return html`<p class="note calm" role="status">${_('Both hospitals have booked the same.')}</p>`;
    return html`<ul class="plain differences" aria-label=${_('Bookings that are not the same at both')}>${repeat(found.items, (one) => one.id, (one) => html`<li>
      <p class="row">${timePair(one.starts_at)} ${one.here ? html`<a href="/bookings/${one.id}"><bdi>${one.title ?? _('Open')}</bdi></a>` : html`<b><bdi>${one.title ?? ''}</bdi></b>`}</p>
      <p class="hint">${this.advice(one, name)}</p></li>`)}</ul>${found.more ? html`<p class="hint">${_('There are more bookings than were compared.')}</p>` : nothing}`;
  }

  /** @param {Peer} peer */
  peer(peer) {
    const waiting = Object.values(peer.outbox ?? {}).reduce((sum, n) => sum + n, 0);
    const held = (peer.held ?? []).reduce((sum, { messages }) => sum + messages, 0);
    return html`<section class="card" aria-labelledby="peer-${peer.id}"><div class="card-head"><h2 class="title" id="peer-${peer.id}"><bdi>${nameOf(peer.names)}</bdi></h2>${pill(peerState(peer), peerWord(peerState(peer)))}</div>
      <div class="partner-notes">${peer.restored && peer.state !== 'revoked' ? html`<div class="note warn" role="status"><p>${_('A database of the two hospitals was restored from a copy. Nothing is sent to %s or taken from it until an administrator at each of both has acknowledged it.', nameOf(peer.names))}</p></div>` : nothing}
      ${peer.clock?.off ? html`<div class="note warn" role="status"><p>${clockApart(peer)} ${_('Have both set by time servers: people come at another time than was meant.')}</p></div>` : nothing}
      ${peer.trouble === 'peers/not-paired' ? html`<div class="note bad" role="status"><p>${_('%s has ended the pairing, or never confirmed it. Unpair it here, too, and pair anew.', nameOf(peer.names))}</p></div>` : nothing}
      ${peer.trouble === 'peers/other-key' ? html`<div class="note bad" role="status"><p>${_('The hub of %s answers with another key than the one that was compared. Ask its hospital by telephone. If the key was lost or leaked, unpair at both hospitals and pair anew.', nameOf(peer.names))}</p></div>` : nothing}
      ${this.differences(peer)}
      ${peer.state === 'up' ? html`<p class="row">${button({ label: _('Compare the bookings'), busy: this.busy === `compare-${peer.id}`, onclick: () => this.compare(peer) })}${peer.restored && may('peers.write')
        ? button({ label: _('Acknowledge the restore…'), onclick: () => this.acknowledge(peer) }) : nothing}</p>` : nothing}</div>
      ${factList([
        [_('Since'), peer.since ? html`${timePair(peer.since)} <small>${ago(peer.since)}</small>` : ''],
        [_('Delay'), peer.state === 'up' && peer.rtt_ms != null ? html`<bdi>${_('%s ms', number(peer.rtt_ms))}</bdi>` : ''],
        [_('Its clock'), peer.clock ? html`<bdi>${clockMeasure(peer.clock)}</bdi>` : ''],
        [_('Waiting to be sent'), waiting ? ngettext('%s message', '%s messages', waiting, number(waiting)) : _('nothing')],
        [_('Waiting for room there'), held ? html`${ngettext('%s message', '%s messages', held, number(held))} <small>${_('A plugin is disabled at that hospital. Everything else is sent.')}</small>` : ''],
        [_('Address'), peer.address ? html`<bdi><code>${peer.address}</code></bdi>` : _('it dials this hospital')],
        [_('Key'), peer.key ? html`<bdi><code class="key">${peer.key.match(/.{1,8}/g)?.slice(0, 4).join(' ')} …</code></bdi>` : ''],
      ])}
      ${may('peers.write') && peer.state !== 'revoked' ? html`<div class="row-end">${button({ label: _('Unpair…'), kind: 'danger-plain', onclick: () => this.unpair(peer) })}</div>` : nothing}
      ${may('peers.write') && peer.state === 'revoked' ? html`<p class="quiet">${_('It can be paired again, also where its hub has another key now.')}</p><div class="row-end">${button({ label: _('Forget…'), kind: 'danger-plain', onclick: () => this.forget(peer) })}</div>` : nothing}</section>`;
  }

  /** The address of the other hub, and what happens next. */
  beginForm() {
    return html`<form class="card" aria-labelledby="pair-head" @submit=${this.begin}><h2 class="title" id="pair-head">${_('Pair with a hospital')}</h2>
      <p>${_('Have the administrator of the other hospital on the telephone. Nothing is trusted until each of you has typed what the other reads aloud.')}</p>
      ${textField({ id: 'pair-address', label: _('Address of their hub'), value: this.address, dir: 'ltr', max: 255, placeholder: 'hub.hospital.example:8443', hint: _('Host and port, as they tell you.'), oninput: (value) => { this.address = value; } })}
      ${problemNote(this.problem)}<div class="row-end">${button({ label: _('Begin'), kind: 'primary', type: 'submit', busy: this.busy === 'begin', disabled: !this.address.trim() })}</div></form>`;
  }

  /** For the hospital that dials: its pairing has room, however many others are begun. */
  expectForm() {
    const { unexpected } = this;
    const passed = hubNow() - this.asked;
    const expected = (this.pairings.value?.expected ?? []).map((one) => ({ ...one, left: one.expires_in_s * 1000 - passed })).filter((one) => one.left > 0);
    return html`<form class="card" aria-labelledby="expect-head" novalidate @submit=${this.expect}><h2 class="title" id="expect-head">${_('Announce a hospital that pairs from its side')}</h2>
      <p>${_('Where the other administrator begins the pairing, their hub dials this one. Announce the address that it comes from: for an hour it is let in, even while unknown addresses use up all tries.')}</p>
      ${textField({ id: 'expect-address', label: _('Address their hub comes from'), value: this.origin, dir: 'ltr', max: 255, placeholder: '203.0.113.7', hint: _('A numeric address without a port, as the other administrator tells you.'),
        error: unexpected ? [unexpected.message, unexpected.accepted].filter(Boolean).join('. ') : undefined, oninput: (value) => { this.origin = value; this.unexpected = null; } })}
      ${expected.length ? html`<ul class="plain" aria-label=${_('Announced')}>${expected.map((one) => html`<li class="row"><bdi><code>${one.address}</code></bdi> <small>${_('ends in %s', duration(one.left))}</small></li>`)}</ul>` : nothing}
      <div class="row-end">${button({ label: _('Announce'), type: 'submit', busy: this.busy === 'expect', disabled: !this.origin.trim() })}</div></form>`;
  }

  render() {
    const open = (this.pairings.value?.items ?? []).filter((one) => one.state !== 'paired');
    return html`<div class="page">${pageHead({ title: _('Hospitals'), text: _('The partners whose hubs this one trusts, and how the link to each is.') })}
      <div class="columns"><div class="stack">${shown(this.peers, ({ items }) => (items.length ? repeat(items, (peer) => peer.id, (peer) => this.peer(peer))
        : html`<div class="card">${emptyState({ title: _('No partner yet.'), text: may('peers.write') ? _('Pair with the first one here.') : _('An administrator pairs hospitals.') })}</div>`))}</div>
      ${may('peers.write') ? html`<div class="stack">${repeat(open, (one) => one.id, (one) => this.pairing(one))}${this.beginForm()}${this.expectForm()}</div>` : nothing}</div></div>`;
  }
}
customElements.define('karez-hospitals', HospitalsPage);
