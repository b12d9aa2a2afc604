// SPDX-License-Identifier: LGPL-2.1-or-later
// Pages of an AR guidance: a scene that moves as a camera's file, who shows it and who draws on it,
// and where a mark is by the pixels of a screenshot.

import fs from 'node:fs';
import path from 'node:path';

import { desktop, openBrowser, openDoor, phone, signIn } from './browser.mjs';
import { prepareNote, until } from './hubs.mjs';

export const panel = 'karez-guidance-panel';
export const rate = 20;
/** The scene goes to and fro within so many seconds, at most 20 % of its width a second. */
const period = 8;
export const samples = 20;

/** In a page: a scene with a magenta spot, which is covered for a while, as JPEG files, in base64. */
async function makeScene({ rate, period }) {
  const [width, height] = [640, 360];
  const cloth = Object.assign(document.createElement('canvas'), { width: 2 * width, height: 2 * height });
  const onCloth = cloth.getContext('2d');
  let state = 11;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  onCloth.fillStyle = '#6f7f77';
  onCloth.fillRect(0, 0, cloth.width, cloth.height);
  for (let i = 0; i < 3000; i++) {
    const light = 40 + 170 * next();
    onCloth.fillStyle = `rgb(${light * 0.8} ${light} ${light * 0.9})`;
    onCloth.fillRect(next() * cloth.width, next() * cloth.height, 3 + 16 * next(), 3 + 16 * next());
  }
  onCloth.fillStyle = '#ff00ff';
  onCloth.beginPath();
  onCloth.arc(width, height, 8, 0, 2 * Math.PI);
  onCloth.fill();
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const draw = canvas.getContext('2d');
  const frames = [];
  for (let i = 0; i < rate * period; i++) {
    const turn = (2 * Math.PI * i) / (rate * period);
    draw.drawImage(cloth, -width / 2 - 0.2 * (period / (2 * Math.PI)) * width * Math.sin(turn), -height / 2 - 12 * Math.sin(2 * turn));
    if (i >= rate * (period - 2) && i < rate * (period - 1)) {
      draw.fillStyle = '#224433';
      draw.fillRect(0, 0, width, height);
    }
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', 0.92); });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    frames.push(btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join('')));
  }
  return frames;
}

/** In a page: the middle of the magenta spot and of the yellow ring in a picture, in parts of its width; null for what is not seen. */
async function findSpots(png) {
  const bytes = Uint8Array.from(atob(png), (one) => one.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const draw = canvas.getContext('2d');
  draw.drawImage(bitmap, 0, 0);
  const { data } = draw.getImageData(0, 0, bitmap.width, bitmap.height);
  const middle = (/** @type {(r: number, g: number, b: number) => boolean} */ is) => {
    let [n, x, y] = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4)
      if (is(data[i], data[i + 1], data[i + 2])) {
        n++;
        x += (i / 4) % bitmap.width;
        y += Math.floor(i / 4 / bitmap.width);
      }
    return n > 20 ? { x: x / n / bitmap.width, y: y / n / bitmap.width, n } : null;
  };
  return {
    spot: middle((r, g, b) => r > 150 && b > 150 && g < 110),
    ring: middle((r, g, b) => r > 200 && g > 160 && b < 90),
  };
}

/** @param {any} page @param {any} judge a page that decodes */
export async function look(page, judge) {
  const png = await page.locator(`${panel} canvas`).screenshot();
  return judge.evaluate(findSpots, png.toString('base64'));
}

/** How far the ring is from the spot, in % of the width; and whether it is drawn where there is none.
 * @param {any} page @param {any} judge @param {number} [n] samples */
export async function measure(page, judge, n = samples) {
  const errors = [];
  let [covered, wrong, lost] = [0, 0, 0];
  for (let i = 0; i < 400 && errors.length < n; i++) {
    const { spot, ring } = await look(page, judge);
    if (!spot) {
      covered++;
      wrong += ring ? 1 : 0;
    } else if (!ring)
      lost++;
    else
      errors.push(100 * Math.hypot(spot.x - ring.x, spot.y - ring.y));
  }
  errors.sort((a, b) => a - b);
  return { n: errors.length, median: errors[errors.length >> 1], p95: errors[Math.floor(errors.length * 0.95)], covered, wrong, lost };
}

/** @param {any} page @param {string} origin @param {string} id */
export async function join(page, origin, id) {
  await page.goto(`${origin}/sessions/${id}`);
  await page.locator(panel).waitFor();
  await page.getByRole('button', { name: /^Check (camera and|the) microphone$/ }).click();
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

/** Around the spot, from its middle outwards, while the picture stands still. @param {any} page @param {any} judge */
export async function circleSpot(page, judge) {
  await page.keyboard.press('c');
  await page.keyboard.press('f');
  await page.waitForTimeout(200); // what is on the screen of a busy computer is some frames old
  const box = await page.locator(`${panel} canvas`).boundingBox();
  const { spot } = await look(page, judge);
  if (!spot) {
    await page.keyboard.press('f');
    return false;
  }
  const at = { x: box.x + spot.x * box.width, y: box.y + spot.y * box.width };
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 20, at.y, { steps: 3 });
  await page.mouse.move(at.x + 40, at.y, { steps: 3 });
  await page.mouse.up();
  await page.keyboard.press('f');
  return true;
}

/** A mark around the spot that is followed. One on a frame that the tracker had no time for is refused, and is drawn again, as its
 * author would. @param {any} page the expert's @param {any} site @param {any} judge @param {number} nth of this expert's marks
 * @param {number} most how often it is drawn */
export async function drawCircle(page, site, judge, nth = 0, most = 3) {
  for (let tries = 1; ; tries++) {
    await until('a mark around the spot', async () => await circleSpot(page, judge), 30000);
    let mark;
    await until('the mark at the site', async () => {
      mark = (await marks(site))[nth];
      return mark?.state === 'shown' || mark?.rule;
    }, 15000);
    if (!mark.rule)
      return;
    console.log(`guidance: ${mark.rule}, tried ${tries} times`);
    if (tries === most)
      throw new Error(`no mark is followed: ${mark.rule}`);
    await page.getByRole('button', { name: 'Undo' }).click();
    await until('it to be gone', async () => (await marks(site)).length === nth);
  }
}

/** @param {any} page */
export const marks = (page) => page.evaluate((name) => [...document.querySelector(name).marks.all.values()].map(({ tool, name: by, state, rule }) => ({ tool, by, state, rule })), panel);

/** A session's worker and what it has started, at one hospital. @param {import('./hubs.mjs').Hub} hub @param {string} id @returns {Promise<number[]>} */
export async function processesOf(hub, id) {
  const { pid } = (await hub.api('GET', '/workers')).items.find((/** @type {any} */ one) => one.session === id);
  const all = [pid];
  /** @type {Map<number, number>} */
  const above = new Map();
  for (const one of fs.readdirSync('/proc').map(Number).filter(Boolean))
    try {
      above.set(one, Number(/^PPid:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0));
    } catch { /* it has ended */ }
  // What is found is looked at, too.
  for (const parent of all)
    all.push(...[...above].filter(([, one]) => one === parent).map(([one]) => one));
  return all;
}

/**
 * A session that is live, with consent: a doctor at Aral shows the scene, two at Hangzhou see it.
 * @param {import('./hubs.mjs').Pair} pair
 * @param {(pages: {id: string, site: any, expert: any, second: any, judge: any, camera: any}) => Promise<void>} test
 */
export async function withGuidance(pair, test) {
  const { aral, hangzhou } = pair;
  const clip = path.join(pair.directory, 'scene.mjpeg');
  const browser = await openBrowser(rate);
  const judge = await openDoor(browser, hangzhou);
  const frames = await judge.evaluate(makeScene, { rate, period });
  fs.writeFileSync(clip, Buffer.concat(frames.map((/** @type {string} */ one) => Buffer.from(one, 'base64'))));
  const camera = await openBrowser(rate, [`--use-file-for-fake-video-capture=${clip}`]);
  try {
    const id = await prepareNote(pair, 'A crash on the road to Qarkilik', 'guidance');
    const site = await signIn(camera, aral, 'doctor.aral', { viewport: phone });
    const expert = await signIn(browser, hangzhou, 'doctor.hangzhou', { viewport: desktop });
    const second = await signIn(browser, hangzhou, 'second.hangzhou', { viewport: desktop });
    for (const [page, origin] of [[site, aral.origin], [expert, hangzhou.origin], [second, hangzhou.origin]])
      await join(page, origin, id);
    await until('the session to start', () => aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
    await site.getByRole('button', { name: 'The patient agrees' }).click();
    await until('the experts to see the scene', async () => Boolean((await look(expert, judge)).spot), 60000);
    await until('the tracker to run', () => expert.evaluate((/** @type {string} */ name) => document.querySelector(name).marks.tracker === true, panel), 30000);
    await test({ id, site, expert, second, judge, camera });
  } finally {
    await camera.close();
    await browser.close();
  }
}
