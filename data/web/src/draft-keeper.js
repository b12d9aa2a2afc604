// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps a draft while it is typed: soon after the last key, never two at once, the newest words last;
// called kept when the hub answers with the very words; again and again while the hub is away; and
// stops when another window wrote.

/** Its parts by their names. @typedef {Record<string, string>} Words */
/** What is sent: the parts, and the revision that was seen. @typedef {{revision: number, [part: string]: any}} Body */
/** As the hub has it, with its parts. @typedef {{revision: number, saved_at: string, digest?: string, [part: string]: any}} Draft */
/** @typedef {'none' | 'keeping' | 'kept' | 'away' | 'conflict' | 'differs' | 'refused'} Standing */

export const settleMs = 1000;
export const latestMs = 5000;
export const retryMs = 2000;

/** Tells "change" whenever what it says of itself has changed. */
export class DraftKeeper extends EventTarget {
  #parts;
  #put;
  #clean;
  #another;
  /** What the hub has, as far as this page knows. @type {Words} */
  #known;
  /** When the oldest words that are not kept yet were typed; 0: all are kept. */
  #since = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Promise<boolean> | null} */
  #running = null;
  /** Counts what was begun anew, so that an answer of before says nothing. */
  #turn = 0;
  /** What is being sent. @type {Words | null} */
  #under = null;
  /** What may have arrived though nobody answered. @type {Words[]} */
  #lost = [];
  /** What went after one that was on its way, and may be the hub's newest. @type {{revision: number, arrived: boolean, words: Words}[]} */
  #left = [];

  /**
   * @param {readonly string[]} parts
   * @param {(body: Body) => Promise<Partial<Draft>>} put
   * @param {{clean?: (text: string) => string, another: string}} options clean: what a field shows of a text; another: the
   *   rule by which the hub refuses words over those of another window
   */
  constructor(parts, put, { clean = (text) => text, another }) {
    super();
    this.#parts = parts;
    this.#put = put;
    this.#clean = clean;
    this.#another = another;
    this.#known = this.#copy({});
    this.words = this.#copy({});
    /** The revision that this page saw; 0: there is no draft. */
    this.revision = 0;
    /** @type {string | null} */
    this.savedAt = null;
    /** Of the words that the hub kept last: what is signed. @type {string | null} */
    this.digest = null;
    /** @type {Standing} */
    this.standing = 'none';
    /** What was refused. @type {any} */
    this.problem = null;
    /** Whether something is being written, kept or not. */
    this.begun = false;
    /** Moves with each sending's begin and end: what was read across one may be of before it. */
    this.mark = 0;
  }

  /** Whether the hub lacks something that was typed here. */
  get dirty() {
    return !this.#same(this.words, this.#known);
  }

  /** Whether words would be lost with the page, although they go when it is left. */
  get atRisk() {
    return this.standing === 'conflict' || this.standing === 'differs' || (this.dirty && (this.standing === 'away' || this.standing === 'refused'));
  }

  /**
   * What the hub has. Words that are not kept yet stay.
   * @param {Draft | null} draft
   * @param {number} mark what `mark` was when it was asked for
   */
  take(draft, mark) {
    if (mark !== this.mark || this.dirty || this.#running || this.standing === 'conflict' || (draft?.revision ?? 0) === this.revision)
      return;
    this.load(draft);
  }

  /** What the hub has now, in place of what is here. @param {Draft | null} draft */
  load(draft) {
    this.#anew();
    this.#known = draft ? this.#copy(draft) : this.#copy({});
    this.words = this.#cleaned(this.#known);
    this.revision = draft?.revision ?? 0;
    this.savedAt = draft?.saved_at ?? null;
    this.digest = draft?.digest ?? null;
    this.begun = draft !== null;
    this.#stand(draft ? 'kept' : 'none');
    // What cannot be shown as it was kept is kept as it is shown.
    if (this.dirty)
      this.type({});
  }

  /** What is here in place of what another window wrote. @param {Draft | null} draft which that is */
  overwrite(draft) {
    this.#anew();
    this.#known = draft ? this.#copy(draft) : this.#copy({});
    this.revision = draft?.revision ?? 0;
    this.savedAt = draft?.saved_at ?? null;
    this.#stand('keeping');
    return this.flush();
  }

  /** To be changed and then kept: the words of what was signed. @param {{[part: string]: any}} words */
  begin(words) {
    this.load(null);
    this.type(this.#copy(words));
  }

  /** Another window wrote: nothing is sent until somebody decides. */
  contest() {
    this.#anew();
    this.#stand('conflict');
  }

  /** @param {Partial<Words>} changed */
  type(changed) {
    this.words = this.#cleaned({ ...this.words, ...changed });
    this.begun = true;
    if (this.standing === 'conflict')
      return this.#tell();
    this.#since ||= performance.now();
    // While the hub is away the next try takes what was typed until then.
    if (this.standing !== 'away') {
      this.#stand('keeping');
      if (!this.#running)
        this.#plan();
    }
    this.#tell();
  }

  /** Keeps what is not kept yet now, also while the hub seems away. @returns {Promise<boolean>} whether all of it is */
  async flush() {
    clearTimeout(this.#timer);
    while (this.#running)
      await this.#running;
    // What ended may have set the time for the rest, which goes now.
    clearTimeout(this.#timer);
    if (this.standing === 'conflict' || this.standing === 'differs')
      return false;
    return this.dirty ? this.#keep() : true;
  }

  /** Waits for what is under way and sends nothing more, so that the draft can be taken away. */
  async stop() {
    clearTimeout(this.#timer);
    const running = this.#running;
    this.#anew();
    await running;
  }

  /** The page is left: what is not kept yet goes now. `put` must let it go on without the page. */
  leave() {
    if (this.standing === 'conflict' || !this.dirty)
      return;
    if (!this.#running)
      void this.flush();
    else if (this.#under && !this.#same(this.words, this.#under)) {
      // It follows one that is on its way, whose revision is the next one.
      const words = this.#copy(this.words);
      const left = { revision: this.revision + 1, arrived: false, words };
      this.#left.push(left);
      this.#put({ revision: left.revision, ...words }).then(() => { left.arrived = true; }, () => {});
    }
  }

  /** @param {{[part: string]: any}} words @returns {Words} */
  #copy(words) {
    return Object.fromEntries(this.#parts.map((part) => [part, words[part] ?? '']));
  }

  /** @param {Words} a @param {Words} b */
  #same(a, b) {
    return this.#parts.every((part) => a[part] === b[part]);
  }

  /** @param {Partial<Words>} words @returns {Words} */
  #cleaned(words) {
    return Object.fromEntries(this.#parts.map((part) => [part, this.#clean(words[part] ?? '')]));
  }

  #anew() {
    clearTimeout(this.#timer);
    this.#lost = [];
    this.#left = [];
    this.#turn++;
    this.mark++;
    this.#since = 0;
    this.problem = null;
  }

  #plan() {
    clearTimeout(this.#timer);
    const left = this.#since + latestMs - performance.now();
    this.#timer = setTimeout(() => void this.#keep(), Math.max(0, Math.min(settleMs, left)));
  }

  /** @returns {Promise<boolean>} */
  #keep() {
    this.#running ??= this.#send().finally(() => { this.#running = null; this.#onward(); });
    return this.#running;
  }

  /** What was typed while it was sent has its own turn. */
  #onward() {
    if (this.standing === 'keeping' && this.dirty)
      this.#plan();
  }

  async #send() {
    const turn = this.#turn;
    const sent = this.#copy(this.words);
    const { revision } = this;
    const left = this.#left.length;
    this.#since = 0;
    this.mark++;
    if (this.standing !== 'away')
      this.#stand('keeping');
    try {
      this.#under = sent;
      let kept = await this.#ask(revision, sent);
      // A repeated act is not answered with what was kept; the same words again are.
      if (kept[this.#parts[0] ?? ''] === undefined)
        kept = await this.#put({ revision, ...sent });
      if (turn !== this.#turn)
        return false;
      this.#lost = [];
      // What went while this one was on its way comes after it.
      this.#left.splice(0, left);
      this.#known = this.#copy(/** @type {Words} */ (kept));
      this.digest = kept.digest ?? null;
      this.revision = kept.revision ?? revision + 1;
      this.savedAt = kept.saved_at ?? this.savedAt;
      this.problem = null;
      if (!this.#same(this.#known, sent)) {
        this.#stand('differs');
        return false;
      }
      if (this.dirty)
        this.#since ||= performance.now();
      this.#stand(this.dirty ? 'keeping' : 'kept');
      return !this.dirty;
    } catch (error) {
      if (turn === this.#turn)
        this.#fail(/** @type {any} */ (error), sent);
      return false;
    } finally {
      this.#under = null;
      this.mark++;
    }
  }

  /**
   * Words whose answer was lost are no other window's, nor are those that went when the page was
   * left: said again, the hub knows them.
   * @param {number} revision
   * @param {Words} words
   */
  async #ask(revision, words) {
    try {
      return await this.#put({ revision, ...words });
    } catch (/** @type {any} */ error) {
      if (error?.status === 0 || error?.status >= 502)
        this.#lost.push(words);
      if (error?.rule !== this.#another)
        throw error;
      // One of a later revision that is not known to be there could be written over another window's words.
      const left = this.#left.filter((one) => one.revision === revision || one.arrived);
      for (const before of [...this.#lost.map((words) => ({ revision, words })), ...left]) {
        const kept = await this.#again(before.revision, before.words);
        if (kept)
          return this.#put({ revision: kept.revision ?? before.revision + 1, ...words });
      }
      throw error;
    }
  }

  /** @param {number} revision @param {Words} words */
  async #again(revision, words) {
    try {
      return await this.#put({ revision, ...words });
    } catch (/** @type {any} */ error) {
      if (error?.rule !== this.#another)
        throw error;
      return null;
    }
  }

  /** @param {any} error @param {Words} sent what it is about */
  #fail(error, sent) {
    this.#since ||= performance.now();
    if (error?.rule === this.#another) {
      this.#stand('conflict');
    } else if (error?.away || error?.status >= 500 || error?.status === 429) {
      this.#stand('away');
      this.#timer = setTimeout(() => void this.#keep(), retryMs);
    } else if (!this.#same(this.words, sent)) {
      // What was refused is not what is written now, which has its own turn.
      this.#stand('keeping');
    } else {
      this.problem = error;
      this.#stand('refused');
    }
  }

  /** @param {Standing} standing */
  #stand(standing) {
    this.standing = standing;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
