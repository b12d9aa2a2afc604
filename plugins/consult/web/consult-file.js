// SPDX-License-Identifier: LGPL-2.1-or-later
// What a request's file may be, and what it is: looked at here, before anything of it is sent.

export const mostFiles = 10;
export const mostBytes = 32 * 1024 * 1024;
export const partBytes = 512 * 1024;
/** So much of a file tells its kind. */
export const headBytes = 4096;
/** A file's name is at most so long. */
const nameLength = 200;

/** @typedef {'image/jpeg' | 'image/png' | 'application/pdf' | 'application/dicom' | 'text/plain'} Kind */
/** The catalogues are the page's: this only marks. @param {string} text */
const N_ = (text) => text;

/** @typedef {'count' | 'size' | 'empty' | 'kind' | 'heic' | 'picture' | 'office' | 'encoding'} Refusal */

/** What each has at an offset. @type {[Kind, number, number[]][]} */
const marks = [
  ['image/jpeg', 0, [0xff, 0xd8, 0xff]],
  ['image/png', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
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
  heic: N_('“%s” was not added: it is a picture in HEIC. Save it as JPEG, or choose “Most Compatible” in the camera settings of the phone.'),
  picture: N_('“%s” was not added: it is a picture in a format that is not taken. Save it as JPEG or PNG.'),
  office: N_('“%s” was not added: it is an office document or an archive. Save the document as PDF.'),
  encoding: N_('“%s” was not added: it is no text, or in an encoding that is not known here. Save it as UTF-8.'),
};

/** What the file chooser offers. */
export const accept = '.jpg,.jpeg,.png,.pdf,.dcm,.txt,image/jpeg,image/png,application/pdf,application/dicom,text/plain';

/** What is not taken, by its beginning. @type {[Refusal, number, string][]} */
const others = [
  ['heic', 4, 'ftyphei'], ['heic', 4, 'ftyphev'], ['heic', 4, 'ftypmif1'], ['heic', 4, 'ftypmsf1'],
  ['picture', 4, 'ftypavif'], ['picture', 0, 'GIF8'], ['picture', 0, 'BM'], ['picture', 0, 'II*\0'], ['picture', 0, 'MM\0*'], ['picture', 8, 'WEBP'],
  ['office', 0, 'PK\x03\x04'], ['office', 0, '\xd0\xcf\x11\xe0'], ['office', 0, '{\\rtf'], ['office', 0, 'Rar!'], ['office', 0, '7z\xbc\xaf'],
];

/** Bytes as a string of one character each. @param {Uint8Array} head */
const latin = (head) => Array.from(head, (byte) => String.fromCharCode(byte)).join('');

/** Whether the bytes can be read so; the last character may be cut. @param {Uint8Array} head @param {string} encoding */
function decodes(head, encoding) {
  try {
    const words = new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
    return !Array.from(words).some((one) => one < ' ' && !'\t\n\v\f\r\x1a'.includes(one));
  } catch {
    return false;
  }
}

/** Whether it is GB 18030 for sure, as consult-text.c tells it: nearly any bytes decode, Big5 and Korean too. @param {Uint8Array} head */
function looksChinese(head) {
  let [pairs, signs, letters, common, late] = [0, 0, 0, 0, 0];
  for (let i = 0; i + 1 < head.length; i++) {
    const [first, second] = [head[i], head[i + 1]];
    if (first < 0x81)
      continue;
    if (second < 0x40) {
      i += 3;
      continue;
    }
    i++;
    pairs++;
    if (second < 0xa1)
      continue;
    if ((first >= 0xaa && first <= 0xaf) || first >= 0xf8)
      return false;
    signs += (first >= 0xa1 && first <= 0xa3) || first === 0xa6 ? 1 : 0;
    letters += first >= 0xb0 ? 1 : 0;
    common += first >= 0xb0 && first <= 0xd7 ? 1 : 0;
    late += first > 0xc8 && first <= 0xd7 ? 1 : 0;
  }
  return (signs + letters) * 20 >= pairs * 19 && common * 4 >= (pairs - signs) * 3 && common >= 4 && late > 0;
}

/** Whether it is UTF-16 without its mark for sure: with lines, of the writing that people here use. @param {Uint8Array} head @param {string} encoding */
function looksWide(head, encoding) {
  if (head.length % 2 || !decodes(head, encoding))
    return false;
  const words = Array.from(new TextDecoder(encoding).decode(head));
  const usual = words.filter((one) => /[\t\n\r\u0020-\u017f\u0391-\u03c9\u0400-\u045f\u0600-\u06ff\u2010-\u203a\u2100-\u22ff\u3000-\u301f\u4e00-\u9fff\ufb50-\ufdff\ufe70-\ufefc\uff00-\uffef]/u.test(one));
  return words.includes('\n') && !words.some((one) => /\p{Cn}/u.test(one)) && usual.length * 20 >= words.length * 19;
}

/** Whether it is text in an encoding that the hub knows, which has the last word. @param {Uint8Array} head */
function isText(head) {
  if (head[0] === 0xff && head[1] === 0xfe)
    return decodes(head, 'utf-16le');
  if (head[0] === 0xfe && head[1] === 0xff)
    return decodes(head, 'utf-16be');
  if (looksWide(head, 'utf-16le') || looksWide(head, 'utf-16be'))
    return true;
  return decodes(head, 'utf-8') || (decodes(head, 'gb18030') && looksChinese(head));
}

/** A data set without the preamble begins with one of these groups. @param {Uint8Array} head */
const isBareDicom = (head) => ['\x08\0', '\x02\0', '\0\x08'].includes(latin(head.subarray(0, 2))) && head.length > 8;

/** @param {string} name @param {string} type */
const isCalledText = (name, type) => type === 'text/plain' || /\.(txt|text|csv|log)$/i.test(name);

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
  if (latin(head.subarray(0, 1024)).includes('%PDF-'))
    return 'application/pdf';
  // Old scanners leave the mark out; the hub has the last word.
  if (/\.dcm$/i.test(name) || type === 'application/dicom' || isBareDicom(head))
    return 'application/dicom';
  return isCalledText(name, type) && isText(head) ? 'text/plain' : null;
}

/**
 * Why something is none of those that are taken.
 * @param {string} name
 * @param {string} type
 * @param {Uint8Array} head
 * @returns {Refusal}
 */
export function adviceOf(name, type, head) {
  const begin = latin(head.subarray(0, 16));
  const other = others.find(([, offset, mark]) => begin.startsWith(mark, offset));
  return other?.[0] ?? (isCalledText(name, type) ? 'encoding' : 'kind');
}

/** A name that the hub takes: of one line, without what cannot be seen or turns the writing around. @param {string} name */
export function nameOf(name) {
  // Joiners are part of words and of emoji.
  const clean = Array.from(name.replace(/[\p{Zl}\p{Zp}\t\n\v\f\r]/gu, ' '))
    .filter((one) => '\u200c\u200d'.includes(one) || !/[\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}\u034f\u115f\u1160\u2800\u3164\uffa0]/u.test(one));
  const short = clean.slice(-nameLength).join('').trim();
  return /[^\p{Z}\p{M}\u200c\u200d]/u.test(short) ? short : 'file';
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
