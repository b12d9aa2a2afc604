// SPDX-License-Identifier: LGPL-2.1-or-later
// Full pictures as an expert's page knows of them: asked for, on their way, here, looked at.

/** @typedef {import('./guidance-measure.js').Line} Line */
/** @typedef {'asked' | 'coming' | 'here' | 'failed'} State */
/**
 * `by`: a participant; `wanted`: it is shown here once it is; `lines`: what was measured in it.
 * @typedef {{id: string, by: string, own: boolean, at: number, state: State, wanted: boolean, image: ImageBitmap | null,
 *   known: import('./guidance-measure.js').Known | null, lines: {id: number, line: Line}[]}} Still
 */

/** Until the site's page says something; until the picture is here, in ms. */
export const patience = { asked: 20_000, coming: 120_000 };
/** Others' and one's own that can be opened. */
const shownLast = 3;

/**
 * `fetch` gives null while it is not here; `coming`: it is on its way; `opened`: it is shown; `failed`: it could not be sent,
 * or, where it is late, nothing is heard of it; `refused`: nobody was asked.
 * @typedef {object} Told
 * @property {(id: string) => Promise<ImageBitmap | null>} fetch
 * @property {(still: Still) => void} coming
 * @property {() => void} opened
 * @property {(still: Still, late: boolean) => void} failed
 * @property {(refusal: {rule: string, message: string, accepted: string | null}) => void} refused
 */

/** Tells 'change'. */
export class Stills extends EventTarget {
  /** @param {Told} told */
  constructor(told) {
    super();
    this.told = told;
    /** @type {Map<string, Still>} */
    this.all = new Map();
    /** The one that is looked at. @type {Still | null} */
    this.open = null;
    /** @type {Map<string, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
    /** Ids that are being read, and whether each may have come meanwhile. @type {Map<string, boolean>} */
    this.reading = new Map();
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** This page's own that is waited for. */
  get waiting() {
    return [...this.all.values()].find(({ own, state }) => own && (state === 'asked' || state === 'coming')) ?? null;
  }

  /** Those that can be opened, the newest first. */
  get offered() {
    return [...this.all.values()].filter((one) => one.state === 'here' || (one.state === 'coming' && !one.own)).reverse().slice(0, shownLast);
  }

  /** @param {string} id @param {string} by @param {boolean} own @param {number} at ms */
  add(id, by, own, at) {
    const still = this.all.get(id) ?? { id, by, own, at, state: /** @type {State} */ ('asked'), wanted: own, image: null, known: null, lines: [] };
    this.all.set(id, still);
    this.wait(still, patience.asked);
    this.changed();
    return still;
  }

  /** @param {Still} still @param {number} ms */
  wait(still, ms) {
    clearTimeout(this.timers.get(still.id));
    this.timers.set(still.id, setTimeout(() => this.fail(still, true), ms));
  }

  /** @param {Still} still @param {boolean} late */
  fail(still, late) {
    clearTimeout(this.timers.get(still.id));
    still.state = 'failed';
    this.told.failed(still, late);
    this.changed();
  }

  /** A message of the channel "still". @param {string} text @param {number} at ms */
  take(text, at) {
    const message = JSON.parse(text);
    const still = this.all.get(message.id);
    if (message.type === 'asked' && !still)
      this.add(message.id, message.by ?? '', false, at);
    else if (message.type === 'coming' && still?.state === 'asked')
      this.come(still);
    else if (message.type === 'failed' && still && still.state !== 'here')
      this.fail(still, false);
    else if (message.type === 'refused') {
      clearTimeout(this.timers.get(message.id));
      this.all.delete(message.id);
      this.told.refused(message);
      this.changed();
    }
  }

  /** @param {Still} still */
  come(still) {
    still.state = 'coming';
    this.wait(still, patience.coming);
    this.told.coming(still);
    this.changed();
    this.look();
  }

  /** It came whole to this hospital. @param {string} id */
  arrived(id) {
    const still = this.all.get(id);
    if (!still || still.state === 'here')
      return;
    clearTimeout(this.timers.get(id));
    still.state = 'here';
    this.changed();
    this.look();
  }

  /** Reads what is wanted and may be here by now: each reading is on record, and one that finds nothing is none. */
  look() {
    for (const still of this.all.values())
      if (still.wanted && !still.image && (still.state === 'coming' || still.state === 'here')) {
        if (this.reading.has(still.id))
          this.reading.set(still.id, true);
        else
          void this.read(still);
      }
  }

  /** @param {Still} still */
  async read(still) {
    this.reading.set(still.id, false);
    const image = await this.told.fetch(still.id).catch(() => null);
    const again = this.reading.get(still.id);
    this.reading.delete(still.id);
    if (!image) {
      if (again)
        this.look();
      return;
    }
    if (this.all.get(still.id) !== still || !still.wanted) {
      image.close();
      return;
    }
    still.image = image;
    clearTimeout(this.timers.get(still.id));
    still.state = 'here';
    this.show(still);
  }

  /** @param {Still} still */
  show(still) {
    // One at a time: each takes up to 48 MB.
    for (const other of this.all.values())
      if (other !== still && other.image) {
        other.image.close();
        other.image = null;
        other.wanted = false;
      }
    this.open = still;
    this.told.opened();
    this.changed();
  }

  /** Somebody wants to see it. @param {Still} still */
  want(still) {
    still.wanted = true;
    if (still.image)
      this.show(still);
    else
      this.look();
    this.changed();
  }

  /** Back to the live picture. */
  shut() {
    this.open = null;
    this.changed();
  }

  /** Nothing is kept of what was seen. */
  forget() {
    for (const timer of this.timers.values())
      clearTimeout(timer);
    for (const { image } of this.all.values())
      image?.close();
    this.timers.clear();
    this.all.clear();
    this.open = null;
  }
}
