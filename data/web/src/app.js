// SPDX-License-Identifier: LGPL-2.1-or-later
// The frame around every page: who and where, both clocks, the link, the way to everything, and
// what is wrong with the connection.

import { html, nothing, render } from 'lit';
import { api, onSignedOut } from './api.js';
import { _, language, languages, listOf, nameOf, ngettext } from './i18n.js';
import { onSingleKeys, singleKey, singleKeys } from './keys.js';
import { live } from './live.js';
import { loadPanels, makePage, onPanels, pluginPages, readPanels } from './panels.js';
import { go, isGuarded, mayLeave, onGuard, onRoute, route, startRouter } from './router.js';
import { begin, chooseLanguage, forget, may, onState, showTheme, signOut, state, theme } from './state.js';
import { guardTaps } from './taps.js';
import { setTitle } from './title.js';
import { DAY, clock, dayAndClock, hubNow, rfc3339, saidTime, startOfDay } from './time.js';
import { hubName, isRunning, partnerOf, peerState, peerWord, phase, roleWord, titleOf, urgencyWord } from './words.js';
import './components/dialog.js';
import { KarezElement, Loader, asProblem } from './components/element.js';
import './components/help.js';
import { announce } from './components/announce.js';
import { clockNote } from './components/clock-note.js';
import { leave } from './components/focus.js';
import { Help } from './components/help.js';
import { OwnPassword } from './components/own-password.js';
import { button, failedState, icon, loadingState, mark, pill } from './components/parts.js';
import './components/alarm.js';
import './components/toast.js';
import { toast, toastProblem } from './components/toast.js';
import { notice } from './notices.js';

/** How far ahead sessions are looked for. Requests that wait, and what was declined, come whenever they are for. */
const daysAhead = 14;

/** Every component in every state: served in a development environment alone. */
const gallery = '/gallery/gallery.js';

/** @type {Record<string, {load: () => Promise<unknown>, draw: (route: import('./router.js').Route) => unknown}>} */
const pages = {
  sessions: { load: () => import('./pages/session.js'), draw: ({ id }) => html`<karez-session .session=${id}></karez-session>` },
  people: { load: () => import('./pages/people.js'), draw: () => html`<karez-people></karez-people>` },
  resources: { load: () => import('./pages/resources.js'), draw: () => html`<karez-resources></karez-resources>` },
  hospitals: { load: () => import('./pages/hospitals.js'), draw: () => html`<karez-hospitals></karez-hospitals>` },
  audit: { load: () => import('./pages/audit.js'), draw: (at) => html`<karez-audit .route=${at}></karez-audit>` },
  system: { load: () => import('./pages/system.js'), draw: () => html`<karez-system></karez-system>` },
  gallery: { load: () => import(gallery).catch(() => {}), draw: () => html`<karez-gallery></karez-gallery>` },
};
/** Every component in every state: its file is served in a development environment alone. */
const dayPages = new Set(['day', 'new', 'emergency', 'bookings']);

function openOwnPassword() {
  const place = document.querySelector('#own-password');
  if (place instanceof OwnPassword)
    place.open();
}

class App extends KarezElement {
  static pace = 5_000;
  static properties = { at: { state: true }, loaded: { state: true }, fault: { state: true } };

  constructor() {
    super();
    this.at = route();
    /** Pages whose code has arrived. @type {Set<string>} */
    this.loaded = new Set();
    /** @type {import('./api.js').Problem | null} */
    this.fault = null;
    /** The page of a plugin that is open, and where. @type {{path: string, element: import('./panels.js').Page} | null} */
    this.own = null;
    /** What waited for an answer when it was looked at last; null before that. @type {Set<string> | null} */
    this.asked = null;
    /** The page whose link was scrolled to. */
    this.told = '';
    /** Plugins for which messages wait. @type {Loader<import('./types.js').Plugin[]>} */
    this.parked = new Loader(this, () => (state.me && may('plugins.read') ? this.readParked() : null), 'plugin');
    /** @type {Loader<import('./types.js').Board>} */
    this.ahead = new Loader(this, () => {
      if (!state.me || !may('board.read'))
        return null;
      const from = startOfDay(hubNow());
      return api.get(`/board?from=${rfc3339(from)}&to=${rfc3339(from + daysAhead * DAY)}&open=true`);
    }, 'booking', 'session', 'resource', 'peer');
    onRoute(() => this.arrive());
    onGuard(() => this.requestUpdate());
    onSingleKeys(() => this.requestUpdate());
    onState(() => {
      this.asked = null;
      if (!state.me)
        announce(''); // what was said is not the next one's
      this.ahead.renew();
      this.parked.renew();
      this.arrive();
    });
    live.on('state', () => this.requestUpdate());
    live.on('event', ({ event }) => this.tell(event));
    live.on('clock', () => this.requestUpdate());
    live.onTouched(['plugin'], () => this.renewPanels());
    onPanels(() => this.arrive());
    document.addEventListener('keydown', (event) => this.key(event));
    addEventListener('click', (event) => this.closeMenus(event));
    this.arrive();
  }

  /** What came to be answered is said, whatever somebody is at: an emergency waits a minute. */
  tellAsked() {
    const board = this.ahead.value;
    if (!board || !may('booking.answer'))
      return;
    const fresh = this.unanswered.filter(({ id }) => !this.asked?.has(id));
    const first = this.asked === null;
    this.asked = new Set(this.unanswered.map(({ id }) => id));
    if (!first && fresh.length)
      announce(fresh.map((one) => `${urgencyWord(one.urgency)}: ${
        _('%s asks for “%s” at %s.', hubName(board.hubs, partnerOf(one)), titleOf(one), saidTime(one.starts_at))}`).join(' '));
  }

  /** What was called off stays until it is closed. @param {import('./types.js').Event} event */
  tell(event) {
    const told = may('booking.write') || may('booking.answer') ? notice(event, this.ahead.value) : null;
    if (told)
      toast(told.text, { bad: told.off });
  }

  /** A plugin came or went, or the hub is another one since it was away. */
  renewPanels() {
    if (state.me && !state.me.new_password_needed)
      readPanels().catch(() => {}); // it is asked again with the next event
  }

  /** Has the element of a plugin's page, once it is known what plugins bring. */
  async openOwn() {
    const { path, page } = pluginPages().find((one) => one.path === this.at.page) ?? {};
    if (!path || (page?.permission && !may(page.permission)))
      this.own = null;
    else if (this.own?.path !== path) {
      const element = await makePage(path);
      // Another arrival may have made it meanwhile: what was opened in that one stays.
      if (this.own?.path !== path)
        this.own = { path, element };
    }
  }

  async readParked() {
    const { items } = await api.get('/messages/parked');
    const waiting = new Set(items.map((/** @type {import('./types.js').ParkedMessages} */ one) => one.plugin));
    if (!waiting.size)
      return [];
    /** @type {import('./types.js').Plugin[]} */
    const plugins = (await api.get('/plugins')).items;
    return plugins.filter((one) => waiting.has(one.id));
  }

  async arrive() {
    const before = this.at;
    this.at = route();
    if (before.path !== this.at.path)
      leave(before.path);
    this.requestUpdate();
    const page = state.me ? (dayPages.has(this.at.page) ? 'day' : this.at.page) : 'sign-in';
    if (!state.me && this.at.page !== 'sign-in') {
      state.wanted = this.at.path;
      go('/sign-in', { replace: true, force: true });
      return;
    }
    if (state.me && this.at.page === 'sign-in') {
      go('/', { replace: true });
      return;
    }
    const load = page === 'sign-in' ? () => import('./pages/sign-in.js')
      : page === 'day' ? () => Promise.all([import('./pages/day.js'), this.at.page === 'new' || this.at.page === 'emergency' ? import('./components/composer.js') : null])
      : pages[page]?.load;
    try {
      await Promise.all([load?.(), state.me && !state.me.new_password_needed ? loadPanels() : null]);
      await this.openOwn();
      this.fault = null;
      this.loaded = new Set([...this.loaded, page]);
    } catch (error) {
      this.fault = asProblem(error);
    }
    setTitle(`${this.title_()} · ${nameOf(state.me?.hub_names ?? state.hello?.names)}`);
    if (before.page !== this.at.page && state.me && !dayPages.has(this.at.page)) {
      await this.updateComplete;
      scrollTo(0, 0);
    }
  }

  title_() {
    const link = this.links().find((one) => one.page === this.at.page);
    return link?.text ?? (this.at.page === 'sign-in' ? _('Sign in') : this.at.page === 'sessions' ? _('Session') : _('Day'));
  }

  links() {
    const own = pluginPages().filter(({ page }) => !page.permission || may(page.permission));
    return [
      { page: 'day', href: '/', text: _('Day'), shown: may('board.read') },
      { page: 'people', href: '/people', text: _('People'), shown: may('people.read') },
      { page: 'resources', href: '/resources', text: _('Rooms and devices'), shown: may('board.read') },
      { page: 'hospitals', href: '/hospitals', text: _('Hospitals'), shown: may('peers.read') },
      { page: 'audit', href: '/audit', text: _('Audit'), shown: may('audit.read') },
      { page: 'system', href: '/system', text: _('System'), shown: may('system.read') },
    ].flatMap((one) => [...one.shown ? [one] : [], ...own.filter(({ page }) => page.after === one.page)
      .map(({ path, page }) => ({ page: path, href: `/${path}`, text: _(page.title), shown: true }))]);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (event.isComposing) // Escape takes back what an input method offers
      return;
    if (event.key === 'Escape') {
      this.escape(target);
      return;
    }
    if (!state.me || state.me.new_password_needed)
      return;
    const key = singleKey(event);
    if (key && (key === '?' || !isGuarded()) && this.shortcut(key))
      event.preventDefault();
  }

  /** @param {string} key */
  shortcut(key) {
    switch (key) {
      case 'n':
      case 'e':
        if (!may('booking.write'))
          return false;
        go(key === 'n' ? '/new' : '/emergency');
        announce(key === 'n' ? _('New session') : _('Emergency session'));
        return true;
      case '/': {
        const search = /** @type {HTMLElement | null} */ (this.querySelector('#search'));
        search?.focus();
        announce(search ? _('Search on this page') : _('There is nothing to search on this page.'));
        return search !== null;
      }
      case '?': {
        const help = document.querySelector('karez-help');
        if (help instanceof Help)
          help.open();
        return true;
      }
      default: {
        const page = /** @type {{key?: (key: string) => boolean} | null} */ (
          /** @type {unknown} */ (this.querySelector('karez-day')));
        return page?.key?.(key) ?? false;
      }
    }
  }

  /** @param {HTMLElement} target */
  escape(target) {
    if (document.querySelector('dialog[open]'))
      return;
    const menu = this.querySelector('details[open]');
    if (menu) {
      menu.removeAttribute('open');
      menu.querySelector('summary')?.focus();
    } else if (target.matches?.('#search'))
      target.blur();
    else if (this.at.page === 'bookings' || this.at.page === 'new' || this.at.page === 'emergency')
      go('/');
  }

  /** @param {Event} event */
  closeMenus(event) {
    for (const menu of this.querySelectorAll('details.menu[open]'))
      if (!event.composedPath().includes(menu) || event.composedPath().some((node) => node instanceof HTMLAnchorElement))
        menu.removeAttribute('open');
  }

  get unanswered() {
    const now = hubNow();
    return this.ahead.value?.bookings.filter((booking) => phase(booking, now) === 'asked') ?? [];
  }

  /** What calls everybody who may answer it. */
  alarm() {
    const calling = may('emergency.answer') ? this.unanswered.filter((booking) => booking.urgency === 'T0') : [];
    return html`<karez-alarm .bookings=${calling} .hubs=${this.ahead.value?.hubs ?? []}></karez-alarm>`;
  }

  clocks() {
    const now = hubNow();
    return html`<div class="clocks"><div class="clock"><b><bdi>${clock(now)}</bdi></b><span>${_('Beijing')}</span></div><div
      class="clock second"><b><bdi>${clock(now, 'xinjiang')}</bdi></b><span>${_('Xinjiang')}</span></div></div>`;
  }

  peers() {
    const hubs = this.ahead.value?.hubs.filter((hub) => !hub.own && hub.state !== 'revoked') ?? [];
    return hubs.slice(0, 2).map((hub) => html`<a class="peer" href=${may('peers.read') ? '/hospitals' : nothing}>${pill(peerState(hub),
      html`<bdi>${nameOf(hub.names)}</bdi>${peerState(hub) === 'up' && hub.rtt_ms != null ? html` · <bdi>${_('%s ms', Math.round(hub.rtt_ms))}</bdi>`
        : html` · ${peerWord(peerState(hub))}`}`)}</a>`);
  }

  menu() {
    const { me } = state;
    return html`<details class="menu"><summary class="button quiet" aria-label=${nameOf(me?.names)}>${icon('person')}<bdi class="menu-name">${nameOf(me?.names)}</bdi></summary>
      <div class="menu-body"><p><b><bdi>${nameOf(me?.names)}</bdi></b><br><small>${listOf((me?.roles ?? []).map(roleWord))}</small></p>
        <fieldset><legend>${_('Language')}</legend><div class="segments">${Object.entries(languages).map(([tag, word]) => html`<button
          lang=${tag.replace('_', '-')} aria-pressed=${tag === language() ? 'true' : 'false'} @click=${() => chooseLanguage(tag).catch(toastProblem)}>${word}</button>`)}</div></fieldset>
        <fieldset><legend>${_('Light')}</legend><div class="segments">${/** @type {[string, string][]} */ ([['auto', _('as the system')], ['light', _('light')], ['dark', _('dark')]]).map(([id, word]) => html`<button
          aria-pressed=${theme() === id ? 'true' : 'false'} @click=${() => { showTheme(id); this.requestUpdate(); }}>${word}</button>`)}</div></fieldset>
        ${button({ label: _('Keys'), key: '?', onclick: () => this.shortcut('?') })}
        ${button({ label: _('Change your password'), onclick: openOwnPassword })}
        ${button({ label: _('Sign out'), onclick: () => this.signOut() })}</div></details>`;
  }

  async signOut() {
    if (await mayLeave())
      await signOut().catch(toastProblem);
  }

  header() {
    const count = this.unanswered.length;
    const keys = singleKeys() && !isGuarded();
    const hint = (/** @type {string} */ key) => (keys ? html`<kbd aria-hidden="true">${key}</kbd>` : nothing);
    return html`<header class="head"><div class="head-row">
        <a class="brand" href="/">${mark()}<bdi>${nameOf(state.me?.hub_names)}</bdi></a>${this.clocks()}<div class="peers">${this.peers()}</div>
        <span class="grow"></span>
        ${count && may('booking.answer') ? html`<a class="button unanswered" href="/"><span class="count">${count}</span> ${ngettext('unanswered', 'unanswered', count)}</a>` : nothing}
        ${may('booking.write') ? html`<a class="button primary" href="/new" aria-keyshortcuts=${keys ? 'n' : nothing}>${_('New')}${hint('N')}</a>
        <a class="button danger" href="/emergency" aria-keyshortcuts=${keys ? 'e' : nothing}>${_('Emergency')}${hint('E')}</a>` : nothing}
        ${this.menu()}</div>
      <nav class="nav" aria-label=${_('Pages')}>${this.links().map((one) => html`<a href=${one.href}
        aria-current=${one.page === this.at.page || (one.page === 'day' && dayPages.has(this.at.page)) ? 'page' : nothing}>${one.text}${one.page === 'day' && count && may('booking.answer') ? html` <span class="badge">${count}<span class="unseen"> ${ngettext('unanswered', 'unanswered', count)}</span></span>` : nothing}</a>`)}</nav></header>`;
  }

  /** What is wrong between this page and its hub. */
  banner() {
    if (live.state === 'away')
      return html`<div class="banner bad" role="status"><i class="spinner" aria-hidden="true"></i><p><b>${_('The hub is away.')}</b> ${
        _('What you see is as of %s. Sessions that run go on; this page reconnects by itself.', dayAndClock(live.heard))}</p></div>`;
    if (live.state === 'polling')
      return html`<div class="banner" role="status"><p>${_('Live updates are refused here; this page asks every 10 seconds.')}</p></div>`;
    if (this.ahead.problem && !this.ahead.problem.away)
      return html`<div class="banner bad" role="status"><p>${this.ahead.problem.message}</p></div>`;
    if (this.ahead.problem)
      return html`<div class="banner bad" role="status"><p>${_('The database is away: nothing can be changed until it is back. What you see is as of %s.', dayAndClock(live.heard))}</p></div>`;
    const running = this.ahead.value?.bookings.filter((booking) => isRunning(phase(booking, hubNow()))) ?? [];
    const down = this.ahead.value?.hubs.filter((hub) => !hub.own && hub.state === 'down') ?? [];
    if (down.length)
      return html`<div class="banner" role="status"><p><b>${_('No link to %s.', listOf(down.map((hub) => nameOf(hub.names))))}</b> ${
        running.length ? _('Running sessions go on by their own paths. Requests are sent when it is back.') : _('Requests are kept and sent when it is back.')}</p></div>`;
    const plugins = (this.parked.value ?? []).map((one) => _(one.name));
    if (plugins.length)
      return html`<div class="banner" role="status"><p><b>${_('Messages of other hospitals wait for a plugin that is away: %s.', listOf(plugins))}</b> <a href="/system">${_('System')}</a></p></div>`;
    return nothing;
  }

  page() {
    if (this.fault)
      return html`<h1 class="unseen">${this.title_()}</h1>${failedState(this.fault, () => location.reload())}`;
    if (dayPages.has(this.at.page))
      return this.loaded.has('day') ? html`<karez-day .route=${this.at} .ahead=${this.ahead.value ?? null}></karez-day>` : loadingState(9);
    if (this.own && this.own.path === this.at.page)
      return Object.assign(this.own.element, { route: this.at });
    const page = pages[this.at.page];
    if (!page && pluginPages().some((one) => one.path === this.at.page) && !this.loaded.has(this.at.page))
      return loadingState(9);
    if (!page || (this.at.page === 'gallery' && this.loaded.has('gallery') && !customElements.get('karez-gallery')))
      return html`<div class="empty"><h1 class="empty-title">${_('There is no such page.')}</h1><a class="button" href="/">${_('To the day board')}</a></div>`;
    return this.loaded.has(this.at.page) ? page.draw(this.at) : loadingState(9);
  }

  /** On a phone the navigation is wider than the page: where one is must be in it. */
  updated() {
    this.tellAsked();
    if (this.told === this.at.page)
      return;
    const here = this.querySelector('.nav [aria-current]');
    if (here)
      this.told = this.at.page;
    here?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }

  render() {
    if (!state.me)
      return this.loaded.has('sign-in') ? html`<karez-sign-in></karez-sign-in>` : loadingState(4);
    if (state.me.new_password_needed)
      return html`<karez-own-password ?first=${true}></karez-own-password>`;
    return html`<a class="skip" href="#main" @click=${(/** @type {Event} */ event) => { event.preventDefault(); this.querySelector('main')?.focus(); }}>${_('To the content')}</a>
      ${this.alarm()}${this.header()}${clockNote()}${this.banner()}<main id="main" tabindex="-1">${this.page()}</main>
      ${may('booking.write') ? html`<nav class="thumb" aria-label=${_('Quick')}><a class="button primary" href="/new">${_('New')}</a><a class="button danger" href="/emergency">${_('Emergency')}</a></nav>` : nothing}`;
  }
}
customElements.define('karez-app', App);

async function main() {
  const root = /** @type {HTMLElement} */ (document.querySelector('#desk'));
  guardTaps(globalThis);
  startRouter();
  onSignedOut(forget);
  try {
    await begin();
  } catch (error) {
    root.replaceChildren();
    render(html`<main class="door" id="main"><div class="card">${failedState(asProblem(error), () => location.reload())}</div></main>`, root);
    return;
  }
  root.replaceChildren();
  render(html`<karez-app></karez-app><karez-toasts></karez-toasts><karez-confirm></karez-confirm><karez-help></karez-help><karez-own-password id="own-password"></karez-own-password><div id="announced" class="unseen" role="status" aria-live="polite"></div>`, root);
}
main();
