// SPDX-License-Identifier: LGPL-2.1-or-later
// What the other hospital does to a booking is told where it happens to be looked at by nobody.

import { html } from 'lit';
import { N_, _ } from './i18n.js';
import { isOurs } from './state.js';
import { hubName, titleOf } from './words.js';
import { say } from './components/parts.js';

/** @typedef {import('./types.js').Board} Board */

/** Whether it calls something off that people here count on, and its words. @type {Record<string, {off: boolean, text: string}>} */
const told = {
  'booking.accept': { off: false, text: N_('%s accepted “%s”.') },
  'booking.decline': { off: true, text: N_('%s declined “%s”.') },
  'booking.withdraw': { off: true, text: N_('%s withdrew “%s”.') },
  'booking.cancel': { off: true, text: N_('%s cancelled “%s”.') },
};

/**
 * @param {import('./types.js').Event} event
 * @param {Board | undefined} board where the booking is looked for
 * @returns {{text: unknown, off: boolean} | null} null for what nobody has to be told
 */
export function notice(event, board) {
  const known = told[event.action];
  // What came too late changed nothing, and that it knows of our own withdrawal is no act of the other hospital.
  // Who reads the log is told of everything, and others only of whose hospital it was.
  const hub = event.hub ?? event.actor?.hub;
  if (!known || event.table !== 'booking' || !hub || isOurs(hub) || event.details?.late || event.details?.own)
    return null;
  const booking = board?.bookings.find((one) => one.id === event.row);
  const text = say(_(known.text), hubName(board?.hubs ?? [], hub), booking ? titleOf(booking) : _('a session'));
  return { off: known.off, text: html`${text} <a href="/bookings/${event.row}">${_('Look')}</a>` };
}
