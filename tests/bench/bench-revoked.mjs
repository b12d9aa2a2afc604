// SPDX-License-Identifier: LGPL-2.1-or-later
// From the deactivation of somebody's account to the silence of their socket and of their media at
// the other hospital.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { openBrowser } from '../e2e/browser.mjs';
import { ConsultRoom, arrange } from '../e2e/consult-room.mjs';
import { withPair } from '../e2e/hubs.mjs';
import { changeAccount, comeBack, revoke } from '../e2e/revoking.mjs';
import { makeClip } from '../rtc/clip.mjs';

const rounds = 50;
const limit = 1000;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-wires-'));
const clip = path.join(folder, 'clip.ivf');
const wires = arrange(folder);
try {
  await withPair('bench-revoked', async (pair) => {
    const browser = await openBrowser();
    const page = await browser.newPage();
    await page.goto(pair.aral.origin);
    await makeClip(page, clip);
    await browser.close();
    const room = await ConsultRoom.open(pair, clip, wires);
    try {
      /** @type {{socket: number, media: number, worst: number}[]} */
      const all = [];
      for (let i = 0; i < rounds; i++) {
        all.push(await revoke(room, 1, () => changeAccount(pair.hangzhou, 'second.hangzhou', { active: false })));
        await changeAccount(pair.hangzhou, 'second.hangzhou', { active: true });
        await comeBack(room, 1, clip, 'consultant');
      }
      all.sort((a, b) => a.worst - b.worst);
      const said = (/** @type {'socket' | 'media'} */ what) => `${what} ${Math.max(...all.map((one) => one[what]))}`;
      console.log(JSON.stringify({
        name: 'hostile.revoked_ms', value: all[all.length - 1].worst, unit: 'ms', n: all.length, peer: 'limit', peer_value: limit,
        note: `from the administrator's request to the end of the socket and the last packet at the other hospital, the worst of all: ${said('socket')}, ${said('media')}; median ${all[all.length >> 1].worst}`,
      }));
    } finally {
      room.close();
    }
  });
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
