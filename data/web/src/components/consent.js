// SPDX-License-Identifier: LGPL-2.1-or-later
// The patient's consent in a session: what the worker says of it, who may give and withdraw it, and what waits
// for it meanwhile. The worker decides; this is what a page knows of it and asks for (data/api/live.md).

import { html, nothing } from 'lit';
import { Problem } from '../api.js';
import { N_, _ } from '../i18n.js';
import { dayAndClock } from '../time.js';
import { confirm } from './dialog.js';
import { KarezElement } from './element.js';
import { button, say } from './parts.js';

/** @typedef {{state: 'none' | 'given' | 'withdrawn', basis?: string | null, by?: string | null, at?: string | null}} Consent */
/** @typedef {'media' | 'recording' | 'motion'} Gate what waits for it */

/** @type {Record<string, (by: unknown, at: unknown) => unknown>} */
const given = {
  patient: (by, at) => say(_('Consent: the patient agrees, recorded by %s at %s'), by, at),
  guardian: (by, at) => say(_('Consent: the guardian agrees, recorded by %s at %s'), by, at),
  emergency: (by, at) => say(_('Emergency: begun without waiting for consent, recorded by %s at %s'), by, at),
};

/** Somebody's word in a sentence. @param {Consent} consent given or withdrawn @param {unknown} at the time as it is shown */
export const consentSentence = ({ state, basis, by }, at) => (state === 'given' ? given[basis ?? '']?.(by, at)
  : say(_('Consent was withdrawn, recorded by %s at %s.'), by, at));

/** @type {Record<Gate, string>} */
const before = {
  media: N_('Before anybody is seen or heard, the patient’s consent is put on record.'),
  recording: N_('Before anything is recorded, the patient’s consent is put on record.'),
  motion: N_('Before anything is moved, the patient’s consent is put on record.'),
};
/** @type {Record<Gate, string>} */
const atOnce = {
  media: N_('People see and hear each other at once.'),
  recording: N_('Recording may begin at once.'),
  motion: N_('Movement may begin at once.'),
};
/** @type {Record<Gate, string>} */
const noMore = {
  media: N_('Nobody is seen or heard any more until consent is given again.'),
  recording: N_('Nothing is recorded any more until consent is given again.'),
  motion: N_('Nothing is moved any more until consent is given again.'),
};

/** The worker answers a withdrawal within this, or may not have got it. */
const answerWithin = 2000;

/**
 * `<karez-consent>`. Fires `change` when something else is known, `refuse` with the Problem when the hub
 * could not be told (null: what was told before is over), and `shut` when this page is to close by itself
 * what it can, its camera and microphone: a withdrawal has not reached the worker.
 */
export class ConsentControl extends KarezElement {
  static properties = { where: { attribute: false } };

  constructor() {
    super();
    /** The hospital where it is put on record, in words. */
    this.where = '';
    /** To the worker. @type {(body: Record<string, unknown>) => boolean} */
    this.send = () => false;
    /** The newest word; null as long as the worker has said nothing. @type {Consent | null} */
    this.consent = null;
    /** Whether this page's reader may change it. */
    this.may = false;
    /** Whether the worker lets through what waits for it, as far as the consent goes. */
    this.allowed = false;
    /** @type {Gate[]} */
    this.gates = ['media'];
    /** Somebody here withdrew it, and the worker has not said so yet. */
    this.withdrawn = false;
    /** That did not reach the worker: it is sent again as soon as that is heard from. */
    this.withdrawing = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.late = undefined;
    /** A question about a consent that changes meanwhile is not asked any more. @type {AbortController | null} */
    this.question = null;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.question?.abort();
  }

  /** A message of the worker: whether it was a `consent.state`. @param {Record<string, any>} body */
  take(body) {
    if (body.type !== 'consent.state')
      return false;
    const { consent, may_consent: may, allowed, gates } = body;
    if (this.consent && (this.consent.state !== consent.state || this.may !== may))
      this.question?.abort();
    Object.assign(this, { consent, may, allowed, gates });
    // The worker says how it is: it has heard of a withdrawal, or is told again.
    if (consent.state !== 'given')
      this.settle();
    else if (this.withdrawing)
      this.tellWithdrawal();
    this.tell();
    return true;
  }

  /** The place in the session was lost: what was known may be known no longer. */
  forget() {
    this.consent = null;
    this.question?.abort();
    this.tell();
  }

  /** There is no withdrawal that the worker has still to hear of. */
  settle() {
    clearTimeout(this.late);
    this.withdrawing = this.withdrawn = false;
  }

  tell() {
    this.requestUpdate();
    this.dispatchEvent(new Event('change'));
  }

  /** @param {Problem | null} problem */
  refuse(problem) {
    this.dispatchEvent(new CustomEvent('refuse', { detail: problem }));
  }

  /** @param {Parameters<typeof confirm>[0]} question */
  async ask(question) {
    this.question?.abort();
    const mine = new AbortController();
    this.question = mine;
    const answer = await confirm({ ...question, over: mine.signal });
    return answer !== null && !mine.signal.aborted;
  }

  /** What is said of each gate, and then of all. @param {Record<Gate, string>} words @param {string} last */
  sentences(words, last) {
    return html`${this.gates.map((gate) => html`${_(words[gate])} `)}${last}`;
  }

  /** @param {string} basis */
  agree(basis) {
    const sent = this.send({ type: 'consent.give', basis });
    // A withdrawal stands as long as nothing follows it.
    if (sent)
      this.settle();
    this.tell();
    this.refuse(sent ? null : new Problem({ status: 0, title: _('It was not recorded: the hub is away. Try again once it is back.') }));
  }

  async hurry() {
    if (await this.ask({
      title: _('Begin without waiting for consent?'), action: _('Begin now'),
      text: this.sentences(atOnce, _('“Emergency” is recorded as the basis, with your name and the time. Consent is completed later.')),
    }))
      this.agree('emergency');
  }

  async withdraw() {
    if (await this.ask({
      title: _('Withdraw the consent?'), action: _('Withdraw'),
      text: this.sentences(noMore, _('The withdrawal is recorded with your name and the time.')),
    })) {
      this.withdrawn = true;
      this.tellWithdrawal();
      this.tell();
    }
  }

  /** What is sent into a connection whose other end is gone is lost, and nobody says so. */
  tellWithdrawal() {
    clearTimeout(this.late);
    this.withdrawing = false;
    if (this.send({ type: 'consent.withdraw' })) {
      this.late = setTimeout(() => this.missed(), answerWithin);
      this.requestUpdate();
    } else
      this.wait();
  }

  /** The worker did not take a message of this page, or says nothing: it may not have the withdrawal. */
  missed() {
    if (this.withdrawn)
      this.wait();
  }

  /** What this page can do by itself until the worker hears of a withdrawal. */
  wait() {
    this.withdrawing = true;
    this.requestUpdate();
    this.dispatchEvent(new Event('shut'));
  }

  /** @param {'primary' | 'plain'} kind */
  agreeButtons(kind) {
    return html`${button({ label: _('The patient agrees'), kind, onclick: () => this.agree('patient') })}
      ${button({ label: _('The guardian agrees'), onclick: () => this.agree('guardian') })}`;
  }

  /** How it is shown, what is said of it, and what may be done. @returns {{look: string, said: unknown, acts: unknown}} */
  shown() {
    const { consent, may } = this;
    if (!consent)
      return { look: 'consent-bar', said: html`<p><i class="spinner" aria-hidden="true"></i> ${_('Asking whether consent is on record.')}</p>`, acts: nothing };
    const word = consent.state === 'none' ? nothing : consentSentence(consent, dayAndClock(consent.at ?? 0));
    if (consent.state === 'given')
      return {
        look: 'consent-bar given', said: html`<p>${word}</p>`,
        acts: may ? html`<span class="row-end">${consent.basis === 'emergency' ? this.agreeButtons('plain') : nothing}${
          button({ label: _('Withdraw…'), kind: 'quiet', onclick: () => this.withdraw() })}</span>` : nothing,
      };
    const withdrawn = word === nothing ? nothing : html`<p><b>${word}</b></p>`;
    if (!may)
      return { look: 'note warn', said: html`${withdrawn}<p>${say(_('Waiting for the consent to be put on record at %s.'), this.where)}</p>`, acts: nothing };
    return {
      look: 'note warn consent-ask', said: html`${withdrawn}${this.gates.map((gate) => html`<p>${_(before[gate])}</p>`)}`,
      acts: html`<div class="row">${this.agreeButtons('primary')}${button({ label: _('Emergency: begin without waiting…'), kind: 'quiet', onclick: () => this.hurry() })}</div>`,
    };
  }

  /** What is said stands in one element that stays: a screen reader reads what changes in it, and not
   * the buttons. The focus goes there when the button that had it goes. */
  render() {
    const { look, said, acts } = this.shown();
    return html`<div class=${look}><div class="consent-said" role="status" data-item>${said}</div>${acts}</div>
      <div class="consent-withdrawing" role="alert">${this.withdrawing
        ? html`<div class="note bad"><p>${this.gates.includes('media')
          ? _('The hub is away: the withdrawal is recorded as soon as it is back. Until then your camera and microphone are off.')
          : _('The hub is away: the withdrawal is recorded as soon as it is back.')}</p></div>` : nothing}</div>`;
  }
}

customElements.define('karez-consent', ConsentControl);
