// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether what is written is kept, in words, and what somebody decides where it is not.

import { html } from 'lit';
import { _ } from '../i18n.js';
import { dayAndClock } from '../time.js';
import { button, problemNote } from './parts.js';

/**
 * @param {import('../draft-keeper.js').DraftKeeper} keeper
 * @param {(use: (draft: import('../draft-keeper.js').Draft | null) => unknown) => void} settle asks the hub what is there now, after another window wrote
 */
export function draftStanding(keeper, settle) {
  const { standing, savedAt, problem } = keeper;
  if (standing === 'conflict')
    return html`<div class="note warn" role="alert"><p><b>${_('The draft was changed in another window.')}</b></p><p>${_('What you typed here since then is not kept.')}</p>
      <div class="row">${button({ label: _('Load it'), onclick: () => settle((draft) => keeper.load(draft)) })}
      ${button({ label: _('Keep what is here'), onclick: () => settle((draft) => keeper.overwrite(draft)) })}</div></div>`;
  if (standing === 'differs')
    return html`<div class="note warn" role="alert"><p><b>${_('What the hub kept is not what is shown here.')}</b></p><p>${_('It cannot be signed before both are the same.')}</p>
      <div class="row">${button({ label: _('Load it'), onclick: () => settle((draft) => keeper.load(draft)) })}</div></div>`;
  if (standing === 'refused')
    return problemNote(problem);
  const words = {
    none: _('What you write is kept as you type; nobody else sees it before you sign.'), keeping: _('Keeping…'), kept: _('Kept %s', dayAndClock(savedAt ?? 0)),
    away: _('Not kept yet: the hub is away. Leave this page open; it is kept when the hub is back.'),
  };
  return html`<p class="draft-kept ${standing === 'away' ? 'bad-text' : ''}" data-standing=${standing} role="status"><i aria-hidden="true"></i><span>${words[standing]}</span></p>`;
}
