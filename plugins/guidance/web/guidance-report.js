// SPDX-License-Identifier: LGPL-2.1-or-later
// The report of a guidance: written by a doctor who was in it, signed with the password asked again,
// the same at both hospitals; an amendment is a new version.

import {
  DraftKeeper, KarezElement, Loader, Problem, _, api, button, cleanText, confirm, dayAndClock, draftStanding, emptyState, hubName, html,
  leadToWrong, live, may, newId, nothing, printPaper, say, shown, state, textField, timePair, toast, toastProblem,
} from '@karez/desk';
import { preparePaper, reportPaper } from './guidance-paper.js';
import { kindInWords, listPictures } from './guidance-pictures.js';

/** @typedef {import('@karez/desk').Draft} Draft */
/** @typedef {{id: string, kind: import('./guidance-pictures.js').Kind, caption?: string, taken_at: string}} Picture */
/** @typedef {{id: string, version: number, hub: string, amendment: string | null, course: string, recommendation: string, pictures: Picture[],
 *   signed_by: string, signed_at: string, digest: string}} Version */
/** @typedef {{may_write: boolean, why?: string, over: boolean, draft?: Draft, reports: Version[]}} Reports */

/** What the keeper keeps: the pictures' ids stand in one text, apart from each other by blanks. */
const parts = /** @type {const} */ (['course', 'recommendation', 'pictures']);
const most = 8000;

const ids = (/** @type {string} */ text) => text.split(' ').filter(Boolean);
/** @param {Draft | undefined} draft @returns {Draft | null} */
const fromHub = (draft) => (draft ? { ...draft, pictures: draft.pictures.join(' ') } : null);

export class GuidanceReport extends KarezElement {
  static properties = { session: { attribute: false }, hubs: { attribute: false }, kept: { attribute: false }, consents: { attribute: false }, paper: { state: true }, busy: { state: true }, lacking: { state: true }, pictures: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.session = null;
    /** @type {{id: string, names: Record<string, string>, own: boolean}[]} */
    this.hubs = [];
    /** What was in it. @type {import('./guidance-kept.js').Kept | null} */
    this.kept = null;
    /** @type {import('@karez/desk').Consent[]} */
    this.consents = [];
    /** What is being printed. @type {import('./guidance-paper.js').Paper | null} */
    this.paper = null;
    this.busy = '';
    /** Whether it was to be signed without a course. */
    this.lacking = false;
    /** Those that may be in it; null before somebody looked. @type {Picture[] | null} */
    this.pictures = null;
    /** Who writes here: nobody else's sign-in sends it. */
    this.whose = state.me?.id ?? '';
    this.keeper = new DraftKeeper(parts, (body) => this.put(body), { clean: cleanText, another: 'guidance/revision' });
    this.keeper.addEventListener('change', () => this.requestUpdate());
    /** @type {Loader<Reports>} */
    this.loader = new Loader(this, () => (this.session ? this.read() : null), 'guidance.report').whenSeen();
    /** @type {(() => void)[]} */
    this.off = [];
  }

  connectedCallback() {
    super.connectedCallback();
    const leave = () => this.keeper.leave();
    const ask = (/** @type {Event} */ event) => {
      if (this.keeper.atRisk)
        event.preventDefault();
    };
    addEventListener('pagehide', leave);
    addEventListener('beforeunload', ask);
    this.off = [
      () => removeEventListener('pagehide', leave),
      () => removeEventListener('beforeunload', ask),
      live.on('state', (now) => {
        if (now === 'up' && this.keeper.standing === 'away')
          void this.keeper.flush();
      }),
    ];
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const off of this.off)
      off();
    this.keeper.leave();
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (changed.has('session') && this.session && changed.get('session')?.id !== this.session.id)
      void this.loader.renew();
  }

  get address() {
    return `/x/guidance/sessions/${this.session.id}/report`;
  }

  async read() {
    const { mark } = this.keeper;
    /** @type {Reports} */
    const found = await api.get(this.address);
    this.keeper.take(fromHub(found.draft), mark);
    return found;
  }

  /** @param {{revision: number, [part: string]: any}} body */
  async put(body) {
    if (state.me?.id !== this.whose)
      throw new Problem({ status: 401, title: _('You are not signed in, or no longer'), rule: 'sign-in/none' });
    const kept = await api.put(`${this.address}/draft`, { ...body, pictures: ids(body.pictures) }, { once: true, keepalive: true });
    return kept.pictures ? { ...kept, pictures: kept.pictures.join(' ') } : kept;
  }

  /** After another window wrote. @param {(draft: Draft | null) => unknown} use what is there now */
  async settle(use) {
    try {
      const found = await api.get(this.address);
      this.loader.value = found;
      use(fromHub(found.draft));
      this.requestUpdate();
    } catch (error) {
      toastProblem(error);
    }
  }

  /** @param {string} id */
  hospital = (id) => hubName(this.hubs, id);

  async findPictures() {
    try {
      this.pictures = (await listPictures(this.session.id)).filter((one) => one.state === 'whole');
    } catch (error) {
      toastProblem(error);
    }
  }

  /** @param {string} id @param {boolean} on */
  choose(id, on) {
    const others = ids(this.keeper.words.pictures ?? '').filter((one) => one !== id);
    this.keeper.type({ pictures: [...others, ...on ? [id] : []].join(' ') });
  }

  async sign() {
    const { keeper } = this;
    this.lacking = !keeper.words.course?.trim();
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
    const newest = this.loader.value?.reports[0];
    const id = newId();
    const answer = await confirm({
      title: newest ? _('Sign the amended report?') : _('Sign the report?'),
      text: _('It is kept at both hospitals, with your name, the time and what was in the guidance. A signed report is never changed; it can be amended by a new version.'),
      action: _('Sign'), mild: true, password: true, ...(newest ? { reason: _('Why it is amended'), reasonMax: 1000 } : {}),
      attempt: async ({ password, reason }) => {
        try {
          await api.post(`${this.address}/sign`, { id, revision: keeper.revision, digest: keeper.digest, password, ...(newest ? { amends: newest.id, amendment: reason } : {}) });
        } catch (/** @type {any} */ error) {
          if (error?.rule === 'guidance/revision' || error?.rule === 'guidance/shown')
            keeper.contest();
          throw error;
        }
      },
    });
    if (!answer)
      return;
    keeper.load(null);
    toast(_('The report is signed.'));
    await this.loader.reload();
  }

  async discard() {
    if (!await confirm({ title: _('Discard the draft?'), text: _('What you wrote is removed. What is signed stays as it is.'), action: _('Discard') }))
      return;
    this.busy = 'discard';
    try {
      await this.keeper.stop();
      await api.delete(`${this.address}/draft`);
      this.keeper.load(null);
      await this.loader.reload();
    } catch (error) {
      toastProblem(error);
    }
    this.busy = '';
  }

  /** @param {Version} newest */
  amend(newest) {
    this.keeper.begin({ ...newest, pictures: newest.pictures.map((one) => one.id).join(' ') });
    this.requestUpdate();
  }

  /** @param {Version} version */
  async print(version) {
    this.busy = `print ${version.id}`;
    try {
      this.paper = await preparePaper(this.session.id, version, this.kept, this.consents);
      await printPaper(this, () => { this.paper = null; });
    } catch (error) {
      toastProblem(error);
    }
    this.busy = '';
  }

  /** Which pictures are in it. */
  choice() {
    if (!may('guidance.picture.read'))
      return nothing;
    const chosen = ids(this.keeper.words.pictures ?? '');
    return html`<fieldset class="guidance-choice"><legend>${_('Pictures')}</legend>${this.pictures === null
      ? html`${chosen.length ? html`<p>${_('%s chosen', chosen.length)}</p>` : nothing}${button({ label: _('Choose pictures…'), onclick: () => void this.findPictures() })}`
      : this.pictures.length ? this.pictures.map((one) => html`<label class="check"><input type="checkbox" .checked=${chosen.includes(one.id)}
        @change=${(/** @type {Event} */ event) => this.choose(one.id, /** @type {HTMLInputElement} */ (event.target).checked)}><span>${
        kindInWords(one)}, ${dayAndClock(one.taken_at)}</span></label>`) : html`<p>${_('No picture was kept.')}</p>`}</fieldset>`;
  }

  /** @param {Reports} found */
  form(found) {
    const { keeper } = this;
    /** @param {'course' | 'recommendation'} name @param {string} label @param {boolean} optional */
    const area = (name, label, optional) => textField({
      id: `guidance-${name}`, label, lines: 4, max: most, wide: true, optional, value: keeper.words[name] ?? '',
      error: !optional && this.lacking && !keeper.words[name]?.trim() ? _('A report says what was seen and done before it is signed.') : undefined,
      oninput: (value) => keeper.type({ [name]: value }),
    });
    return html`<form class="guidance-form" novalidate @submit=${(/** @type {Event} */ event) => { event.preventDefault(); void this.sign(); }} @focusout=${() => void keeper.flush()}>
      ${found.reports[0] ? html`<p><b>${_('Version %s, not signed', found.reports[0].version + 1)}</b></p>` : nothing}
      ${area('course', _('What was seen and done'), false)}${area('recommendation', _('What is to follow'), true)}${this.choice()}
      ${draftStanding(keeper, (use) => void this.settle(use))}
      <div class="row-end">${keeper.begun ? button({ label: _('Discard draft…'), kind: 'quiet', busy: this.busy === 'discard', onclick: () => void this.discard() }) : nothing}
        ${button({ label: _('Sign…'), kind: 'primary', type: 'submit', busy: this.busy === 'sign', disabled: keeper.standing === 'conflict' || keeper.standing === 'differs' })}</div></form>`;
  }

  /** @param {Version} one */
  signed(one) {
    return html`<article class="guidance-signed" data-version=${one.version}><h3>${_('Signed report, version %s', one.version)}</h3>
      <p>${say(_('Signed by %s, %s'), html`<b>${one.signed_by}</b>`, this.hospital(one.hub))}<br>${timePair(one.signed_at)}</p>
      ${one.amendment ? html`<div class="note calm"><p><b>${_('Why it was amended')}</b></p><p dir="auto">${one.amendment}</p></div>` : nothing}
      <dl>${[[_('What was seen and done'), one.course], [_('What is to follow'), one.recommendation]].map(([name, text]) => (text?.trim()
        ? html`<div><dt>${name}</dt><dd dir="auto">${text}</dd></div>` : nothing))}
      ${one.pictures.length ? html`<div><dt>${_('Pictures')}</dt><dd>${one.pictures.map((picture) => html`<bdi>${kindInWords(picture)}</bdi>, ${dayAndClock(picture.taken_at)} `)}</dd></div>` : nothing}</dl>
      <div class="row">${button({ label: _('Print'), name: _('Print version %s', one.version), busy: this.busy === `print ${one.id}`, onclick: () => void this.print(one) })}</div></article>`;
  }

  /** @param {Reports} found */
  body(found) {
    const { reports, may_write: mayWrite } = found;
    const writes = mayWrite && (!reports.length || this.keeper.begun);
    return html`${writes ? this.form(found) : nothing}${reports.map((one) => this.signed(one))}
      ${!reports.length && !writes ? emptyState({ title: _('No report was signed.'), text: found.why ?? undefined }) : nothing}
      ${mayWrite && reports[0] && !writes ? html`<p>${button({ label: _('Amend…'), onclick: () => this.amend(/** @type {Version} */ (reports[0])) })}</p>` : nothing}`;
  }

  render() {
    return may('guidance.report.read') ? html`${shown(this.loader, (found) => this.body(found), { lines: 4 })}${
      this.paper ? reportPaper(this.paper, this.hospital) : nothing}` : nothing;
  }
}

customElements.define('karez-guidance-report', GuidanceReport);
