// SPDX-License-Identifier: LGPL-2.1-or-later
// How long nothing is seen or heard in a consultation when a hub dies, or one of two paths is cut.

import { withRoom } from '../e2e/consult-room.mjs';

const rounds = 5;

/** @typedef {{gap: number, late: number}} Taken */

/** @param {string} name @param {Taken[]} all @param {number} limit @param {string} note @param {Taken} quiet */
function print(name, all, limit, note, quiet) {
  all.sort((a, b) => a.gap - b.gap);
  const said = (/** @type {Taken} */ one) => `${one.gap} (${one.late})`;
  console.log(JSON.stringify({
    name, value: all[all.length - 1].gap, unit: 'ms', n: all.length, peer: 'limit', peer_value: limit,
    note: `${note}; the longest time without a packet of a voice or a face, from either hospital, the worst of all: ${all.map(said).join(', ')}; nothing happening for 10 s: ${said(quiet)}; in brackets how long this machine kept the program that measures from running; a picture comes every 33 ms`,
  }));
}

await withRoom('bench-consult', async (room) => {
  const take = async (/** @type {Promise<number>} */ measure) => ({ gap: await measure, late: room.late });
  const quiet = await take(room.quiet(10000));
  const killed = [], cut = [];
  for (let i = 0; i < rounds; i++)
    for (const n of [0, 1]) {
      killed.push(await take(room.killHub(n)));
      cut.push(await take(room.cutPath(n)));
    }
  print('consult.gap_hub_killed_ms', killed, 200, 'kill -9 of either karezd, which is started again a second later', quiet);
  print('consult.gap_path_cut_ms', cut, 100, 'one of two paths between the workers cut for 2 s', quiet);
});
