// SPDX-License-Identifier: LGPL-2.1-or-later
// How long somebody who lost their right is still there: on their own socket, and to those who
// receive their voice and face at the other hospital.

import assert from 'node:assert/strict';

import { Member } from './consult-room.mjs';
import { meddle, randomUUID, sleep, until } from './hubs.mjs';

/** So long nothing must come before it counts as silence, in ms. */
const silence = 400;

/** Gives an account of a hub other rights. @param {import('./hubs.mjs').Hub} hub @param {string} login
 * @param {Record<string, any>} changes */
export async function changeAccount(hub, login, changes) {
  const person = (await hub.api('GET', '/people')).items.find((/** @type {any} */ one) => one.login === login);
  assert.ok(person, `${hub.name} has no ${login}`);
  await hub.api('PUT', `/people/${person.id}`, { names: person.names, roles: person.roles, active: true, ...changes });
}

/** Packets of a participant that a member has received, of all their streams. @param {Member} member @param {string} participant */
async function packetsOf(member, participant) {
  const { streams } = await member.ask('gaps');
  return streams.filter((/** @type {any} */ one) => one.participant === participant)
    .reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.packets, 0);
}

/** Takes a right away and tells after how many ms the socket was closed, the participant was gone at
 * both hubs' workers, and the last packet of theirs arrived elsewhere.
 * @param {import('./consult-room.mjs').ConsultRoom} room @param {number} n whose, by its place in the room
 * @param {() => Promise<void>} take @param {boolean} [signedIn] whether they stay signed in at their own hub */
export async function revoke(room, n, take, signedIn = false) {
  const member = room.members[n], watcher = room.members[1 - n];
  let socket = Infinity, media = 0;
  const begin = performance.now();
  const since = () => Math.round(performance.now() - begin);
  member.ended = true; // it does not come back by itself
  member.socket?.on('end', () => { socket = Math.min(socket, since()); });
  let before = await packetsOf(watcher, member.participant);
  const taken = take();
  for (let quiet = performance.now(); performance.now() - quiet < silence;) {
    await sleep(10);
    const now = await packetsOf(watcher, member.participant);
    // Whose streams are not listed any more is not received either.
    if (now > before) {
      media = since();
      quiet = performance.now();
      assert.ok(media < 20000, 'voice and face of somebody without a right go on');
    }
    before = Math.max(now, before);
  }
  await taken;
  if (signedIn) return { socket: 0, media, worst: media };
  await until('the socket to end', async () => socket < Infinity, 5000);
  return { socket, media, worst: Math.max(socket, media) };
}

/** The newest sign-in of an account ends by its time then, and its hub looks at it anew.
 * @param {import('./hubs.mjs').Hub} hub @param {Member} member @param {number} end ms since 1970 */
export async function shorten(hub, member, end) {
  await meddle(hub, `update web.sign_in set expires_at = to_timestamp (${end} / 1000.0)
    where account = (select id from web.account where login = '${member.login}') and ended_at is null`);
  const answer = await fetch(`${member.base}/me/language`, {
    method: 'PUT', body: JSON.stringify({ language: 'en' }),
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...member.headers },
  });
  assert.equal(answer.status, 204);
}

/** The member is replaced by a new one of the same account, who joins. @param {import('./consult-room.mjs').ConsultRoom} room
 * @param {number} n @param {string} clip @param {string} role @param {() => Promise<void>} [between] */
export async function comeBack(room, n, clip, role, between) {
  const old = room.members[n];
  old.end();
  room.members[n] = new Member(old.hub, room.id, old.login, clip);
  await room.members[n].join(role, between);
  await room.flows();
}
