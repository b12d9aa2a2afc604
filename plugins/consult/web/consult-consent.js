// SPDX-License-Identifier: LGPL-2.1-or-later
// What the consent and the worker's state mean for who is seen and heard.

import { _ } from '@karez/desk';

/** Why nobody is seen or heard; '' only when people are.
 * @param {Pick<import('@karez/desk').ConsentControl, 'consent' | 'withdrawn'>} control @param {boolean} forwarding as the worker says
 * @param {boolean} held the session is on hold */
export function quiet({ consent, withdrawn }, forwarding, held) {
  if (consent?.state !== 'given')
    return _('Not seen or heard before consent is on record.');
  if (held)
    return _('On hold: not seen or heard.');
  return forwarding && !withdrawn ? '' : _('Not seen or heard now.');
}

/** What a worker of version 0.1 says: all of it in one message. Sessions go on while their hub is replaced.
 * @param {Record<string, any>} body a `consult.state` @returns {Record<string, any> | null} the `consent.state` in it; null of this version's worker */
export const formerState = ({ consent, may_consent: may, forwarding }) =>
  (consent ? { type: 'consent.state', consent, may_consent: may, allowed: forwarding, gates: ['media'] } : null);

/** The same to such a worker. @param {Record<string, unknown>} body */
export const formerAct = ({ type, ...more }) => ({ type: type === 'consent.give' ? 'consult.consent' : 'consult.withdraw', ...more });
