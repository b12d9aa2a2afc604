// SPDX-License-Identifier: LGPL-2.1-or-later
// What a request's file may be, and what it is: looked at here, before anything of it is sent.

export const mostFiles = 10;
export const mostBytes = 32 * 1024 * 1024;
export const partBytes = 512 * 1024;
/** So much of a file tells its kind. */
export const headBytes = 4096;

/** @typedef {'image/jpeg' | 'image/png' | 'application/pdf' | 'application/dicom' | 'text/plain'} Kind */
/** The catalogues are the page's: this only marks. @param {string} text */
const N_ = (text) => text;

/** @typedef {'count' | 'size' | 'empty' | 'kind'} Refusal */

/** What each has at an offset. @type {[Kind, number, number[]][]} */
const marks = [
  ['image/jpeg', 0, [0xff, 0xd8, 0xff]],
  ['image/png', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['application/pdf', 0, [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ['application/dicom', 128, [0x44, 0x49, 0x43, 0x4d]],
];

/** What each is called. @type {Record<string, string>} */
export const kindWords = {
  'image/jpeg': N_('JPEG picture'), 'image/png': N_('PNG picture'), 'application/pdf': N_('PDF document'),
  'application/dicom': N_('DICOM picture'), 'text/plain': N_('Text'),
};

/** Why a file was not taken; %s is its name. @type {Record<Refusal, string>} */
export const refusalWords = {
  count: N_('“%s” was not added: a request has at most 10 files.'),
  size: N_('“%s” was not added: it is larger than 32 MiB, which is the most for one file.'),
  empty: N_('“%s” was not added: there is nothing in it.'),
  kind: N_('“%s” was not added: only JPEG, PNG, PDF, DICOM and plain text are taken.'),
};

/** What the file chooser offers. */
export const accept = '.jpg,.jpeg,.png,.pdf,.dcm,.txt,image/jpeg,image/png,application/pdf,application/dicom,text/plain';

/** Whether the bytes can be read as UTF-8; the last character may be cut. @param {Uint8Array} head */
function isText(head) {
  if (head.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(byte)))
    return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * What a file is, by its bytes; null when it is nothing that is taken.
 * @param {string} name
 * @param {string} type as the browser says, '' when it does not know
 * @param {Uint8Array} head its first bytes
 * @returns {Kind | null}
 */
export function kindOf(name, type, head) {
  for (const [kind, offset, mark] of marks)
    if (mark.every((byte, i) => head[offset + i] === byte))
      return kind;
  // Old scanners leave the mark out; the hub has the last word.
  if (/\.dcm$/i.test(name) || type === 'application/dicom')
    return 'application/dicom';
  return (type === 'text/plain' || /\.(txt|text|csv|log)$/i.test(name)) && isText(head) ? 'text/plain' : null;
}

/**
 * Why a file is not taken, by what is known before it is looked into.
 * @param {{size: number}} file
 * @param {number} there how many files the request has already
 * @returns {Refusal | null}
 */
export function refusalOf(file, there) {
  if (there >= mostFiles)
    return 'count';
  if (file.size === 0)
    return 'empty';
  return file.size > mostBytes ? 'size' : null;
}

/** From which byte to which each part goes. @param {number} size @returns {[number, number][]} */
export function partsOf(size) {
  /** @type {[number, number][]} */
  const parts = [];
  for (let from = 0; from < size; from += partBytes)
    parts.push([from, Math.min(from + partBytes, size)]);
  return parts;
}

/** How much of it is there, in whole per cent; 100 only when all is. @param {number} there @param {number} size */
export const share = (there, size) => (there >= size ? 100 : Math.min(99, Math.floor((there / Math.max(size, 1)) * 100)));
