// SPDX-License-Identifier: LGPL-2.1-or-later
// How the hub itself is: one line for each part, with its state, since when, and what helps.

import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { api } from '../api.js';
import { _, N_, nameOf, ngettext } from '../i18n.js';
import { live } from '../live.js';
import { may } from '../state.js';
import { ago, duration, hubNow, millis, number, size } from '../time.js';
import { clockApart } from '../partner.js';
import { peerState, peerWord } from '../words.js';
import { confirm } from '../components/dialog.js';
import { KarezElement, Loader } from '../components/element.js';
import '../components/own-root.js';
import { button, emptyState, pageHead, pill, shown } from '../components/parts.js';
import { toast, toastProblem } from '../components/toast.js';

/** @typedef {import('../types.js').Plugin} Plugin */
/** @typedef {import('../types.js').Worker} Worker */
/** @typedef {import('../types.js').System} System */
/** @typedef {import('../types.js').Peer} Peer */
/** @typedef {import('../types.js').ParkedMessages} ParkedMessages */
/** @typedef {import('../types.js').DeadLetter} DeadLetter */
/** @typedef {import('../types.js').DeadRecord} DeadRecord */

const refresh = 10_000;
const enoughClock = 500;
const dayMs = 24 * 3600_000;
const soonDays = 14;

/** @type {Record<string, string>} */
const stateWords = {
  found: N_('Not yet started'), enabled: N_('Running'), refused: N_('Refused'), disabled: N_('Disabled'), failed: N_('Failed'),
  faulty: N_('With mistakes'), running: N_('Running'), up: N_('Running'), starting: N_('Starting'), restarting: N_('Restarting'), lost: N_('Lost'), down: N_('Away'),
};
/** @param {string} state */
const word = (state) => _(stateWords[state] ?? state);

/** @param {Worker} worker */
const workerState = (worker) => (worker.connected ? 'running' : 'lost');

/** @param {string} state the colour and shape that it gets */
const look = (state) =>
  ['enabled', 'running', 'up'].includes(state) ? 'up'
    : ['starting', 'restarting', 'faulty'].includes(state) ? 'asked' : ['disabled', 'found', 'revoked'].includes(state) ? 'off' : 'down';

/** @param {string | null | undefined} moment */
const since = (moment) => (moment ? _('for %s', duration(hubNow() - millis(moment))) : nothing);

/** @param {{name: unknown, state: string, text?: string, since?: unknown, note?: unknown, action?: unknown}} line */
const line = ({ name, state, text, since: how, note, action }) => html`<li class="line"><div><b>${name}</b>${note ? html`<small>${note}</small>` : nothing}</div>
  <div>${pill(look(state), text ?? word(state))}</div><div class="line-since">${how ?? nothing}</div><div class="end">${action ?? nothing}</div></li>`;

export class SystemPage extends KarezElement {
  static pace = 5000;
  static properties = { busy: { state: true } };

  constructor() {
    super();
    this.busy = '';
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    /** @type {Loader<System>} */
    this.system = new Loader(this, () => api.get('/system'), 'system');
    /** @type {Loader<{items: Plugin[]}>} */
    this.plugins = new Loader(this, () => (may('plugins.read') ? api.get('/plugins') : null), 'plugin');
    /** @type {Loader<{items: Worker[]}>} */
    this.workers = new Loader(this, () => api.get('/workers'), 'session');
    /** @type {Loader<{items: ParkedMessages[]}>} */
    this.parked = new Loader(this, () => (may('plugins.read') ? api.get('/messages/parked') : null), 'plugin');
    /** @type {Loader<{items: DeadLetter[]}>} */
    this.letters = new Loader(this, () => (may('plugins.read') ? api.get('/messages/dead-letters') : null), 'plugin');
    /** @type {Loader<{items: DeadRecord[]}>} */
    this.records = new Loader(this, () => (may('plugins.read') ? api.get('/records/dead-letters') : null), 'plugin');
    /** @type {Loader<{items: Peer[]}>} */
    this.peers = new Loader(this, () => (may('peers.read') ? api.get('/peers') : null), 'peer');
  }

  connectedCallback() {
    super.connectedCallback();
    this.timer = setInterval(() => {
      this.system.reload();
      this.workers.reload();
      this.plugins.reload();
      this.parked.reload();
      this.records.reload();
    }, refresh);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  /** @param {Plugin} plugin @param {string} act @param {unknown} body */
  async act(plugin, act, body) {
    this.busy = plugin.id;
    try {
      const { state } = await api.post(`/plugins/${plugin.id}/${act}`, body);
      toast(act !== 'enable' ? _('%s is disabled.', _(plugin.name))
        : state === 'enabled' ? _('%s is enabled.', _(plugin.name)) : _('%s is enabled; it starts at the next start of the hub.', _(plugin.name)));
    } catch (error) {
      toastProblem(error);
    }
    this.busy = '';
    live.touch('plugin');
  }

  /** @param {Plugin} plugin */
  async disable(plugin) {
    const answer = await confirm({
      title: _('Disable %s?', _(plugin.name)),
      text: _('New sessions of its kind are refused until it is enabled again. Sessions that run are not touched.'),
      action: _('Disable'), reason: _('Reason'),
    });
    if (answer)
      await this.act(plugin, 'disable', { reason: answer.reason });
  }

  /** What is wrong with it; else what it may do. @param {Plugin} plugin */
  pluginNote({ reason, last_fault: fault, mistakes, grants }) {
    if (!reason && !fault && !mistakes)
      return grants?.length ? html`${_('may use')} <bdi>${grants.join(', ')}</bdi>` : nothing;
    return html`${reason || fault ? html`<bdi>${reason ?? fault}</bdi> ` : nothing}${mistakes
      ? html`${ngettext('One statement to its database failed since the hub started.', '%s statements to its database failed since the hub started.', mistakes.count, number(mistakes.count))} <bdi>${`${mistakes.statement}: ${mistakes.rule ?? ''}`}</bdi>, ${ago(mistakes.at)}` : nothing}`;
  }

  /** @param {Plugin} plugin */
  plugin(plugin) {
    const disabled = plugin.state === 'disabled';
    const write = may('plugins.write');
    return line({
      name: html`${_(plugin.name)} <bdi class="soft">${plugin.version}</bdi>`, state: plugin.mistakes && plugin.state === 'enabled' ? 'faulty' : plugin.state, since: since(plugin.since),
      note: this.pluginNote(plugin),
      action: !write ? nothing : disabled
        ? button({ label: _('Enable'), busy: this.busy === plugin.id, onclick: () => this.act(plugin, 'enable', {}) })
        : plugin.state !== 'enabled' ? nothing : button({ label: _('Disable…'), kind: 'danger-plain', busy: this.busy === plugin.id, onclick: () => this.disable(plugin) }),
    });
  }

  /** @param {NonNullable<System['disk']>} disk */
  diskLine({ state, free_bytes: free, size_bytes: all }) {
    const said = {
      full: { state: 'down', text: _('Full'), action: _('Nothing more is recorded until there is room on this machine. The hub goes on by itself.') },
      low: { state: 'faulty', text: _('Nearly full'), action: _('Make room on this machine: when the disk is full, nothing more is recorded.') },
    }[state] ?? { state: 'up', text: _('Has room'), action: '' };
    return line({ name: _('Disk'), state: said.state, text: said.text, note: _('%s of %s are free', size(free), size(all)),
      action: said.action ? html`<small>${said.action}</small>` : nothing });
  }

  /** @param {NonNullable<System['certificate']>} certificate */
  certificateLine({ state, expires_at: end, refused }) {
    const words = /** @type {Record<string, string>} */ ({
      expired: _('Expired'), 'not-yet': _('Not valid yet'), 'other-name': _('For another name'), 'other-key': _('The key belongs to another certificate'),
      'not-a-key': _('The key cannot be read'), 'no-key': _('The key cannot be read'),
      'not-a-certificate': _('The certificate cannot be read'), 'no-certificate': _('The certificate cannot be read'),
    });
    const left = Math.max(0, Math.ceil((millis(end) - hubNow()) / dayMs));
    const soon = left <= soonDays;
    return line({ name: _('Certificate'), state: state === 'good' ? refused || soon ? 'faulty' : 'up' : 'down',
      text: state === 'good' ? soon ? _('Ends soon') : _('Valid') : words[state] ?? state, note: left > 0 ? ngettext('for one more day', 'for %s more days', left, number(left)) : nothing,
      action: refused ? html`<small>${_('The new one in its files is not used: %s', words[refused] ?? refused)}</small>`
        : state !== 'good' || soon ? html`<small>${_('Replace it: browsers warn of one that is not valid, and phones give no camera.')}</small>` : nothing });
  }

  /** @param {System} system */
  hubLines(system) {
    const { database, clock, disk, certificate } = system;
    const offset = clock?.offset_ms;
    return html`<ul class="plain lines">
      ${line({ name: _('Hub'), state: 'running', since: _('for %s', duration(system.uptime_s * 1000)), note: html`Karez <bdi>${system.version}</bdi> · ${_('start %s', number(system.incarnation))}` })}
      ${line({ name: _('Database'), state: database.state, since: since(database.since),
        note: html`${database.version ? html`PostgreSQL <bdi>${database.version}</bdi>` : nothing}${database.size_bytes ? html` · <bdi>${size(database.size_bytes)}</bdi>` : nothing}`,
        action: look(database.state) === 'down' ? html`<small>${_('Nothing can be changed until it is back. It reconnects by itself; look at the disk and the log.')}</small>` : nothing })}
      ${disk && disk.state !== 'unknown' ? this.diskLine(disk) : nothing}
      ${certificate ? this.certificateLine(certificate) : nothing}
      ${clock ? line({ name: _('Clock'), state: clock.trusted ? 'up' : 'down', text: clock.trusted ? _('Trusted') : _('Not trusted'),
        note: offset == null || (!clock.trusted && offset === 0) ? _('its offset is not known') : _('%s ms off', number(offset, Math.abs(offset) < 10 ? 1 : 0)),
        action: clock.trusted ? nothing : html`<small>${offset != null && Math.abs(offset) > enoughClock ? _('Set this machine’s clock by its time server.') : _('Give this machine a time server.')}</small>` }) : nothing}</ul>`;
  }

  /** @param {Worker[]} workers */
  workerLines(workers) {
    if (!workers.length)
      return html`<p class="hint">${_('No session runs here now.')}</p>`;
    return html`<ul class="plain lines">${repeat(workers, (worker) => worker.session, (worker) => line({
      name: html`<bdi>${worker.session.slice(0, 8)}</bdi>`, state: workerState(worker),
      note: html`${worker.pid ? html`${_('process %s', worker.pid)} ` : nothing}${worker.restarts ? html`· ${ngettext('started again once', 'started again %s times', worker.restarts)}` : nothing}`,
      action: html`<a class="button small" href="/sessions/${worker.session}">${_('Open')}<span class="unseen"> ${worker.session}</span></a>`,
    }))}</ul>`;
  }

  /** @param {Peer} peer */
  peer(peer) {
    const waiting = Object.entries(peer.outbox ?? {}).filter(([, n]) => n);
    return line({ name: html`<bdi>${nameOf(peer.names)}</bdi>`, state: peerState(peer), text: peerWord(peerState(peer)), since: since(peer.since),
      note: html`${peer.rtt_ms != null && peer.state === 'up' ? html`<bdi>${_('%s ms', number(peer.rtt_ms))}</bdi>` : nothing}${peer.clock?.off
        ? html` · ${clockApart(peer)}` : nothing}${waiting.length
        ? html` · ${waiting.map(([lane, n]) => _('lane %s: %s waiting', lane, number(n))).join(' · ')}` : nothing}`,
      action: html`<a class="button small" href="/hospitals">${_('Open')}<span class="unseen"> ${nameOf(peer.names)}</span></a>` });
  }

  /** @param {string} id */
  nameOfPeer(id) {
    const peer = this.peers.value?.items.find((one) => one.id === id);
    return peer ? nameOf(peer.names) : id;
  }

  /** @param {string} path @param {string} key @param {string} said */
  async retry(path, key, said) {
    this.busy = key;
    try {
      await api.post(path, {});
      toast(said);
    } catch (error) {
      toastProblem(error);
    }
    this.busy = '';
    live.touch('plugin');
  }

  /** @param {ParkedMessages} waiting */
  parkedLine(waiting) {
    const plugin = this.plugins.value?.items.find((one) => one.id === waiting.plugin);
    // What the hub wrote when it was parked is in no reader's language.
    const why = plugin && plugin.state !== 'enabled' ? word(plugin.state) : waiting.reason && _(waiting.reason);
    const path = `/messages/parked/${waiting.plugin}/retry`;
    return line({ name: html`<bdi>${plugin ? _(plugin.name) : waiting.plugin}</bdi> · <bdi>${this.nameOfPeer(waiting.peer)}</bdi>`, state: 'disabled',
      text: ngettext('one message waits', '%s messages wait', waiting.messages, number(waiting.messages)), since: since(waiting.since),
      note: why ? html`<bdi>${why}</bdi>` : nothing,
      action: may('plugins.write') ? button({ label: _('Deliver now'), busy: this.busy === path, onclick: () => this.retry(path, path, _('The plugin is asked again.')) }) : nothing });
  }

  /** @param {DeadLetter} message */
  letterLine(message) {
    const row = `${message.peer}/${message.lane}/${message.sequence}`;
    return line({ name: html`<bdi>${message.topic}</bdi> · <bdi>${this.nameOfPeer(message.peer)}</bdi>`, state: 'failed', text: _('Not applied'), since: since(message.at),
      note: html`<bdi>${message.reason}</bdi> · <bdi>${`karez.inbox_dead_letter ${row}`}</bdi>`,
      action: may('plugins.write') ? button({ label: _('Try again'), busy: this.busy === row, onclick: () => this.retry(`/messages/dead-letters/${row}/retry`, row, _('The message is delivered once more.')) }) : nothing });
  }

  /** @param {DeadRecord} record */
  recordLine(record) {
    const row = `${record.session}/${record.sequence}`;
    return line({ name: html`<bdi>${record.action}</bdi>`, state: 'failed', text: _('Not kept'), since: since(record.at),
      note: html`<bdi>${record.reason}</bdi> · <bdi>${`sessions ${row}`}</bdi>`,
      action: may('plugins.write') ? button({ label: _('Try again'), busy: this.busy === row, onclick: () => this.retry(`/records/dead-letters/${row}/retry`, row, _('The record is kept.')) }) : nothing });
  }

  messages() {
    const records = this.records.value?.items ?? [];
    const parked = this.parked.value?.items ?? [];
    const letters = this.letters.value?.items ?? [];
    if (!may('plugins.read') || !(parked.length || letters.length || records.length))
      return nothing;
    return html`<section class="card" aria-labelledby="sys-messages"><h2 id="sys-messages">${_('Messages and records that wait')}</h2>
      <p class="hint">${_('They are kept here, but the plugin that they are for has not taken them.')}</p>
      <ul class="plain lines">${repeat(parked, (waiting) => `${waiting.peer} ${waiting.plugin}`, (waiting) => this.parkedLine(waiting))}${repeat(letters, (message) => `${message.peer}/${message.lane}/${message.sequence}`, (message) => this.letterLine(message))}${repeat(records, (record) => `${record.session}/${record.sequence}`, (record) => this.recordLine(record))}</ul></section>`;
  }

  render() {
    return html`<div class="page">${pageHead({ title: _('System'), text: _('Each part of this hub: how it is, since when, and what helps.') })}
      <div class="stack">
        <section class="card" aria-labelledby="sys-hub"><h2 id="sys-hub">${_('Hub')}</h2>${shown(this.system, (system) => this.hubLines(system), { lines: 3 })}</section>
        <section class="card" aria-labelledby="sys-workers"><h2 id="sys-workers">${_('Sessions that run')}</h2>${shown(this.workers, ({ items }) => this.workerLines(items), { lines: 2 })}</section>
        ${may('peers.read') ? html`<section class="card" aria-labelledby="sys-links"><h2 id="sys-links">${_('Links')}</h2>${shown(this.peers, ({ items }) => (items.length
          ? html`<ul class="plain lines">${repeat(items, (peer) => peer.id, (peer) => this.peer(peer))}</ul>` : emptyState({ title: _('No partner yet.') })), { lines: 2 })}</section>` : nothing}
        ${may('plugins.read') ? html`<section class="card" aria-labelledby="sys-plugins"><h2 id="sys-plugins">${_('Plugins')}</h2>${shown(this.plugins, ({ items }) => (items.length
          ? html`<ul class="plain lines">${repeat(items, (plugin) => plugin.id, (plugin) => this.plugin(plugin))}</ul>` : emptyState({ title: _('No plugins are installed.') })), { lines: 2 })}</section>` : nothing}
        ${this.messages()}
        ${this.system.value?.certificate?.own_authority ? html`<karez-own-root></karez-own-root>` : nothing}
      </div></div>`;
  }
}
customElements.define('karez-system', SystemPage);
