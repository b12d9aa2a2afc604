// SPDX-License-Identifier: LGPL-2.1-or-later
// Two hospitals in a consultation with real media: who loses the right to be in it is out of it
// within a second, on the own socket and at the other hospital, whichever right it was.

import assert from 'node:assert/strict';

import { withRoom } from './consult-room.mjs';
import { randomUUID, sleep } from './hubs.mjs';
import { changeAccount, comeBack, revoke, shorten } from './revoking.mjs';

const limit = 1000;

/** @param {ConsultRoom} room @param {string} what @param {() => Promise<void>} take
 * @param {boolean} [signedIn] whether they stay signed in at their own hub */
async function assertOut(room, what, take, signedIn = false) {
  const { socket, media, worst } = await revoke(room, 1, take, signedIn);
  console.log(`${what}: the socket was closed after ${socket} ms, the last packet came after ${media} ms (${limit})`);
  assert.ok(worst < limit, `${what}: out after ${worst} ms`);
  for (const hub of room.pair.hubs) {
    await sleep(300);
    const { participants } = await hub.api('GET', `/sessions/${room.id}`);
    const there = participants.filter((/** @type {any} */ one) => !one.left_at && one.hospital === room.pair.hangzhou.id);
    assert.deepEqual(there, [], `${hub.name} still has somebody there`);
  }
}

/** Refused from now on, in words that say why. @param {ConsultRoom} room @param {string} rule */
async function assertRefused(room, rule) {
  await assert.rejects(room.members[1].post(`/sessions/${room.id}/join`, { role: 'consultant' }), new RegExp(rule));
}

await withRoom('consult-revoked', async (room, clip) => {
  const { hangzhou } = room.pair;
  await assertOut(room, 'deactivated', () => changeAccount(hangzhou, 'second.hangzhou', { active: false }));
  await assertRefused(room, 'sign-in/none');
  await changeAccount(hangzhou, 'second.hangzhou', { active: true });

  await comeBack(room, 1, clip, 'consultant');
  await assertOut(room, 'the role taken', () => changeAccount(hangzhou, 'second.hangzhou', { roles: ['desk'] }));
  await assertRefused(room, 'session/account-role');
  await changeAccount(hangzhou, 'second.hangzhou', { roles: ['clinician'] });

  await comeBack(room, 1, clip, 'consultant');
  await assertOut(room, 'signed out', async () => {
    const { hub, headers } = room.members[1];
    const answer = await fetch(`http://127.0.0.1:${hub.port}/api/v1/sign-out`, {
      method: 'POST', headers: { 'idempotency-key': randomUUID(), ...headers },
    });
    assert.equal(answer.status, 204);
  });

  // By its time, with the page there, and while it is away and only the media go on.
  for (const away of [false, true]) {
    const end = Date.now() + 14000;
    await comeBack(room, 1, clip, 'consultant', () => shorten(hangzhou, room.members[1], end));
    assert.ok(Date.now() < end - 1500, 'it took too long to come back');
    await sleep(end - 1200 - Date.now());
    if (away) {
      room.members[1].ended = true;
      room.members[1].socket?.close();
    }
    await sleep(end - 100 - Date.now());
    await assertOut(room, away ? 'expired while the page is away' : 'expired', () => Promise.resolve(), away);
    await assertRefused(room, 'sign-in/none');
  }

  await comeBack(room, 1, clip, 'consultant');
  // The hub whose people they are is not the one that ends the pairing.
  await assertOut(room, 'unpaired', async () => {
    await room.pair.aral.api('DELETE', `/peers/${hangzhou.id}`);
  }, true);
});
