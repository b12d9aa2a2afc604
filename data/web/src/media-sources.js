// SPDX-License-Identifier: LGPL-2.1-or-later
// What the people of a session may send, by the labels that its modality declares.

/**
 * `voice`: sound; `shared`: shown to all while it is on, and nobody's face; `bitrate`: what is enough for it, in bit/s.
 * @typedef {{voice?: boolean, shared?: boolean, bitrate: number}} SourceOptions
 */
/** A label. @typedef {string} Source */
/** @typedef {Record<Source, SourceOptions>} Sources */

/** Of a modality that declares nothing: a face needs less than a screen, which has text. @type {Sources} */
export const usualSources = {
  microphone: { voice: true, bitrate: 32_000 },
  camera: { bitrate: 1_500_000 },
  screen: { shared: true, bitrate: 2_500_000 },
};
