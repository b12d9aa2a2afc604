// SPDX-License-Identifier: LGPL-2.1-or-later
// Events of the audit log as sentences. An action that has none, neither here nor from its plugin, is
// shown by its own name.

import { N_, nameOf } from './i18n.js';

/** @typedef {import('./types.js').Event} Event */

/**
 * %1$s is who did it, %2$s what it was done to when the event says so. The second of a pair is for
 * events whose details do not.
 * @type {Record<string, [string, string] | [string]>}
 */
const sentences = {
  'booking.request': [N_('%1$s asked for “%2$s”'), N_('%1$s asked for a session')],
  'booking.refuse': [N_('This hub refused a request of another hospital, and told it')],
  'booking.accept': [N_('%1$s accepted “%2$s”'), N_('%1$s accepted a request')],
  'booking.confirm': [N_('%1$s confirmed “%2$s”'), N_('%1$s confirmed a session')],
  'booking.decline': [N_('%1$s declined “%2$s”'), N_('%1$s declined a request')],
  'booking.withdraw': [N_('%1$s withdrew “%2$s”'), N_('%1$s withdrew a request')],
  'booking.cancel': [N_('%1$s cancelled “%2$s”'), N_('%1$s cancelled a session')],
  'booking.complete': [N_('“%2$s” is done'), N_('A session is done')],
  'board.read': [N_('%1$s saw the board and what its sessions are for')],
  'session.list': [N_('%1$s saw the list of sessions and what they are for')],
  'session.read': [N_('%1$s saw what “%2$s” is for'), N_('%1$s saw what a session is for')],
  'booking.read': [N_('%1$s saw the booking “%2$s” of a patient'), N_('%1$s saw the booking of a patient')],
  'resource.add': [N_('%1$s added %2$s to what can be booked'), N_('%1$s added something to book')],
  'resource.change': [N_('%1$s changed %2$s'), N_('%1$s changed something that can be booked')],
  'resource.mirror': [N_('%1$s told what can be booked there')],
  'session.plan': [N_('“%2$s” was planned'), N_('A session was planned')],
  'session.prepare': [N_('%1$s prepared “%2$s”'), N_('%1$s prepared a session')],
  'session.ready': [N_('“%2$s” is ready'), N_('A session is ready')],
  'session.start': [N_('%1$s started “%2$s”'), N_('%1$s started a session')],
  'session.live': [N_('“%2$s” is live'), N_('A session is live')],
  'session.join': [N_('%1$s joined “%2$s”'), N_('%1$s joined a session')],
  'session.leave': [N_('%1$s left “%2$s”'), N_('%1$s left a session')],
  'session.invite': [N_('%1$s invited somebody to “%2$s”'), N_('%1$s invited somebody to a session')],
  'session.uninvite': [N_('%1$s took an invitation to “%2$s” back'), N_('%1$s took an invitation to a session back')],
  'session.hold': [N_('%1$s put “%2$s” on hold'), N_('%1$s put a session on hold')],
  'session.hold-repeated': [N_('“%2$s” was put on hold many more times while it was on hold'), N_('A session was put on hold many more times while it was on hold')],
  'session.panic': [N_('%1$s stopped “%2$s” at once and put it on hold'), N_('%1$s stopped a session at once and put it on hold')],
  'session.resume': [N_('%1$s resumed “%2$s”'), N_('%1$s resumed a session')],
  'session.degrade': [N_('“%2$s” became limited'), N_('A session became limited')],
  'session.heal': [N_('“%2$s” is no longer limited'), N_('A session is no longer limited')],
  'session.stop': [N_('%1$s ended “%2$s”'), N_('%1$s ended a session')],
  'session.stop-uninvited': [N_('%1$s ended “%2$s” uninvited while the database was busy'), N_('%1$s ended a session uninvited while the database was busy')],
  'session.end': [N_('“%2$s” ended'), N_('A session ended')],
  'session.fail': [N_('“%2$s” failed'), N_('A session failed')],
  'session.restart': [N_('The part of “%2$s” that runs here was started again'), N_('A session’s part that runs here was started again')],
  'session.worker-start': [N_('The part of “%2$s” that runs here was started'), N_('A session’s part that runs here was started')],
  'session.ask': [N_('%1$s asked the hospital that runs “%2$s” for a change'), N_('%1$s asked the hospital that runs a session for a change')],
  'session.close': [N_('“%2$s” was closed without having run'), N_('A session was closed without having run')],
  'session.late-message': [N_('A message about a session came too late')],
  'session.state-lost': [N_('The last seconds of “%2$s” were lost when it was started again'), N_('The last seconds of a session were lost when it was started again')],
  'session.state': [N_('The state of “%2$s” changed'), N_('The state of a session changed')],
  'session.spool-damaged': [N_('Part of what “%2$s” kept was damaged'), N_('Part of what a session kept was damaged')],
  'consent.give': [N_('%1$s put the consent to “%2$s” on record'), N_('%1$s put a consent on record')],
  'consent.withdraw': [N_('The consent to “%2$s” was withdrawn'), N_('A consent was withdrawn')],
  'consent.read': [N_('%1$s read what was said of the consent to “%2$s”'), N_('%1$s read what was said of a consent')],
  'person.create': [N_('%1$s added the person %2$s'), N_('%1$s added a person')],
  'person.change': [N_('%1$s changed the person %2$s'), N_('%1$s changed a person')],
  'account.create': [N_('%1$s let %2$s sign in'), N_('%1$s added an account')],
  'account.change': [N_('%1$s changed the account of %2$s'), N_('%1$s changed an account')],
  'account.language': [N_('%1$s chose a language')],
  'account.password': [N_('%1$s changed their own password')],
  'account.forget-browsers': [N_('%1$s let the browsers of %2$s be forgotten'), N_('%1$s let the browsers of a person be forgotten')],
  'account.lock-out': [N_('After too many wrong passwords, whoever tries has to wait')],
  'account.sign-in': [N_('%1$s signed in')],
  'account.sign-in-refused': [N_('Somebody could not sign in')],
  'account.confirm-refused': [N_('%1$s typed a wrong password when asked again')],
  'account.sign-out': [N_('%1$s signed out')],
  'request.refused': [N_('%1$s tried something that is not allowed')],
  'patient.create': [N_('%1$s added a patient')],
  'patient.list': [N_('%1$s saw the list of patients')],
  'organisation.create': [N_('%1$s added a hospital to the list'), N_('%1$s added a hospital to the list')],
  'audit.read': [N_('%1$s read the audit log')],
  'pairing.expect': [N_('%1$s announced a hospital that will dial this hub')],
  'pairing.begin': [N_('%1$s began to pair with %2$s'), N_('%1$s began a pairing')],
  'pairing.confirm': [N_('%1$s confirmed the pairing with %2$s'), N_('%1$s confirmed a pairing')],
  'pairing.wrong-string': [N_('A wrong string was typed at the pairing with %2$s'), N_('A wrong string was typed at a pairing')],
  'pairing.burnt': [N_('The pairing with %2$s was burned after three wrong strings'), N_('A pairing was burned after three wrong strings')],
  'pairing.cancel': [N_('%1$s stopped the pairing with %2$s'), N_('%1$s stopped a pairing')],
  'peer.pair': [N_('%1$s paired this hospital with %2$s'), N_('%1$s paired this hospital with another')],
  'peer.move': [N_('%1$s changed the address of %2$s'), N_('%1$s changed the address of a hospital')],
  'peer.forget': [N_('%1$s removed %2$s from the hospitals that are known'), N_('%1$s removed a hospital from those that are known')],
  'peer.unpair': [N_('%1$s unpaired %2$s'), N_('%1$s unpaired a hospital')],
  'peer.restored': [N_('%2$s was restored from a copy'), N_('A partner was restored from a copy')],
  'peer.restore-acknowledge': [N_('%1$s compared what %2$s lost'), N_('%1$s compared what a partner lost')],
  'message.park': [N_('A message from %2$s waits for a plugin that is away'), N_('A message of a partner waits for a plugin that is away')],
  'message.dead-letter': [N_('A message from %2$s could not be applied and is a dead letter'), N_('A message of a partner could not be applied and is a dead letter')],
  'record.dead-letter': [N_('Something that %1$s did in a session could not be kept and is a dead letter')],
  'record.retry': [N_('%1$s had a dead letter of a session tried again')],
  'message.deliver': [N_('%1$s had messages for the plugin %2$s delivered again')],
  'message.retry': [N_('%1$s had a dead letter delivered again')],
  'plugin.disable': [N_('%1$s disabled the plugin %2$s'), N_('%1$s disabled a plugin')],
  'plugin.enable': [N_('%1$s enabled the plugin %2$s again'), N_('%1$s enabled a plugin again')],
  'plugin.reset': [N_('%1$s dropped what the plugin %2$s had kept'), N_('%1$s dropped what a plugin had kept')],
  'hub.start': [N_('The hub started')],
};

/** Actions that events of an earlier hub name, and what they are called now: the log stays as it was written.
 * @type {Record<string, string>} */
const former = {
  'message.aside': 'message.dead-letter', 'record.aside': 'record.dead-letter',
  'plugin.put-aside': 'plugin.disable', 'plugin.restore': 'plugin.enable',
};

/** What the filter calls the nouns of actions. @type {Record<string, string>} */
const nounWords = {
  booking: N_('Bookings'), session: N_('Sessions'), consent: N_('Consent'), resource: N_('Rooms and devices'), person: N_('People'), account: N_('Accounts'),
  organisation: N_('Hospitals'), request: N_('What was not allowed'), patient: N_('Patients'), audit: N_('The log itself'), pairing: N_('Pairings'), peer: N_('Partners'),
  message: N_('Messages'), plugin: N_('Plugins'), hub: N_('The hub'),
};

/** What plugins say of their own events, by the schema that they have. @type {Record<string, typeof sentences>} */
const added = {};

/** What a plugin says of its own events: two plugins may call theirs the same, and none speaks for the hub.
 * @param {string} schema @param {typeof sentences} events @param {Record<string, string>} nouns */
export function addSentences(schema, events, nouns) {
  added[schema] = events;
  for (const [noun, word] of Object.entries(nouns))
    nounWords[noun] ??= word;
}

/** @param {Event} event */
const sentenceOf = ({ action, schema }) => added[schema ?? '']?.[action] ?? sentences[former[action] ?? action]
  ?? Object.values(added).find((one) => one[action])?.[action];

/** The nouns of the actions that have sentences, and their words. @returns {[string, string][]} */
export const nouns = () => [...new Set([sentences, ...Object.values(added)].flatMap((one) => Object.keys(one)).map((action) => action.split('.')[0]))]
  .filter((noun) => nounWords[noun]).map((noun) => [noun, nounWords[noun]]);

/**
 * What it was done to: as the details say, or the name that its row is known by.
 * @param {Event} event
 * @param {Map<string, string>} known names by id
 */
function objectOf({ details = {}, row, table, session }, known) {
  const named = details.names ?? details.peer_names ?? details.hub_names;
  if (named && typeof named === 'object')
    return nameOf(named);
  const found = details.title ?? details.name ?? details.booking?.title ?? details.login ?? details.address ?? details.plugin;
  if (typeof found === 'string' && found)
    return found;
  return known.get(row ?? '') ?? known.get(session ?? '') ?? known.get(/** @type {string} */ (details.peer) ?? '') ?? (table === 'plugin_state' ? row ?? '' : '');
}

/**
 * A message and its values, or null for an action without a sentence.
 * @param {Event} event
 * @param {Map<string, string>} known names of bookings, people, rooms and partners by id
 * @returns {{text: string, values: string[]} | null}
 */
export function sentence(event, known) {
  const found = sentenceOf(event);
  if (!found)
    return null;
  const object = objectOf(event, known);
  return { text: !object && found.length > 1 ? /** @type {string} */ (found[1]) : found[0], values: [event.actor.name, object] };
}
