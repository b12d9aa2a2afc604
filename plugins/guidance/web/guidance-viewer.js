// SPDX-License-Identifier: LGPL-2.1-or-later
// A full picture that an expert looks at: nearer and farther, and what is in it measured by something
// whose size is known; or a page of a document. By mouse, finger, pen or keys.

import { KarezElement, _, announce, button, clock, html, nothing, number, repeat, singleKeys } from '@karez/desk';
import { stroke, write } from './guidance-drawing.js';
import { clip, isLine, millimetres, placesOf, readSize } from './guidance-measure.js';
import { View } from './guidance-view.js';

/** @typedef {import('./guidance-measure.js').Point} Point */
/** @typedef {import('./guidance-measure.js').Line} Line */
/** @typedef {'move' | 'known' | 'measure'} Mode */

/** Of the buttons and keys: twice is double. */
const step = Math.SQRT2;
/** What the arrow keys move: parts of the room, and the crosshair's pixels of the screen. */
const strides = { view: 0.1, large: 12, small: 1 };
/** The crosshair is seen with so much around it, in pixels of the screen. */
const margin = 40;
/** Of a wheel, whose lines and pages are so many pixels. */
const wheel = { speed: 0.002, pinch: 0.01, units: [1, 32, 400] };
const colours = { known: '#4dd8ff', measured: '#ffd400' };

/** Into the picture, where there is little room. @param {number} mm */
const inSigns = (mm) => `${number(mm, placesOf(mm))} mm`;

/** @param {number} mm */
const inWords = (mm) => _('%s mm', number(mm, placesOf(mm)));

/** Tells 'leave', when somebody wants the live picture back. Of a document nothing is measured. */
export class GuidanceViewer extends KarezElement {
  static properties = { still: { attribute: false }, by: { attribute: false }, heading: { attribute: false }, turns: { attribute: false }, mode: { state: true }, asked: { state: true }, wrong: { state: true } };

  constructor() {
    super();
    /** @type {import('./guidance-stills.js').Still | null} */
    this.still = null;
    /** Who asked for it. */
    this.by = '';
    /** A document's; '' for a picture of the site's. */
    this.heading = '';
    /** What turns its pages. @type {unknown} */
    this.turns = nothing;
    /** @type {Mode} */
    this.mode = 'move';
    /** A line whose length is to be typed. @type {Line | null} */
    this.asked = null;
    /** What is wrong with what was drawn or typed. */
    this.wrong = '';
    /** @type {View} */
    this.view = new View({ width: 1, height: 1 });
    /** @type {Line | null} */
    this.draft = null;
    /** The pointer that draws or moves, and where each is on the screen. @type {Map<number, Point>} */
    this.pointers = new Map();
    this.moving = false;
    /** The keyboard's crosshair, in the picture. @type {Point | null} */
    this.cross = null;
    this.painting = 0;
    this.numbered = 0;
    this.sizes = new ResizeObserver(() => this.resize());
  }

  get canvas() {
    return /** @type {HTMLCanvasElement | null} */ (this.querySelector('canvas'));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.sizes.disconnect();
    cancelAnimationFrame(this.painting);
    this.painting = 0;
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (changed.has('still') && this.still?.image) {
      this.view = new View(this.still.image);
      Object.assign(this, { mode: 'move', asked: null, wrong: '', draft: null, cross: null, numbered: Math.max(0, ...this.still.lines.map(({ id }) => id)) });
    }
  }

  /** @param {Map<string, any>} changed */
  updated(changed) {
    const { canvas } = this;
    if (!canvas)
      return;
    if (changed.has('still')) {
      this.sizes.disconnect();
      this.sizes.observe(canvas);
      this.resize();
      // A page is read from its top.
      if (this.heading)
        this.view.showWidth();
      // Who did not ask for it goes on where they are.
      if (!this.heading) {
        canvas.focus({ preventScroll: true });
        this.scrollIntoView({ block: 'nearest' });
      }
    }
    this.moved();
  }

  resize() {
    const { canvas } = this;
    const box = canvas?.getBoundingClientRect();
    if (!canvas || !box?.width || !box.height)
      return;
    Object.assign(canvas, { width: Math.round(box.width * devicePixelRatio), height: Math.round(box.height * devicePixelRatio) });
    this.view.resize(canvas.width, canvas.height);
    this.moved();
  }

  /** Another part of it is seen. */
  moved() {
    const place = this.querySelector('.guidance-scale');
    if (place)
      place.textContent = this.scaleInWords();
    this.paint();
  }

  scaleInWords() {
    return _('%s %%', number(Math.round(this.view.scale * 100)));
  }

  paint() {
    this.painting ||= requestAnimationFrame(() => {
      this.painting = 0;
      this.draw();
    });
  }

  draw() {
    const { canvas, still, view } = this;
    const context = canvas?.getContext('2d');
    if (!canvas || !context || !still?.image)
      return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    // Near enough, its pixels are seen as they are.
    context.imageSmoothingEnabled = view.scale < 3 && view.scale !== 1;
    context.imageSmoothingQuality = 'high';
    context.drawImage(still.image, view.corner[0], view.corner[1], view.width * view.scale, view.height * view.scale);
    context.direction = 'ltr';
    if (still.known)
      this.drawLine(context, still.known.line, colours.known, inSigns(still.known.mm));
    still.lines.forEach(({ line }, i) => {
      const mm = millimetres(line, still.known);
      this.drawLine(context, line, colours.measured, mm === null ? String(i + 1) : `${i + 1}: ${inSigns(mm)}`);
    });
    if (this.asked)
      this.drawLine(context, this.asked, colours.known, '?');
    if (this.draft) {
      const mm = this.mode === 'measure' && isLine(this.draft) ? millimetres(this.draft, still.known) : null;
      this.drawLine(context, this.draft, this.mode === 'known' ? colours.known : colours.measured, mm === null ? '' : inSigns(mm));
    }
    if (this.cross && this.mode !== 'move')
      this.drawCross(context, view.placeOf(this.cross));
  }

  /** With an end across at either side. @param {CanvasRenderingContext2D} context @param {Line} line @param {string} colour @param {string} label */
  drawLine(context, line, colour, label) {
    const unit = devicePixelRatio;
    const [[x0, y0], [x1, y1]] = [this.view.placeOf(line.from), this.view.placeOf(line.to)];
    const length = Math.hypot(x1 - x0, y1 - y0) || 1;
    const [across, down] = [(-(y1 - y0) / length) * 7 * unit, ((x1 - x0) / length) * 7 * unit];
    const look = { matrix: [], colour, unit: unit / 2 };
    stroke(context, look, () => {
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      for (const [x, y] of /** @type {Point[]} */ ([[x0, y0], [x1, y1]])) {
        context.moveTo(x - across, y - down);
        context.lineTo(x + across, y + down);
      }
    });
    if (label)
      write(context, label, [Math.max(x0, x1) + 10 * unit, (y0 + y1) / 2], { ...look, unit }, 15);
  }

  /** @param {CanvasRenderingContext2D} context @param {Point} at */
  drawCross(context, [x, y]) {
    const reach = 14 * devicePixelRatio;
    stroke(context, { matrix: [], colour: '#fff', unit: devicePixelRatio / 2 }, () => {
      context.moveTo(x - reach, y);
      context.lineTo(x + reach, y);
      context.moveTo(x, y - reach);
      context.lineTo(x, y + reach);
    });
  }

  /** @param {Mode} mode */
  choose(mode) {
    this.mode = mode;
    this.draft = this.asked = null;
    this.wrong = '';
    if (mode !== 'move')
      this.cross ??= clip(this.view.pointAt(this.view.centre), this.view);
    this.canvas?.focus({ preventScroll: true });
  }

  /** @param {number} factor @param {Point} [at] */
  zoom(factor, at) {
    this.view.zoom(factor, at);
    this.moved();
  }

  whole() {
    this.view.showWhole();
    this.moved();
  }

  /** One pixel of it is one of the screen's. */
  full() {
    this.view.zoomTo(1, this.cross && this.mode !== 'move' ? this.view.placeOf(this.cross) : undefined);
    this.moved();
  }

  /** By keys it is said how large it is now. @param {() => void} act */
  said(act) {
    act();
    announce(this.scaleInWords());
  }

  leave() {
    this.dispatchEvent(new Event('leave'));
  }

  /* Pointers. */

  /** @param {{clientX: number, clientY: number}} event @returns {Point} */
  placeOf({ clientX, clientY }) {
    const box = this.canvas?.getBoundingClientRect();
    return [(clientX - (box?.left ?? 0)) * devicePixelRatio, (clientY - (box?.top ?? 0)) * devicePixelRatio];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button > 1 || this.pointers.size > 1)
      return;
    event.preventDefault();
    this.canvas?.focus({ preventScroll: true });
    this.canvas?.setPointerCapture(event.pointerId);
    const at = this.placeOf(event);
    this.pointers.set(event.pointerId, at);
    this.cross = null;
    // The second finger moves and zooms, whatever the first was at.
    this.moving = this.mode === 'move' || event.button === 1 || this.pointers.size > 1;
    this.draft = this.moving ? null : { from: this.within(at), to: this.within(at) };
    this.paint();
  }

  /** @param {Point} at on the screen */
  within(at) {
    return clip(this.view.pointAt(at), this.view);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before)
      return;
    const at = this.placeOf(event);
    this.pointers.set(event.pointerId, at);
    const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, one]) => one);
    if (other)
      this.pinch(other, before, at);
    else if (this.moving) {
      this.view.pan(at[0] - before[0], at[1] - before[1]);
      this.moved();
    } else if (this.draft)
      this.draft = { from: this.draft.from, to: this.within(at) };
    this.paint();
  }

  /** @param {Point} still the other finger @param {Point} before @param {Point} at */
  pinch(still, before, at) {
    const apart = (/** @type {Point} */ one) => Math.hypot(one[0] - still[0], one[1] - still[1]) || 1;
    const middle = (/** @type {Point} */ one) => /** @type {Point} */ ([(one[0] + still[0]) / 2, (one[1] + still[1]) / 2]);
    const point = this.view.pointAt(middle(before));
    this.view.put(point, middle(at), (this.view.scale * apart(at)) / apart(before));
    this.moved();
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (this.pointers.delete(event.pointerId) && !this.pointers.size && this.draft)
      this.finish();
  }

  /** @param {PointerEvent} event */
  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.draft = null;
    this.paint();
  }

  /** @param {WheelEvent} event */
  turn(event) {
    event.preventDefault();
    const pixels = event.deltaY * (wheel.units[event.deltaMode] ?? 1);
    this.zoom(Math.exp(-pixels * (event.ctrlKey ? wheel.pinch : wheel.speed)), this.placeOf(event));
  }

  /* Keys. */

  /** Anywhere in it but where something is typed. @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target instanceof HTMLInputElement && event.target.type !== 'checkbox')
      return;
    const acts = /** @type {Record<string, () => void>} */ ({
      '+': () => this.said(() => this.zoom(step, this.aim())), '=': () => this.said(() => this.zoom(step, this.aim())),
      '-': () => this.said(() => this.zoom(1 / step, this.aim())), '−': () => this.said(() => this.zoom(1 / step, this.aim())),
      0: () => this.said(() => this.whole()), 1: () => this.said(() => this.full()),
      Escape: () => this.escape(),
    });
    const onCanvas = event.target === this.canvas;
    const act = event.key === 'Escape' || onCanvas || singleKeys() ? acts[event.key] ?? (onCanvas ? this.onCanvas(event) : undefined) : undefined;
    if (!act)
      return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** Where a key zooms. */
  aim() {
    return this.cross && this.mode !== 'move' ? this.view.placeOf(this.cross) : undefined;
  }

  escape() {
    if (this.draft) {
      this.draft = null;
      this.paint();
    } else
      this.leave();
  }

  /** @param {KeyboardEvent} event @returns {(() => void) | undefined} */
  onCanvas({ key, shiftKey }) {
    const way = /** @type {Record<string, Point>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[key];
    if (way)
      return () => (this.mode === 'move' ? this.pan(way) : this.moveCross(way, shiftKey ? strides.small : strides.large));
    return key === 'Enter' && this.mode !== 'move' ? () => this.enter() : undefined;
  }

  /** @param {Point} way where to look */
  pan([x, y]) {
    this.view.pan(-x * strides.view * this.view.room[0], -y * strides.view * this.view.room[1]);
    this.moved();
  }

  /** @param {Point} way @param {number} stride */
  moveCross([x, y], stride) {
    const [atX, atY] = this.view.placeOf(this.cross ?? this.view.pointAt(this.view.centre));
    this.cross = this.within([atX + x * stride * devicePixelRatio, atY + y * stride * devicePixelRatio]);
    this.view.reveal(this.cross, margin * devicePixelRatio);
    if (this.draft)
      this.draft = { from: this.draft.from, to: this.cross };
    this.moved();
  }

  /** Begins a line at the crosshair, or ends it there. */
  enter() {
    this.cross ??= clip(this.view.pointAt(this.view.centre), this.view);
    if (this.draft)
      this.finish();
    else {
      this.draft = { from: this.cross, to: this.cross };
      announce(_('The line begins here. Go to its other end and press Enter.'));
    }
    this.paint();
  }

  /* Lines. */

  finish() {
    const { draft, still } = this;
    this.draft = null;
    if (!draft || !still)
      return;
    this.wrong = isLine(draft) ? '' : _('That line is too short to say anything: draw it from one edge to the other.');
    if (this.wrong) {
      this.paint();
      return;
    }
    if (this.mode === 'known') {
      this.asked = draft;
      void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector('#guidance-size'))?.focus());
    } else {
      still.lines = [...still.lines, { id: ++this.numbered, line: draft }];
      const mm = millimetres(draft, still.known);
      announce(mm === null ? _('Nothing is known to measure by.') : _('Line %s: %s', still.lines.length, inWords(mm)));
      this.requestUpdate();
    }
  }

  /** @param {SubmitEvent} event */
  known(event) {
    event.preventDefault();
    const mm = readSize(/** @type {HTMLInputElement} */ (this.querySelector('#guidance-size')).value);
    if (mm === null || !this.asked || !this.still) {
      this.wrong = _('A length in millimetres, from 0.1 to 10,000: 25 or 18.5.');
      return;
    }
    this.still.known = { line: this.asked, mm };
    this.choose('measure');
    announce(_('Now draw a line along what is to be measured.'));
  }

  /** @param {number | null} id null for what is known */
  drop(id) {
    const { still } = this;
    if (!still)
      return;
    if (id === null)
      still.known = null;
    else
      still.lines = still.lines.filter((one) => one.id !== id);
    if (!still.known && this.mode === 'measure')
      this.mode = 'move';
    announce(_('The line is removed.'));
    this.requestUpdate();
  }

  /* What is seen. */

  hint() {
    return { move: _('Drag or press the arrow keys to move; wheel, two fingers, + and − to zoom.'),
      known: _('Draw a line along something whose size you know, as a coin or a ruler. By keys: the arrows, and Enter at either end.'),
      measure: _('Draw a line along what is to be measured. By keys: the arrows, and Enter at either end.') }[this.mode];
  }

  /** @param {Mode} mode @param {string} label @param {boolean} [disabled] */
  tool(mode, label, disabled = false) {
    return html`<button class="guidance-tool" type="button" ?disabled=${disabled} aria-pressed=${this.mode === mode ? 'true' : 'false'}
      @click=${() => this.choose(mode)}>${label}</button>`;
  }

  asking() {
    return html`<form class="guidance-writing" novalidate @submit=${(/** @type {SubmitEvent} */ event) => this.known(event)}
      @keydown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key !== 'Escape')
          return;
        event.stopPropagation();
        this.choose('known');
      }}><label for="guidance-size">${_('Its length in mm')}</label><input id="guidance-size" inputmode="decimal" autocomplete="off" dir="ltr" maxlength="9"
        aria-invalid=${this.wrong ? 'true' : nothing} aria-describedby=${this.wrong ? 'guidance-size-wrong' : nothing}>
      ${button({ label: _('Measure by it'), kind: 'primary', type: 'submit' })}${button({ label: _('Cancel'), kind: 'quiet', onclick: () => this.choose('known') })}
      ${this.wrong ? html`<small id="guidance-size-wrong" class="error-text" role="alert">${this.wrong}</small>` : nothing}</form>`;
  }

  /** @param {{key: string, label: string, text: string, colour: string, id: number | null}} row */
  row({ key, label, text, colour, id }) {
    return html`<li data-item=${key}><i class="guidance-colour" data-colour=${colour} aria-hidden="true"></i><span>${label}</span> <b><bdi>${text}</bdi></b>
      ${button({ label: _('Remove'), kind: 'quiet', name: _('Remove: %s', label), onclick: () => this.drop(id) })}</li>`;
  }

  lines() {
    const { known, lines = [] } = this.still ?? {};
    if (!known && !lines.length)
      return nothing;
    const rows = [...known ? [{ key: 'known', label: _('Known size'), text: inWords(known.mm), colour: '1', id: null }] : [],
      ...lines.map(({ id, line }, i) => {
        const mm = millimetres(line, known ?? null);
        return { key: String(id), label: _('Line %s', i + 1), text: mm === null ? _('nothing to measure by') : inWords(mm), colour: '0', id };
      })];
    return html`<ul class="plain guidance-lines" aria-label=${_('Lines')}>${repeat(rows, ({ key }) => key, (one) => this.row(one))}</ul>
      ${known ? html`<p class="hint">${_('Lengths hold only in the plane of the known thing, and where it is seen straight on.')}</p>` : nothing}`;
  }

  /** @param {import('./guidance-stills.js').Still} still @param {string} size */
  head({ at }, size) {
    return this.heading ? html`<h2 id="guidance-still-title"><bdi>${this.heading}</bdi></h2>${this.by ? html`<small><bdi>${this.by}</bdi></small>` : nothing}`
      : html`<h2 id="guidance-still-title">${_('Full picture')}</h2>
        <small><bdi>${clock(at)}</bdi>${this.by ? html` · <bdi>${this.by}</bdi>` : nothing} · <bdi>${size}</bdi></small>`;
  }

  back() {
    return button({ label: _('Back to the live picture'), key: 'Esc', onclick: () => this.leave() });
  }

  /** @param {import('./guidance-stills.js').Still} still */
  measures({ known }) {
    return html`${this.tool('move', _('Move'))}${this.tool('known', _('Known size'))}${this.tool('measure', _('Measure'), !known)}`;
  }

  render() {
    const { still, heading } = this;
    if (!still?.image)
      return nothing;
    const size = `${still.image.width} × ${still.image.height}`;
    return html`<section class="guidance-still" aria-labelledby="guidance-still-title" @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event)}>
      <div class="guidance-still-head">${this.head(still, size)}${heading ? nothing : this.back()}</div>
      <div class="guidance-still-room"><canvas tabindex="0" role="application" aria-label=${heading || _('Full picture, %s pixels', size)} aria-describedby="guidance-still-hint"
        data-mode=${this.mode} @pointerdown=${(/** @type {PointerEvent} */ event) => this.down(event)} @pointermove=${(/** @type {PointerEvent} */ event) => this.move(event)}
        @pointerup=${(/** @type {PointerEvent} */ event) => this.up(event)} @pointercancel=${(/** @type {PointerEvent} */ event) => this.cancel(event)}
        @wheel=${{ handleEvent: (/** @type {WheelEvent} */ event) => this.turn(event), passive: false }}></canvas>${this.asked ? this.asking() : nothing}</div>
      <div class="guidance-still-tools" role="toolbar" aria-label=${heading ? _('Tools of the document') : _('Tools of the full picture')}>${heading ? html`${this.back()}${this.turns}` : this.measures(still)}
        <span class="guidance-zoom">${button({ label: '−', name: _('Zoom out'), onclick: () => this.zoom(1 / step) })}
          <output class="guidance-scale" dir="auto"></output>${button({ label: '+', name: _('Zoom in'), onclick: () => this.zoom(step) })}</span>
        ${button({ label: _('Whole'), key: '0', onclick: () => this.whole() })}${heading ? nothing : button({ label: html`<bdi>${_('%s %%', 100)}</bdi>`, key: '1', onclick: () => this.full() })}</div>
      <p id="guidance-still-hint" class="hint">${this.hint()}</p>
      <p class="error-text" role="alert">${this.asked ? '' : this.wrong}</p>${this.lines()}</section>`;
  }
}

customElements.define('karez-guidance-viewer', GuidanceViewer);
