// SPDX-License-Identifier: LGPL-2.1-or-later
// Drawing on the scene by pen, mouse, finger or keys. A mark belongs to the frame that was shown when
// it was begun: the picture stands still meanwhile.

import { mostPoints, parts } from './guidance-marks.js';

/** @typedef {import('./guidance-marks.js').Tool} Tool */
/** @typedef {Tool | 'pointer'} Chosen */
/** @typedef {import('./guidance-picture.js').Picture} Picture */
/** @typedef {[number, number]} Point */

/** Points of a stroke that are nearer to each other say nothing, in parts of the width. */
const step = 0.004;
/** A mark that is smaller was a touch by mistake, in parts of the width. */
const least = 0.01;
/** Of the keyboard's crosshair. */
const strides = { large: 0.02, small: 0.004 };
/** A pointer is told of at most so often, in ms: 60 Hz. */
const pointEvery = 16;

/** @param {Point} a @param {Point} b */
const distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);

/** A stroke in at most so many points: the least of them that a straight line would hide goes first.
 * @param {Point[]} points @param {number} [most] @returns {Point[]} */
export function simplify(points, most = mostPoints) {
  const left = [...points];
  const corner = (/** @type {number} */ i) => {
    const [a, b, c] = [left[i - 1], left[i], left[i + 1]].map((one) => /** @type {Point} */ (one));
    return Math.abs((/** @type {Point} */ (b)[0] - /** @type {Point} */ (a)[0]) * (/** @type {Point} */ (c)[1] - /** @type {Point} */ (a)[1])
      - (/** @type {Point} */ (c)[0] - /** @type {Point} */ (a)[0]) * (/** @type {Point} */ (b)[1] - /** @type {Point} */ (a)[1]));
  };
  while (left.length > most) {
    let flattest = 1;
    for (let i = 2; i < left.length - 1; i++)
      if (corner(i) < corner(flattest))
        flattest = i;
    left.splice(flattest, 1);
  }
  return left;
}

/** As the worker takes them. @param {Point[]} points */
export const toParts = (points) => points.map(([x, y]) => [Math.round(x * parts), Math.round(y * parts)]);

/**
 * What is drawn on one picture. Tells 'draw', a CustomEvent with {tool, points, capture}: somebody finished a mark;
 * 'point', a CustomEvent with a point or null; 'old': the frame is too old to draw on.
 */
export class Tools extends EventTarget {
  /** @param {Picture} picture @param {() => {name: string, hospital: string}} author whose colour a mark has that is being drawn */
  constructor(picture, author) {
    super();
    this.picture = picture;
    this.author = author;
    /** @type {Chosen} */
    this.chosen = 'pen';
    /** Nothing can be drawn now. */
    this.disabled = false;
    /** @type {Point[]} */
    this.points = [];
    /** The pointer that draws; -1 for the keyboard; null for none. @type {number | null} */
    this.drawing = null;
    /** Whether the picture stands still for this mark alone. */
    this.own = false;
    this.pointedAt = -Infinity;
    const { canvas } = picture;
    canvas.tabIndex = 0;
    canvas.addEventListener('pointerdown', (event) => this.begin(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.end(event));
    canvas.addEventListener('pointercancel', () => this.cancel());
    canvas.addEventListener('pointerleave', () => this.unpoint());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('blur', () => this.uncross());
  }

  /** @param {Chosen} tool */
  choose(tool) {
    this.cancel();
    this.unpoint();
    this.chosen = tool;
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button !== 0 || this.drawing !== null || this.chosen === 'pointer')
      return;
    this.uncross();
    this.picture.canvas.setPointerCapture(event.pointerId);
    if (this.start(event.pointerId, this.picture.placeOf(event)))
      event.preventDefault();
  }

  /** @param {number} pointer @param {Point} at */
  start(pointer, at) {
    const { picture } = this;
    if (this.disabled || !picture.shown || !picture.timed)
      return false;
    this.own = !picture.frozen;
    picture.freeze();
    this.drawing = pointer;
    this.points = [at];
    this.show();
    return true;
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.chosen === 'pointer')
      this.point(this.picture.placeOf(event));
    else if (this.drawing === event.pointerId)
      for (const one of event.getCoalescedEvents?.() ?? [event])
        this.extend(this.picture.placeOf(one));
  }

  /** @param {Point} at */
  extend(at) {
    if (this.chosen !== 'pen')
      this.points = [/** @type {Point} */ (this.points[0]), at];
    else if (distance(at, /** @type {Point} */ (this.points.at(-1))) > step)
      this.points.push(at);
    this.show();
  }

  show() {
    const { picture } = this;
    const points = this.chosen === 'text' ? this.points.slice(-1) : this.points;
    picture.draft = {
      id: '', number: 0, tool: /** @type {Tool} */ (this.chosen), points, text: '…', capture: 0, by: '', ...this.author(),
      state: 'waiting', matrix: null, rule: '', since: 0, told: 'waiting',
    };
    picture.paint();
  }

  /** @param {PointerEvent} event */
  end(event) {
    if (this.drawing === event.pointerId)
      this.finish();
  }

  finish() {
    const { picture } = this;
    const first = /** @type {Point} */ (this.points[0]);
    const reach = Math.max(0, ...this.points.map((one) => distance(first, one)));
    const capture = picture.frozen?.capture;
    const points = this.chosen === 'text' ? this.points.slice(-1) : simplify(this.points);
    const tool = this.chosen;
    if (capture === undefined || (tool !== 'text' && reach < least)) {
      this.cancel();
      return;
    }
    this.dispatchEvent(new CustomEvent('draw', { detail: { tool, points, capture } }));
    // A text is typed while the picture stands still.
    if (tool === 'text')
      this.drawing = null;
    else
      this.cancel();
  }

  /** What was begun is not drawn. */
  cancel() {
    const { picture } = this;
    this.drawing = null;
    this.points = [];
    picture.draft = null;
    if (this.own)
      picture.thaw();
    this.own = false;
    picture.paint();
  }

  /** @param {Point} at */
  point(at) {
    const now = performance.now();
    if (now - this.pointedAt < pointEvery)
      return;
    this.pointedAt = now;
    this.dispatchEvent(new CustomEvent('point', { detail: at }));
  }

  unpoint() {
    if (this.pointedAt !== -Infinity)
      this.dispatchEvent(new CustomEvent('point', { detail: null }));
    this.pointedAt = -Infinity;
  }

  uncross() {
    if (this.drawing === -1)
      this.cancel();
    this.picture.cross = null;
    this.picture.paint();
  }

  /** A crosshair by the arrow keys; Enter begins and ends. @param {KeyboardEvent} event */
  key(event) {
    const moves = /** @type {Record<string, Point>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(moves || event.key === 'Enter' || event.key === 'Escape'))
      return;
    if (event.key === 'Escape') {
      if (this.drawing !== null || this.picture.cross) {
        event.stopPropagation();
        this.cancel();
        this.uncross();
      }
      return;
    }
    event.preventDefault();
    const at = this.picture.cross ?? [0.5, 0.5];
    const stride = event.shiftKey ? strides.small : strides.large;
    const inside = (/** @type {number} */ one) => Math.min(1, Math.max(0, one));
    this.picture.cross = moves ? [inside(at[0] + moves[0] * stride), inside(at[1] + moves[1] * stride)] : at;
    if (moves) {
      if (this.drawing === -1)
        this.extend(this.picture.cross);
      if (this.chosen === 'pointer')
        this.point(this.picture.cross);
    } else if (this.drawing === -1)
      this.finish();
    else if (this.chosen !== 'pointer' && this.start(-1, this.picture.cross) && this.chosen === 'text')
      this.finish();
    this.picture.paint();
  }
}
