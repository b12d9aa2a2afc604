// SPDX-License-Identifier: LGPL-2.1-or-later
// The document that an expert shows at the patient's side, as a page knows of it.

/** Its pages are pictures of the session, of which one is shown; `seen`: on the screen at the patient's side.
 * @typedef {{id: string, title: string, pages: string[], page: number, seen: boolean, by: string, at: number, name?: string, hospital?: string}} Document */
/** The page that is looked at, as the viewer has it. @typedef {import('./guidance-stills.js').Still} Still */

/**
 * `fetch` gives null while a page is not here; `seen`: this is on the screen now.
 * @typedef {object} Told
 * @property {(id: string, signal: AbortSignal) => Promise<ImageBitmap | null>} fetch
 * @property {(shown: Document, page: number) => void} seen
 */

/** Tells 'change'; 'begin' where another document is shown, or none any more; and 'refuse', a CustomEvent with {rule, message, accepted}. */
export class Showing extends EventTarget {
  /** @param {Told} told */
  constructor(told) {
    super();
    this.told = told;
    /** @type {Document | null} */
    this.document = null;
    /** Whether this page looks at it: at the patient's side, or where an expert opened it. */
    this.wanted = false;
    /** The page that is looked at, once it is here. @type {Still | null} */
    this.view = null;
    /** The page that is being read; `again`: it may have come meanwhile. @type {{id: string, again: boolean, stop: AbortController} | null} */
    this.reading = null;
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** A message of the channel "document". @param {string} text */
  take(text) {
    const message = JSON.parse(text);
    if (message.type === 'refused')
      this.dispatchEvent(new CustomEvent('refuse', { detail: message }));
    else if (message.type === 'showing')
      this.set(message.document);
  }

  /** @param {Document | null} document */
  set(document) {
    const another = document?.id !== this.document?.id;
    this.document = document;
    if (this.view?.id !== this.page)
      this.close();
    if (another)
      this.dispatchEvent(new Event('begin'));
    this.look();
    this.changed();
  }

  /** The picture that is to be looked at; '' for none. */
  get page() {
    return this.document?.pages[this.document.page] ?? '';
  }

  /** @param {boolean} wanted */
  want(wanted) {
    this.wanted = wanted;
    if (!wanted)
      this.close();
    this.look();
    this.changed();
  }

  /**
   * Reads the page that may be here by now: each reading is on record, and one that finds nothing is none.
   * One at a time, however fast pages are turned: a picture takes up to 12 MB of the line, and 48 MB here.
   */
  look() {
    const page = this.wanted ? this.page : '';
    if (this.reading && this.reading.id !== page) {
      this.reading.stop.abort();
      this.reading = null;
    }
    if (!page || this.view?.id === page)
      return;
    if (this.reading)
      this.reading.again = true;
    else
      void this.read(page);
  }

  /** @param {string} id */
  async read(id) {
    const reading = { id, again: false, stop: new AbortController() };
    this.reading = reading;
    const image = await this.told.fetch(id, reading.stop.signal).catch(() => null);
    const { document } = this;
    if (this.reading !== reading || !document) {
      image?.close();
      return;
    }
    this.reading = null;
    if (image) {
      this.close();
      this.view = { id, by: document.by, own: false, at: document.at, state: 'here', wanted: true, image, known: null, lines: [] };
      this.told.seen(document, document.page);
      this.changed();
    } else if (reading.again)
      this.look();
  }

  /** Nothing is kept of what was looked at. */
  close() {
    this.view?.image?.close();
    this.view = null;
  }

  forget() {
    this.close();
    this.document = null;
    this.look();
    this.changed();
  }
}

const mostTitle = 200;

/** What a file is called at the patient's side: its name without its ending, on one line. @param {string} name @returns {string} '' for none */
export const titleOf = (name) => [...name.normalize('NFC').replace(/\.[^.]{1,5}$/, '').replace(/[\p{C}\p{Z}]+/gu, ' ').trim()].slice(0, mostTitle).join('').trim();
