// SPDX-License-Identifier: LGPL-2.1-or-later
// A request while it is written: what it says, its files and how far they are. It outlives the
// element that shows it, so that a file goes on arriving on the next page, and undoing a discard
// finds everything again.

import { adviceOf, headBytes, kindOf, nameOf, partsOf, refusalOf } from './consult-file.js';

/** @typedef {import('./consult-file.js').Refusal} Refusal */
/**
 * @typedef {object} Item a file on its way
 * @property {string} id
 * @property {string} key of the act that announces it, the same however often it is asked
 * @property {Blob} file
 * @property {string} name
 * @property {string} media_type
 * @property {number} size
 * @property {number} sent bytes that the hub has
 * @property {'waiting' | 'sending' | 'whole' | 'failed'} state
 * @property {boolean} announced
 * @property {any} problem why it failed
 * @property {AbortController} stop
 */
/**
 * @typedef {object} Hub what is asked of it; each throws a problem
 * @property {(booking: string, body: {partner: string, history: string, question: string, version?: number}) => Promise<unknown>} put
 * @property {(booking: string, item: Item) => Promise<unknown>} announce
 * @property {(item: Item, part: number, bytes: Blob) => Promise<unknown>} part
 * @property {(item: Item) => Promise<unknown>} remove
 * @property {() => string} newId
 */

/** How long it waits before a part is sent again, in ms. */
const pauses = [1000, 3000, 8000];

/** @param {any} problem */
const passes = (problem) => problem?.status === 0 || problem?.status === 429 || problem?.status >= 500;

/** Fires "change". */
export class RequestDraft extends EventTarget {
  history = '';
  question = '';
  partner = '';
  /** What is asked when no question was written: an emergency has at least its title. */
  instead = '';
  /** Files the hub has of it already. */
  there = 0;
  /** Whether files leave as soon as they are chosen: while nobody else has the request. */
  eager = true;
  /** Why files were not taken. @type {{name: string, why: Refusal}[]} */
  refused = [];
  /** @type {Item[]} */
  items = [];
  /** Whether something was typed or chosen. */
  touched = false;
  /** The version at the hub that this one follows; null while nobody else can write it. @type {number | null} */
  seen = null;
  /** Runs while it is discarded and that may be undone; whichever element shows it then.
   * @type {ReturnType<typeof setTimeout> | undefined} */
  leaving = undefined;

  /** What the hub has, as text. */
  #kept = '';
  /** @type {Promise<void> | null} */
  #putting = null;
  /** @type {Promise<void> | null} */
  #running = null;
  #hub;
  #pause;

  /**
   * @param {string} booking
   * @param {Hub} hub
   * @param {(ms: number) => Promise<unknown>} [pause]
   * @param {string} [whose] who writes it
   */
  constructor(booking, hub, pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)), whose = '') {
    super();
    this.booking = booking;
    this.whose = whose;
    this.#hub = hub;
    this.#pause = pause;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** What would be asked now. */
  get asks() {
    return this.question.trim() || this.instead.trim();
  }

  /** Whether it says anything at all. */
  get empty() {
    return !this.question.trim() && !this.history.trim() && this.items.length === 0;
  }

  get busy() {
    return this.items.some((one) => one.state === 'sending');
  }

  /** Whether something would be lost with the page that nobody has discarded. */
  get unsent() {
    return this.leaving === undefined && (this.busy || (this.touched && !this.empty));
  }

  #body() {
    return { partner: this.partner, history: this.history.trim(), question: this.asks };
  }

  /** Whether it says the same. @param {{history: string, question: string}} other */
  says({ history, question }) {
    const body = this.#body();
    return body.history === history && body.question === question;
  }

  /** What the hub has is what is written: nothing is to be sent. */
  settle() {
    this.#kept = JSON.stringify(this.#body());
    this.touched = false;
  }

  /** @param {{history?: string, question?: string}} words */
  write(words) {
    Object.assign(this, words);
    this.touched = true;
    this.#changed();
  }

  /** @param {Iterable<File>} files */
  async add(files) {
    this.refused = [];
    this.touched = true;
    for (const file of files) {
      let why = refusalOf(file, this.there + this.items.length);
      const head = why ? null : new Uint8Array(await file.slice(0, headBytes).arrayBuffer());
      const kind = head && kindOf(file.name, file.type, head);
      if (head && !kind)
        why = adviceOf(file.name, file.type, head);
      if (why) {
        this.refused = [...this.refused, { name: file.name, why }];
        continue;
      }
      this.items = [...this.items, {
        id: this.#hub.newId(), key: this.#hub.newId(), file, name: nameOf(file.name),
        media_type: /** @type {string} */ (kind), size: file.size, sent: 0, state: 'waiting', announced: false, problem: null,
        stop: new AbortController(),
      }];
    }
    this.#changed();
    this.begin();
  }

  /** Files leave if they may: a hub takes none without a question. */
  begin() {
    if (this.eager && this.question.trim() && this.partner)
      this.#run().catch(() => {});
  }

  /** One after the other, until none waits. */
  #run() {
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #sendAll() {
    if (!this.items.some((one) => one.state === 'waiting'))
      return;
    try {
      await this.put();
    } catch (error) {
      for (const item of this.items.filter((one) => one.state === 'waiting'))
        this.#fail(item, error);
      throw error;
    }
    for (;;) {
      const item = this.items.find((one) => one.state === 'waiting');
      if (!item)
        return;
      await this.#send(item);
    }
  }

  /** @param {Item} item @param {any} error */
  #fail(item, error) {
    item.state = 'failed';
    item.problem = error;
    // What the hub gave up is there by name alone, which the new one makes needless.
    if (error?.rule === 'consult/attachment-abandoned')
      this.#hub.remove({ ...item }).catch(() => {});
    // What the hub has looked into and refused is not there any more: it would be another file.
    if (['consult/attachment-type', 'consult/attachment-abandoned'].includes(error?.rule))
      Object.assign(item, { id: this.#hub.newId(), key: this.#hub.newId(), announced: false, sent: 0 });
    this.#changed();
  }

  /** @param {Item} item */
  async #send(item) {
    const { stop } = item;
    item.state = 'sending';
    item.problem = null;
    this.#changed();
    try {
      if (!item.announced) {
        await this.#again(item, () => this.#hub.announce(this.booking, item));
        item.announced = true;
      }
      // What the hub has of it stays there: a second try goes on where the first one ended.
      for (const [part, [from, to]] of partsOf(item.size).entries()) {
        if (to <= item.sent)
          continue;
        await this.#again(item, () => this.#hub.part(item, part, item.file.slice(from, to)));
        item.sent = to;
        this.#changed();
      }
      item.state = 'whole';
      this.#changed();
    } catch (error) {
      // One that goes on after it was stopped has its turn again.
      if (this.items.includes(item) && item.stop === stop)
        this.#fail(item, error);
    }
  }

  /** @param {Item} item @param {() => Promise<unknown>} act */
  async #again(item, act) {
    const { signal } = item.stop;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        return await act();
      } catch (error) {
        if (attempt >= pauses.length || !passes(error) || signal.aborted)
          throw error;
      }
      await this.#pause(pauses[attempt]);
    }
  }

  /** What was stopped may be sent again. @param {Item} item */
  #renew(item) {
    if (item.stop.signal.aborted)
      item.stop = new AbortController();
    item.state = 'waiting';
    item.problem = null;
  }

  /** @param {Item} item that failed */
  async retry(item) {
    this.#renew(item);
    this.#changed();
    await this.#run().catch(() => {});
  }

  /** @param {Item} item */
  async remove(item) {
    this.items = this.items.filter((one) => one !== item);
    item.stop.abort();
    this.#changed();
    if (item.announced)
      await this.#hub.remove(item);
  }

  /** What is written, if the hub does not have it. */
  async put() {
    await this.#putting?.catch(() => {});
    const body = this.#body();
    const text = JSON.stringify(body);
    if (text === this.#kept || !body.question)
      return;
    this.#putting = this.#hub.put(this.booking, this.seen === null ? body : { ...body, version: this.seen }).then((/** @type {any} */ kept) => {
      this.#kept = text;
      if (this.seen !== null)
        this.seen = kept?.version ?? this.seen + 1;
    });
    await this.#putting;
  }

  /**
   * Everything at the hub.
   * @param {{wait: boolean}} how whether files are waited for; those on their way arrive later if not
   */
  async save({ wait }) {
    if (this.empty)
      return;
    await this.put();
    for (const item of this.items.filter((one) => one.state === 'failed'))
      this.#renew(item);
    if (!wait) {
      this.#run().catch(() => {});
      return;
    }
    await this.#running?.catch(() => {});
    await this.#run();
    const failed = this.items.find((one) => one.state === 'failed');
    if (failed)
      throw failed.problem;
  }

  /** Nobody wants it any more, unless it is resumed within so many ms. @param {number} within @param {() => void} [forget] */
  discard(within, forget = () => {}) {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => {
      this.leaving = undefined;
      this.abandon();
      forget();
    }, within);
  }

  abandon() {
    for (const item of this.items.filter((one) => one.state !== 'whole')) {
      item.stop.abort();
      item.state = 'failed';
    }
  }

  resume() {
    clearTimeout(this.leaving);
    this.leaving = undefined;
    for (const item of this.items.filter((one) => one.stop.signal.aborted))
      this.#renew(item);
    this.begin();
  }
}
