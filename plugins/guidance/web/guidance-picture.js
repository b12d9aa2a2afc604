// SPDX-License-Identifier: LGPL-2.1-or-later
// The scene as a page shows it: the frame and the marks that belong to that same frame, on one canvas.

import { ownNtp, ticks } from '@karez/desk';
import { drawMark, drawPointer, identity } from './guidance-drawing.js';
import { mapPoint } from './guidance-positions.js';
import { Frames } from './guidance-frames.js';

/** @typedef {import('./guidance-marks.js').Mark} Mark */
/** When a shown frame was taken, in ms since 1900 by its sender's clock; null where that is not known.
 * @typedef {(metadata: VideoFrameCallbackMetadata) => number | null} CaptureOf */
/** @typedef {{image: HTMLCanvasElement, capture: number, positions: Map<number, import('./guidance-positions.js').Position> | null}} Frozen */

/** The frame that is shown, and where the marks are on it, in parts of it. @typedef {{blob: Blob, marks: Mark[]}} Snapshot */

/** Frames are kept in at most this size, in pixels of the longer side. */
const longest = 1280;
/** A pointer that is not heard from any more is gone, in ms. */
const pointerFor = 1000;

/** @param {VideoFrameCallbackMetadata} metadata */
const ownNow = ({ captureTime, presentationTime }) => ownNtp(captureTime ?? presentationTime);

/** Of the page's own camera: by the clock that abs-capture-time is made of. @type {CaptureOf} */
export const ownCapture = ownNow;

/** Tells 'change' when what is said beside it is another: there is a picture, marks wait. */
export class Picture extends EventTarget {
  /** @param {import('./guidance-marks.js').Marks} marks @param {{lost: boolean}} options whether lost marks stand where they were */
  constructor(marks, { lost }) {
    super();
    this.marks = marks;
    this.showsLost = lost;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'guidance-canvas';
    this.canvas.width = this.canvas.height = 0;
    this.video = Object.assign(document.createElement('video'), { muted: true, playsInline: true, autoplay: true });
    /** @type {Frames<HTMLCanvasElement>} */
    this.frames = new Frames(() => document.createElement('canvas'));
    /** @type {MediaStreamTrack | null} */
    this.track = null;
    /** @type {CaptureOf} */
    this.captureOf = ownCapture;
    /** The frame that stands still. @type {Frozen | null} */
    this.frozen = null;
    /** Positions are late, and the live picture is shown without marks. */
    this.waits = false;
    /** Whether there is a picture. */
    this.seen = false;
    /** What was shown last. @type {import('./guidance-frames.js').Shown<HTMLCanvasElement> | null} */
    this.shown = null;
    /** A mark that is being drawn. @type {Mark | null} */
    this.draft = null;
    /** The keyboard's crosshair. @type {[number, number] | null} */
    this.cross = null;
    /** By participant. @type {Map<string, {at: [number, number], name: string, hospital: string, since: number}>} */
    this.pointers = new Map();
    this.painting = 0;
    this.called = 0;
    /** Whether it is known when the frames were taken: without it nothing can be drawn on them. */
    this.timed = false;
  }

  /** Shows a track, or none. @param {MediaStreamTrack | null} track @param {CaptureOf} captureOf */
  attach(track, captureOf) {
    this.captureOf = captureOf;
    if (track === this.track)
      return;
    this.track = track;
    this.frames.clear();
    this.shown = null;
    this.setSeen(false);
    this.video.cancelVideoFrameCallback(this.called);
    this.video.srcObject = track ? new MediaStream([track]) : null;
    if (!track) {
      this.paint();
      return;
    }
    this.video.play().catch(() => {}); // it is muted; a track that has just ended
    this.await();
  }

  /** @param {boolean} seen */
  setSeen(seen) {
    if (seen === this.seen)
      return;
    this.seen = seen;
    this.dispatchEvent(new Event('change'));
  }

  await() {
    this.called = this.video.requestVideoFrameCallback((_now, metadata) => {
      this.take(metadata);
      this.await();
    });
  }

  /** @param {VideoFrameCallbackMetadata} metadata */
  take(metadata) {
    const { width, height } = metadata;
    const capture = this.captureOf(metadata);
    const at = capture ?? ownNow(metadata);
    if (!this.track || !width || !height)
      return;
    const scale = Math.min(1, longest / Math.max(width, height));
    // Without its time it belongs to no mark: it is shown, and marks wait.
    this.frames.add(at, (image) => {
      image.width = Math.round(width * scale);
      image.height = Math.round(height * scale);
      image.getContext('2d')?.drawImage(this.video, 0, 0, image.width, image.height);
    });
    this.timed = capture !== null;
    this.setSeen(true);
    this.paint();
  }

  /** A message of the channel "positions". @param {import('./guidance-positions.js').Positions} positions */
  takePositions(positions) {
    this.frames.take(positions);
    this.paint();
  }

  /** @param {string} participant @param {{at: [number, number] | null, name: string, hospital: string}} pointer */
  point(participant, { at, name, hospital }) {
    if (at)
      this.pointers.set(participant, { at, name, hospital, since: ticks() });
    else
      this.pointers.delete(participant);
    this.paint();
  }

  /** The frame that is shown stands still. */
  freeze() {
    if (this.frozen || !this.shown)
      return;
    const { frame, positions } = this.shown;
    const image = document.createElement('canvas');
    image.width = frame.image.width;
    image.height = frame.image.height;
    image.getContext('2d')?.drawImage(frame.image, 0, 0);
    this.frozen = { image, capture: frame.capture, positions };
    this.paint();
  }

  thaw() {
    this.frozen = null;
    this.paint();
  }

  /** How old the frozen frame is, in ms, by frames that came since; 0 for none. */
  get age() {
    return this.frozen ? (this.frames.frames.at(-1)?.capture ?? this.frozen.capture) - this.frozen.capture : 0;
  }

  /** Soon. */
  paint() {
    this.painting ||= requestAnimationFrame(() => {
      this.painting = 0;
      this.draw();
    });
  }

  draw() {
    const now = ticks();
    const chosen = this.track ? this.frames.choose(this.marks.followed) : null;
    const waits = chosen?.waits ?? false;
    this.shown = chosen;
    if (chosen)
      this.marks.place(chosen.positions, now);
    const frame = this.frozen ?? (chosen && { image: chosen.frame.image, positions: chosen.positions });
    const context = this.canvas.getContext('2d');
    if (!context || !frame) {
      this.canvas.width = this.canvas.height = 0;
      return;
    }
    if (this.canvas.width !== frame.image.width || this.canvas.height !== frame.image.height)
      Object.assign(this.canvas, { width: frame.image.width, height: frame.image.height });
    context.drawImage(frame.image, 0, 0);
    this.drawMarks(context, frame.positions);
    this.drawPointers(context, now);
    if (waits !== this.waits) {
      this.waits = waits;
      this.dispatchEvent(new Event('change'));
    }
  }

  /** @returns {Promise<Snapshot | null>} null where there is no picture */
  async snapshot() {
    const frame = this.frozen ?? (this.shown && { image: this.shown.frame.image, positions: this.shown.positions });
    if (!frame)
      return null;
    const marks = [...this.marks.all.values()].flatMap((mark) => {
      const position = frame.positions?.get(mark.number);
      const matrix = this.isDrawnHere(mark) ? identity : position?.shown ? position.matrix : null;
      return matrix ? [{ ...mark, points: mark.points.map((point) => mapPoint(matrix, point)) }] : [];
    });
    const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ done) => { frame.image.toBlob(done, 'image/jpeg', 0.92); });
    return blob && { blob, marks };
  }

  /** Pixels of the canvas that are one of the screen. */
  get unit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    return width && height ? Math.max(this.canvas.width / width, this.canvas.height / height) : 1;
  }

  /** @param {CanvasRenderingContext2D} context @param {Map<number, import('./guidance-positions.js').Position> | null} positions */
  drawMarks(context, positions) {
    const { unit } = this;
    const named = this.marks.authors.length > 1; // else it is clear whose they are
    for (const mark of this.marks.all.values()) {
      const position = positions?.get(mark.number);
      const matrix = this.isDrawnHere(mark) ? identity : position?.shown ? position.matrix : null;
      const look = { colour: this.marks.colour(mark), unit, label: named ? mark.name : '' };
      if (matrix)
        drawMark(context, mark, { ...look, matrix });
      else if (this.showsLost && mark.state !== 'shown')
        drawMark(context, mark, { ...look, matrix: mark.matrix ?? identity, faded: true });
    }
    if (this.draft)
      drawMark(context, this.draft, { matrix: identity, colour: this.marks.colour(this.draft), unit });
  }

  /** Whether it was drawn on the very frame that stands still. @param {Mark} mark */
  isDrawnHere({ capture }) {
    return this.frozen !== null && Math.abs(capture - this.frozen.capture) < 1;
  }

  /** @param {CanvasRenderingContext2D} context @param {number} now */
  drawPointers(context, now) {
    for (const [participant, { at, name, hospital, since }] of this.pointers)
      if (now - since > pointerFor)
        this.pointers.delete(participant);
      else
        drawPointer(context, at, this.marks.colour({ name, hospital }), this.unit, name);
    if (this.cross)
      drawPointer(context, this.cross, '#ffffff', this.unit, '');
  }

  /** Where something on the screen is in the picture: it is shown whole, in the middle of its place.
   * @param {{clientX: number, clientY: number}} event @returns {[number, number]} 0 to 1 */
  placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const scale = Math.min(width / this.canvas.width, height / this.canvas.height) || 1;
    const inside = (/** @type {number} */ at, /** @type {number} */ room, /** @type {number} */ size) =>
      Math.min(1, Math.max(0, (at - (room - size * scale) / 2) / (size * scale)));
    return [inside(clientX - left, width, this.canvas.width), inside(clientY - top, height, this.canvas.height)];
  }

  /** It keeps nothing of what was seen. */
  close() {
    this.attach(null, ownCapture);
    this.frozen = this.draft = null;
    this.frames = new Frames(() => document.createElement('canvas'));
    this.pointers.clear();
    cancelAnimationFrame(this.painting);
    this.painting = 0;
    this.canvas.width = this.canvas.height = 0;
  }
}
