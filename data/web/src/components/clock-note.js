// SPDX-License-Identifier: LGPL-2.1-or-later
// A computer whose clock is wrong is told so: what is shown here is right, what its other programs show is not.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { clockOff, duration, isDoubtful } from '../time.js';

/** How far, and in which direction. @param {string} [kind] of the place */
export function clockNote(kind = 'banner') {
  const off = clockOff();
  if (isDoubtful())
    return html`<div class="${kind} clock-note" role="status"><p>${_('This computer slept, or its clock was set: the hub is asked what time it is.')}</p></div>`;
  if (!off)
    return nothing;
  const by = duration(Math.abs(off));
  return html`<div class="${kind} clock-note" role="status"><p><b>${off < 0 ? _('This computer’s clock is %s slow.', by) : _('This computer’s clock is %s fast.', by)}</b> ${
    _('All times here are by the hub’s clock.')}</p></div>`;
}
