// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that an expert chose, as pictures of its pages: nothing else of it leaves this computer.

import { _ } from '@karez/desk';
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

/** @param {File[]} files @returns {{title: string, pages: (() => Promise<Blob>)[]}} each page is made when it is sent */
export function pagesOf(files) {
  if (files.length > mostPages)
    throw new Error(_('A document has at most %s pages: choose fewer pictures.', mostPages));
  return { title: titleOf(files), pages: files.map((file) => () => pictureOf(file)) };
}
