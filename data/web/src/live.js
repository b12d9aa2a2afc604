// SPDX-License-Identifier: LGPL-2.1-or-later
// One WebSocket for the whole page. It resumes after the last event it saw; when the hub is away it
// tries again, from 250 ms to 2 s apart; when sockets are refused it falls back to asking.

import { hasJumped, hubNow, takeTime, ticks } from './time.js';

/** @typedef {import('./types.js').Event} HubEvent */
/** @typedef {{type: string, [member: string]: any}} Frame */

const firstDelay = 250;
const lastDelay = 2000;
const settle = 60; // events of one act come together; one refetch for all of them
const pollEvery = 10_000;
const checkEvery = 1000;
const openWithin = 10_000;
/** The hub says something every 15 s. */
const longestSilence = 40_000;
/** After a sleep, what is asked is answered within this, or the connection is not there any more. */
const answerWithin = 3000;
/** A beat may be so late, and says no more of the time. */
const lateBeat = 2000;
/** Why the hub closes a socket: its sign-in is over, or what may be done by it has changed. */
const signedOut = 4401;
const rightsChanged = 4403;
const refusals = 4; // so many failures with an answering hub mean that sockets are refused

/** What an event's table is about: the things that pages ask to be told of. */
/** @type {Record<string, string[]>} */
const topicsOf = {
  'agenda.booking': ['booking'],
  'agenda.claim': ['booking'],
  'agenda.resource': ['resource'],
  'engine.session': ['session', 'booking'],
  'engine.participant': ['session'],
  'engine.plugin_state': ['plugin'], 'karez.inbox_parked': ['plugin'], 'karez.inbox_dead_letter': ['plugin'],
  'peers.peer': ['peer'],
  'peers.pairing': ['peer'],
  'karez.person': ['person'],
  'karez.patient': ['patient'],
  'karez.organisation': ['person'],
  'web.account': ['person'],
};

export class Live extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {string | null} */
  #cursor = null;
  #delay = firstDelay;
  #failures = 0;
  #wanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #poll;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #check;
  /** When the socket was begun or last heard from, in ticks. */
  #alive = 0;
  /** @type {Set<string>} */
  #pending = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /** connecting, up, away (the hub does not answer) or polling (sockets are refused) */
  state = 'connecting';
  /** When this page last heard from the hub, in ms. */
  heard = hubNow();
  /** When the socket was last asked for the time, in ticks. */
  #asked = 0;
  /** @type {number | null} */
  incarnation = null;

  start() {
    this.#wanted = true;
    this.#connect();
    this.#check = setInterval(this.#look, checkEvery);
    globalThis.addEventListener?.('online', this.#now);
    document.addEventListener('visibilitychange', this.#visible);
  }

  stop() {
    this.#wanted = false;
    clearTimeout(this.#retry);
    clearInterval(this.#check);
    clearInterval(this.#poll);
    this.#poll = undefined;
    globalThis.removeEventListener?.('online', this.#now);
    document.removeEventListener('visibilitychange', this.#visible);
    this.#socket?.close();
    this.#socket = null;
    this.#cursor = null;
    this.#failures = 0;
    this.#setState('connecting');
  }

  /** A connection whose other end is gone may never say so: after a sleep, a lost network, a hub without power. */
  #look = () => {
    const socket = this.#socket;
    if (hasJumped()) {
      this.dispatchEvent(new CustomEvent('clock'));
      this.#askTime();
    }
    if (!socket || ticks() - this.#alive < (socket.readyState === WebSocket.OPEN ? longestSilence : openWithin))
      return;
    this.#socket = null;
    socket.close();
    this.#again();
  };
  /** The hub's clock, by the socket, else by a request. It goes on by itself meanwhile. */
  #askTime() {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) {
      void this.#answers();
      return;
    }
    this.#asked = ticks();
    this.#alive = Math.min(this.#alive, ticks() - longestSilence + answerWithin);
    socket.send(JSON.stringify({ type: 'time' }));
  }
  /** @param {Frame} frame one that says what time it is */
  #takeTime(frame) {
    takeTime(frame.now, this.#asked);
    this.dispatchEvent(new CustomEvent('clock'));
  }
  #now = () => {
    this.#look();
    if (this.#wanted && !this.#socket) {
      clearTimeout(this.#retry);
      this.#delay = firstDelay;
      this.#connect();
    }
  };
  #visible = () => {
    if (document.visibilityState === 'visible')
      this.#now();
  };

  #connect() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    this.#socket = socket;
    this.#alive = ticks();
    socket.onopen = () => {
      this.#alive = this.#asked = ticks();
      socket.send(JSON.stringify({ type: 'hello', since: this.#cursor }));
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket)
        return;
      this.#alive = ticks();
      this.heard = hubNow();
      try {
        this.#receive(JSON.parse(data));
      } catch (error) {
        console.error('a frame that cannot be read', error);
      }
    };
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket)
        return;
      this.#socket = null;
      if (code === signedOut || code === rightsChanged)
        this.dispatchEvent(new CustomEvent('rights'));
      if (this.#wanted)
        this.#again();
    };
  }

  async #again() {
    if (this.state === 'up')
      this.#setState('away');
    this.#retry = setTimeout(() => this.#connect(), this.#delay * (0.8 + Math.random() * 0.4));
    this.#delay = Math.min(this.#delay * 2, lastDelay);
    if (this.state === 'polling')
      return;
    const answers = await this.#answers();
    if (!this.#wanted || this.#socket?.readyState === WebSocket.OPEN)
      return;
    if (!answers) {
      this.#failures = 0;
      this.#setState('away');
    } else if (++this.#failures >= refusals) {
      this.#setState('polling');
      this.#poll ??= setInterval(() => this.#ask(), pollEvery);
      this.#ask();
    }
  }

  async #answers() {
    try {
      const asked = ticks();
      const answer = await fetch('/api/v1/hello', { signal: AbortSignal.timeout(3000), cache: 'no-store' });
      if (answer.ok) {
        takeTime((await answer.json()).now, asked);
        this.heard = hubNow();
        this.dispatchEvent(new CustomEvent('clock'));
      }
      return answer.ok;
    } catch {
      return false;
    }
  }

  async #ask() {
    if (document.visibilityState !== 'visible')
      return;
    if (await this.#answers())
      this.#touch(['everything']);
    else
      this.#setState('away');
  }

  /** @param {Frame} frame */
  #receive(frame) {
    switch (frame.type) {
      case 'hello':
        this.#takeTime(frame);
        this.#welcome(frame);
        break;
      case 'time':
        this.#takeTime(frame);
        break;
      case 'beat':
        // On its way it only gets older; that it differs is looked at by a question.
        if (frame.now && Math.abs(Date.parse(frame.now) - hubNow()) > lateBeat)
          this.#askTime();
        break;
      case 'event':
        this.#cursor = frame.cursor ?? this.#cursor;
        this.#touch(this.#topics(frame.event));
        break;
      case 'removed':
      case 'session':
        this.#touch(['session', 'booking']);
        break;
      case 'peer':
        this.#touch(['peer']);
        break;
    }
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  /** @param {Frame} frame */
  #welcome(frame) {
    const again = this.incarnation !== null;
    this.incarnation = frame.incarnation ?? 0;
    this.#cursor = frame.cursor ?? this.#cursor;
    this.#delay = firstDelay;
    this.#failures = 0;
    clearInterval(this.#poll);
    this.#poll = undefined;
    this.#setState('up');
    // Missed events follow by the cursor; frames that are not events do not, so look again.
    if (again || frame.reset)
      this.#touch(['everything']);
  }

  /** @param {HubEvent} event */
  #topics(event) {
    // That somebody read something changes nothing; who reads again because of it would not end.
    if (!event.table && event.action.endsWith('.read'))
      return ['event'];
    const table = `${event.schema}.${event.table}`;
    // A plugin's own tables are topics by their names.
    const found = topicsOf[table] ?? (event.table ? [table] : []);
    return event.session ? [...found, 'session', 'event'] : [...found, 'event'];
  }

  /** @param {string[]} topics */
  #touch(topics) {
    for (const topic of topics)
      this.#pending.add(topic);
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      const touched = this.#pending;
      this.#pending = new Set();
      this.dispatchEvent(new CustomEvent('touched', { detail: touched }));
    }, settle);
  }

  /** Until there is a connection, or for so many milliseconds. @param {number} within @returns {Promise<void>} */
  connected(within) {
    if (this.state === 'up')
      return Promise.resolve();
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        off();
        done();
      };
      const timer = setTimeout(end, within);
      const off = this.on('state', (state) => {
        if (state === 'up')
          end();
      });
    });
  }

  /** @param {string} state */
  #setState(state) {
    if (state === this.state)
      return;
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: state }));
  }

  /**
   * Sends a frame. FALSE when there is no connection; nothing is kept for later.
   * @param {Frame} frame
   */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN || this.state !== 'up')
      return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Something was done here: what it touched is fetched at once, not when its event returns. @param {...string} topics */
  touch(...topics) {
    this.#touch(topics);
  }

  /**
   * @param {string[]} topics
   * @param {() => void} tell
   * @returns {() => void} stops it
   */
  onTouched(topics, tell) {
    /** @param {any} event */
    const listen = ({ detail }) => {
      if (detail.has('everything') || topics.some((topic) => detail.has(topic)))
        tell();
    };
    this.addEventListener('touched', listen);
    return () => this.removeEventListener('touched', listen);
  }

  /**
   * @param {string} type of frame, or "state"
   * @param {(detail: any) => void} tell
   * @returns {() => void} stops it
   */
  on(type, tell) {
    /** @param {any} event */
    const listen = ({ detail }) => tell(detail);
    this.addEventListener(type, listen);
    return () => this.removeEventListener(type, listen);
  }
}

export const live = new Live();
