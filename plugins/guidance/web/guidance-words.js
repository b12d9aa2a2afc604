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
  'picture.add': [N_('%1$s sent a picture of “%2$s”'), N_('%1$s sent a picture of a guidance')],
  'picture.part': [N_('A part of a picture of “%2$s” arrived'), N_('A part of a picture arrived')],
  'picture.abandon': [N_('A picture of “%2$s” stopped coming and was given up'), N_('A picture stopped coming and was given up')],
  'picture.refuse': [N_('A picture of “%2$s” was refused: it is not what it was announced as'), N_('A picture was refused: it is not what it was announced as')],
  'picture.send': [N_('A picture of “%2$s” was announced to the other hospital'), N_('A picture was announced to the other hospital')],
  'picture.announce': [N_('A picture of “%2$s” is coming'), N_('A picture is coming')],
  'picture.receive': [N_('A picture of “%2$s” arrived'), N_('A picture arrived')],
  'picture.list': [N_('%1$s looked at the list of pictures of “%2$s”'), N_('%1$s looked at the list of pictures of a guidance')],
  'picture.read': [N_('%1$s looked at a picture of “%2$s”'), N_('%1$s looked at a picture of a guidance')],
  'report.draft': [N_('%1$s wrote at the report of “%2$s”'), N_('%1$s wrote at a report of a guidance')],
  'report.discard': [N_('%1$s discarded a draft of the report of “%2$s”'), N_('%1$s discarded a draft of a report of a guidance')],
  'report.finish': [N_('%1$s finished the report of “%2$s”'), N_('%1$s finished a report of a guidance')],
  'report.sign': [N_('%1$s signed the report of “%2$s”'), N_('%1$s signed a report of a guidance')],
  'report.receive': [N_('The report of “%2$s”, signed by %1$s, arrived'), N_('A report of a guidance, signed by %1$s, arrived')],
  'report.read': [N_('%1$s read the report of “%2$s”'), N_('%1$s read a report of a guidance')],
  'guidance.read': [N_('%1$s read what was kept of “%2$s”'), N_('%1$s read what was kept of a guidance')],
};

/** What the log's filter calls them. @type {Record<string, string>} */
export const nouns = { participant: N_('Participants'), summary: N_('Summaries'), picture: N_('Pictures'), report: N_('Reports'), guidance: N_('AR guidance') };
