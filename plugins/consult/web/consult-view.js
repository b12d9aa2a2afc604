// SPDX-License-Identifier: LGPL-2.1-or-later
// What the consultation's panel decides without a page: words for a connection, how faces are laid
// out, who is listed and why somebody is not seen.

/** The catalogues are the panel's: this only marks. @param {string} text */
const N_ = (text) => text;

/** @typedef {'good' | 'unsteady' | 'poor' | 'away'} Grade */
/** @typedef {'camera' | 'microphone' | 'screen'} Source */

const unsteady = { loss: 0.02, rtt: 250 };
const poor = { loss: 0.08, rtt: 600 };

/**
 * How a person's connection is, by what their hospital measures.
 * @param {{state: string, loss_in: number, loss_out: number, rtt_ms: number} | undefined} measured
 * @returns {Grade | null} null: nothing is known yet
 */
export function grade(measured) {
  if (!measured)
    return null;
  if (measured.state !== 'open')
    return 'away';
  const loss = Math.max(measured.loss_in || 0, measured.loss_out || 0);
  const rtt = measured.rtt_ms || 0;
  if (loss > poor.loss || rtt > poor.rtt)
    return 'poor';
  return loss > unsteady.loss || rtt > unsteady.rtt ? 'unsteady' : 'good';
}

/** What the way from a page must carry, in bit/s: for a camera, and for a small one. */
const wide = 800_000;
const narrow = 300_000;
const networkGrades = /** @type {const} */ (['good', 'unsteady', 'poor']);

/**
 * How the way between this page and its hospital is, by what was tried.
 * @param {{loss_in: number, loss_out: number, rtt_ms: number, bitrate_out: number | null}} measured
 */
export function networkGrade(measured) {
  const way = networkGrades.findIndex((one) => one === grade({ ...measured, state: 'open' }));
  const room = measured.bitrate_out ?? wide;
  return networkGrades[Math.max(way, room >= wide ? 0 : room >= narrow ? 1 : 2)];
}

export const gradeWords = { good: N_('Good'), unsteady: N_('Unsteady'), poor: N_('Poor'), away: N_('Away') };

/** @param {number} people whose faces are large */
export function gridClass(people) {
  if (people <= 2)
    return `faces-${Math.max(people, 1)}`;
  if (people <= 4)
    return 'faces-4';
  return people <= 6 ? 'faces-6' : 'faces-more';
}

/**
 * Each person once, however often they came back.
 * @template {{name: string, hospital: string}} T
 * @param {T[]} people
 * @returns {T[]}
 */
export const once = (people) =>
  [...new Map(people.map((one) => [`${one.hospital} ${one.name}`, one])).values()];

/**
 * The role of who has not chosen one: doctors of the hospital that was asked are consultants, others
 * of it look on; who cares for patients at the hospital that asked refers, others of it look on.
 * @param {{booking?: {requester: string, provider: string} | null}} session
 * @param {{hub: string, roles: string[]} | null} me
 */
export function roleFor({ booking }, me) {
  if (!booking || !me)
    return '';
  if (me.hub === booking.provider)
    return me.roles.some((one) => one === 'clinician' || one === 'surgeon') ? 'consultant' : 'observer';
  if (me.hub === booking.requester)
    return me.roles.some((one) => one === 'clinician' || one === 'surgeon' || one === 'bedside') ? 'referrer' : 'observer';
  return '';
}

/** @typedef {{crowded: boolean, people: Map<string, import('@karez/media').Shown>}} Placed */

/** Whether this page has no place for what somebody may send: it is not known then whether they do.
 * @param {Placed | null} client @param {string} id @param {Source} source */
const isPlaceless = (client, id, source) => Boolean(client?.crowded) && !client?.people.get(id)?.tracks[source];

/** Whether somebody else is known to be muted. @param {Placed | null} client @param {string} id */
export const isMuted = (client, id) => {
  const shown = client?.people.get(id);
  return shown !== undefined && !shown.on.microphone && !isPlaceless(client, id, 'microphone');
};

/** Why somebody else is not seen. @param {Placed | null} client @param {string} id @returns {'placeless' | 'off' | 'nothing'} */
export const unseenWhy = (client, id) => {
  const tracks = client?.people.get(id)?.tracks;
  return isPlaceless(client, id, 'camera') ? 'placeless' : tracks?.camera || tracks?.microphone ? 'off' : 'nothing';
};
