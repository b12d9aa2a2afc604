// SPDX-License-Identifier: LGPL-2.1-or-later
// The last half second of a picture, and which of its frames is shown: the newest whose positions
// have come, so that no mark is drawn on a frame that it does not belong to.

/** How long a frame is kept, and how late positions may be before the live picture is shown without them, in ms. */
const kept = 600;
const longestWait = 400;
/** Frames of a camera are 16 ms apart at least, and each side knows to about 1 ms when one was taken. */
const near = 6;
/** Positions of frames that were not seen here are forgotten. */
const mostPositions = 64;

/** @typedef {import('./guidance-positions.js').Position} Position */
/** @typedef {import('./guidance-positions.js').Positions} Positions */
/**
 * A frame that was kept. @template T
 * @typedef {{image: T, capture: number}} Frame
 */
/**
 * What is shown: `positions` by the marks' numbers, null where none belong to the frame; `waits`: there are marks, and
 * their positions are late. @template T
 * @typedef {{frame: Frame<T>, positions: Map<number, Position> | null, waits: boolean}} Shown
 */

/** @template T an image, which is used again for a later frame */
export class Frames {
  /** @param {() => T} make a new image */
  constructor(make) {
    this.make = make;
    /** In the order in which they were taken. @type {Frame<T>[]} */
    this.frames = [];
    /** @type {T[]} */
    this.spare = [];
    /** By the frame's capture. @type {Map<number, Map<number, Position>>} */
    this.positions = new Map();
  }

  /** Another picture. */
  clear() {
    this.spare.push(...this.frames.map((one) => one.image));
    this.frames = [];
    this.positions.clear();
  }

  /** Keeps a frame. @param {number} capture ms @param {(image: T) => void} draw puts it into an image */
  add(capture, draw) {
    const newest = this.frames.at(-1)?.capture ?? -Infinity;
    if (capture <= newest) {
      if (newest - capture < kept)
        return;
      this.clear(); // another clock
    }
    while (this.frames.length && capture - /** @type {Frame<T>} */ (this.frames[0]).capture > kept)
      this.spare.push(/** @type {Frame<T>} */ (this.frames.shift()).image);
    const image = this.spare.pop() ?? this.make();
    draw(image);
    this.frames.push({ image, capture });
  }

  /** A frame's positions may come in several messages. @param {Positions} positions */
  take({ capture, marks }) {
    const all = this.positions.get(capture) ?? new Map();
    for (const mark of marks)
      all.set(mark.number, mark);
    this.positions.delete(capture);
    this.positions.set(capture, all);
    for (const old of this.positions.keys()) {
      if (this.positions.size <= mostPositions)
        break;
      this.positions.delete(old);
    }
  }

  /** @param {number} capture */
  positionsOf(capture) {
    let found = null;
    let best = near;
    for (const [at, all] of this.positions)
      if (Math.abs(at - capture) < best) {
        best = Math.abs(at - capture);
        found = all;
      }
    return found;
  }

  /** @param {boolean} marked whether there are marks that a tracker follows @returns {Shown<T> | null} null before the first frame */
  choose(marked) {
    const newest = this.frames.at(-1);
    if (!newest)
      return null;
    if (!marked)
      return { frame: newest, positions: null, waits: false };
    for (let i = this.frames.length - 1; i >= 0; i--) {
      const frame = /** @type {Frame<T>} */ (this.frames[i]);
      if (newest.capture - frame.capture > longestWait)
        break;
      const positions = this.positionsOf(frame.capture);
      if (positions)
        return { frame, positions, waits: false };
    }
    return { frame: newest, positions: null, waits: true };
  }
}
