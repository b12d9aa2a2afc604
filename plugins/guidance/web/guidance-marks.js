// SPDX-License-Identifier: LGPL-2.1-or-later
// The marks of a session as a page knows them: what the worker said, and where they were seen last.

/** Where a coordinate of a mark is a whole number of parts of the frame (guidance-marks.h). */
export const parts = 10_000;
export const mostPoints = 128;
export const mostText = 80;
/** A mark that has just been drawn is taken through the frames since its own within this, in ms; it is not lost before. */
const begins = 2000;
/** A mark is spoken of as lost, or as back, when it has been so for this long, in ms. */
const settled = 500;

/** @typedef {'pen' | 'arrow' | 'circle' | 'text'} Tool */
/**
 * @typedef {object} Mark
 * @property {string} id
 * @property {number} number 0 before the worker has taken it
 * @property {Tool} tool
 * @property {[number, number][]} points in parts of the frame that it was drawn on, 0 to 1
 * @property {string} text
 * @property {number} capture when that frame was taken, in ms since 1900
 * @property {string} by the account of who drew it
 * @property {string} name theirs
 * @property {string} hospital theirs
 * @property {'waiting' | 'shown' | 'lost'} state
 * @property {number[] | null} matrix of the frame on which it was shown last
 * @property {string} rule why it stays lost; '' where it may come back
 * @property {number} since when the state began, in ms of performance.now()
 * @property {'waiting' | 'shown' | 'lost'} told the state that was spoken of
 */

/** Colours that are told apart on skin, blood and metal, also by who sees no red or green; each is drawn on a dark edge. */
export const colours = ['#ffd400', '#4dd8ff', '#ff8ad4', '#8dff7a', '#ffffff', '#ffa04d'];

/** @param {Record<string, any>} one as the worker tells it @param {number} now @returns {Mark} */
const readMark = ({ id, number, tool, capture, points, text, by, name, hospital }, now) => ({
  id, number, tool, capture: capture / 1000, points: points.map((/** @type {[number, number]} */ [x, y]) => [x / parts, y / parts]),
  text: text ?? '', by, name, hospital,
  state: 'waiting', matrix: null, rule: '', since: now, told: 'waiting',
});

/**
 * Tells 'change'; 'refuse', a CustomEvent with {id, rule, message, accepted}; and 'told', a CustomEvent with
 * {mark, state}: one is lost or shown again, and has been so for a while.
 */
export class Marks extends EventTarget {
  constructor() {
    super();
    /** In the order in which they were drawn. @type {Map<string, Mark>} */
    this.all = new Map();
    /** Whether a tracker follows them; null before the worker said it. @type {boolean | null} */
    this.tracker = null;
    /** Who drew, in the order in which they did: each has a colour. @type {{name: string, hospital: string}[]} */
    this.authors = [];
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** The place in the session was lost: what was known is said anew. */
  forget() {
    this.all.clear();
    this.tracker = null;
    this.changed();
  }

  /** A message of the channel "marks". @param {string} text @param {number} now */
  take(text, now) {
    const message = JSON.parse(text);
    switch (message.type) {
      case 'begin':
        this.all.clear();
        this.tracker = message.tracker;
        break;
      case 'added':
        this.add(readMark(message.mark, now));
        break;
      case 'removed':
        message.ids.forEach((/** @type {string} */ id) => this.all.delete(id));
        break;
      case 'tracker':
        this.tracker = message.running;
        if (!message.running)
          for (const mark of this.all.values())
            this.become(mark, 'lost', now);
        break;
      case 'unfollowed': {
        const mark = this.all.get(message.id);
        if (mark) {
          this.become(mark, 'lost', now);
          mark.rule = message.rule;
        }
        break;
      }
      case 'refused':
        this.all.delete(message.id);
        this.dispatchEvent(new CustomEvent('refuse', { detail: message }));
        break;
    }
    this.changed();
  }

  /** @param {Mark} mark */
  add(mark) {
    this.all.set(mark.id, mark);
    if (this.authorAt(mark) < 0)
      this.authors.push({ name: mark.name, hospital: mark.hospital });
  }

  /** One of this page's own, until the worker has taken it. @param {Mark} mark */
  expect(mark) {
    this.add(mark);
    this.changed();
  }

  /** @param {Mark} mark @param {Mark['state']} state @param {number} now */
  become(mark, state, now) {
    if (mark.state === state)
      return;
    mark.state = state;
    mark.since = now;
  }

  /** Where they are on the frame that is shown. @param {Map<number, import('./guidance-positions.js').Position> | null} positions @param {number} now */
  place(positions, now) {
    let another = false;
    for (const mark of this.all.values()) {
      const position = positions?.get(mark.number);
      const before = mark.state;
      const begun = mark.state !== 'waiting' || now - mark.since > begins;
      if (position?.shown) {
        this.become(mark, 'shown', now);
        mark.matrix = position.matrix;
      } else if (begun && (position || (mark.state === 'waiting' && mark.number > 0))) {
        // Also one of which nothing is told: its tracker refused it before this page was there.
        this.become(mark, 'lost', now);
      }
      another ||= mark.state !== before;
      if (mark.told !== mark.state && now - mark.since > settled)
        this.tell(mark);
    }
    if (another)
      this.changed();
  }

  /** @param {Mark} mark */
  tell(mark) {
    const first = mark.told === 'waiting' && mark.state === 'shown';
    mark.told = mark.state;
    if (!first)
      this.dispatchEvent(new CustomEvent('told', { detail: { mark, state: mark.state } }));
  }

  /** Whether a tracker is to tell positions. */
  get followed() {
    return this.tracker === true && [...this.all.values()].some((one) => one.number > 0);
  }

  /** @param {string} by */
  own(by) {
    return [...this.all.values()].filter((one) => one.by === by);
  }

  /** A pointer names a participant and a mark an account: what both have is somebody's name and hospital.
   * @param {{name: string, hospital: string}} author @returns {number} -1 for who has not drawn */
  authorAt({ name, hospital }) {
    return this.authors.findIndex((one) => one.name === name && one.hospital === hospital);
  }

  /** @param {{name: string, hospital: string}} author */
  colour(author) {
    const at = this.authorAt(author);
    return /** @type {string} */ (colours[(at < 0 ? this.authors.length : at) % colours.length]);
  }

  get lost() {
    return [...this.all.values()].filter((one) => one.state === 'lost');
  }
}
