// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether what is shown of somebody still moves: a browser goes on showing the last picture of one
// that stopped, and nothing about it looks wrong.

import { usualSources } from './media-sources.js';

/** @typedef {import('./media-sources.js').Source} Source */
/** @typedef {{frames: number, at: number}} Seen */

/** ms without a picture or a packet of speech until that is said. A screen on which nothing moves is sent once a second. */
const bearable = 900;
const bearableShared = 4000;

/** What a page's tracks did when it looked. */
export class Stillness {
  /** Since when nothing came, by participant and source, in ms of the clock that `look` is given.
   * @type {Map<string, Partial<Record<Source, number>>>} */
  since = new Map();
  /** @type {Map<string, Seen>} by participant, source and track: a place may be another person's now */
  #seen = new Map();
  #options;

  /** @param {import('./media-sources.js').Sources} [sources] that there may be */
  constructor(sources = usualSources) {
    this.#options = sources;
  }

  /**
   * @param {Map<string, import('./media.js').Shown>} people
   * @param {Map<string, number>} counts frames of pictures and packets of speech, by track
   * @param {number} now
   * @param {Source[]} [expected] what is sent at all: nothing else is missed
   * @returns {boolean} whether it is another one now
   */
  look(people, counts, now, expected = Object.keys(this.#options)) {
    const before = JSON.stringify([...this.since]);
    /** @type {Map<string, Seen>} */
    const seen = new Map();
    this.since = new Map();
    for (const [who, { tracks, on }] of people) {
      /** @type {Partial<Record<Source, number>>} */
      const still = {};
      const sources = /** @type {Source[]} */ (Object.keys(tracks)).filter((source) => tracks[source] && on[source] && expected.includes(source));
      for (const source of sources) {
        const id = `${who} ${source} ${tracks[source]?.id}`;
        const frames = counts.get(tracks[source]?.id ?? '') ?? 0;
        const last = this.#seen.get(id);
        const at = last && last.frames === frames ? last.at : now;
        seen.set(id, { frames, at });
        if (now - at >= (this.#options[source]?.shared ? bearableShared : bearable))
          still[source] = at;
      }
      // Whose face and voice stand still sends no screen, either.
      const others = sources.filter((source) => !this.#options[source]?.shared);
      if (others.length && others.every((source) => still[source] !== undefined))
        for (const shared of sources.filter((source) => this.#options[source]?.shared))
          still[shared] ??= Math.min(...others.map((source) => /** @type {number} */ (still[source])));
      if (Object.keys(still).length)
        this.since.set(who, still);
    }
    this.#seen = seen;
    return JSON.stringify([...this.since]) !== before;
  }

  /** What was seen is of another connection. */
  forget() {
    this.since = new Map();
    this.#seen = new Map();
  }
}

/** Frames and packets by track. @param {Iterable<any>} stats of a connection @returns {Map<string, number>} */
export function countFrames(stats) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const one of stats)
    if (one.type === 'inbound-rtp' && one.trackIdentifier)
      counts.set(one.trackIdentifier, one.kind === 'video' ? one.framesDecoded ?? 0 : one.packetsReceived ?? 0);
  return counts;
}
