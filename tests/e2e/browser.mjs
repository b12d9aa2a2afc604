// SPDX-License-Identifier: LGPL-2.1-or-later
// Real Chromium pages, signed in at a hub's desk.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { observe, observeFrame } from './contract.mjs';
import { artefacts, password, source } from './hubs.mjs';

const require = createRequire(path.join(source, 'data/web/package.json'));
const { chromium } = require('playwright-core');
export const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };
export const languages = ['en', 'zh_CN', 'ug'];

/** @param {number} fps pictures a second of the camera that there is not */
const options = (fps) => ({
  executablePath: '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    `--use-fake-device-for-media-stream=fps=${fps}`, '--use-fake-ui-for-media-stream'],
});

/** @param {number} [fps] @param {string[]} [more] arguments */
export function openBrowser(fps = 20, more = []) {
  const { executablePath, args } = options(fps);
  return chromium.launch({ executablePath, args: [...args, ...more] });
}

/** One whose processes can be stopped, as those of a computer that hangs. @param {number} [fps] */
export async function openStoppable(fps = 20) {
  const server = await chromium.launchServer(options(fps));
  const group = -server.process().pid; // playwright gives it a group of its own
  const browser = await chromium.connect(server.wsEndpoint());
  return {
    browser,
    halt: () => process.kill(group, 'SIGSTOP'),
    goOn: () => process.kill(group, 'SIGCONT'),
    close: () => server.close(),
  };
}

/** In a page, before its scripts: a computer whose clock is wrong, and can be set by globalThis.clockOff. @param {number} off */
function setClock(off) {
  const Real = Date;
  globalThis.clockOff = off;
  const wrong = () => Real.now() + globalThis.clockOff;
  globalThis.Date = class extends Real {
    constructor(...of) {
      if (of.length) super(...of);
      else super(wrong());
    }

    static now() {
      return wrong();
    }
  };
}

/** A page with cookies of its own, before anybody signs in.
 * @param {any} browser @param {import('./hubs.mjs').Hub} hub
 * @param {{viewport?: any, language?: string, dark?: boolean, off?: number, script?: () => void}} [options] off: by how many ms the computer's
 * clock is; script: run in each page before its own */
export async function openDoor(browser, hub, options = {}) {
  const language = options.language ?? 'en';
  const context = await browser.newContext({
    viewport: options.viewport ?? desktop,
    locale: language === 'zh_CN' ? 'zh-CN' : language,
    colorScheme: options.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  if (options.off !== undefined) await context.addInitScript(setClock, options.off);
  if (options.script) await context.addInitScript(options.script);
  const page = await context.newPage();
  page.faults = [];
  page.faked = false; // a test answers in the hub's place
  page.on('response', async (response) => {
    const { origin, pathname } = new URL(response.url());
    const text = origin === hub.origin && !page.faked ? await response.text().catch(() => null) : null; // the page may have gone on
    if (text !== null) observe(response.request().method(), pathname, response.status(), text);
  });
  page.on('websocket', (socket) => {
    if (socket.url().startsWith(hub.origin.replace(/^http/, 'ws')))
      socket.on('framereceived', ({ payload }) => { if (!page.faked) observeFrame(String(payload)); });
  });
  page.on('pageerror', (error) => page.faults.push(String(error)));
  page.on('console', (message) => {
    // A refused or unreachable request is the test's own doing; a fault of the page is not.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')
        && !message.text().startsWith('WebSocket connection'))
      page.faults.push(message.text());
  });
  await page.goto(hub.origin);
  await page.locator('#login').waitFor();
  return page;
}

/** Types a login and a password into the form of a page. @param {any} page @param {string} login @param {string} [word] */
export async function enter(page, login, word = password) {
  await page.locator('#login').fill(login);
  await page.locator('#password').fill(word);
  await page.locator('#password').press('Enter');
}

/** A page with cookies of its own, signed in as `login`.
 * @param {any} browser @param {import('./hubs.mjs').Hub} hub @param {string} login
 * @param {{viewport?: any, language?: string, dark?: boolean, off?: number, script?: () => void}} [options] off: by how many ms the computer's
 * clock is; script: run in each page before its own */
export async function signIn(browser, hub, login, options = {}) {
  const page = await openDoor(browser, hub, options);
  await enter(page, login);
  await page.locator('#login').waitFor({ state: 'detached' });
  return page;
}

/** Changes the page's language as its reader would, without loading it anew. The hub knows of it then: a page
 * that is loaded at once has it.
 * @param {any} page @param {string} language */
export async function speak(page, language) {
  const tag = language.replace('_', '-');
  const isSignedIn = new URL(page.url()).pathname !== '/sign-in';
  const told = isSignedIn ? page.waitForRequest(/\/me\/language$/, { timeout: 5000 }).catch(() => null) : null;
  await page.evaluate((wanted) => document.querySelector(`button[lang="${wanted}"]`).click(), tag);
  await page.waitForFunction((wanted) => document.documentElement.lang === wanted, tag);
  await (await told)?.response();
}

/** Each size in each language is looked at for what does not fit; these are kept as pictures, all of them with KAREZ_SCREENSHOTS=all.
 * @type {Record<string, string[]>} */
const kept = { desktop: ['en'], phone: ['zh_CN', 'ug'], glasses: ['zh_CN'] };

/** A step as everybody sees it: each size, three languages. @param {any} page
 * @param {string} step @param {Record<string, {width: number, height: number}>} [sizes] */
export async function shootAll(page, step, sizes = { desktop, phone }) {
  const directory = path.join(artefacts, 'screenshots');
  fs.mkdirSync(directory, { recursive: true });
  for (const language of languages) {
    await speak(page, language);
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      const wide = await page.evaluate(() => new Promise((done) => {
        const measure = () => done(document.documentElement.scrollWidth - innerWidth);
        requestAnimationFrame(() => setTimeout(measure));
        setTimeout(measure, 200); // a page that is not drawn
      }));
      if (wide > 1) page.faults.push(`${step}, ${language}, ${size}: ${wide} px too wide`);
      if (process.env.KAREZ_SCREENSHOTS === 'all' || kept[size].includes(language))
        await page.screenshot({ path: path.join(directory, `${step}-${language}-${size}.png`) });
    }
  }
  await page.setViewportSize(desktop);
  await speak(page, 'en');
}

/** What axe-core finds. @param {any} page @param {string} step */
export async function checkAccess(page, step) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ').slice(0, 300)}`);
  });
  for (const one of found) page.faults.push(`${step}: axe ${one}`);
}
