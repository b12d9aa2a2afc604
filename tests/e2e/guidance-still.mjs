// SPDX-License-Identifier: LGPL-2.1-or-later
// A full picture in an AR guidance, in real browsers: an expert at Hangzhou asks, the page at Aral takes
// it with the camera's own size and sends it by both hubs, the expert looks at it near, and measures in it by something of
// a known size, by mouse and by keys; another expert opens it, too. A camera that is off, and a prepared scene. And the other
// way: documents that experts show at the patient's side. And a page that draws more than anybody can.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, desktop, phone, shootAll } from './browser.mjs';
import { addSeconds } from './consult-page.mjs';
import { assertKept } from './contract.mjs';
import { marks, panel, withGuidance } from './guidance-page.mjs';
import { build, sleep, until, withPair } from './hubs.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/guidance');

/** @type {Record<string, {width: number, height: number}>} */
const sizes = { desktop, phone, glasses: { width: 854, height: 480 } };

const viewer = (/** @type {any} */ page) => page.locator('karez-guidance-viewer .guidance-still');
const canvas = (/** @type {any} */ page) => viewer(page).locator('canvas');
const scale = (/** @type {any} */ page) => viewer(page).locator('.guidance-scale').innerText();

/** By mouse, level, around the middle of the picture. @param {any} page @param {number} length in pixels of the screen @param {number} [down] */
async function drag(page, length, down = 0) {
  const box = await canvas(page).boundingBox();
  const [x, y] = [Math.round(box.x + box.width / 2 - length / 2), Math.round(box.y + box.height / 2 + down)];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + length / 2, y, { steps: 4 });
  await page.mouse.move(x + length, y, { steps: 4 });
  await page.mouse.up();
}

/** What the list says of a line, in mm. @param {any} page @param {string} name */
async function lengthOf(page, name) {
  const text = await viewer(page).locator('.guidance-lines li', { hasText: name }).locator('b').innerText();
  return Number(/([\d.,]+) mm/.exec(text)?.[1].replaceAll(',', ''));
}

/** @param {number} found @param {number} wanted */
function assertNear(found, wanted) {
  console.log(`guidance-still: ${found} mm of ${wanted}`);
  assert.ok(Math.abs(found - wanted) <= 0.02 * wanted, `${found} mm, and it is ${wanted}`);
}

/** At 100 % a pixel of the screen is one of the picture, at 400 % a quarter of it. @param {any} page */
async function measure(page) {
  await viewer(page).getByRole('button', { name: 'Known size' }).click();
  await drag(page, 0);
  await viewer(page).getByText('That line is too short').waitFor();
  await viewer(page).getByRole('button', { name: '100 %' }).click();
  assert.equal(await scale(page), '100 %');
  await drag(page, 200);
  await page.keyboard.type('none');
  await page.keyboard.press('Enter');
  await viewer(page).getByText('A length in millimetres').waitFor();
  await page.locator('#guidance-size').fill('50');
  await page.keyboard.press('Enter');
  await viewer(page).getByText('Lengths hold only in the plane of the known thing').waitFor();
  for (let i = 0; i < 4; i++)
    await page.keyboard.press('+');
  assert.equal(await scale(page), '400 %');
  await drag(page, 200, 30);
  assertNear(await lengthOf(page, 'Line 1'), 12.5);
  // By keys alone: ten strides of 12 pixels.
  await page.keyboard.press('Enter');
  for (let i = 0; i < 10; i++)
    await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  assertNear(await lengthOf(page, 'Line 2'), 7.5);
  await page.keyboard.press('0');
  await shootAll(page, 'guidance-still', sizes);
  await checkAccess(page, 'guidance, a full picture');
  await viewer(page).getByRole('button', { name: 'Remove: Line 1' }).click();
  assertNear(await lengthOf(page, 'Line 1'), 7.5);
  await viewer(page).getByRole('button', { name: 'Remove: Known size' }).click();
  await viewer(page).getByText('nothing to measure by').waitFor();
}

/** Two fingers that go apart. @param {any} page */
async function pinch(page) {
  const { x, y, width, height } = await canvas(page).boundingBox();
  const session = await page.context().newCDPSession(page);
  const touch = (/** @type {string} */ type, /** @type {number} */ apart) => session.send('Input.dispatchTouchEvent', {
    type, touchPoints: apart ? [-1, 1].map((side, id) => ({ x: Math.round(x + width / 2 + side * apart), y: Math.round(y + height / 2), id })) : [],
  });
  await touch('touchStart', 40);
  for (const apart of [60, 80, 100, 120])
    await touch('touchMove', apart);
  await touch('touchEnd', 0);
  await session.detach();
}

/** Nearer by the wheel and by fingers, and moved by mouse and keys. @param {any} page */
async function look(page) {
  const corner = () => page.evaluate(() => document.querySelector('karez-guidance-viewer').view.corner.join());
  const before = await scale(page);
  const box = await canvas(page).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 0; i < 5; i++)
    await page.mouse.wheel(0, -200);
  await until('the wheel to zoom', async () => parseInt(await scale(page), 10) > parseInt(before, 10));
  const places = [await corner()];
  await drag(page, 60);
  places.push(await corner());
  await page.keyboard.press('ArrowRight');
  places.push(await corner());
  assert.equal(new Set(places).size, 3, `it moves: ${places}`);
  await page.keyboard.press('1');
  await pinch(page);
  await until('three times as near', async () => Math.abs(parseInt(await scale(page), 10) - 300) <= 3, 5000);
  await page.keyboard.press('0');
}

/** @param {any} page @param {string} size */
async function ask(page, size) {
  await page.keyboard.press('v');
  await viewer(page).getByText(size).waitFor({ timeout: 30000 });
}

const colours = ['rgb(200,30,30)', 'rgb(30,160,60)', 'rgb(40,60,200)'];

/** A page of a document: a picture of one colour below a heading. @param {any} page @param {string} colour @param {number} number */
async function paper(page, colour, number) {
  const base64 = await page.evaluate(([fill, n]) => {
    const element = Object.assign(document.createElement('canvas'), { width: 900, height: 1200 });
    const context = element.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, 900, 1200);
    context.fillStyle = '#111';
    context.font = '64px sans-serif';
    context.fillText(`Step ${n}: tourniquet`, 60, 120);
    context.fillStyle = fill;
    context.fillRect(60, 200, 780, 940);
    return element.toDataURL('image/png').split(',')[1];
  }, [colour, number]);
  return { name: `Limb bleeding ${number}.png`, mimeType: 'image/png', buffer: Buffer.from(base64, 'base64') };
}

/** What is in the middle of the document that is shown. @param {any} page @returns {Promise<number[]>} */
const middle = (page) => page.evaluate(() => {
  const element = document.querySelector('karez-guidance-viewer canvas');
  return element?.width ? [...element.getContext('2d').getImageData(element.width / 2, element.height / 2, 1, 1).data].slice(0, 3) : [];
});

/** @param {any} page @param {number} nth of the pages */
const untilShown = (page, nth) => until(`page ${nth + 1} on the screen`, async () => {
  const wanted = [...colours[nth].matchAll(/\d+/g)].map(Number);
  const found = await middle(page);
  return found.length === 3 && found.every((one, i) => Math.abs(one - wanted[i]) < 25);
}, 20000);

/** An expert shows a document of three pages; either side turns it and puts it away. @param {any} site @param {any} expert @param {any} second @param {string} id */
async function documents(site, expert, second, id) {
  const files = await Promise.all(colours.map((colour, i) => paper(expert, colour, i + 1)));
  const row = (/** @type {any} */ page) => page.locator('.guidance-showing');
  /** @param {any} chosen */
  const show = async (chosen) => {
    await expert.setInputFiles('#guidance-document', chosen);
    await expert.getByRole('button', { name: 'Show at the patient’s side' }).click();
  };
  // It is looked at before anything of it leaves.
  await expert.setInputFiles('#guidance-document', files);
  await expert.locator('.guidance-previews canvas').nth(2).waitFor();
  await checkAccess(expert, 'guidance, a document that was chosen');
  await shootAll(expert, 'guidance-document-chosen', sizes);
  await expert.getByRole('button', { name: 'Cancel' }).click();
  await row(expert).waitFor({ state: 'detached' });
  assert.equal(await row(second).count(), 0);
  await show(files);
  await untilShown(site, 0);
  await row(expert).getByText('on the screen there').waitFor({ timeout: 20000 });
  await site.getByRole('button', { name: 'Next page' }).click();
  await untilShown(site, 1);
  await row(expert).getByText('Page 2 of 3').waitFor();
  await expert.getByRole('button', { name: 'Next page' }).click();
  await untilShown(site, 2);
  await row(second).getByText('Doctor of hangzhou').waitFor();
  await row(second).getByRole('button', { name: 'Look at it' }).click();
  await untilShown(second, 2);
  await checkAccess(site, 'guidance, a document');
  await shootAll(site, 'guidance-document', sizes);
  await shootAll(second, 'guidance-document-expert', sizes);
  await site.getByRole('button', { name: 'Back to the live picture' }).click();
  for (const page of [site, second])
    await viewer(page).waitFor({ state: 'detached' });
  await row(expert).waitFor({ state: 'detached' });
  // No picture: nothing is shown.
  await expert.setInputFiles('#guidance-document', { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await expert.getByText('is no picture that this browser can read').waitFor();
  // One of a single page, put away by who shows it.
  await show(files[1]);
  await untilShown(site, 1);
  await expert.getByRole('button', { name: 'Stop showing' }).click();
  await viewer(site).waitFor({ state: 'detached' });
  const { items } = await site.evaluate(async (/** @type {string} */ session) => (await fetch(`/api/v1/x/guidance/sessions/${session}/pictures`)).json(), id);
  assert.deepEqual(items.filter((/** @type {any} */ one) => one.kind === 'document').map((/** @type {any} */ one) => [one.caption, one.state, one.width, one.height]),
    [...[1, 2, 3].map((n) => [`Limb bleeding 1 (${n}/3)`, 'whole', 900, 1200]), ['Limb bleeding 2', 'whole', 900, 1200]]);
}

/** A page that draws a thousand marks at once, and a stroke of 10,000 points: as many are there as one has, and all goes on.
 * @param {any} expert @param {any} site */
async function flood(expert, site) {
  const frames = () => site.evaluate((/** @type {string} */ name) => document.querySelector(name).picture.video.getVideoPlaybackQuality().totalVideoFrames, panel);
  const before = await frames();
  await expert.evaluate((/** @type {string} */ name) => {
    const { client, picture } = document.querySelector(name);
    const capture = Math.round(picture.shown.frame.capture * 1000);
    const draw = (/** @type {string} */ tool, /** @type {number[][]} */ points) =>
      client.channels.send('marks', JSON.stringify({ type: 'add', id: crypto.randomUUID(), tool, capture, points }));
    draw('pen', Array(10_000).fill([1, 1]));
    for (let i = 0; i < 1000; i++)
      draw('arrow', [[(i * 10) % 10_000, 5000], [5000, 5000]]);
  }, panel);
  await until('the marks that got through', async () => (await marks(site)).length >= 20, 10000);
  await sleep(1500); // what is a second ahead is not taken
  const there = (await marks(site)).length;
  console.log(`guidance-still: ${there} of 1,000 marks at once are there`);
  assert.ok(there <= 32, `${there} marks`);
  await expert.getByRole('button', { name: 'Clear mine' }).click();
  for (const page of [site, expert])
    await until('no mark', async () => !(await marks(page)).length, 10000);
  assert.ok(await frames() > before + 20, 'the picture goes on');
}

await withPair('guidance-still', async (pair) => {
  await addSeconds(pair);
  await withGuidance(pair, async ({ id, site, expert, second }) => {
    await Promise.all([ask(expert, '640 × 360'), site.getByText('A full picture is sent to the experts.').waitFor()]);
    const frames = () => expert.evaluate((/** @type {string} */ name) => document.querySelector(name).picture.video.getVideoPlaybackQuality().totalVideoFrames, panel);
    const before = await frames();
    await look(expert);
    await measure(expert);
    assert.ok(await frames() > before + 10, 'the live picture goes on beside it');
    assert.ok(await expert.locator('.guidance-canvas').isVisible());

    await second.getByRole('button', { name: /^Open the full picture/ }).click();
    await viewer(second).getByText('640 × 360').waitFor({ timeout: 30000 });
    await second.keyboard.press('Escape');
    await viewer(second).waitFor({ state: 'detached' });
    await second.getByRole('button', { name: /^Open the full picture/ }).click();
    await viewer(second).getByRole('button', { name: 'Back to the live picture' }).click();
    await viewer(second).waitFor({ state: 'detached' });
    for (const page of [site, expert]) {
      const { items } = await page.evaluate(async (/** @type {string} */ session) => (await fetch(`/api/v1/x/guidance/sessions/${session}/pictures`)).json(), id);
      assert.deepEqual(items.map((/** @type {any} */ one) => [one.kind, one.state, one.width, one.height]), [['still', 'whole', 640, 360]]);
    }

    await expert.keyboard.press('Escape');
    await documents(site, expert, second, id);
    await flood(expert, site);
    await site.getByRole('button', { name: 'Camera off' }).click();
    await until('the expert to see that it is off', async () => !await expert.evaluate((/** @type {string} */ name) => document.querySelector(name).picture.seen, panel));
    await expert.keyboard.press('v');
    await expert.getByText('The page at the patient’s side could not send a full picture.').waitFor();
    await site.getByRole('button', { name: 'Show a prepared scene' }).click();
    await until('the prepared scene', () => expert.evaluate((/** @type {string} */ name) => document.querySelector(name).picture.seen, panel), 20000);
    await sleep(1100); // one a second
    await ask(expert, '960 × 540');
    for (const page of [site, expert, second]) assert.deepEqual(page.faults, []);
  });
  assertKept();
});
