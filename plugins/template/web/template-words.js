// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of the shared note that the desk needs before anybody opens one.

import { N_ } from '@karez/desk';

/** The roles that one has in it. @type {Record<string, string>} */
export const roles = {
  writer: N_('writer'), reader: N_('reader'),
};

/** Its events in the audit log: %1$s is who did it, %2$s what it was done to when the event says so; the second of
 * a pair is for events that do not. @type {Record<string, [string, string] | [string]>} */
export const events = {
  'note.keep': [N_('The shared note of “%2$s” was kept'), N_('A shared note was kept')],
  'note.read': [N_('%1$s read the shared note of “%2$s”'), N_('%1$s read a shared note')],
};

/** What the audit log's filter calls its events. @type {Record<string, string>} */
export const nouns = { note: N_('Notes') };
