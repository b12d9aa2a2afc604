// SPDX-License-Identifier: LGPL-2.1-or-later
// The words of the video consultation that the desk needs before anybody opens one.

import { N_ } from '@karez/desk';

/** The roles that one has in it. @type {Record<string, string>} */
export const roles = {
  referrer: N_('referring doctor'), consultant: N_('consultant'), observer: N_('observer'),
};

/** Its events in the audit log: %1$s is who did it, %2$s what it was done to when the event says so; the second of
 * a pair is for events that do not. @type {Record<string, [string, string] | [string]>} */
export const events = {
  'request.write': [N_('%1$s wrote what “%2$s” asks'), N_('%1$s wrote what a consultation asks')],
  'request.send': [N_('What “%2$s” asks was sent to the other hospital'), N_('What a consultation asks was sent to the other hospital')],
  'request.receive': [N_('What “%2$s” asks arrived'), N_('What a consultation asks arrived')],
  'request.read': [N_('%1$s read what “%2$s” asks'), N_('%1$s read what a consultation asks')],
  'request.discard': [N_('A draft of a request that came to nothing was removed')],
  'request.close': [N_('What was not sent of the request of “%2$s” stays here: it was called off'), N_('What was not sent of a request stays here: it was called off')],
  'attachment.add': [N_('%1$s added a file to the request of “%2$s”'), N_('%1$s added a file to a request')],
  'attachment.part': [N_('A part of a file for “%2$s” arrived'), N_('A part of a file arrived')],
  'attachment.abandon': [N_('A file for “%2$s” stopped coming and was given up'), N_('A file stopped coming and was given up')],
  'attachment.refuse': [N_('A file for “%2$s” was refused: it is not what it was announced as'), N_('A file was refused: it is not what it was announced as')],
  'attachment.remove': [N_('%1$s removed a file from the request of “%2$s”'), N_('%1$s removed a file from a request')],
  'attachment.send': [N_('A file for “%2$s” was announced to the other hospital'), N_('A file was announced to the other hospital')],
  'attachment.announce': [N_('A file for “%2$s” is coming'), N_('A file is coming')],
  'attachment.receive': [N_('A file for “%2$s” arrived'), N_('A file arrived')],
  'attachment.read': [N_('%1$s looked at a file of “%2$s”'), N_('%1$s looked at a file of a request')],
  'consultant.enter': [N_('%1$s was in “%2$s” as a consultant'), N_('%1$s was in a consultation as a consultant')],
  'summary.keep': [N_('Who was in “%2$s”, and for how long, was kept'), N_('Who was in a consultation, and for how long, was kept')],
  'consult.read': [N_('%1$s read what was kept of “%2$s”'), N_('%1$s read what was kept of a consultation')],
  'opinion.draft': [N_('%1$s wrote at the opinion on “%2$s”'), N_('%1$s wrote at an opinion')],
  'opinion.discard': [N_('%1$s discarded a draft of the opinion on “%2$s”'), N_('%1$s discarded a draft of an opinion')],
  'opinion.finish': [N_('%1$s finished the opinion on “%2$s”'), N_('%1$s finished an opinion')],
  'opinion.sign': [N_('%1$s signed the opinion on “%2$s”'), N_('%1$s signed an opinion')],
  'opinion.receive': [N_('The opinion on “%2$s”, signed by %1$s, arrived'), N_('An opinion signed by %1$s arrived')],
  'opinion.read': [N_('%1$s read the opinion on “%2$s”'), N_('%1$s read an opinion')],
};
