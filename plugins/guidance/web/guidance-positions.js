// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the marks are on one frame, as guidance-positions.h packs it: little endian, a head of 16
// bytes and 48 for each mark.

const version = 1;
const head = 16;
const each = 48;
const micro = 1000n;

/**
 * Of one mark: `matrix` goes from the frame that it was drawn on to this one, row by row, both in
 * parts of the width and height.
 * @typedef {{number: number, shown: boolean, confidence: number, x: number, y: number, matrix: number[]}} Position
 */
/** `capture`: when the frame was taken, in ms since 1900 by its sender's clock; 0 where that is not known.
 * @typedef {{capture: number, rtpTime: number, marks: Position[]}} Positions */

/** @param {DataView} view @param {number} at @returns {Position} */
function readPosition(view, at) {
  const float = (/** @type {number} */ n) => view.getFloat32(at + n, true);
  return {
    number: view.getUint32(at, true), shown: view.getUint8(at + 4) === 1, confidence: view.getUint8(at + 5) / 255,
    x: float(8), y: float(12), matrix: [...Array.from({ length: 8 }, (_one, i) => float(16 + 4 * i)), 1],
  };
}

/** @param {unknown} message @returns {Positions | null} null for what is none */
export function readPositions(message) {
  if (!(message instanceof ArrayBuffer) || message.byteLength < head)
    return null;
  const view = new DataView(message);
  const n = view.getUint8(1);
  if (view.getUint8(0) !== version || message.byteLength !== head + n * each)
    return null;
  const capture = view.getBigInt64(8, true);
  return {
    // Microseconds of 2026 do not fit into a double's whole numbers.
    capture: Number(capture / micro) + Number(capture % micro) / 1000,
    rtpTime: view.getUint32(4, true),
    marks: Array.from({ length: n }, (_one, i) => readPosition(view, head + i * each)),
  };
}

/** Where a point of the drawn frame is on this one. @param {number[]} matrix @param {readonly [number, number]} point
 * @returns {[number, number]} */
export function mapPoint(matrix, [x, y]) {
  const [a = 1, b = 0, c = 0, d = 0, e = 1, f = 0, g = 0, h = 0, i = 1] = matrix;
  const w = g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}
