// SPDX-License-Identifier: LGPL-2.1-or-later
// Sessions of two hospitals, some at once, planned, prepared and ended by either of them: what one hub
// says of a session reaches the other while it is being closed there, and both go on.

import assert from 'node:assert/strict';

import { prepareNote, until, withPair } from './hubs.mjs';

const rounds = 20;
const atOnce = 3;
const over = ['ended', 'failed'];

await withPair('many-sessions', async (pair) => {
  for (let round = 0; round < rounds; round++) {
    const ids = await Promise.all(Array.from({ length: atOnce }, (_one, i) => prepareNote(pair, `Session ${i} of round ${round}`)));
    await Promise.all(ids.map((id, i) => pair.hubs[(round + i) % 2].api('POST', `/sessions/${id}/stop`, { reason: 'a test' })));
    for (const id of ids)
      for (const hub of pair.hubs)
        await until(`${hub.name} to know that it is over`, async () => over.includes((await hub.api('GET', `/sessions/${id}`)).state));
  }
  for (const hub of pair.hubs) {
    await until(`${hub.name} to have no worker`, async () => {
      const { items } = await hub.api('GET', '/workers');
      if (items.length) throw new Error(JSON.stringify(items));
      return true;
    });
    assert.equal((await hub.api('GET', '/system')).incarnation, 1);
  }
});
