// SPDX-License-Identifier: LGPL-2.1-or-later
// AR guidance, in real browsers: a doctor at Aral shows a scene that moves, two experts at Hangzhou
// draw on it. Where the mark is, is read from the pixels of screenshots at both ends; it is lost under
// cover and comes back; each expert clears only their own. It goes on without the hubs, and comes back when
// its tracker has died.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { checkAccess, desktop, phone, shootAll } from './browser.mjs';
import { addSeconds } from './consult-page.mjs';
import { assertKept } from './contract.mjs';
import { drawCircle, marks, measure, panel, processesOf, samples, withGuidance } from './guidance-page.mjs';
import { artefacts, build, nets, password, source, until, withPair } from './hubs.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/guidance');

for (const name of ['aral', 'hangzhou'])
  nets[name] = { 'Plugin guidance': { Checklists: path.join(source, 'plugins/guidance/checklists') } };

/** @type {Record<string, {width: number, height: number}>} */
const sizes = { desktop, phone, glasses: { width: 854, height: 480 } };

/** An expert asks, the site confirms. @param {any} site @param {any} expert */
async function readBack(site, expert) {
  await expert.getByLabel('Which one').selectOption({ label: 'Severe bleeding of a limb' });
  await expert.getByRole('button', { name: 'Open the checklist' }).click();
  for (const n of [1, 2]) {
    await expert.locator('.guidance-checklist .button.primary').click();
    await site.getByText(`${n} of `).waitFor();
    if (n === 1) {
      await shootAll(site, 'guidance-asked', sizes);
    }
    await site.waitForTimeout(450); // who taps twice at once does not mean the next item (taps.js)
    await site.locator('.guidance-asked').getByRole('button', { name: 'Done' }).click();
    await expert.locator('.guidance-checklist li[data-state="confirmed"]').nth(n - 1).waitFor();
  }
  await expert.getByText('confirmed by Doctor of aral').first().waitFor();
  await shootAll(expert, 'guidance-checklist');
}

/** What was kept, at both hospitals. @param {import('./hubs.mjs').Pair} pair @param {string} id @param {any[]} pages */
async function kept({ aral }, id, pages) {
  await aral.api('POST', `/sessions/${id}/stop`, {});
  for (const page of pages) {
    await page.locator('karez-guidance-kept').getByText('Severe bleeding of a limb').waitFor({ timeout: 20000 });
    await page.locator('karez-guidance-kept').getByText('confirmed by Doctor of aral').nth(1).waitFor();
  }
  for (const page of pages) {
    const { marks: drawn, people, checklists } = await page.evaluate(async (/** @type {string} */ session) =>
      (await fetch(`/api/v1/x/guidance/sessions/${session}`)).json(), id);
    assert.ok(drawn.length >= 3 && drawn.some((/** @type {any} */ one) => one.removed_at), `${drawn.length} marks`);
    assert.equal(new Set(people.map((/** @type {any} */ one) => one.person)).size, 3);
    assert.equal(checklists[0].items.filter((/** @type {any} */ one) => one.confirmed_at).length, 2);
  }
  for (const page of pages) {
    await page.getByRole('button', { name: 'Show the pictures' }).click();
    await page.getByRole('button', { name: 'Show', exact: true }).click({ timeout: 30000 });
    await page.locator('canvas.guidance-kept-picture').waitFor();
  }
  const [site, expert] = pages;
  await report(site, expert);
  for (const page of pages)
    await checkAccess(page, 'guidance, afterwards');
  await shootAll(site, 'guidance-kept');
}

/** Signed by an expert, read at both hospitals; and amended. @param {any} site @param {any} expert */
async function report(site, expert) {
  await expert.getByLabel('What was seen and done').fill('Glass wound of the forearm, bleeding stopped by pressure.');
  await expert.getByRole('button', { name: 'Choose pictures…' }).click();
  await expert.getByRole('checkbox', { name: /^Snapshot/ }).check();
  await expert.locator('.draft-kept[data-standing="kept"]').waitFor();
  for (const version of [1, 2]) {
    await expert.getByRole('button', { name: 'Sign…' }).click();
    const dialog = expert.getByRole('dialog');
    if (version === 2)
      await dialog.getByLabel('Why it is amended').fill('The tendon was seen later.');
    await dialog.getByLabel('Password').fill(password);
    await dialog.getByRole('button', { name: 'Sign', exact: true }).click();
    for (const page of [site, expert])
      await page.getByRole('heading', { name: `Signed report, version ${version}` }).waitFor({ timeout: 20000 });
    if (version === 1) {
      await expert.getByRole('button', { name: 'Amend…' }).click();
      await expert.getByLabel('What is to follow').fill('To Hangzhou for the tendon.');
      await expert.locator('.draft-kept[data-standing="kept"]').waitFor();
    }
  }
  await site.getByText('To Hangzhou for the tendon.').waitFor();
  await onPaper(expert);
}

/** The amended report, as it is printed. @param {any} page */
async function onPaper(page) {
  await page.evaluate(() => { globalThis.print = () => { globalThis.printed = true; }; });
  await page.getByRole('button', { name: 'Print version 2' }).click();
  await page.waitForFunction(() => globalThis.printed);
  await page.emulateMedia({ media: 'print' });
  const text = await page.locator('.paper').innerText();
  for (const one of ['Guidance report', 'To Hangzhou for the tendon.', 'The tendon was seen later.', 'confirmed by Doctor of aral', 'Signed by', 'Version 2', 'Snapshot'])
    assert.ok(text.includes(one), `“${one}” is on paper`);
  assert.equal(await page.locator('.paper img').count(), 1);
  assert.equal(await page.getByRole('button', { name: 'Print version 2' }).isVisible(), false, 'the page is not on paper');
  await page.pdf({ path: path.join(artefacts, 'screenshots', 'guidance-report.pdf'), preferCSSPageSize: true });
  await page.locator('.paper').waitFor({ state: 'detached' });
  await page.emulateMedia({ media: null });
}

/** Without either hub marks come and go, pointers point and the scene moves; and after they are back. @param {import('./hubs.mjs').Pair} pair
 * @param {any} site @param {any} expert @param {any} judge */
async function withoutHubs(pair, site, expert, judge) {
  for (const hub of pair.hubs)
    await hub.kill();
  await drawCircle(expert, site, judge, 1);
  const without = await measure(expert, judge, 5);
  assert.ok(without.p95 <= 2 && without.n === 5, `${JSON.stringify(without)} without hubs`);
  await expert.keyboard.press('l');
  const box = await expert.locator(`${panel} canvas`).boundingBox();
  await expert.mouse.move(box.x + box.width / 3, box.y + box.height / 3);
  await expert.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await until('the pointer at the site', () => site.evaluate((/** @type {string} */ name) => document.querySelector(name).picture.pointers.size === 1, panel), 5000);
  await expert.getByRole('button', { name: 'Undo' }).click();
  await until('it to be undone', async () => (await marks(site)).length === 1, 5000);
  await Promise.all(pair.hubs.map((hub) => hub.start()));
  for (const page of [site, expert])
    await page.getByText('Live', { exact: true }).waitFor();
}

/** The trackers' processes: the one that is told of marks, which has memory for them, and the spare one.
 * @param {import('./hubs.mjs').Hub} hub @param {string} id */
async function trackersOf(hub, id) {
  const found = { leader: 0, spare: 0 };
  for (const pid of await processesOf(hub, id))
    try {
      if (fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('guidance-track'))
        found[fs.readFileSync(`/proc/${pid}/maps`, 'utf8').includes('/memfd:guidance-kept') ? 'leader' : 'spare'] = pid;
    } catch { /* it has ended */ }
  return found;
}

/** From 1900 to 1970, in ms: frames are timed by NTP. */
const epoch = 2_208_988_800_000;

/** Keeps what becomes of the first mark, of which frames its place is told, and how many pictures were shown. @param {any} page */
const follow = (page) => page.evaluate((/** @type {string} */ name) => {
  const { marks, picture } = document.querySelector(name);
  const followed = { states: /** @type {any[]} */ ([]), places: /** @type {any[]} */ ([]), frames: picture.video.getVideoPlaybackQuality().totalVideoFrames };
  const note = () => {
    const state = [...marks.all.values()][0]?.state;
    if (state !== followed.states.at(-1)?.state)
      followed.states.push({ state, at: Date.now() });
  };
  note();
  marks.addEventListener('change', note);
  picture.takePositions = (/** @type {any} */ positions) => {
    if (positions.marks.some((/** @type {any} */ one) => one.shown))
      followed.places.push({ capture: positions.capture, at: Date.now() });
    Object.getPrototypeOf(picture).takePositions.call(picture, positions);
  };
  globalThis.followed = () => ({ ...followed, frames: picture.video.getVideoPlaybackQuality().totalVideoFrames - followed.frames });
}, panel);

/** Milliseconds from a kill of the tracker to a mark that is lost, and to one that is shown, at each page.
 * @param {import('./hubs.mjs').Pair} pair @param {string} id @param {any[]} pages */
async function killTracker({ aral }, id, pages) {
  // When the cover has just gone, it is away for longer than this takes.
  await until('the mark to be under the cover', async () => (await marks(pages[0]))[0]?.state === 'lost', 30000);
  await until('the mark to be back', async () => (await Promise.all(pages.map(marks))).every(([one]) => one?.state === 'shown'), 15000);
  const { leader, spare } = await trackersOf(aral, id);
  assert.ok(leader && spare, 'there are two trackers');
  await Promise.all(pages.map(follow));
  const begin = Date.now();
  process.kill(leader, 'SIGKILL');
  const took = [];
  for (const page of pages) {
    // Back is a place on a frame that was taken after that, told by another tracker.
    const found = await until('the mark to be lost and back', async () => {
      const { states, places, frames } = await page.evaluate(() => globalThis.followed());
      const lost = states.find((/** @type {any} */ one) => one.state === 'lost')?.at;
      const shown = states.find((/** @type {any} */ one) => one.state === 'shown' && one.at >= lost)?.at;
      const place = places.find((/** @type {any} */ one) => one.capture > begin + epoch)?.at;
      return shown && place ? { lost: lost - begin, back: Math.max(shown, place) - begin, frames } : null;
    }, 15000);
    took.push(found);
  }
  return took;
}

/** Trackers that end within this, in ms, leave nothing to those after them (guidance-kept.h). */
const suspect = 5000;

/** The picture and the talk stay, the mark is announced lost and is back within a second: of one tracker, and of the
 * one that took its place. @param {import('./hubs.mjs').Pair} pair @param {string} id @param {any[]} pages */
async function withoutTracker(pair, id, pages) {
  for (let times = 0; times < 2; times++) {
    const took = await killTracker(pair, id, pages);
    console.log(`guidance: kill -9 of the tracker: ${JSON.stringify(took)} ms at the site and the expert`);
    for (const one of took) {
      assert.ok(one.back <= 1000, `the mark was back after ${one.back} ms`);
      assert.ok(one.frames >= Math.floor(one.back / 200), `${one.frames} pictures in ${one.back} ms`);
    }
    await new Promise((done) => { setTimeout(done, suspect); });
  }
}

/** Of a worker that dies the next one knows the marks, from its checkpoint; their frames went with it. @param {import('./hubs.mjs').Pair} pair
 * @param {string} id @param {any[]} pages */
async function withoutWorker({ aral }, id, pages) {
  const known = () => Promise.all(pages.map((page) => page.evaluate((/** @type {string} */ name) => [...document.querySelector(name).marks.all.keys()].join(), panel)));
  const before = await known();
  const connections = await Promise.all(pages.map((page) => page.evaluateHandle((/** @type {string} */ name) => document.querySelector(name).client.connection, panel)));
  const worker = (await aral.api('GET', '/workers')).items.find((/** @type {any} */ one) => one.session === id);
  const begin = Date.now();
  process.kill(worker.pid, 'SIGKILL');
  await pages[0].waitForFunction(([name, old]) => {
    const { client, marks: all } = document.querySelector(name);
    return client?.state === 'open' && client.connection !== old && all.tracker;
  }, [panel, connections[0]], { timeout: 20000 });
  await until('the same marks at each page', async () => JSON.stringify(await known()) === JSON.stringify(before), 15000);
  await until('the marks to be shown as lost', async () => (await Promise.all(pages.map(marks))).every(([one]) => one?.state === 'lost' || one?.state === 'shown'), 10000);
  console.log(`guidance: kill -9 of the host's worker: the marks were there again after ${Date.now() - begin} ms`);
}

await withPair('guidance', async (pair) => {
  await addSeconds(pair);
  await withGuidance(pair, async ({ id, site, expert, second, judge }) => {
    await drawCircle(expert, site, judge);
    const [atSite, atExpert] = [await measure(site, judge), await measure(expert, judge)];
    console.log(`guidance: at the site ${JSON.stringify(atSite)}, at the expert ${JSON.stringify(atExpert)}`);
    for (const one of [atSite, atExpert]) {
      assert.equal(one.n, samples, 'it is shown');
      assert.ok(one.p95 <= 2, `p95 ${one.p95} % of the width`);
      assert.equal(one.wrong, 0, 'nothing is marked under the cover');
    }
    await until('it to be lost under the cover', async () => (await marks(expert))[0]?.state === 'lost', 30000);
    await until('it to be back', async () => (await marks(site))[0]?.state === 'shown', 15000);
    await until('a snapshot with the mark', async () => {
      if ((await marks(expert))[0]?.state !== 'shown')
        return false;
      await expert.keyboard.press('s');
      await expert.getByText('The snapshot is kept.').waitFor();
      return true;
    });
    await withoutHubs(pair, site, expert, judge);
    await withoutTracker(pair, id, [site, expert]);
    await withoutWorker(pair, id, [site, expert]);
    await expert.getByRole('button', { name: 'Clear mine' }).click();
    await until('no mark', async () => (await marks(site)).length === 0);
    await drawCircle(expert, site, judge, 0, 6); // frames of before the worker's death are nobody's
    await readBack(site, expert);
    await shootAll(expert, 'guidance-expert', sizes);
    await shootAll(site, 'guidance-site', sizes);
    for (const page of [site, expert])
      await checkAccess(page, 'guidance');

    await drawCircle(second, site, judge, 1);
    for (const page of [site, expert, second])
      await until('two marks', async () => (await marks(page)).length === 2);
    await expert.getByRole('button', { name: 'Clear mine' }).click();
    for (const page of [site, expert, second])
      await until('the second expert’s alone', async () => {
        const left = await marks(page);
        return left.length === 1 && left[0].by === 'Second doctor of hangzhou';
      });
    await kept(pair, id, [site, expert]);
    for (const page of [site, expert, second]) assert.deepEqual(page.faults, []);
  });
  assertKept();
});
