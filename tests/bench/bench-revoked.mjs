// SPDX-License-Identifier: LGPL-2.1-or-later
// From the deactivation of somebody's account to the silence of their socket and of their media at
// the other hospital.

import { withRoom } from '../e2e/consult-room.mjs';
import { changeAccount, comeBack, revoke } from '../e2e/revoking.mjs';

const rounds = 50;
const limit = 1000;

await withRoom('bench-revoked', async (room, clip) => {
  /** @type {{socket: number, media: number, worst: number}[]} */
  const all = [];
  for (let i = 0; i < rounds; i++) {
    all.push(await revoke(room, 1, () => changeAccount(room.pair.hangzhou, 'second.hangzhou', { active: false })));
    await changeAccount(room.pair.hangzhou, 'second.hangzhou', { active: true });
    await comeBack(room, 1, clip, 'consultant');
  }
  all.sort((a, b) => a.worst - b.worst);
  const said = (/** @type {'socket' | 'media'} */ what) => `${what} ${Math.max(...all.map((one) => one[what]))}`;
  console.log(JSON.stringify({
    name: 'hostile.revoked_ms', value: all[all.length - 1].worst, unit: 'ms', n: all.length, peer: 'limit', peer_value: limit,
    note: `from the administrator's request to the end of the socket and the last packet at the other hospital, the worst of all: ${said('socket')}, ${said('media')}; median ${all[all.length >> 1].worst}`,
  }));
});
