// SPDX-License-Identifier: LGPL-2.1-or-later
// A page's part of the shared note, without a page: the text that the host confirmed, one edit under
// way, and what was typed since. template-edit.c does the same to two edits that meet.

/**
 * Takes `remove` characters out at `position` and puts `insert` there. Characters are Unicode code
 * points everywhere here.
 * @typedef {{position: number, remove: number, insert: string[]}} Edit
 */
/** @typedef {Record<string, any>} Body */

/** A note has so many. */
export const mostCharacters = 20_000;
/** So much of text has room in one message of 64 KiB. */
const mostBytes = 60_000;

/** @param {string} text */
export const points = (text) => Array.from(text);

/** @param {string[]} text @param {Edit} edit */
const change = (text, { position, remove, insert }) =>
  [...text.slice(0, position), ...insert, ...text.slice(position + remove)];

/** @param {string[]} text @param {Edit[]} edits */
export const changeAll = (text, edits) => edits.reduce(change, text);

/** The edit that makes `after` of `before`, if they differ. @param {string[]} before @param {string[]} after @returns {Edit[]} */
export function difference(before, after) {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head])
    head++;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail])
    tail++;
  if (head === before.length && head === after.length)
    return [];
  return [{
    position: head, remove: before.length - head - tail, insert: after.slice(head, after.length - tail),
  }];
}

/** Two edits of one text, each moved behind the other. @param {Edit} later @param {Edit} earlier @returns {[Edit[], Edit[]]} */
function transformPair(later, earlier) {
  const begin = later.position, end = begin + later.remove;
  const from = earlier.position, to = from + earlier.remove;
  const typed = later.insert.length, before = earlier.insert.length;
  if (end <= from && !(begin === from && from === to))
    return [[later], [{ ...earlier, position: from + typed - later.remove }]];
  if (begin >= to)
    return [[{ ...later, position: begin + before - earlier.remove }], [earlier]];
  if (begin < from) {
    const own = { position: begin, remove: from - begin, insert: later.insert };
    return [
      end > to ? [{ position: from + before, remove: end - to, insert: [] }, own] : [own],
      [{ position: begin + typed, remove: Math.max(to - end, 0), insert: earlier.insert }],
    ];
  }
  const theirs = { position: from, remove: begin - from, insert: earlier.insert };
  return [
    [{ position: from + before, remove: Math.max(end - to, 0), insert: later.insert }],
    to > end ? [{ position: begin + typed, remove: to - end, insert: [] }, theirs] : [theirs],
  ];
}

/**
 * Moves two lists of edits of one text behind each other: earlier, then the new later, gives the same
 * text as later, then the new earlier.
 * @param {Edit[]} later
 * @param {Edit[]} earlier
 * @returns {[Edit[], Edit[]]}
 */
export function transform(later, earlier) {
  if (later.length === 0 || earlier.length === 0)
    return [later, earlier];
  if (later.length === 1 && earlier.length === 1)
    return transformPair(later[0], earlier[0]);
  const [head, ...rest] = later;
  /** @type {Edit[]} */
  let moved = [head];
  /** @type {Edit[]} */
  const behind = [];
  for (const one of earlier) {
    const [next, left] = transform(moved, [one]);
    moved = next;
    behind.push(...left);
  }
  if (rest.length === 0)
    return [moved, behind];
  const [others, last] = transform(rest, behind);
  return [[...moved, ...others], last];
}

/** Two edits in a row as one, if they touch. @param {Edit} first @param {Edit} next @returns {Edit | null} */
export function join(first, next) {
  const { position, remove, insert } = first;
  const end = position + insert.length, nextEnd = next.position + next.remove;
  if (next.position > end || nextEnd < position)
    return null;
  return {
    position: Math.min(position, next.position),
    remove: remove + Math.max(position - next.position, 0) + Math.max(nextEnd - end, 0),
    insert: [...insert.slice(0, Math.max(next.position - position, 0)), ...next.insert,
      ...insert.slice(Math.max(nextEnd - position, 0))],
  };
}

export class NoteClient {
  /** Whether the note has come. */
  ready = false;
  revision = 0;
  /** @type {string[]} */
  confirmed = [];
  /** @type {string[]} */
  authors = [];
  /** The parts that the edit under way came apart into. @type {Edit[]} */
  underWay = [];
  /** It, as it was sent. @type {Body | null} */
  sent = null;
  sentAt = 0;
  /** @type {Edit[]} */
  rest = [];
  /** What the host refused, so that it can be shown. @type {{text: string, body: Body} | null} */
  refused = null;
  #asked = false;
  #send;
  #newId;

  /**
   * @param {(body: Body) => boolean} send FALSE when there is no connection
   * @param {() => string} newId
   */
  constructor(send, newId) {
    this.#send = send;
    this.#newId = newId;
  }

  /** What the page shows: also what nobody else knows yet. */
  get view() {
    return changeAll(changeAll(this.confirmed, this.underWay), this.rest);
  }

  get pending() {
    return this.sent !== null || this.rest.length > 0;
  }

  /** The page's text is this now. @param {string} text @returns {boolean} whether that can be said; else `refused` has it */
  type(text) {
    if (!this.ready)
      return true;
    const wanted = points(text);
    const edits = difference(this.view, wanted);
    const inserted = edits.map((edit) => edit.insert.join('')).join('');
    // A message that the hub does not take would end the page's connection, and again whenever it is back.
    const rule = wanted.length > mostCharacters ? 'note/size' : new TextEncoder().encode(inserted).length > mostBytes ? 'note/paste' : '';
    if (rule) {
      this.refused = { text: inserted, body: { rule } };
      return false;
    }
    for (const edit of edits) {
      const last = this.rest.at(-1);
      const both = last ? join(last, edit) : null;
      if (both)
        this.rest[this.rest.length - 1] = both;
      else
        this.rest.push(edit);
    }
    this.#flush();
    return true;
  }

  /** The session may be written in again, or the answer is late: says it once more. */
  retry() {
    if (!this.ready || this.#asked)
      this.#ask();
    else if (this.sent)
      this.#say(this.sent);
    else
      this.#flush();
  }

  /**
   * @param {Body} body
   * @returns {Edit[] | null} what to do to the text that is shown; null: show it anew
   */
  receive(body) {
    if (body.type === 'note')
      return this.#takeNote(body);
    if (body.type === 'edit' && this.ready)
      return this.#takeEdit(body);
    if (body.type === 'refused' && this.sent && body.edit === this.sent.edit)
      return this.#takeRefusal(body);
    return [];
  }

  /** @param {Body} body */
  #say(body) {
    this.sentAt = performance.now();
    this.#send(body);
  }

  /** The same edit, with its id, of the note as it is now: a worker that came back knows no past. */
  #sayAgain() {
    const [edit] = difference(this.confirmed, changeAll(this.confirmed, this.underWay));
    this.underWay = [edit ?? { position: 0, remove: 0, insert: [] }];
    this.#compose(this.sent?.edit);
  }

  /** @param {string} id */
  #compose(id) {
    const [{ position, remove, insert }] = this.underWay;
    this.sent = { type: 'edit', edit: id, revision: this.revision, position, remove, insert: insert.join('') };
    this.#say(this.sent);
  }

  #ask() {
    this.#asked = true;
    this.#send({ type: 'resync' });
  }

  #flush() {
    if (this.sent || this.rest.length === 0)
      return;
    const [edit, ...rest] = this.rest;
    this.rest = rest;
    this.underWay = [edit];
    this.#compose(this.#newId());
  }

  /** @param {Body} body */
  #takeNote(body) {
    const text = points(body.text);
    const known = this.sent !== null && body.edits.includes(this.sent.edit);
    const first = !this.ready;
    this.#asked = false;
    if (!first) {
      // Everything else that happened, as one edit: what is pending is moved behind it.
      let news = difference(known ? changeAll(this.confirmed, this.underWay) : this.confirmed, text);
      if (!known)
        [this.underWay, news] = transform(this.underWay, news);
      [this.rest] = transform(this.rest, news);
    }
    this.ready = true;
    this.confirmed = text;
    this.revision = body.revision;
    this.authors = body.authors;
    if (known)
      this.#done();
    else if (this.sent)
      this.#sayAgain();
    this.#flush();
    return null;
  }

  /** @param {Body} body */
  #takeEdit(body) {
    const own = this.sent !== null && body.edit === this.sent.edit;
    if (body.revision <= this.revision)
      // The answer to what we said twice: it came with a note, long ago.
      return own ? this.#takeOwn(changeAll(this.confirmed, this.underWay), false) : [];
    if (body.revision > this.revision + 1) {
      if (!this.#asked)
        this.#ask();
      return [];
    }
    const edit = { position: body.position, remove: body.remove, insert: points(body.insert) };
    const before = own ? changeAll(this.confirmed, this.underWay) : [];
    this.confirmed = change(this.confirmed, edit);
    this.revision = body.revision;
    if (body.author?.name)
      this.authors = [...this.authors.filter((name) => name !== body.author.name), body.author.name];
    if (own)
      return this.#takeOwn(before, body.more);
    /** @type {Edit[]} */
    let theirs = [edit];
    [this.underWay, theirs] = transform(this.underWay, theirs);
    [this.rest, theirs] = transform(this.rest, theirs);
    return theirs;
  }

  /** Ours is in the note now, or a part of it. @param {string[]} before @param {boolean} more @returns {Edit[]} */
  #takeOwn(before, more) {
    this.underWay = more ? this.underWay.slice(1) : [];
    // After a lost connection the host may have put it elsewhere than we thought.
    /** @type {Edit[]} */
    let news = difference(before, changeAll(this.confirmed, this.underWay));
    [this.rest, news] = transform(this.rest, news);
    if (!more) {
      this.#done();
      this.#flush();
    }
    return news;
  }

  /** @param {Body} body */
  #takeRefusal(body) {
    if (body.rule === 'note/revision') {
      this.#putBack();
      this.#flush();
      return [];
    }
    // The text is kept for its author, out of the note.
    this.refused = { text: [...this.underWay, ...this.rest].map((edit) => edit.insert.join('')).join(''), body };
    this.rest = [];
    this.#done();
    return null;
  }

  #done() {
    this.sent = null;
    this.underWay = [];
  }

  #putBack() {
    this.rest = [...this.underWay, ...this.rest];
    this.#done();
  }
}
