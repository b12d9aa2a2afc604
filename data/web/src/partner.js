// SPDX-License-Identifier: LGPL-2.1-or-later
// What two pages say about a partner's hub.

import { _, nameOf } from './i18n.js';
import { duration, number } from './time.js';

/** @typedef {import('./types.js').Peer} Peer */

/** How far ahead of ours its clock is. @param {NonNullable<Peer['clock']>} clock */
export function clockMeasure(clock) {
  const offset = Math.round(clock.offset_ms);
  if (Math.abs(offset) >= 60000)
    return `${offset < 0 ? '−' : '+'}${duration(Math.abs(offset))}`;
  return _('%s ms, to within %s ms', `${offset < 0 ? '−' : '+'}${number(Math.abs(offset))}`, number(Math.ceil(clock.uncertainty_ms)));
}

/** @param {Peer} peer */
export function clockApart(peer) {
  const offset = peer.clock?.offset_ms ?? 0;
  return offset < 0 ? _('The clock of %s is %s behind this hospital’s.', nameOf(peer.names), duration(-offset))
    : _('The clock of %s is %s ahead of this hospital’s.', nameOf(peer.names), duration(offset));
}
