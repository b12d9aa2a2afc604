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

/** What was chosen, made anew: nothing else of a file leaves this computer. @param {Blob} file */
async function pictureOf(file) {
  const image = await createImageBitmap(file).catch(() => null);
  if (!image)
    throw new Error(_('“%s” is no picture that this browser can read.', file instanceof File ? file.name : ''));
  try {
    return await encodePicture(image, image);
  } finally {
    image.close();
  }
}

/** One that is on its way: each page is made when it is sent. */
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
    this.done = 0;
    this.cancelled = false;
  }

  cancel() {
    this.cancelled = true;
  }

  /** @param {(id: string, blob: Blob, caption: string) => Promise<void>} keep @param {() => void} sent a page is */
  async run(keep, sent) {
    const { files, ids, title } = this;
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

/** For experts: what is shown there, and how to turn and end it. @param {Panel} panel */
export function shownThere(panel) {
  const { showing, sending } = panel;
  const { document: shown } = showing;
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
