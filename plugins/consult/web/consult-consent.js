// SPDX-License-Identifier: LGPL-2.1-or-later
// The patient's consent: what the worker says of it, who may give and withdraw it, and why nobody is
// seen or heard meanwhile. The worker decides; this is what a page knows of it and asks for.

import { _, KarezElement, Problem, button, confirm, dayAndClock, html, nothing, say } from '@karez/desk';

/** @typedef {{state: 'none' | 'given' | 'withdrawn', basis: string | null, by: string | null, at: string | null}} Consent */

/** @type {Record<string, (by: unknown, at: unknown) => unknown>} */
const given = {
  patient: (by, at) => say(_('Consent: the patient agrees, recorded by %s at %s'), by, at),
  guardian: (by, at) => say(_('Consent: the guardian agrees, recorded by %s at %s'), by, at),
  emergency: (by, at) => say(_('Emergency: begun without waiting for consent, recorded by %s at %s'), by, at),
};

/** Somebody's word in a sentence. @param {Consent} consent given or withdrawn @param {unknown} at the time as it is shown */
export const consentSentence = ({ state, basis, by }, at) => (state === 'given' ? given[basis ?? '']?.(by, at)
  : say(_('Consent was withdrawn, recorded by %s at %s.'), by, at));

/** The worker answers a withdrawal within this, or may not have got it. */
const answerWithin = 2000;

/**
 * Fires `change` when something else is known, `refuse` with the Problem when the hub could not be told
 * (null: what was told before is over), and `shut` when this page is to send no picture and sound.
 */
export class ConsultConsent extends KarezElement {
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
    /** Whether the worker lets people see and hear each other. */
    this.forwarding = false;
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

  /** A `consult.state` of the worker. @param {{consent: Consent, may_consent: boolean, forwarding: boolean}} body */
  hear({ consent, may_consent: may, forwarding }) {
    if (this.consent && (this.consent.state !== consent.state || this.may !== may))
      this.question?.abort();
    Object.assign(this, { consent, may, forwarding });
    // The worker says how it is: it has heard of a withdrawal, or is told again.
    if (consent.state !== 'given')
      this.settle();
    else if (this.withdrawing)
      this.tellWithdrawal();
    this.tell();
  }

  /** The place in the session was lost: what was known may be known no longer. */
  forget() {
    this.consent = null;
    this.question?.abort();
    this.tell();
  }

  /** Why nobody is seen or heard; '' only when people are. @param {boolean} held the session is on hold */
  quiet(held) {
    if (this.consent?.state !== 'given')
      return _('Not seen or heard before consent is on record.');
    if (held)
      return _('On hold: not seen or heard.');
    return this.forwarding && !this.withdrawn ? '' : _('Not seen or heard now.');
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

  /** @param {string} basis */
  agree(basis) {
    const sent = this.send({ type: 'consult.consent', basis });
    // A withdrawal stands as long as nothing follows it.
    if (sent)
      this.settle();
    this.tell();
    this.refuse(sent ? null : new Problem({ status: 0, title: _('It was not recorded: the hub is away. Try again once it is back.') }));
  }

  async hurry() {
    if (await this.ask({
      title: _('Begin without waiting for consent?'), action: _('Begin now'),
      text: _('People see and hear each other at once. “Emergency” is recorded as the basis, with your name and the time. Consent is completed later.'),
    }))
      this.agree('emergency');
  }

  async withdraw() {
    if (await this.ask({
      title: _('Withdraw the consent?'), action: _('Withdraw'),
      text: _('Nobody is seen or heard any more until consent is given again. The withdrawal is recorded with your name and the time.'),
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
    if (this.send({ type: 'consult.withdraw' })) {
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
      return { look: 'consult-bar', said: html`<p><i class="spinner" aria-hidden="true"></i> ${_('Asking whether consent is on record.')}</p>`, acts: nothing };
    const word = consent.state === 'none' ? nothing : consentSentence(consent, dayAndClock(consent.at ?? 0));
    if (consent.state === 'given')
      return {
        look: 'consult-bar given', said: html`<p>${word}</p>`,
        acts: may ? html`<span class="row-end">${consent.basis === 'emergency' ? this.agreeButtons('plain') : nothing}${
          button({ label: _('Withdraw…'), kind: 'quiet', onclick: () => this.withdraw() })}</span>` : nothing,
      };
    const withdrawn = word === nothing ? nothing : html`<p><b>${word}</b></p>`;
    if (!may)
      return { look: 'note warn', said: html`${withdrawn}<p>${say(_('Waiting for the consent to be put on record at %s.'), this.where)}</p>`, acts: nothing };
    return {
      look: 'note warn consult-ask', said: html`${withdrawn}<p>${_('Before anybody is seen or heard, the patient’s consent is put on record.')}</p>`,
      acts: html`<div class="row">${this.agreeButtons('primary')}${button({ label: _('Emergency: begin without waiting…'), kind: 'quiet', onclick: () => this.hurry() })}</div>`,
    };
  }

  /** What is said stands in one element that stays: a screen reader reads what changes in it, and not
   * the buttons. The focus goes there when the button that had it goes. */
  render() {
    const { look, said, acts } = this.shown();
    return html`<div class=${look}><div class="consult-said" role="status" data-item>${said}</div>${acts}</div>
      <div class="consult-withdrawing" role="alert">${this.withdrawing
        ? html`<div class="note bad"><p>${_('The hub is away: the withdrawal is recorded as soon as it is back. Until then your camera and microphone are off.')}</p></div>` : nothing}</div>`;
  }
}

customElements.define('karez-consult-consent', ConsultConsent);
