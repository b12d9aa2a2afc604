// SPDX-License-Identifier: LGPL-2.1-or-later
// AR guidance, in real browsers: a doctor at Aral shows a scene that moves, two experts at Hangzhou
// draw on it. Where the mark is, is read from the pixels of screenshots at both ends; it is lost under
// cover and comes back; each expert clears only their own.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, desktop, shootAll, speak } from './browser.mjs';
import { addSeconds } from './consult-page.mjs';
import { assertKept } from './contract.mjs';
import { drawCircle, marks, measure, panel, samples, withGuidance } from './guidance-page.mjs';
import { artefacts, build, nets, password, source, until, withPair } from './hubs.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/guidance');

for (const name of ['aral', 'hangzhou'])
  nets[name] = { 'Plugin guidance': { Checklists: path.join(source, 'plugins/guidance/checklists') } };

const glasses = { width: 854, height: 480 };

/** @param {any} page @param {string} step */
async function shootGlasses(page, step) {
  await page.setViewportSize(glasses);
  for (const language of ['zh_CN', 'ug', 'en']) {
    await speak(page, language);
    await page.waitForTimeout(80);
    await page.screenshot({ path: path.join(artefacts, 'screenshots', `${step}-${language}-glasses.png`) });
  }
  await page.setViewportSize(desktop);
}

/** An expert asks, the site confirms. @param {any} site @param {any} expert */
async function readBack(site, expert) {
  await expert.getByLabel('Which one').selectOption({ label: 'Severe bleeding of a limb' });
  await expert.getByRole('button', { name: 'Open the checklist' }).click();
  for (const n of [1, 2]) {
    await expert.locator('.guidance-checklist .button.primary').click();
    await site.getByText(`${n} of `).waitFor();
    if (n === 1) {
      await shootAll(site, 'guidance-asked');
      await shootGlasses(site, 'guidance-asked');
    }
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
    await readBack(site, expert);
    await shootAll(expert, 'guidance-expert');
    await shootGlasses(expert, 'guidance-expert');
    await shootAll(site, 'guidance-site');
    await shootGlasses(site, 'guidance-site');
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
