// SPDX-License-Identifier: LGPL-2.1-or-later
// A document at the patient's side: as an expert sends it, and as both sides see it.

import { _, button, html, newId, nothing, state } from '@karez/desk';
import { encodePicture } from './guidance-camera.js';
import { titleOf } from './guidance-showing.js';

/** @typedef {import('./guidance-showing.js').Document} Document */
/** @typedef {import('./guidance-panel.js').GuidancePanel} Panel */

/** So many pages a document has (guidance-showing.h). */
export const mostPages = 20;
/** What may be chosen. */
export const accepted = 'image/*';

/** In pixels of the screen. */
const previewHeight = 96;

/** @param {File} file @param {ImageBitmapOptions} [options] */
async function read(file, options) {
  const image = await createImageBitmap(file, options).catch(() => null);
  if (!image)
    throw new Error(_('“%s” is no picture that this browser can read.', file.name));
  return image;
}

/** What was chosen, made anew: nothing else of a file leaves this computer. @param {File} file */
async function pictureOf(file) {
  const image = await read(file);
  try {
    return await encodePicture(image, image);
  } finally {
    image.close();
  }
}

/** @param {File} file */
async function previewOf(file) {
  const image = await read(file, { resizeHeight: Math.round(previewHeight * devicePixelRatio), resizeQuality: 'medium' });
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  image.close();
  return canvas;
}

/** One that was chosen, and then is on its way: each page is made when it is sent. */
export class Sending {
  /** @param {File[]} files */
  constructor(files) {
    if (files.length > mostPages)
      throw new Error(_('A document has at most %s pages: choose fewer pictures.', mostPages));
    this.files = files;
    this.id = newId();
    this.title = titleOf(files[0]?.name ?? '') || _('Document');
    /** Of the pages, under which they are kept. */
    this.ids = files.map(() => newId());
    /** What is looked at before it is sent; nothing of it has left. @type {HTMLCanvasElement[]} */
    this.previews = [];
    this.begun = false;
    this.done = 0;
    this.cancelled = false;
  }

  cancel() {
    this.cancelled = true;
  }

  async prepare() {
    for (const file of this.files)
      this.previews.push(await previewOf(file));
  }

  /** @param {(id: string, blob: Blob, caption: string) => Promise<void>} keep @param {() => void} sent a page is */
  async run(keep, sent) {
    const { files, ids, title } = this;
    this.begun = true;
    this.previews = [];
    for (const [at, file] of files.entries()) {
      const blob = await pictureOf(file);
      if (this.cancelled)
        return;
      await keep(/** @type {string} */ (ids[at]), blob, files.length > 1 ? `${title} (${at + 1}/${files.length})` : title);
      this.done++;
      sent();
    }
  }
}

/** What a page of it is called. @param {Document} shown */
export const pageInWords = ({ page, pages }) => (pages.length > 1 ? _('Page %s of %s', page + 1, pages.length) : '');

/** How far it is, for experts. @param {Panel} panel @param {Document} shown */
function standing(panel, { seen }) {
  const { sending } = panel;
  if (sending && sending.done < sending.ids.length)
    return _('sending page %s of %s', sending.done + 1, sending.ids.length);
  return seen ? _('on the screen there') : _('on its way');
}

/** Looked at before it is sent: it is kept, and cannot be called back. @param {Panel} panel @param {Sending} sending */
const chosen = (panel, sending) => html`<section class="guidance-showing guidance-chosen" aria-labelledby="guidance-chosen-title"><h2 id="guidance-chosen-title"><bdi>${sending.title}</bdi></h2>
  <div class="guidance-previews">${sending.previews}</div>
  <p class="hint">${_('It is kept with the session, at both hospitals.')}</p>
  <p class="row">${button({ label: _('Show at the patient’s side'), kind: 'primary', onclick: () => void panel.sendDocument(sending) })}
    ${button({ label: _('Cancel'), kind: 'quiet', onclick: () => panel.dropDocument() })}</p></section>`;

/** For experts: what is shown there, and how to turn and end it. @param {Panel} panel */
export function shownThere(panel) {
  const { showing, sending } = panel;
  const { document: shown } = showing;
  if (sending && !sending.begun)
    return sending.previews.length === sending.files.length ? chosen(panel, sending) : html`<p class="guidance-showing" role="status">${_('Reading…')}</p>`;
  if (!shown)
    return sending ? html`<div class="guidance-showing" role="status"><span>${_('The document is being sent: page %s of %s.', sending.done + 1, sending.ids.length)}</span>
      ${button({ label: _('Cancel'), kind: 'quiet', onclick: () => sending.cancel() })}</div>` : nothing;
  const page = pageInWords(shown);
  return html`<div class="guidance-showing"><span>${_('Shown at the patient’s side:')} <b><bdi>${shown.title}</bdi></b>${page ? html` · ${page}` : nothing}
    <small role="status">${standing(panel, shown)}${shown.name && shown.by !== state.me?.id ? html` · <bdi>${shown.name}</bdi>` : nothing}</small></span>
    ${panel.isExpert && !showing.view ? turns(panel, shown) : nothing}
    ${showing.wanted ? nothing : button({ label: _('Look at it'), kind: 'quiet', onclick: () => showing.want(true) })}
    ${panel.isExpert ? button({ label: _('Stop showing'), onclick: () => panel.hideDocument() }) : nothing}</div>`;
}

/** From page to page. @param {Panel} panel @param {Document} shown */
export const turns = (panel, shown) => (shown.pages.length > 1 ? html`${button({ label: _('Previous page'), disabled: shown.page === 0, onclick: () => panel.turnDocument(shown.page - 1) })}
  ${button({ label: _('Next page'), disabled: shown.page === shown.pages.length - 1, onclick: () => panel.turnDocument(shown.page + 1) })}` : nothing);

/** The document that is shown at the patient's side, where this page looks at it. @param {Panel} panel */
export function shownDocument(panel) {
  const { view, document: shown } = panel.showing;
  return view && shown ? html`<karez-guidance-viewer .still=${view} .by=${[shown.name, pageInWords(shown)].filter(Boolean).join(' · ')} .heading=${shown.title}
    .turns=${panel.isSite || panel.isExpert ? turns(panel, shown) : nothing} @leave=${() => panel.leaveDocument()}></karez-guidance-viewer>` : nothing;
}
