// SPDX-License-Identifier: LGPL-2.1-or-later
// Two hospitals, each behind a NAT: what its sessions bind, nobody outside can reach. What they announce
// is told to pages and to the other hospital, and every socket is one of the ports that the firewall
// lets through.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { makeClip } from '../rtc/clip.mjs';
import { openBrowser, signIn } from './browser.mjs';
import { fresh, join, panel } from './consult-page.mjs';
import { ConsultRoom } from './consult-room.mjs';
import { build, nets, until, withPair } from './hubs.mjs';

const ways = {
  aral: { inner: '127.0.0.11', outer: '127.0.0.21', first: 47000 },
  hangzhou: { inner: '127.0.0.12', outer: '127.0.0.22', first: 47100 },
};
const n = 40;

/** A NAT that passes each port on as it is, and answers from where it was asked.
 * @param {{ inner: string, outer: string, first: number }} way */
async function openNat({ inner, outer, first }) {
  const nat = { passed: 0, /** @type {Set<number>} */ ports: new Set(), /** @type {dgram.Socket[]} */ sockets: [] };
  for (let port = first; port < first + n; port++) {
    const outside = dgram.createSocket('udp4');
    /** @type {Map<string, dgram.Socket>} */
    const inside = new Map();
    nat.sockets.push(outside);
    outside.on('message', (bytes, from) => {
      const name = `${from.address}:${from.port}`;
      let socket = inside.get(name);
      if (!socket) {
        socket = dgram.createSocket('udp4');
        socket.on('message', (answer) => outside.send(answer, from.port, from.address));
        inside.set(name, socket);
        nat.sockets.push(socket);
      }
      nat.passed++;
      nat.ports.add(port);
      socket.send(bytes, port, inner);
    });
    await new Promise((done, fail) => {
      outside.once('error', fail);
      outside.bind(port, outer, () => done(null));
    });
  }
  return nat;
}

/** UDP ports that are bound at an address. @param {string} address */
function boundAt(address) {
  const hex = address.split('.').reverse().map((byte) => Number(byte).toString(16).padStart(2, '0')).join('').toUpperCase();
  return fs.readFileSync('/proc/net/udp', 'utf8').split('\n')
    .map((line) => line.trim().split(/\s+/)[1]?.split(':') ?? [])
    .filter(([host]) => host === hex).map(([, port]) => parseInt(port, 16));
}

process.env.KAREZ_PLUGINS = path.join(build, 'plugins/consult');
for (const [name, { inner, outer, first }] of Object.entries(ways))
  nets[name] = {
    Link: { Address: inner, Announce: outer }, Media: { Address: inner, Announce: outer },
    Worker: { Ports: `${first}-${first + n - 1}` },
  };

const nats = { aral: await openNat(ways.aral), hangzhou: await openNat(ways.hangzhou) };
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-nat-'));
const browser = await openBrowser(10);

/** @param {any} page @returns {Promise<{ told: string[], used: string }>} addresses of the hub */
const candidates = (page) => page.evaluate(async (panel) => {
  const { connection } = document.querySelector(panel).client;
  const stats = [...(await connection.getStats()).values()];
  const pair = stats.find((one) => one.id === stats.find(({ type }) => type === 'transport').selectedCandidatePairId);
  return {
    told: [...connection.remoteDescription.sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) /gm)].map(([, address]) => address),
    used: stats.find((one) => one.id === pair?.remoteCandidateId)?.address,
  };
}, panel);

/** @param {import('./hubs.mjs').Pair} pair */
async function holdRoom(pair) {
  const clip = path.join(folder, 'clip.ivf');
  const page = await browser.newPage();
  await page.goto(pair.aral.origin);
  await makeClip(page, clip);
  await page.close();
  // Everybody is told first what is announced, and one without a browser takes the first.
  const room = await ConsultRoom.open(pair, clip, { cut: () => 0 });
  const doctor = await signIn(browser, pair.aral, 'doctor.aral');
  await join(doctor, pair.aral.origin, room.id);
  await fresh(doctor, 2, 20000);
  const { told, used } = await candidates(doctor);
  assert.deepEqual(told, [ways.aral.outer, ways.aral.inner]);
  assert.ok(told.includes(used), `the page uses ${used}`);
  return room;
}

try {
  await withPair('nat', async (pair) => {
    const room = await holdRoom(pair);
    await until('both links', async () => (await Promise.all(pair.hubs.map((hub) => hub.api('GET', `/sessions/${room.id}`))))
      .every((session) => session.link?.up));
    for (const hub of pair.hubs) {
      const name = /** @type {'aral'|'hangzhou'} */ (hub.name);
      const { inner, first } = ways[name], nat = nats[name];
      const bound = boundAt(inner).sort();
      // Media for pages, the link, and the link's media; a port of none is of another program.
      assert.equal(bound.length, 3, `${name} is bound at ${bound}`);
      assert.ok(bound.every((port) => port >= first && port < first + n), `${name} is bound at ${bound}`);
      assert.ok(nat.passed > 100 && nat.ports.size >= 2, `${nat.passed} datagrams came through, to ports ${[...nat.ports]}`);
      console.log(`${name}: bound at ${bound}, ${nat.passed} datagrams through the NAT to ${[...nat.ports]}`);
    }
    for (const member of room.members) member.end();
  });
} finally {
  await browser.close();
  for (const nat of Object.values(nats)) for (const socket of nat.sockets) socket.close();
  fs.rmSync(folder, { recursive: true });
}
