// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom an invitation to a session can be for: the hub refuses whose account could take no role of it,
// so nobody else is offered, and it is said why.

import { _, listOf, nameOf, ngettext } from '../i18n.js';
import { roleWord, sessionRole } from '../words.js';

/** @typedef {import('../types.js').InvitationCandidates} InvitationCandidates */

/** What each is called in the list, with the roles that are theirs to take. @param {InvitationCandidates} candidates
 * @param {string} [modality] @returns {[string, string][]} */
export const candidateChoices = ({ items }, modality) => items.map((one) => [
  one.person, _('%s: %s', listOf([nameOf(one.names), nameOf(one.title)].filter(Boolean)), listOf(one.roles.map((role) => sessionRole(role, modality))))]);

/** Who is not in the list, and why, in sentences; none when nobody is left out. @param {InvitationCandidates} candidates */
export const candidatesLeftOut = ({ others, accounts }) => (others ? [
  ngettext('%s more person here has no role that can take part.', '%s more people here have no role that can take part.', others),
  _('Accounts with one of these roles can take part in this kind of session: %s.', listOf(accounts.map(roleWord))),
] : []);

/** What is said where there is nobody to choose. @param {InvitationCandidates} candidates */
export const nobodyToInvite = (candidates) => (candidates.others
  ? _('Everybody who can take part is invited.') : _('Everybody is invited.'));
