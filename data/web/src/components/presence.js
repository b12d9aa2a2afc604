// SPDX-License-Identifier: LGPL-2.1-or-later
// Being in a live session from this page: joining, leaving, and coming back by itself after the
// hub or the connection was away. The hub keeps a participant for a while; this page first asks for
// its own place again, and joins anew only when that is gone.

import { api, newId } from '../api.js';
import { live } from '../live.js';

const firstDelay = 200;
const lastDelay = 2000;
const answerWithin = 2000;

/** Where a page that is loaded again finds out that it was in. @param {string} session */
const memory = (session) => `karez.joined.${session}`;

/** Whether it was refused because the person is in by another window. @param {any} error */
export const isElsewhere = (error) => error?.rule === 'session/elsewhere';

/** Fires "change", and "message" with what the worker sent. */
export class Presence extends EventTarget {
  /** @type {(() => void)[]} */
  #off = [];
  #delay = firstDelay;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #turn = 0;
  /** The place that this page had before, and takes again without a question. */
  #former = '';

  /** out, joining, in or returning */
  state = 'out';
  /** The participant's id: while in, and while its place may still be there. */
  participant = '';
  role = '';
  /** The role in which this page was in until another window of the same person took its place. */
  replaced = '';
  /** Why it did not work last. @type {unknown} */
  problem;

  /** @param {string} session */
  constructor(session) {
    super();
    this.session = session;
    const [role = '', participant = ''] = (sessionStorage.getItem(memory(session)) ?? '').split(' ');
    this.role = role;
    this.participant = participant;
  }

  /** Whether this page was in before it was loaded again. */
  get remembers() {
    return this.state === 'out' && this.role !== '';
  }

  listen() {
    this.#off = [
      live.on('hello', () => this.again()),
      live.on('state', (state) => {
        if (state !== 'up' && this.state === 'in')
          this.#set('returning');
      }),
      live.on('session', (frame) => this.#heard(frame)),
      live.on('replaced', (frame) => {
        if (frame.session === this.session && frame.participant === this.participant)
          this.#giveUp();
      }),
      // An invitation was taken back: the page says so by itself.
      live.on('removed', (frame) => {
        if (frame.session === this.session && frame.participant === this.participant)
          this.end();
      }),
      live.on('message', (frame) => {
        this.#heard(frame);
        if (frame.session === this.session && this.state === 'in')
          this.#delay = firstDelay;
        if (frame.session === this.session)
          this.dispatchEvent(new CustomEvent('message', { detail: frame.body }));
      }),
      live.on('problem', (frame) => {
        if (frame.session === this.session)
          this.#refused(frame.problem?.rule ?? '');
      }),
    ];
  }

  silence() {
    for (const off of this.#off)
      off();
    clearTimeout(this.#retry);
    this.#turn++;
  }

  /** @param {string} state */
  #set(state) {
    if (state !== 'returning')
      clearTimeout(this.#retry);
    this.state = state;
    this.dispatchEvent(new Event('change'));
  }

  /** The hub speaks to this page about the session: its place is there. @param {import('../live.js').Frame} frame */
  #heard(frame) {
    if (frame.session === this.session && this.state === 'returning' && this.participant && live.state === 'up') {
      this.#delay = firstDelay;
      this.#set('in');
    }
  }

  /** @param {string} rule */
  #refused(rule) {
    if (this.state !== 'in' && this.state !== 'returning')
      return;
    if (rule === 'session/participant') {
      // Its place is gone: it asks for another one, each time later, so that a hub that lets nobody stay is not worn out.
      if (this.participant) {
        this.#former = this.participant;
        this.participant = '';
        this.#later();
      }
    } else if (rule === 'session/unknown')
      this.#later(); // the hub has just started and does not know its sessions yet
  }

  #later() {
    this.#set('returning');
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.again(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, lastDelay);
  }

  /** Another window has the place: two of them would take it from each other for ever. */
  #giveUp() {
    this.replaced = this.role;
    this.end();
  }

  /** @param {string} role @param {boolean} [replace] takes the place from another window */
  async join(role, replace = false) {
    this.role = role;
    this.#delay = firstDelay;
    await this.#enter('joining', replace);
  }

  /** @param {string} as @param {boolean} [replace] */
  async #enter(as, replace = false) {
    const turn = ++this.#turn;
    // The request's id becomes the participant's, so that an answer that was lost is none the less known.
    const participant = newId();
    this.#former = this.participant || this.#former;
    this.participant = '';
    this.#set(as);
    // Whoever presses a button while the page is coming is let in as soon as the hub can be spoken to.
    await live.connected(answerWithin);
    if (turn !== this.#turn)
      return;
    try {
      await api.post(`/sessions/${this.session}/join`, { role: this.role, replace, ...(this.#former ? { former: this.#former } : {}) }, { key: participant });
      if (turn !== this.#turn)
        return;
      this.participant = participant;
      this.#former = '';
      if (!live.send({ type: 'join', session: this.session, participant }))
        throw new Error('the live connection is away');
      sessionStorage.setItem(memory(this.session), `${this.role} ${participant}`);
      this.problem = undefined;
      this.replaced = '';
      this.#set('in');
    } catch (error) {
      if (turn !== this.#turn)
        return;
      this.problem = error;
      if (as === 'joining') {
        // The hub may have given the place all the same: it is this page's when it asks again.
        this.#former = this.participant || this.#former;
        this.participant = '';
        this.role = '';
        this.#set('out');
        throw error;
      }
      if (isElsewhere(error))
        this.#giveUp();
      else
        this.#later();
    }
  }

  /** Comes back: to its own place if it is there, else anew with the same role. */
  again() {
    if (!this.role || this.state === 'joining' || (this.state === 'out' && !this.remembers))
      return;
    if (!this.participant) {
      this.#enter('returning');
      return;
    }
    this.#turn++;
    this.#set('returning');
    clearTimeout(this.#retry);
    // Not heard from: the hub may not know this page's participant, or not answer.
    this.#retry = setTimeout(() => this.#enter('returning'), answerWithin);
    live.send({ type: 'join', session: this.session, participant: this.participant });
  }

  /** @param {Record<string, unknown>} body */
  send(body) {
    return this.state === 'in' && live.send({ type: 'message', session: this.session, body });
  }

  /** The session is over: nobody is in it any more. */
  end() {
    this.#turn++;
    clearTimeout(this.#retry);
    sessionStorage.removeItem(memory(this.session));
    this.role = '';
    this.participant = '';
    if (this.state !== 'out')
      this.#set('out');
  }

  async leave() {
    const { participant } = this;
    live.send({ type: 'leave', session: this.session });
    this.end();
    if (participant)
      await api.post(`/sessions/${this.session}/leave`, { participant });
  }
}
