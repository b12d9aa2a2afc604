// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that an expert chose, as pictures of its pages: nothing else of it leaves this computer.

import { _, newId } from '@karez/desk';
import { encodePicture } from './guidance-camera.js';

/** So many pages a document has (guidance-showing.h). */
export const mostPages = 20;
const mostTitle = 200;
/** What may be chosen. */
export const accepted = 'image/*';

/** @param {Blob} file */
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

/** What it is called at the patient's side: a file's name without its ending. @param {File[]} files */
export const titleOf = ([file]) => [...(file?.name ?? '').normalize('NFC').replace(/\.[^.]{1,5}$/, '').replace(/[\p{C}\p{Z}]+/gu, ' ').trim()].slice(0, mostTitle).join('').trim()
  || _('Document');

/** One that is on its way: each page is made when it is sent. */
export class Sending {
  /** @param {File[]} files */
  constructor(files) {
    if (files.length > mostPages)
      throw new Error(_('A document has at most %s pages: choose fewer pictures.', mostPages));
    this.files = files;
    this.id = newId();
    this.title = titleOf(files);
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
