// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be done with a booking, wherever it is shown.

import { api } from './api.js';
import { _ } from './i18n.js';
import { live } from './live.js';
import { may } from './state.js';
import { confirm } from './components/dialog.js';
import { toast, toastProblem } from './components/toast.js';

/** @typedef {import('./types.js').Booking} Booking */

/** @param {Booking} booking @param {string} act @param {unknown} body @param {string} done */
async function act(booking, act, body, done) {
  try {
    await api.post(`/bookings/${booking.id}/${act}`, body);
    toast(done);
    return true;
  } catch (error) {
    toastProblem(error);
    return false;
  } finally {
    live.touch('booking', 'session');
  }
}

/** Who may not answer for the hospital may answer an emergency. @param {Booking} booking */
export const mayAnswer = (booking) => may('booking.answer') || (booking.urgency === 'T0' && may('emergency.answer'));

/** @param {Booking} booking @param {string} [answer] */
export const accept = (booking, answer = '') =>
  act(booking, 'accept', answer ? { answer } : {}, _('Accepted: %s', booking.title));

/** @param {Booking} booking @param {string} answer why */
export const decline = (booking, answer) =>
  act(booking, 'decline', { answer }, _('Declined: %s', booking.title));

/** @param {Booking} booking */
export const withdraw = (booking) =>
  act(booking, 'withdraw', {}, _('Withdrawn: %s', booking.title));

/** @param {Booking} booking @param {string} partner */
export async function cancel(booking, partner) {
  const answer = await confirm({
    title: _('Cancel “%s”?', booking.title),
    text: _('%s is told at once, and the people, rooms and devices of both hospitals become free.', partner),
    action: _('Cancel the session'),
    reason: _('Reason, both hospitals see it'),
  });
  return answer ? act(booking, 'cancel', { answer: answer.reason }, _('Cancelled: %s', booking.title)) : false;
}
