// SPDX-License-Identifier: LGPL-2.1-or-later
// Which part of a picture is seen, and how large: arithmetic alone. Lengths on the screen are in its
// own pixels, so that at a scale of 1 one pixel of the picture is one of the screen.

/** @typedef {[number, number]} Point */

/** As near as it comes: pixels of the screen for one of the picture. */
const nearest = 16;
/** A page is read so much nearer than it is seen whole. */
const mostOfPage = 3;
/** Two scales that are the same but for their last digits. */
const same = 1e-6;

/** @param {number} at where the picture begins @param {number} shown its length on the screen @param {number} room */
const settled = (at, shown, room) => Math.round(shown <= room ? (room - shown) / 2 : Math.min(0, Math.max(room - shown, at)));

export class View {
  /** @param {{width: number, height: number}} picture */
  constructor({ width, height }) {
    this.width = width;
    this.height = height;
    /** @type {Point} */
    this.room = [1, 1];
    this.scale = 1;
    /** Where the picture's first pixel is. @type {Point} */
    this.corner = [0, 0];
    /** Whether it stays whole when there is more room or less. */
    this.isWhole = true;
    /** Whether it stays as wide as there is room. */
    this.isWide = false;
  }

  /** The scale at which it is seen whole. */
  get whole() {
    return Math.min(this.room[0] / this.width, this.room[1] / this.height);
  }

  /** As far away as it goes. */
  get farthest() {
    return Math.min(1, this.whole);
  }

  get centre() {
    return /** @type {Point} */ ([this.room[0] / 2, this.room[1] / 2]);
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    const middle = this.pointAt(this.centre);
    const top = this.pointAt([0, 0])[1];
    this.room = [Math.max(1, width), Math.max(1, height)];
    if (this.isWhole)
      this.showWhole();
    else if (this.isWide)
      this.showWidth(top);
    else
      this.put(middle, this.centre, this.scale);
  }

  showWhole() {
    this.put([this.width / 2, this.height / 2], this.centre, this.whole);
    this.isWhole = true;
  }

  /** As wide as there is room; a long one not too near to know where one is. @param {number} [top] what is seen first of it */
  showWidth(top = 0) {
    const scale = Math.max(this.whole, Math.min(1, this.room[0] / this.width, this.whole * mostOfPage));
    this.put([this.width / 2, top], [this.room[0] / 2, 0], scale);
    this.isWhole = false;
    this.isWide = true;
  }

  /** @param {number} scale @param {Point} [at] what stays where it is on the screen */
  zoomTo(scale, at = this.centre) {
    this.put(this.pointAt(at), at, scale);
  }

  /** Nobody passes by 100 %. @param {number} factor @param {Point} [at] */
  zoom(factor, at) {
    const next = this.scale * factor;
    const passes = (this.scale < 1 - same && next > 1) || (this.scale > 1 + same && next < 1) || Math.abs(next - 1) < same;
    this.zoomTo(passes ? 1 : next, at);
  }

  /** Puts a point of the picture to a place on the screen. @param {Point} point @param {Point} at @param {number} scale */
  put([x, y], at, scale) {
    this.scale = Math.min(nearest, Math.max(this.farthest, Number.isFinite(scale) ? scale : 1));
    this.corner = [at[0] - x * this.scale, at[1] - y * this.scale];
    this.isWhole = Math.abs(this.scale - this.whole) < same;
    this.isWide = false;
    this.settle();
  }

  /** @param {number} x @param {number} y how far the picture goes on the screen */
  pan(x, y) {
    this.corner = [this.corner[0] + x, this.corner[1] + y];
    this.settle();
  }

  settle() {
    this.corner = [settled(this.corner[0], this.width * this.scale, this.room[0]), settled(this.corner[1], this.height * this.scale, this.room[1])];
  }

  /** Where a point of the picture is on the screen. @param {Point} point @returns {Point} */
  placeOf([x, y]) {
    return [this.corner[0] + x * this.scale, this.corner[1] + y * this.scale];
  }

  /** What of the picture is at a place on the screen, maybe beyond its edge. @param {Point} at @returns {Point} */
  pointAt([x, y]) {
    return [(x - this.corner[0]) / this.scale, (y - this.corner[1]) / this.scale];
  }

  /** Goes on until a point is seen. @param {Point} point @param {number} margin on the screen */
  reveal(point, margin) {
    const [x, y] = this.placeOf(point);
    const off = (/** @type {number} */ at, /** @type {number} */ room) => (at < margin ? margin - at : at > room - margin ? room - margin - at : 0);
    this.pan(off(x, this.room[0]), off(y, this.room[1]));
  }
}
