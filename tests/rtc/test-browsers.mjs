// SPDX-License-Identifier: LGPL-2.1-or-later
// Four Chromium pages in one room of the media thread: everybody sees and hears the three others.
// Prints TAP.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const [hostProgram, loadProgram, source] = process.argv.slice(2);
const require = createRequire(path.join(source, 'data/web/package.json'));
const { chromium } = require('playwright-core');
const nPages = 4;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, test, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(50);
  }
}

/** @param {string[]} more arguments */
function startHost(...more) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-room-'));
  for (const file of ['index.html', 'room.js'])
    fs.copyFileSync(path.join(source, 'tests/rtc/page', file), path.join(folder, file));
  for (const file of fs.readdirSync(path.join(source, 'data/web/src')).filter((name) => name.endsWith('.js')))
    fs.copyFileSync(path.join(source, 'data/web/src', file), path.join(folder, file));
  const child = spawn(hostProgram, [folder, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((done, failed) => {
    child.on('exit', (code) => failed(new Error(`the host ended with ${code}`)));
    child.stdout.once('data', (text) => done({ ...JSON.parse(text), child, folder }));
  });
}

/** A relay that loses and delays what goes to the room. @param {string} to @param {Record<string, number>} how */
function startRelay(to, how) {
  const child = spawn(loadProgram, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`${JSON.stringify({ do: 'relay', address: '127.0.0.1', to, ...how })}\n`);
  return new Promise((done) => child.stdout.once('data', (text) => done({ door: JSON.parse(text).door, child })));
}

const host = await startHost();
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required', '--disable-dev-shm-usage'],
});
const faults = [];
let number = 0;

async function openPage(room = host, hash = '') {
  const page = await (await browser.newContext()).newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(`http://127.0.0.1:${room.port}/index.html${hash}`);
  await until('a participant', () => page.evaluate(() => globalThis.room?.participant));
  return page;
}

async function test(name, run) {
  number++;
  try {
    await run();
    console.log(`ok ${number} ${name}`);
  } catch (error) {
    console.log(`not ok ${number} ${name}\n${String(error.stack).replace(/^/gm, '# ')}`);
    process.exitCode = 1;
  }
}

const pages = [];
console.log('1..9');
try {
  await test('a page that tries its way is told how it is', async () => {
    const [near, far, nowhere, cut] = await Promise.all([openPage(), openPage(), openPage(), openPage()]);
    await nowhere.evaluate(() => { globalThis.room.through = '127.0.0.1 9'; });
    // By itself: four connections that begin at once are late on two processors, whatever their way is.
    const good = await near.evaluate(() => globalThis.room.tryWay());
    const trials = [nowhere].map((page) => page.evaluate(() => globalThis.room.tryWay()));
    const [media] = await until('where media goes', () => near.evaluate(() => globalThis.room.addresses?.length && globalThis.room.addresses));
    const relays = await Promise.all([startRelay(media, { loss: 0.05, delay_ms: 40, seed: 20261128 }), startRelay(media, {})]);
    for (const [i, page] of [far, cut].entries()) {
      await page.evaluate((where) => { globalThis.room.through = where; }, relays[i].door.replace(':', ' '));
      trials.push(page.evaluate(() => globalThis.room.tryWay()));
    }
    await until('the way that is cut to be measured', () => cut.evaluate(() => globalThis.room.share > 0.5));
    relays[1].child.kill();
    const [none, bad, broken] = await Promise.all(trials);
    console.log(`# ${JSON.stringify(good)}\n# ${JSON.stringify(bad)}`);
    relays[0].child.kill();
    assert.deepEqual(broken.states, ['connecting', 'measuring', 'broken']);
    assert.deepEqual(good.states, ['connecting', 'measuring', 'done']);
    assert.ok(good.measured.loss_in < 0.02 && good.measured.loss_out < 0.02 && good.measured.rtt_ms < 100, 'a good way');
    assert.ok(good.measured.bitrate_out > 500_000, 'a wide way');
    assert.deepEqual(bad.states, ['connecting', 'measuring', 'done']);
    for (const lost of [bad.measured.loss_in, bad.measured.loss_out])
      assert.ok(lost > 0.01 && lost < 0.12, `${lost} lost`);
    assert.ok(bad.measured.rtt_ms >= 80 && bad.measured.rtt_ms < 250, `${bad.measured.rtt_ms} ms`);
    assert.deepEqual(none.states, ['connecting', 'blocked']);
    assert.deepEqual(none.addresses, ['127.0.0.1:9']);
    await Promise.all([near, far, nowhere, cut].map((page) => page.context().close()));
  });

  await test('data channels: what is sent comes back, in order and whole, and on time', async () => {
    const channelHost = await startHost('127.0.0.1', 'channels');
    try {
      const page = await openPage(channelHost, '#channels');
      const open = () => page.evaluate(() => ['marks', 'pointer', 'bytes', 'gossip'].filter((label) => globalThis.room.client.channels.isOpen(label)));
      const rules = () => page.evaluate(() => globalThis.room.rules.splice(0));
      const echoed = () => page.evaluate(() => globalThis.room.echoed.length);
      await page.evaluate(() => globalThis.room.join());
      await until('a refusal of the one that the room does not have', () => page.evaluate(() => globalThis.room.rules.length));
      assert.deepEqual(await rules(), ['undefined media/channel']);
      await until('three channels', async () => (await open()).join() === 'marks,pointer,bytes');
      const lengths = [0, 1, 1000, 60000, 5, 40000];
      await page.evaluate((all) => { for (const n of all) globalThis.room.client.channels.send('marks', 'x'.repeat(n)); }, lengths);
      await until('all marks', async () => (await echoed()) === lengths.length);
      assert.deepEqual(await page.evaluate(() => globalThis.room.echoed.splice(0).map(({ data }) => data.length)), lengths);
      await page.evaluate(() => globalThis.room.client.channels.send('bytes', new Uint8Array([0, 255, 7]).buffer));
      await until('the bytes', async () => (await echoed()) === 1);
      assert.deepEqual(await page.evaluate(() => [...new Uint8Array(globalThis.room.echoed.splice(0)[0].data)]), [0, 255, 7]);
      const times = await page.evaluate(async () => {
        const sent = [];
        for (let i = 0; i < 180; i++) {
          sent.push(performance.now());
          globalThis.room.client.channels.send('pointer', String(i));
          await new Promise((done) => { setTimeout(done, 1000 / 60); });
        }
        return globalThis.room.echoed.splice(0).map(({ data, at }) => at - sent[Number(data)]).sort((a, b) => a - b);
      });
      console.log(`# there and back: p50 ${times[90].toFixed(1)}, p95 ${times[Math.floor(times.length * 0.95)].toFixed(1)} ms of ${times.length}`);
      assert.ok(times.length > 170 && times[90] < 20);
      await page.evaluate(() => globalThis.room.client.channels.send('marks', 'x'.repeat(60001)));
      await until('a refusal', () => page.evaluate(() => globalThis.room.rules.length));
      assert.deepEqual(await rules(), ['marks media/size']);
      await page.evaluate(() => globalThis.room.client.retry());
      await until('three channels of another connection', async () => (await open()).join() === 'marks,pointer,bytes');
      await page.evaluate(() => globalThis.room.client.channels.send('marks', 'again'));
      await until('the mark', async () => (await echoed()) === 1);
      await page.context().close();
    } finally {
      channelHost.child.removeAllListeners('exit');
      channelHost.child.kill();
      fs.rmSync(channelHost.folder, { recursive: true });
    }
  });

  await test('a page that comes later shows a picture soon', async () => {
    const times = [];
    pages.push(await openPage());
    await pages[0].evaluate(() => globalThis.room.join());
    await until('the first page is connected', () => pages[0].evaluate(() => globalThis.room.client.state === 'open'));
    await sleep(1000);
    for (let i = 0; i < 10; i++) {
      const page = await openPage();
      await page.evaluate(() => globalThis.room.join());
      times.push(await until('the first frame', () => page.evaluate(() => globalThis.room.firstFrame)));
      await page.context().close();
    }
    times.sort((a, b) => a - b);
    console.log(`# from the local description to the first frame: ${times.map((t) => t.toFixed(0)).join(', ')} ms`);
    assert.ok(times[5] < 1000, `the median is ${times[5]} ms`);
  });

  await test('each of four sees and hears the three others', async () => {
    while (pages.length < nPages) pages.push(await openPage());
    await Promise.all(pages.slice(1).map((page) => page.evaluate(() => globalThis.room.join())));
    for (const page of pages)
      await until('three others are seen and heard', async () => {
        const received = Object.values(await page.evaluate(() => globalThis.room.received()));
        return received.length === nPages - 1 && received.every((one) => one.frames > 100 && one.energy > 0);
      }, 60);
    for (const page of pages) {
      const received = await page.evaluate(() => globalThis.room.received());
      console.log(`# ${JSON.stringify(received)}`);
      assert.deepEqual(await page.evaluate(() => globalThis.room.refused), []);
    }
  });

  for (const policy of ['max-bundle', 'balanced'])
    await test(`a page with a data channel and a picture in several sizes, ${policy}`, async () => {
      const page = await openPage();
      const id = await page.evaluate(() => globalThis.room.participant);
      const seen = () => pages[0].evaluate(async (who) => (await globalThis.room.received())[who], id);
      await page.evaluate((one) => globalThis.room.joinByChannel(one), policy);
      await until('it is connected', () => page.evaluate(() => globalThis.room.raw.state() === 'connected'));
      await until('it is seen and heard', async () => (await seen())?.frames > 20 && (await seen()).energy > 0);
      await page.evaluate(() => globalThis.room.raw.stopCamera());
      await until('it is not seen any more', async () => !(await seen())?.frames);
      await page.evaluate(() => globalThis.room.raw.startCamera());
      await until('it is seen again, in the section of the former picture', async () => (await seen())?.frames > 20);
      assert.deepEqual(await page.evaluate(() => globalThis.room.raw.sections), [
        ['application, rejected'], ['application, rejected', 'audio', 'video'],
        ['application, rejected', 'audio', 'video, rejected'], ['application, rejected', 'audio', 'video'],
      ]);
      assert.deepEqual(await page.evaluate(() => globalThis.room.refused), []);
      await page.context().close();
    });

  // What is stopped, what is added, and the sections that the answer has then. The first section names the bundle.
  const steps = [
    [[], ['microphone', 'camera', 'audio', 'video'], 'audio video audio video'],
    [['camera'], [], 'audio video, audio video'],
    [[], ['camera'], 'audio video audio video'],
    [['microphone'], [], 'audio, video audio video'],
    [[], ['screen'], 'video video audio video'],
    [['screen', 'camera', 'video'], ['microphone'], 'video, video, audio video, audio'],
    [[], ['camera', 'video'], 'video video audio video, audio'],
    [['audio', 'camera'], [], 'video, video audio, video, audio'],
    [[], ['audio'], 'audio video audio, video, audio'],
    [[], ['screen', 'camera'], 'audio video video video audio'],
  ];
  await test('sections that were stopped and offered again', async () => {
    const page = await openPage();
    const id = await page.evaluate(() => globalThis.room.participant);
    const has = new Set();
    await page.evaluate(() => globalThis.room.joinRecycling());
    for (const [i, [stop, add, sections]] of steps.entries()) {
      const answered = await page.evaluate(([one, other]) => globalThis.room.raw.change(one, other), [stop, add]);
      assert.deepEqual(answered.map((one) => one.replace(', rejected', ',')), sections.split(' '), `step ${i}`);
      for (const name of stop) has.delete(name);
      for (const name of add) has.add(name);
      const look = async () => ({ ...(await pages[0].evaluate(async (who) => (await globalThis.room.received())[who], id)), shown: await page.evaluate(() => globalThis.room.raw.shown()) });
      const before = await look();
      await until(`step ${i}: ${[...has]} to go on`, async () => {
        const now = await look();
        return (!has.has('camera') || now.frames > before.frames + 3) && (!has.has('screen') || now.screen > before.screen + 3)
          && (!has.has('microphone') || now.energy > before.energy) && (!has.has('video') || now.shown.frames > before.shown.frames + 3)
          && (!has.has('audio') || now.shown.sound > before.shown.sound + 3);
      }, 8);
      assert.equal(await page.evaluate(() => globalThis.room.raw.state()), 'connected', `step ${i}`);
    }
    assert.deepEqual(await page.evaluate(() => globalThis.room.refused), []);
    await page.context().close();
  });

  await test('who leaves is gone, and who covers the camera is shown so', async () => {
    const [first, second, third] = pages;
    const id = await second.evaluate(() => globalThis.room.participant);
    await second.evaluate(() => globalThis.room.client.setOn('camera', false));
    await until('the camera is said to be off', () => third.evaluate((who) => globalThis.room.client.people.get(who)?.on.camera === false, id));
    await second.context().close();
    pages.splice(1, 1);
    await until('they are gone', () => first.evaluate((who) => !globalThis.room.client.people.has(who), id));
  });

  await test('pages say that they are away and come back when the room does', async () => {
    process.kill(host.pid, 'SIGSTOP');
    await sleep(500);
    process.kill(host.pid, 'SIGCONT');
    for (const page of pages) {
      const before = Object.values(await page.evaluate(() => globalThis.room.received())).map((one) => one.frames);
      await until('new frames', async () => Object.values(await page.evaluate(() => globalThis.room.received()))
        .every((one, i) => one.frames > before[i] + 10));
    }
  });
  assert.deepEqual(faults, []);
} catch (error) {
  console.log(`Bail out! ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  host.child.removeAllListeners('exit');
  host.child.kill();
  fs.rmSync(host.folder, { recursive: true });
}
