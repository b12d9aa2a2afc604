// SPDX-License-Identifier: LGPL-2.1-or-later
// The words for the states and kinds that the hub names by identifiers.

import { _, N_, nameOf } from './i18n.js';
import { dayAndClock, duration, millis, MINUTE } from './time.js';
import { isOurs } from './state.js';

/** @typedef {import('./types.js').Booking} Booking */
/** @typedef {import('./types.js').Hub} Hub */

/** @param {Record<string, string>} table @returns {(id: string | null | undefined) => string} */
const words = (table) => (id) => (id ? _(table[id] ?? id) : '');

export const urgencies = /** @type {const} */ (['T0', 'T1', 'T2', 'T3']);
const urgencyTable = {
  T0: N_('Emergency'), T1: N_('Urgent'), T2: N_('Soon'), T3: N_('Planned'),
};
const urgencyMeaning = {
  T0: N_('now, by the people on call'), T1: N_('within two hours'), T2: N_('within three days'),
  T3: N_('at an agreed time'),
};
export const urgencyWord = words(urgencyTable);
export const urgencyHint = words(urgencyMeaning);

export const kinds = /** @type {const} */ (['person', 'room', 'robot', 'console', 'glasses', 'team']);
export const kindWord = words({
  person: N_('Person'), room: N_('Room'), robot: N_('Robot'), console: N_('Console'),
  glasses: N_('Glasses'), team: N_('Team'),
});
export const kindPlural = words({
  person: N_('People'), room: N_('Rooms'), robot: N_('Robots'), console: N_('Consoles'),
  glasses: N_('Glasses'), team: N_('Teams'),
});

export const roles = /** @type {const} */ ([
  'desk', 'clinician', 'surgeon', 'bedside', 'engineer', 'administrator', 'auditor',
]);
export const roleWord = words({
  desk: N_('Coordination desk'), clinician: N_('Clinician'), surgeon: N_('Surgeon'),
  bedside: N_('Bedside staff'), engineer: N_('Engineer'), administrator: N_('Administrator'),
  auditor: N_('Auditor'),
});

export const sessionWord = words({
  planned: N_('Scheduled'), preparing: N_('Being prepared'), ready: N_('Ready to start'),
  starting: N_('Starting'), live: N_('Live'), degraded: N_('Live, limited'), held: N_('On hold'),
  stopping: N_('Ending'), ended: N_('Ended'), failed: N_('Failed'),
});

export const phaseWord = words({
  asked: N_('Needs your answer'), waiting: N_('Waiting for the partner'),
  withdrawing: N_('Being withdrawn'), confirmed: N_('Confirmed'), ready: N_('Ready to start'),
  live: N_('Live'), held: N_('On hold'), over: N_('Over plan'), done: N_('Done'),
  failed: N_('Failed'), declined: N_('Declined'), cancelled: N_('Cancelled'),
});

export const peerWord = words({
  up: N_('Connected'), down: N_('Not connected'), paired: N_('Paired'), revoked: N_('Unpaired'),
  restored: N_('Nothing is delivered'),
});

/** How a partner is: connected is not enough where nothing goes through.
 * @param {{state?: string, restored?: boolean}} hub */
export const peerState = (hub) => (hub.state === 'up' && hub.restored ? 'restored' : hub.state ?? 'down');

export const genderWord = words({
  male: N_('male'), female: N_('female'), other: N_('other'), unknown: N_('not known'),
});

/** Plugins bring the words for the roles of their sessions, by modality.
 * @type {Record<string, Record<string, string>>} */
const sessionRoles = {};
/** @param {string} modality @param {Record<string, string>} more */
export const addSessionRoles = (modality, more) => { sessionRoles[modality] = more; };

/** Without a word, a role is shown as it is named. @param {string | null | undefined} role @param {string} [modality] any, if none is said */
export function sessionRole(role, modality) {
  if (!role)
    return '';
  const of = modality ? sessionRoles[modality] : Object.values(sessionRoles).find((one) => one[role]);
  return _(of?.[role] ?? role);
}

/** What the checks of sessions are called, by id: the hub's, and those that plugins bring. @type {Record<string, string>} */
const checkNames = {
  'link.rtt': N_('Delay of the link'), 'link.loss': N_('Loss on the link'), 'link.up': N_('Link between the hospitals'),
  'link': N_('Link between the hospitals'), 'clock': N_('Clocks of both hospitals'), 'peer': N_('Partner hospital'),
};
/** Those of a plugin; the hub's stay. @param {Record<string, string>} more */
export const addCheckNames = (more) => {
  for (const [id, name] of Object.entries(more))
    checkNames[id] ??= name;
};
/** '' for one without a name. @param {string} id */
export const checkName = (id) => (Object.hasOwn(checkNames, id) ? _(checkNames[id]) : '');

/** The roles that people of a hospital may take. @param {import('./types.js').Modality} modality @param {boolean} runs it runs the session */
export const rolesAt = ({ roles: all, host_roles, mirror_roles }, runs) =>
  all.filter((role) => !(runs ? mirror_roles : host_roles).includes(role));

/**
 * What a booking is called. Who may not read about patients sees that its people and rooms are busy.
 * @param {{title: string, concealed?: boolean}} booking
 */
export const titleOf = (booking) => (booking.concealed ? _('Busy') : booking.title);

/**
 * What a booking is to the person who looks at it now.
 * @param {Booking} booking
 * @param {number} now
 */
export function phase(booking, now) {
  const session = booking.session?.state;
  switch (booking.state) {
    case 'requested':
      return isOurs(booking.provider) ? 'asked' : 'waiting';
    case 'completed':
      return session === 'failed' ? 'failed' : 'done';
    case 'confirmed':
      break;
    default:
      return booking.state;
  }
  if (session === 'live' || session === 'degraded' || session === 'starting')
    return now > millis(booking.ends_at) ? 'over' : 'live';
  if (session === 'held')
    return 'held';
  if (session === 'ended' || session === 'stopping')
    return 'done';
  if (session === 'failed' || session === 'ready')
    return session;
  return 'confirmed';
}

/** Whether somebody is in it now. @param {string} what a phase */
export const isRunning = (what) => what === 'live' || what === 'held' || what === 'over';

/** Whether it takes up time on the board. @param {string} what a phase */
export const takesTime = (what) => what !== 'declined' && what !== 'cancelled';

/** One line that says how a booking stands. @param {Booking} booking @param {number} now @param {string} partner */
export function standing(booking, now, partner) {
  const what = phase(booking, now);
  const started = booking.session?.started_at;
  switch (what) {
    case 'asked':
      return _('asked by %s', partner);
    case 'waiting':
      return _('waiting for %s', partner);
    case 'live':
      return started
        ? _('live %s, plan %s', duration(now - millis(started)), dayAndClock(booking.ends_at))
        : _('live, plan %s', dayAndClock(booking.ends_at));
    case 'over':
      return _('%s over plan', duration(Math.max(MINUTE, now - millis(booking.ends_at))));
    case 'held':
      return _('on hold');
    case 'confirmed':
      return millis(booking.starts_at) > now
        ? _('confirmed')
        : _('was due at %s', dayAndClock(booking.starts_at));
    default:
      return standingWord(what);
  }
}

const standingWord = words({
  withdrawing: N_('being withdrawn'), ready: N_('ready to start'), done: N_('done'), failed: N_('failed'),
  declined: N_('declined'), cancelled: N_('cancelled'),
});

/** The hospital at the other end of a booking. @param {Booking} booking */
export const partnerOf = (booking) =>
  isOurs(booking.requester) ? booking.provider : booking.requester;

/** @param {Hub[]} hubs @param {string | null | undefined} id */
export function hubName(hubs, id) {
  const hub = hubs.find((one) => one.id === id);
  return hub ? nameOf(hub.names) : _('another hospital');
}
