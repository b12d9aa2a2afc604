// SPDX-License-Identifier: LGPL-2.1-or-later
// A note as it was kept, in the session's page and in the list of notes.

import { _, say, timePair } from '@karez/desk';
import { html } from 'lit';

/** @typedef {{text: string, authors: string[], kept_at: string}} Kept */

/** @param {Kept} kept */
export const keptNote = (kept) => html`<article>
  <div class="template-kept" dir="auto">${kept.text.split('\n').map((line) => html`<p dir="auto">${line}</p>`)}</div>
  <p class="hint">${say(_('Written by %s, kept at %s'), kept.authors.join(_(', ')), timePair(Date.parse(kept.kept_at)))}</p>
</article>`;
