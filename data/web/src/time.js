// SPDX-License-Identifier: LGPL-2.1-or-later
// Times as people here read them. Chromium knows no Uyghur dates, so every word of a date comes
// from our catalogues. China has one official clock, Beijing's; Xinjiang also lives by its own,
// two hours behind. Both are fixed offsets.

import { N_, _, direction, isolate, ngettext } from './i18n.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** @typedef {'beijing' | 'xinjiang'} Zone */
/** @typedef {number | string | Date} Moment  milliseconds, RFC 3339, or a Date */

/* What time it is, the hub says. Its clock is measured by a question and its answer, and goes on by
 * performance.now(), which nobody can set: a PC whose clock is wrong, or is put right while the page
 * is open, shows and asks for the same times as any other. This file alone may ask the PC's clock. */

/** What the counter and the PC's clock may differ by before something has happened to one of them. */
const jump = 1000;
/** What a PC's clock may be wrong by without a word. */
const bearable = MINUTE;

const counter = () => performance.now();
/** The hub's time when the counter was at zero; the PC's until the hub was asked. */
let zero = Date.now() - counter();
let known = false;
/** Whether the computer slept, or its clock was set, and the hub was not asked since. */
let doubtful = false;
/** How far the PC's clock is from the counter. */
let apart = Date.now() - counter();

/** What time it is, by the hub's clock. @returns {number} ms */
export const hubNow = () => Math.floor(zero + counter());

/** For durations that nobody is shown. @returns {number} ms of a clock that only goes forward */
export const ticks = () => counter();

/** From 1900, where NTP begins to count, to 1970, in ms (RFC 5905). */
const ntpToUnix = 2_208_988_800_000;

/** When something was by this computer's own clock, right or wrong, in ms since 1900: as abs-capture-time says of what this
 * page sends when it was taken. @param {number} at in ms of performance.now() */
export const ownNtp = (at) => performance.timeOrigin + at + ntpToUnix;

/**
 * Takes what the hub said: its clock was at `told` at some moment after `asked`, until now.
 * @param {Moment | undefined} told
 * @param {number} asked in ticks
 */
export function takeTime(told, asked) {
  const at = told === undefined ? NaN : millis(told);
  if (Number.isNaN(at))
    return;
  const unsure = (counter() - asked) / 2;
  const measured = at - (asked + unsure);
  // Within what cannot be told apart, the time that is shown goes on evenly.
  if (!known || doubtful || Math.abs(measured - zero) > unsure + 50)
    zero = measured;
  known = true;
  doubtful = false;
  apart = Date.now() - counter();
}

/** Whether they went apart since it was asked last. */
const isApart = () => Math.abs(Date.now() - counter() - apart) >= jump;

/** Whether the PC's clock and the counter went apart since this was asked last: the computer slept, or somebody set its
 * clock. Which of the two, the hub must say. */
export function hasJumped() {
  if (!isApart())
    return false;
  apart = Date.now() - counter();
  doubtful = true;
  return true;
}

/** Whether the time may be behind, until the hub answers. */
export const isDoubtful = () => doubtful;

/** How far this computer's clock is ahead of the hub's, where it matters; 0 else. @returns {number} ms */
export function clockOff() {
  const off = Date.now() - hubNow();
  // One that has just jumped may be right: the computer slept.
  return known && !doubtful && !isApart() && Math.abs(off) >= bearable ? off : 0;
}

/** @type {Record<Zone, number>} */
const offset = { beijing: 8 * HOUR, xinjiang: 6 * HOUR };

const weekdays = [
  N_('Sunday'), N_('Monday'), N_('Tuesday'), N_('Wednesday'), N_('Thursday'), N_('Friday'),
  N_('Saturday'),
];
const weekdaysShort = [
  N_('Sun'), N_('Mon'), N_('Tue'), N_('Wed'), N_('Thu'), N_('Fri'), N_('Sat'),
];
const months = [
  N_('January'), N_('February'), N_('March'), N_('April'), N_('May'), N_('June'), N_('July'),
  N_('August'), N_('September'), N_('October'), N_('November'), N_('December'),
];

/** @param {Moment} moment @returns {number} */
export const millis = (moment) =>
  typeof moment === 'number' ? moment : new Date(moment).getTime();

/** @param {Moment} moment @param {Zone} [zone] a Date whose UTC parts are the zone's */
const shifted = (moment, zone = 'beijing') => new Date(millis(moment) + offset[zone]);

/** @param {number} n */
const two = (n) => String(n).padStart(2, '0');

/** "14:26" @param {Moment} moment @param {Zone} [zone] */
export function clock(moment, zone = 'beijing') {
  const at = shifted(moment, zone);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** "14:26:05" @param {Moment} moment */
export function clockSeconds(moment) {
  return `${clock(moment)}:${two(shifted(moment).getUTCSeconds())}`;
}

/** Xinjiang's time, with its day where that is another than Beijing's: after midnight there it is
 * still the day before. @param {Moment} moment */
export const clockInXinjiang = (moment) => {
  return isOtherDay(moment) ? _('%s, %s', day(moment, 'xinjiang'), clock(moment, 'xinjiang')) : clock(moment, 'xinjiang');
};

/** A time beside `from`, as the end of a span that began then: "15:45", or "Wed 25 November, 00:45" where
 * that is another day by that clock. @param {Moment} from @param {Moment} to @param {Zone} [zone] */
export const clockAfter = (from, to, zone = 'beijing') => {
  const end = shifted(to, zone);
  return shifted(from, zone).getUTCDate() === end.getUTCDate() && Math.abs(millis(to) - millis(from)) < 2 * DAY ? clock(to, zone)
    : _('%s, %s', day(to, zone), clock(to, zone));
};

/** Two times as a span: "23:30–23:50", "23:45 – Wed 25 November, 00:45" @param {string} from @param {string} to */
export function range(from, to) {
  if (!/\p{L}/u.test(from + to))
    return `${from}–${to}`;
  return direction() === 'rtl' ? isolate(`${from} – ${to}`) : `${from} – ${to}`;
}

/** "14:26 Beijing, 12:26 Xinjiang" @param {Moment} moment */
export const bothClocks = (moment) => _('%s Beijing, %s Xinjiang', clock(moment), clockInXinjiang(moment));

/** A time inside a sentence: "14:26 Beijing (12:26 Xinjiang)", with its day where it is not today.
 * @param {Moment} moment */
export const saidTime = (moment) => _('%s Beijing (%s Xinjiang)', dayAndClock(moment), clockInXinjiang(moment));

/** @param {string} pattern @param {Date} at */
function put(pattern, at) {
  /** @type {Record<string, string>} */
  const parts = {
    day: String(at.getUTCDate()),
    month: _(months[at.getUTCMonth()]),
    number: String(at.getUTCMonth() + 1),
    year: String(at.getUTCFullYear()),
    weekday: _(weekdays[at.getUTCDay()]),
    short: _(weekdaysShort[at.getUTCDay()]),
  };
  return pattern.replace(/\{(\w+)\}/g, (match, name) => parts[name] ?? match);
}

/** "Tue 24 November", by Beijing's day @param {Moment} moment @param {Zone} [zone] */
export const day = (moment, zone = 'beijing') => put(_('{short} {day} {month}'), shifted(moment, zone));

/** Whether it is another day in Xinjiang than in Beijing. @param {Moment} moment */
export const isOtherDay = (moment) => shifted(moment, 'xinjiang').getUTCDate() !== shifted(moment).getUTCDate();

/** "Tuesday 24 November 2026" @param {Moment} moment */
export const dayLong = (moment) => put(_('{weekday} {day} {month} {year}'), shifted(moment));

/** "2026-11-24" in Beijing, for forms and addresses @param {Moment} moment */
export const isoDay = (moment) => shifted(moment).toISOString().slice(0, 10);

/** The first moment of Beijing's day @param {Moment} moment @returns {number} */
export const startOfDay = (moment) =>
  Math.floor((millis(moment) + offset.beijing) / DAY) * DAY - offset.beijing;

/**
 * A day and a time of the clock, as one moment; NaN when they are none.
 * @param {string} isoDate "2026-11-24"
 * @param {string} hhmm "14:30"
 * @param {Zone} [zone]
 */
export function moment(isoDate, hhmm, zone = 'beijing') {
  if (!/^\d{4}-\d\d-\d\d$/.test(isoDate) || !/^\d\d:\d\d$/.test(hhmm))
    return NaN;
  return Date.parse(`${isoDate}T${hhmm}:00Z`) - offset[zone];
}

/** RFC 3339 in UTC, as the hub wants it @param {Moment} moment */
export const rfc3339 = (moment) => new Date(millis(moment)).toISOString();

/** "14:26" today, else "Tue 24 November, 14:26" @param {Moment} moment */
export function dayAndClock(moment) {
  return startOfDay(moment) === startOfDay(hubNow())
    ? clock(moment)
    : _('%s, %s', day(moment), clock(moment));
}

/** "2 h 38 min" @param {number} ms */
export function duration(ms) {
  const minutes = Math.max(0, Math.round(ms / MINUTE));
  if (ms < MINUTE)
    return _('%s s', Math.max(0, Math.round(ms / 1000)));
  if (minutes < 60)
    return _('%s min', minutes);
  if (minutes < 24 * 60)
    return minutes % 60
      ? _('%s h %s min', Math.floor(minutes / 60), minutes % 60)
      : _('%s h', minutes / 60);
  const days = Math.round(minutes / 1440);
  return ngettext('%s day', '%s days', days);
}

/** "5 min ago" @param {Moment} moment */
export function ago(moment) {
  const ms = hubNow() - millis(moment);
  return ms < 5000 ? _('just now') : _('%s ago', duration(ms));
}

/** "1,284,907" @param {number} n @param {number} [places] */
export function number(n, places = 0) {
  const [whole, part] = Math.abs(n).toFixed(places).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return (n < 0 ? '−' : '') + grouped + (part ? `.${part}` : '');
}

/** "84 MB" @param {number} bytes */
export function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let n = bytes;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${number(n, n < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}
