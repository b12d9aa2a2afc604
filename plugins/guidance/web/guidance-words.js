// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of AR guidance that the desk needs before anybody opens one.

import { N_ } from '@karez/desk';

/** The roles that one has in it. @type {Record<string, string>} */
export const roles = { site: N_('at the patient’s side'), expert: N_('expert'), observer: N_('observer') };

/** Its events in the audit log: %1$s is who did it, %2$s what it was done to when the event says so; the second of
 * a pair is for events that do not. @type {Record<string, [string, string] | [string]>} */
export const events = {
  'participant.enter': [N_('%1$s was in “%2$s”'), N_('%1$s was in a guidance')],
  'summary.keep': [N_('What was in “%2$s” was kept: people, marks, checklists'), N_('What was in a guidance was kept: people, marks, checklists')],
  'guidance.read': [N_('%1$s read what was kept of “%2$s”'), N_('%1$s read what was kept of a guidance')],
};

/** What the log's filter calls them. @type {Record<string, string>} */
export const nouns = { participant: N_('Participants'), summary: N_('Summaries'), guidance: N_('AR guidance') };
