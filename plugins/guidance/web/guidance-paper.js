// SPDX-License-Identifier: LGPL-2.1-or-later
// A signed report on paper, with what was in the guidance: people, consent, checklists, pictures.

import { _, api, consentSentence, dayAndClock, duration, html, may, nameOf, ngettext, nothing, paper, say, sessionRole, timePair } from '@karez/desk';
import { kindInWords, listPictures, pictureForPaper } from './guidance-pictures.js';

/** @typedef {import('./guidance-report.js').Version} Version */
/** @typedef {import('./guidance-kept.js').Kept} Kept */
/** @typedef {import('./guidance-kept.js').List} List */
/** @typedef {{version: Version, kept: Kept | null, consents: import('@karez/desk').Consent[], title: string, asking: string, patient: string,
 *   pictures: {address: string, what: string, at: string}[]}} Paper */

/** What stands on it beside the report. Pictures come with their marks; each is read, which is on record.
 * @param {string} session @param {Version} version @param {Kept | null} kept @param {import('@karez/desk').Consent[]} consents
 * @returns {Promise<Paper>} */
export async function preparePaper(session, version, kept, consents) {
  const [booking, patients, all] = await Promise.all([
    api.get(`/bookings/${session}`).catch(() => null),
    may('patient.read') ? api.get('/patients').catch(() => null) : null,
    version.pictures.length && may('guidance.picture.read') ? listPictures(session) : [],
  ]);
  const chosen = all.filter((one) => one.state === 'whole' && version.pictures.some(({ id }) => id === one.id));
  const pictures = await Promise.all(chosen.map(async (one) => ({ address: await pictureForPaper(session, one), what: kindInWords(one), at: one.taken_at })));
  return {
    version, kept, consents, title: booking?.title ?? '', asking: booking?.requester ?? '', pictures: pictures.filter(({ address }) => address),
    patient: nameOf(patients?.items.find((/** @type {any} */ one) => one.id === booking?.patient)?.names),
  };
}

/** @param {Kept} kept @param {(id: string) => string} hospital */
const people = ({ people: all }, hospital) => html`<ul>${[...new Map(all.map((one) => [one.person, one])).values()].map((one) =>
  html`<li>${say(_('%s, %s, %s'), html`<bdi>${one.name}</bdi>`, sessionRole(one.role, 'guidance'), hospital(one.hospital))}</li>`)}</ul>`;

/** @param {List} list @param {Kept} kept @returns {[string, unknown]} */
function checklist({ checklist: text, items }, kept) {
  const by = (/** @type {string | undefined} */ account) => kept.people.find((one) => one.person === account)?.name ?? '';
  return [nameOf(text.title), html`<ol>${items.map((one, at) => html`<li>${one.confirmed_at ? '✓' : '○'} ${nameOf(text.items[at] ?? {})} — ${
    one.confirmed_at ? _('confirmed by %s at %s', by(one.confirmed_by), dayAndClock(one.confirmed_at))
      : one.asked_at ? _('asked at %s, and not confirmed', dayAndClock(one.asked_at)) : _('not asked')}</li>`)}</ol>`];
}

/** @param {Paper} what @param {(id: string) => string} hospital */
export function reportPaper({ version, kept, consents, title, asking, patient, pictures }, hospital) {
  const { length } = kept?.marks ?? [];
  return paper({
    title: _('Guidance report'),
    facts: [
      [_('Patient'), patient && html`<bdi>${patient}</bdi>`], [_('Guidance'), title], [_('Asked by'), asking && html`<bdi>${hospital(asking)}</bdi>`],
      [_('People'), kept && people(kept, hospital)],
      [_('Consent'), consents.length ? html`<ul>${consents.map((one) => html`<li>${consentSentence(one, timePair(one.at ?? 0))}</li>`)}</ul>` : nothing],
      [_('Scene shown'), kept?.seconds ? duration(kept.seconds * 1000) : nothing],
      [_('Marks'), length ? ngettext('%s mark was drawn', '%s marks were drawn', length) : nothing],
      [_('Why it was amended'), version.amendment],
    ],
    parts: [
      [_('What was seen and done'), version.course], [_('What is to follow'), version.recommendation],
      ...kept ? kept.checklists.map((one) => checklist(one, kept)) : [],
      [_('Pictures'), pictures.length ? pictures.map(({ address, what, at }) => html`<figure><img src=${address} alt=""><figcaption><bdi>${
        what}</bdi>, ${dayAndClock(at)}</figcaption></figure>`) : nothing],
    ],
    signed: { by: version.signed_by, hospital: hospital(version.hub), at: version.signed_at, version: version.version, digest: version.digest },
  });
}
