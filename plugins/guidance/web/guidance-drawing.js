// SPDX-License-Identifier: LGPL-2.1-or-later
// How a mark looks, on a canvas with the size of the frame.

import { mapPoint } from './guidance-positions.js';

/** What is drawn of a mark. @typedef {Pick<import('./guidance-marks.js').Mark, 'tool' | 'points' | 'text'>} Mark */
/** @typedef {CanvasRenderingContext2D} Context */
/**
 * How it is drawn: `matrix` from the frame that it was drawn on, `unit`: pixels of the canvas that are one
 * of the screen, `faded`: it is lost, and stands where it was.
 * @typedef {{matrix: number[], colour: string, unit: number, faded?: boolean, label?: string}} Look
 */

export const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const edge = 'rgb(0 0 0 / 75%)';
const grey = '#b9c0c5';
const around = 32;

/** Points around a circle, on the frame that it was drawn on: the camera may turn it into an ellipse.
 * @param {Mark} mark @param {number} aspect width by height */
function rim({ points: [centre = [0, 0], through = [0, 0]] }, aspect) {
  const [x, y] = centre;
  const radius = Math.hypot((through[0] - x) * aspect, through[1] - y);
  return Array.from({ length: around + 1 }, (_one, i) => {
    const turn = (i / around) * 2 * Math.PI;
    return /** @type {[number, number]} */ ([x + (radius * Math.cos(turn)) / aspect, y + radius * Math.sin(turn)]);
  });
}

/** @param {[number, number]} from @param {[number, number]} to @param {number} size of the head */
function arrowHead([x0, y0], [x1, y1], size) {
  const turn = Math.atan2(y1 - y0, x1 - x0);
  return [-2.6, 2.6].map((one) => /** @type {[number, number]} */ ([x1 + size * Math.cos(turn + one), y1 + size * Math.sin(turn + one)]));
}

/** @param {Context} context @param {[number, number][]} points in pixels */
function path(context, points) {
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
}

/** A dark edge first: it is seen on snow and on blood. @param {Context} context @param {Look} look @param {() => void} line */
export function stroke(context, { colour, unit, faded }, line) {
  context.lineCap = context.lineJoin = 'round';
  context.setLineDash(faded ? [4 * unit, 7 * unit] : []);
  for (const [style, width] of /** @type {const} */ ([[edge, 8], [faded ? grey : colour, 4]])) {
    context.strokeStyle = style;
    context.lineWidth = width * unit;
    context.beginPath();
    line();
    context.stroke();
  }
  context.setLineDash([]);
}

/** @param {Context} context @param {string} text @param {[number, number]} at @param {Look} look @param {number} size */
export function write(context, text, [x, y], { colour, unit, faded }, size) {
  context.font = `600 ${size * unit}px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.strokeStyle = edge;
  context.lineWidth = 5 * unit;
  context.strokeText(text, x, y);
  context.fillStyle = faded ? grey : colour;
  context.fillText(text, x, y);
}

/** @param {Context} context @param {Mark} mark @param {Look} look */
export function drawMark(context, mark, look) {
  const { width, height } = context.canvas;
  const place = (/** @type {[number, number]} */ point) => {
    const [x, y] = mapPoint(look.matrix, point);
    return /** @type {[number, number]} */ ([x * width, y * height]);
  };
  const points = (mark.tool === 'circle' ? rim(mark, width / height) : mark.points).map(place);
  const [first = [0, 0]] = points;
  const last = points.at(-1) ?? first;
  if (!points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)))
    return;
  context.globalAlpha = look.faded ? 0.75 : 1;
  if (mark.tool === 'text') {
    stroke(context, look, () => context.arc(first[0], first[1], 3 * look.unit, 0, 2 * Math.PI));
    write(context, mark.text, [first[0] + 12 * look.unit, first[1]], look, 20);
  } else
    stroke(context, look, () => {
      path(context, points);
      if (mark.tool === 'arrow')
        for (const end of arrowHead(first, last, 18 * look.unit))
          path(context, [end, last]);
    });
  if (look.label)
    write(context, look.label, [last[0] + 12 * look.unit, last[1] + 18 * look.unit], look, 13);
  context.globalAlpha = 1;
}

/** Somebody points there. @param {Context} context @param {[number, number]} at 0 to 1 @param {string} colour @param {number} unit @param {string} name */
export function drawPointer(context, [x, y], colour, unit, name) {
  const at = /** @type {[number, number]} */ ([x * context.canvas.width, y * context.canvas.height]);
  context.beginPath();
  context.arc(at[0], at[1], 9 * unit, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.strokeStyle = edge;
  context.lineWidth = 3 * unit;
  context.fill();
  context.stroke();
  write(context, name, [at[0] + 16 * unit, at[1]], { matrix: identity, colour, unit }, 13);
}
