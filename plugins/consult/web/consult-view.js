// SPDX-License-Identifier: LGPL-2.1-or-later
// What the consultation's panel decides without a page: words for a connection, how faces are laid
// out, what to say of a device that is not there.

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

const titles = /^(dr|prof|mr|mrs|ms)\.?$/i;

/** One or two letters for somebody who is not seen. @param {string | null | undefined} name */
export function initials(name) {
  const words = (name ?? '').trim().split(/[\s·•]+/).filter(Boolean);
  const named = words.filter((word) => !titles.test(word));
  const [first, ...others] = named.length ? named : words;
  if (!first)
    return '?';
  // A Chinese name is its last characters.
  if (/^\p{Script=Han}+$/u.test(first) && others.length === 0)
    return Array.from(first).slice(-2).join('');
  /** A Uyghur vowel has its seat before it. @param {string} word */
  const letter = (word) => Array.from(word.replace(/^[^\p{L}\p{N}]+/u, '') || word).slice(0, word.startsWith('ئ') ? 2 : 1).join('').toUpperCase();
  const last = others.at(-1);
  const joined = last ? [letter(first), letter(last)] : [letter(first)];
  // Arabic letters would join into a word.
  return joined.join(/\p{Script=Arabic}/u.test(first) ? '\u2009' : '');
}

/** @type {Record<string, Partial<Record<Source, string>>>} */
const problems = {
  denied: {
    camera: N_('This page may not use the camera.'), microphone: N_('This page may not use the microphone.'),
    screen: N_('This page may not share the screen.'),
  },
  missing: { camera: N_('No camera was found.'), microphone: N_('No microphone was found.') },
  busy: {
    camera: N_('The camera is in use by another program.'),
    microphone: N_('The microphone is in use by another program.'),
  },
  gone: { camera: N_('The camera was unplugged.'), microphone: N_('The microphone was unplugged.') },
  insecure: {
    camera: N_('The camera needs a secure address.'), microphone: N_('The microphone needs a secure address.'),
  },
  other: {
    camera: N_('The camera does not work.'), microphone: N_('The microphone does not work.'),
    screen: N_('The screen cannot be shared.'),
  },
};
/** @type {Record<string, string>} */
const remedies = {
  denied: N_('Click the sign at the left of the address, allow it for this page, then check again. You can also join without it.'),
  missing: N_('Plug one in and check again, or join without it.'),
  busy: N_('Close the program that uses it and check again, or join without it.'),
  gone: N_('Plug it in again or choose another one.'),
  insecure: N_('Open this page by its https address, or ask the administrator for it.'),
  other: N_('Unplug it and plug it in again, then check again. You can also join without it.'),
};
/** @type {Record<string, string>} */
const kinds = {
  NotAllowedError: 'denied', SecurityError: 'denied', PermissionDeniedError: 'denied',
  NotFoundError: 'missing', DevicesNotFoundError: 'missing', OverconstrainedError: 'missing',
  NotReadableError: 'busy', TrackStartError: 'busy', AbortError: 'busy',
  gone: 'gone', insecure: 'insecure',
};

/**
 * What is wrong with a device, and what to do.
 * @param {string} name of the browser's error; or 'gone', 'insecure'
 * @param {Source} source
 * @returns {{text: string, help: string}} messages to translate
 */
export function deviceProblem(name, source) {
  const kind = kinds[name] ?? 'other';
  return { text: problems[kind][source] ?? /** @type {string} */ (problems.other[source]), help: remedies[kind] };
}

/** How loud it is, from 0 to 1, by the ear: −60 dB is nothing. @param {Float32Array} samples */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples)
    sum += sample * sample;
  const db = 10 * Math.log10(sum / Math.max(samples.length, 1) || 1e-12);
  return Math.min(1, Math.max(0, (db + 60) / 55));
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
