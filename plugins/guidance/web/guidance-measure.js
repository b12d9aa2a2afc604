// SPDX-License-Identifier: LGPL-2.1-or-later
// Lengths in a picture by something in it whose size is known; in the plane of that thing alone.

/** In pixels of the picture. @typedef {[number, number]} Point */
/** @typedef {{from: Point, to: Point}} Line */
/** What a picture is measured by. @typedef {{line: Line, mm: number}} Known */

/** A shorter line was a touch by mistake, and a known one would say nothing, in pixels of the picture. */
export const leastLine = 4;
/** Of what is known, in mm. */
export const sizes = { least: 0.1, most: 10_000 };

/** @param {number} at @param {number} most */
const inside = (at, most) => (Number.isFinite(at) ? Math.min(most, Math.max(0, at)) : 0);

/** The point of the picture that is nearest. @param {Point} point @param {{width: number, height: number}} picture @returns {Point} */
export const clip = ([x, y], { width, height }) => [inside(x, width), inside(y, height)];

/** @param {Line} line */
export const lengthOf = ({ from: [x0, y0], to: [x1, y1] }) => Math.hypot(x1 - x0, y1 - y0);

/** Whether it is long enough to say something. @param {Line} line */
export const isLine = (line) => lengthOf(line) >= leastLine;

/** A length as it is typed, in mm, with a point or a comma. @param {string} text @returns {number | null} null for what is none */
export function readSize(text) {
  const plain = text.trim().replace(',', '.');
  const mm = /^\d{1,5}(\.\d{1,3})?$/.test(plain) ? Number(plain) : 0;
  return mm >= sizes.least && mm <= sizes.most ? mm : null;
}

/** How long it is, in mm. @param {Line} line @param {Known | null} known @returns {number | null} null where nothing is known to measure by */
export function millimetres(line, known) {
  if (!known || !isLine(known.line))
    return null;
  const mm = (lengthOf(line) / lengthOf(known.line)) * known.mm;
  return Number.isFinite(mm) ? mm : null;
}

/** Places after the point that are said of a length. @param {number} mm */
export const placesOf = (mm) => (mm < 99.95 ? 1 : 0);
