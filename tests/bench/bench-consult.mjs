// SPDX-License-Identifier: LGPL-2.1-or-later
// How long nothing is seen or heard in a consultation when a hub dies, or one of two paths is cut.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { openBrowser } from '../e2e/browser.mjs';
import { ConsultRoom, arrange } from '../e2e/consult-room.mjs';
import { withPair } from '../e2e/hubs.mjs';
import { makeClip } from '../rtc/clip.mjs';

const rounds = 5;

/** @param {string} name @param {number[]} gaps @param {number} limit @param {string} note @param {number} quiet */
function print(name, gaps, limit, note, quiet) {
  gaps.sort((a, b) => a - b);
  console.log(JSON.stringify({
    name, value: gaps[gaps.length - 1], unit: 'ms', n: gaps.length, peer: 'limit', peer_value: limit,
    note: `${note}; the longest time without a packet of a voice or a face from the other hospital or this one, the worst of all: ${gaps.join(', ')}; ${quiet} while nothing happened for 10 s, when a picture comes every 33 ms`,
  }));
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-wires-'));
const clip = path.join(folder, 'clip.ivf');
const wires = arrange(folder);
try {
  await withPair('bench-consult', async (pair) => {
    const browser = await openBrowser();
    const page = await browser.newPage();
    await page.goto(pair.aral.origin);
    await makeClip(page, clip);
    await browser.close();
    const room = await ConsultRoom.open(pair, clip, wires);
    try {
      const quiet = await room.quiet(10000);
      const killed = [], cut = [];
      for (let i = 0; i < rounds; i++)
        for (const n of [0, 1]) {
          killed.push(await room.killHub(n));
          cut.push(await room.cutPath(n));
        }
      print('consult.gap_hub_killed_ms', killed, 200, 'kill -9 of either karezd, which is started again a second later', quiet);
      print('consult.gap_path_cut_ms', cut, 100, 'one of two paths between the workers cut for 2 s', quiet);
    } finally {
      room.close();
    }
  });
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
