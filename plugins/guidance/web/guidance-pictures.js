// SPDX-License-Identifier: LGPL-2.1-or-later
// Snapshots: an expert keeps the frame that is shown, and the marks on it beside it, so that it is
// looked at with them and without; and what there is afterwards.

import { KarezElement, Loader, _, api, button, checkField, dayAndClock, hubNow, html, newId, nothing, rfc3339, shown, size } from '@karez/desk';
import { drawMark, identity } from './guidance-drawing.js';
import { colours } from './guidance-marks.js';

/** @typedef {import('./guidance-picture.js').Snapshot} Snapshot */
/** @typedef {{id: string, by: string, tool: import('./guidance-marks.js').Tool, points: [number, number][], text?: string}} KeptMark points in 10,000 parts */
/** @typedef {'still' | 'snapshot' | 'document'} Kind */
/** @typedef {{id: string, kind: Kind, state: string, size: number, caption?: string, marks?: KeptMark[], taken_at: string, added_by: string}} Kept */

const parts = 10_000;

/** Keeps a picture at this hospital, which sends it to the other. @param {string} session
 * @param {{id: string, kind: Kind, blob: Blob, taken: number, caption?: string, marks?: Snapshot['marks']}} picture */
async function keepPicture(session, { id: wanted, kind, blob, taken, caption, marks = [] }) {
  const { id, part_size: step } = await api.post(`/x/guidance/sessions/${session}/pictures`, {
    id: wanted, kind, media_type: 'image/jpeg', size: blob.size, taken_at: rfc3339(taken), drawn_in: false, ...caption ? { caption } : {},
    marks: marks.map(({ id: mark, by, name, hospital, tool, text, points }) => ({
      id: mark, by, name, hospital, tool, ...text ? { text } : {}, points: points.map(([x, y]) => [Math.round(x * parts), Math.round(y * parts)]),
    })),
  });
  for (let at = 0, n = 0; at < blob.size; at += step, n++)
    await api.put(`/x/guidance/sessions/${session}/pictures/${id}/parts/${n}`, blob.slice(at, at + step));
}

/** @param {string} session @param {Snapshot} snapshot */
export const keepSnapshot = (session, { blob, marks }) => keepPicture(session, { id: newId(), kind: 'snapshot', blob, taken: hubNow(), marks });

/** A still that an expert asked for. @param {string} session @param {string} id that it was asked by @param {Blob} blob @param {number} taken */
export const keepStill = (session, id, blob, taken) => keepPicture(session, { id, kind: 'still', blob, taken });

/** A page of a document. @param {string} session @param {string} id @param {Blob} blob @param {string} caption */
export const keepPage = (session, id, blob, caption) => keepPicture(session, { id, kind: 'document', blob, taken: hubNow(), caption });

/** What a picture is. @param {{kind: Kind, caption?: string}} one */
export const kindInWords = ({ kind, caption }) => (kind === 'document' ? caption || _('Document') : kind === 'still' ? _('Still') : _('Snapshot'));

/** What was on it, onto the picture. @param {CanvasRenderingContext2D} context @param {KeptMark[]} marks */
function drawMarks(context, marks) {
  const authors = [...new Set(marks.map((one) => one.by))];
  for (const one of marks)
    drawMark(context, { ...one, text: one.text ?? '', points: one.points.map(([x, y]) => [x / parts, y / parts]) },
      { matrix: identity, colour: /** @type {string} */ (colours[authors.indexOf(one.by) % colours.length]), unit: 1.5 });
}

/** @param {string} session @returns {Promise<Kept[]>} */
export const listPictures = async (session) => (await api.get(`/x/guidance/sessions/${session}/pictures`)).items;

/** @param {string} session @param {string} id @param {AbortSignal} [signal] @returns {Promise<ImageBitmap | null>} null where it cannot be read */
export async function fetchPicture(session, id, signal) {
  const answer = await fetch(`/api/v1/x/guidance/sessions/${session}/pictures/${id}`, signal ? { signal } : {});
  return answer.ok ? createImageBitmap(await answer.blob()) : null;
}

/** With its marks, for paper. @param {string} session @param {Kept} one @returns {Promise<string>} an address; '' where it cannot be read */
export async function pictureForPaper(session, one) {
  const image = await fetchPicture(session, one.id);
  const canvas = image && Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  const context = canvas?.getContext('2d');
  if (!image || !canvas || !context)
    return '';
  context.drawImage(image, 0, 0);
  drawMarks(context, one.marks ?? []);
  return canvas.toDataURL('image/jpeg', 0.9);
}

/** Those of a session that is over. A picture is fetched when somebody wants to see it: that is on record. */
export class GuidancePictures extends KarezElement {
  static properties = { session: { attribute: false }, marked: { state: true } };

  constructor() {
    super();
    this.session = '';
    this.marked = true;
    /** Whether the list was asked for: reading it is on record, too. */
    this.wanted = false;
    /** By id. @type {Map<string, ImageBitmap>} */
    this.images = new Map();
    /** @type {Loader<Kept[]>} */
    this.loader = new Loader(this, async () => (this.wanted ? listPictures(this.session) : []), 'guidance.picture');
  }

  want() {
    this.wanted = true;
    this.loader.renew();
  }

  /** @param {Kept} one */
  async fetch(one) {
    const image = await fetchPicture(this.session, one.id);
    if (image)
      this.images.set(one.id, image);
    this.requestUpdate();
  }

  updated() {
    for (const canvas of /** @type {NodeListOf<HTMLCanvasElement>} */ (this.querySelectorAll('canvas'))) {
      const image = this.images.get(canvas.dataset.picture ?? '');
      const one = this.loader.value?.find(({ id }) => id === canvas.dataset.picture);
      const context = canvas.getContext('2d');
      if (!image || !one || !context)
        continue;
      Object.assign(canvas, { width: image.width, height: image.height });
      context.drawImage(image, 0, 0);
      if (this.marked)
        drawMarks(context, one.marks ?? []);
    }
  }

  /** @param {Kept} one */
  row(one) {
    const seen = this.images.has(one.id);
    return html`<li><b><bdi>${kindInWords(one)}</bdi></b> <small>${one.added_by} · ${dayAndClock(one.taken_at)} · ${size(one.size)}</small>
      ${seen ? html`<canvas class="guidance-kept-picture" data-picture=${one.id} role="img" aria-label=${kindInWords(one)}></canvas>`
        : one.state === 'whole' ? button({ label: _('Show'), onclick: () => void this.fetch(one) }) : html`<small>${one.state === 'coming' ? _('It is on its way.') : _('It has not come whole.')}</small>`}</li>`;
  }

  render() {
    if (!this.wanted)
      return button({ label: _('Show the pictures'), onclick: () => this.want() });
    return shown(this.loader, (all) => (all.length ? html`${all.some((one) => one.marks?.length)
      ? checkField({ label: _('With the marks'), checked: this.marked, onchange: (on) => { this.marked = on; } }) : nothing}
      <ul class="plain people-list">${all.map((one) => this.row(one))}</ul>` : html`<p>${_('No picture was kept.')}</p>`), { lines: 2 });
  }
}

customElements.define('karez-guidance-pictures', GuidancePictures);
