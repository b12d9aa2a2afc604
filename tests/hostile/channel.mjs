// SPDX-License-Identifier: LGPL-2.1-or-later
// A partner that is asked and answers with what goes on for ever, counts to the end of all numbers,
// is no object at all, or takes answers that it never read. The hub stays small, prompt and without
// a critical, and what it does for others goes on.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { build, randomUUID, sleep, until, withPair } from '../e2e/hubs.mjs';
import { PartnerChannel } from './partner-channel.mjs';
import { PartnerHub } from './partner-hub.mjs';
import { Watch } from './watch.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins', 'template');

/** @typedef {{ hub: import('../e2e/hubs.mjs').Hub, partner: PartnerHub }} World */

/** The peer as the hub sees it. @param {World} world */
const seen = async ({ hub, partner }) => (await hub.api('GET', '/peers')).items.find((/** @type {any} */ one) => one.id === partner.id);

/** A feed whose every page says that there is more. @param {World} world @param {() => any} page */
async function endless(world, page) {
  let pulls = 0;
  const bulk = await PartnerChannel.open(world.partner, 'bulk', (where) => {
    if (!where.startsWith('feed/')) return undefined;
    pulls++;
    return page();
  });
  const urgent = await PartnerChannel.open(world.partner, 'urgent');
  await until('the partner to be up', async () => (await seen(world)).state === 'up');
  await until('the feed to be read', () => pulls > 0);
  await sleep(2000);
  urgent.close();
  bulk.close();
  return pulls;
}

/** Each is another partner's, at the same time: a feed is read when its partner comes up, and one takes seconds
 * to be down. @param {World[]} worlds */
async function feeds(worlds) {
  let n = 0;
  const item = () => ({ id: randomUUID(), kind: 'room', names: { en: `Room ${n}` }, detail: {}, active: true, version: ++n });
  const same = item();
  /** @type {Record<string, () => any>} */
  const pages = {
    'nothing and more': () => ({ items: [], cursor: `c${++n}`, more: true }),
    'the same cursor': () => ({ items: [same], cursor: 'here', more: true }),
    'no cursor': () => ({ items: [item()], cursor: null, more: true }),
    'a number': () => 5,
    'items that are none': () => ({ items: 5, cursor: 5, more: 5 }),
  };
  await Promise.all(Object.entries(pages).map(async ([what, page], i) => {
    const pulls = await endless(worlds[i], page);
    console.log(`a feed of ${what}: pulled ${pulls} times in 2 s`);
    assert.ok(pulls < 10, `a feed of ${what} is pulled ${pulls} times`);
  }));
}

/** Says that it applied as many messages as there are numbers; an administrator acknowledges it. @param {World} world */
async function counts(world) {
  const { hub, partner } = world;
  const lanes = [0, 1, 2, 3].map(() => ({ posted: 0, acknowledged: 0, applied: 'MOST' }));
  const urgent = await PartnerChannel.open(partner, 'urgent', (where) => (where === 'hello' ? { ...partner.hello(), lanes } : undefined));
  const say = urgent.say.bind(urgent);
  urgent.say = (head, body = '') => say(head, String(body).replaceAll('"MOST"', '9223372036854775807'));
  await until('the count to be noticed', async () => (await seen(world)).restored, 20000);
  const refusal = await hub.api('POST', `/peers/${partner.id}/acknowledge-restore`, {}).then(() => null, (error) => error);
  // A resource is posted to every peer: one whose count is at its end would refuse it.
  await hub.api('POST', '/resources', { id: randomUUID(), kind: 'room', names: { en: 'Room of everybody' } });
  assert.equal(refusal?.rule, 'peers/sequence');
  lanes.forEach((lane) => { Object.assign(lane, { applied: 0 }); });
  await hub.api('POST', `/peers/${partner.id}/acknowledge-restore`, {});
  assert.equal((await seen(world)).restored, false);
  urgent.close();
}

/** Asks, never reads, and says that it took what was answered. @param {World} world */
async function unread(world) {
  const { hub, partner } = world;
  const text = '房'.repeat(190);
  for (let i = 0; i < 100; i++)
    await hub.api('POST', '/resources', { id: randomUUID(), kind: 'room', names: { en: text, zh_CN: text, ug: text }, detail: { en: text, zh_CN: text, ug: text } });
  const watch = new Watch(hub);
  const bulk = await PartnerChannel.open(partner, 'bulk');
  bulk.socket.pause();
  bulk.socket.removeAllListeners('data');
  const closed = () => fs.readFileSync(hub.log, 'utf8').includes('the other hub does not read');
  let asked = 0;
  while (!closed() && !bulk.closed && asked < 1500) {
    for (let i = 0; i < 20; i++, asked++) bulk.begin('feed/agenda.resources', '{"cursor":null,"limit":200}');
    await sleep(100);
    // Some may not be answered yet: these are said again.
    for (let number = Math.max(1, asked - 200); number <= asked; number++) bulk.say({ taken: number });
  }
  const { growth, criticals } = await watch.end();
  bulk.close();
  console.log(`${asked} answers were asked for and not read: memory grew by ${growth.toFixed(1)} MiB`);
  assert.ok(closed(), `the channel is open after ${asked} answers that nobody read`);
  assert.ok(growth <= 96, `memory grew by ${growth} MiB`);
  assert.deepEqual(criticals, []);
  // Who reads has as many as it likes.
  const reading = await PartnerChannel.open(partner, 'bulk');
  const asks = async () => {
    for (let i = 0; i < 100; i++) assert.equal((await reading.ask('feed/agenda.resources', { cursor: null, limit: 200 })).status, 200);
  };
  await Promise.all([asks(), asks(), asks(), asks()]);
  assert.ok(!reading.closed, 'a partner that reads is cut');
  reading.close();
}

await withPair('hostile-partner-channel', async (pair) => {
  /** @type {World[]} */
  const worlds = [];
  try {
    for (let i = 0; i < 5; i++) {
      worlds.push({ hub: pair.aral, partner: new PartnerHub(pair.aral, pair.directory) });
      await worlds[i].partner.pair();
    }
    const watch = new Watch(pair.aral);
    await feeds(worlds);
    await counts(worlds[0]);
    await watch.check();
    await unread(worlds[0]);
  } finally {
    for (const { partner } of worlds) partner.close();
  }
});
