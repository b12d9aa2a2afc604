// SPDX-License-Identifier: LGPL-2.1-or-later
// The page of a development environment that shows what plugins may use of the desk: all of it, in both
// directions, in the light and in the dark, on a phone too, and without a fault.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { artefacts, source, withPair } from './hubs.mjs';
import { checkAccess, desktop, openBrowser, phone, signIn, speak } from './browser.mjs';

process.env.G_RESOURCE_OVERLAYS = `/org/karez/desk=${path.join(source, 'data/web/dev')}`;

/** What is exported of the components, but for what is no picture of its own. */
function components() {
  const text = ['desk', 'media'].map((name) => fs.readFileSync(path.join(source, `data/web/src/shared/${name}.js`), 'utf8')).join('');
  return [...text.matchAll(/export \{([^}]*)\} from '\.\.\/(?:components\/(?:parts|dialog|toast|announce|consent)|media-(?:device-parts|person))\.js'/g)]
    .flatMap(([, names]) => names.split(',').map((one) => one.trim()).filter(Boolean));
}

await withPair('gallery', async ({ aral }) => {
  const browser = await openBrowser();
  try {
    for (const dark of [false, true]) {
      const page = await signIn(browser, aral, 'desk.aral', { dark });
      // What the page before is still asking for would fail with it.
      await page.waitForLoadState('networkidle');
      await page.goto(`${aral.origin}/gallery`);
      await page.locator('karez-gallery section').first().waitFor();
      const there = await page.locator('[data-component]').evaluateAll((all) => all.flatMap((one) => one.dataset.component.split(', ')));
      assert.deepEqual(components().filter((one) => !there.includes(one)), [], 'each component is shown');
      // A select that somebody used shows what is chosen now, whoever chose it.
      for (const value of ['T0', 'T1'])
        await page.locator('#g-select').selectOption(value);
      await page.locator('[name="g-choice"][value="T0"]').check();
      assert.equal(await page.locator('#g-select').inputValue(), 'T0');
      for (const language of ['en', 'ug']) {
        await speak(page, language);
        for (const [name, viewport] of Object.entries({ desktop, phone })) {
          await page.setViewportSize(viewport);
          await page.waitForTimeout(80);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${language}, ${name}: too wide`);
          await page.screenshot({ path: path.join(artefacts, 'screenshots', `gallery-${language}-${dark ? 'dark' : 'light'}-${name}.png`), fullPage: true });
          await checkAccess(page, `gallery, ${language}, ${dark ? 'dark' : 'light'}, ${name}`);
        }
        await page.setViewportSize(desktop);
        for (const name of ['confirm', 'reason', 'attempt']) {
          await page.locator('karez-gallery').getByRole('button', { name, exact: true }).click();
          await page.getByRole('dialog').waitFor();
          await checkAccess(page, `gallery, a dialog, ${language}`);
          await page.keyboard.press('Escape');
          await page.getByRole('dialog').waitFor({ state: 'detached' });
        }
        await page.locator('karez-gallery').getByRole('button', { name: 'bad', exact: true }).click();
        await page.locator('.toast.bad').first().waitFor();
        await page.locator('.toast.bad button').last().click();
      }
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
  } finally {
    await browser.close();
  }
});
