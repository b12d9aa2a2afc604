// SPDX-License-Identifier: LGPL-2.1-or-later
// The consent in a page of its own, without hubs: what is shown and said in each state, who may give and
// withdraw it, that nobody is shown before, what happens while the hub is away.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(path.join(root, 'data/web/package.json'));
const { build } = require('esbuild');
const { chromium } = require('playwright-core');
const axe = require.resolve('axe-core/axe.min.js');
const { readCatalogue } = await import(path.join(root, 'data/web/po.mjs'));

const at = '2026-03-02T09:30:00Z';
const none = { state: 'none', basis: null, by: null, at: null };
const given = (basis = 'patient', by = 'Ada Lovelace') => ({ state: 'given', basis, by, at });
const withdrawn = { state: 'withdrawn', basis: null, by: 'Ada Lovelace', at };

let browser, page;

before(async () => {
  const src = (name) => JSON.stringify(path.join(root, name));
  const { outputFiles: [{ text }] } = await build({
    stdin: {
      contents: `import { useCatalogue } from ${src('data/web/src/i18n.js')};
        import { ConsentControl, consentSentence } from '@karez/desk';
        import { formerAct, formerState, quiet } from ${src('plugins/consult/web/consult-consent.js')};
        Object.assign(globalThis, { useCatalogue, ConsentControl, consentSentence, formerAct, formerState, quiet });`, resolveDir: root,
    },
    alias: { '@karez/desk': path.join(root, 'data/web/src/shared/desk.js') }, nodePaths: [path.join(root, 'data/web/node_modules')],
    bundle: true, format: 'iife', target: 'es2022', write: false, logLevel: 'error',
  });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'] });
  page = await (await browser.newContext({ timezoneId: 'Asia/Urumqi', reducedMotion: 'reduce' })).newPage();
  page.on('pageerror', (error) => assert.fail(error));
  await page.route('http://consent.test/', (route) => route.fulfill({
    contentType: 'text/html', body: '<!doctype html><html lang="en"><title>Consent</title><main><h1>Session</h1><div id="place"></div></main><karez-confirm></karez-confirm></html>',
  }));
  await page.goto('http://consent.test/');
  await page.addScriptTag({ content: text });
});
after(() => browser?.close());

/** A new one in the page, of a worker that is heard or not. What it does is kept: sent, told, and each
 * change of what the status says. @param {Record<string, any>[]} heard states of the worker @param {{reached?: boolean}} [how] */
async function show(heard, { reached = true } = {}) {
  await page.evaluate(async ([states, there]) => {
    globalThis.element?.settle?.();
    globalThis.element?.remove();
    globalThis.reached = there;
    globalThis.log = [];
    const made = new globalThis.ConsentControl();
    Object.assign(made, { where: 'Aral Tarim Hospital', send: (body) => { globalThis.log.push(body); return globalThis.reached; } });
    made.addEventListener('refuse', ({ detail }) => globalThis.log.push({ refused: detail && detail.message }));
    made.addEventListener('shut', () => globalThis.log.push('shut'));
    made.addEventListener('change', () => globalThis.log.push('change'));
    globalThis.element = made;
    document.querySelector('#place').append(made);
    for (const one of states)
      made.take(one);
    await made.updateComplete;
    globalThis.log.length = 0;
  }, [heard, reached]);
}

const state = (consent, may, allowed = consent.state === 'given', gates = ['media']) => ({ type: 'consent.state', consent, may_consent: may, allowed, gates });
const hear = (...of) => page.evaluate(async (one) => { globalThis.element.take(one); await globalThis.element.updateComplete; }, state(...of));
/** What it did since it was asked last. */
const done = () => page.evaluate(() => globalThis.log.splice(0));
/** @param {boolean} [held] @param {boolean} [forwarding] as the worker of the consultation says */
const quiet = (held = false, forwarding = true) => page.evaluate(([on, lets]) => globalThis.quiet(globalThis.element, lets, on), [held, forwarding]);
const said = async () => (await page.locator('[role=status]').innerText()).trim();
const buttons = () => page.locator('#place button').allInnerTexts();
const press = (name) => page.locator('#place').getByRole('button', { name }).click();
const answer = (name) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

const agree = ['The patient agrees', 'The guardian agrees'];
const first = 'Before anybody is seen or heard, the patient’s consent is put on record.';
const waits = 'Waiting for the consent to be put on record at Aral Tarim Hospital.';
const taken = 'Consent was withdrawn, recorded by Ada Lovelace at ';
const unseen = 'Not seen or heard before consent is on record.';

test('nothing is offered, and nobody is shown, before the worker has said how it is', async () => {
  await show([]);
  assert.equal(await said(), 'Asking whether consent is on record.');
  assert.deepEqual(await buttons(), []);
  assert.equal(await quiet(), unseen);
});

test('who may give it is asked, and who may not is told where', async () => {
  await show([state(none, true)]);
  assert.equal(await said(), first);
  assert.deepEqual(await buttons(), [...agree, 'Emergency: begin without waiting…']);
  await hear(none, false);
  assert.equal(await said(), waits);
  assert.deepEqual(await buttons(), []);
});

test('each basis is said with who recorded it and when; who may not can do nothing about it', async () => {
  for (const [basis, words] of [['patient', 'Consent: the patient agrees'], ['guardian', 'Consent: the guardian agrees'], ['emergency', 'Emergency: begun without waiting for consent']]) {
    await show([state(given(basis), false)]);
    assert.match(await said(), new RegExp(`^${words}, recorded by Ada Lovelace at .*\\d\\d:\\d\\d`));
    assert.deepEqual(await buttons(), [], basis);
    await hear(given(basis), true);
    assert.deepEqual(await buttons(), basis === 'emergency' ? [...agree, 'Withdraw…'] : ['Withdraw…'], basis);
  }
});

test('after a withdrawal it is said, and asked for again', async () => {
  await show([state(given(), true), state(withdrawn, true)]);
  assert.ok((await said()).startsWith(taken));
  assert.ok((await said()).endsWith(first));
  assert.deepEqual(await buttons(), [...agree, 'Emergency: begin without waiting…']);
  await hear(withdrawn, false);
  assert.ok((await said()).startsWith(taken));
  assert.ok((await said()).endsWith(waits));
  assert.deepEqual(await buttons(), []);
});

test('people are shown only with a consent in force, not on hold, by a worker that forwards', async () => {
  for (const consent of [none, withdrawn, given(), given('guardian'), given('emergency')])
    for (const may of [true, false])
      for (const forwarding of [true, false])
        for (const held of [true, false]) {
          await show([state(consent, may)]);
          const expected = consent.state !== 'given' ? unseen : held ? 'On hold: not seen or heard.' : forwarding ? '' : 'Not seen or heard now.';
          assert.equal(await quiet(held, forwarding), expected, JSON.stringify({ consent, may, forwarding, held }));
        }
  // Without a place in the session nothing is known any more.
  await page.evaluate(() => globalThis.element.forget());
  assert.equal(await quiet(), unseen);
  assert.deepEqual(await done(), ['change']);
});

test('what is pressed is told to the worker, and shown only when that has said so', async () => {
  for (const [name, basis] of [['The patient agrees', 'patient'], ['The guardian agrees', 'guardian']]) {
    await show([state(none, true)]);
    await press(name);
    assert.deepEqual(await done(), [{ type: 'consent.give', basis }, 'change', { refused: null }]);
    assert.equal(await said(), first);
    assert.equal(await quiet(), unseen);
    await hear(given(basis), true);
    assert.deepEqual(await done(), ['change']);
    assert.equal(await quiet(), '');
  }
});

test('a consent that did not reach the hub is refused aloud, and nobody is shown', async () => {
  await show([state(none, true)], { reached: false });
  await press('The patient agrees');
  assert.deepEqual(await done(), [{ type: 'consent.give', basis: 'patient' }, 'change', { refused: 'It was not recorded: the hub is away. Try again once it is back.' }]);
  assert.equal(await said(), first);
  assert.equal(await quiet(), unseen);
});

test('an emergency and a withdrawal are asked about first', async () => {
  await show([state(none, true)]);
  await press('Emergency: begin without waiting…');
  await answer('Go back');
  assert.deepEqual(await done(), []);
  await press('Emergency: begin without waiting…');
  await answer('Begin now');
  assert.deepEqual(await done(), [{ type: 'consent.give', basis: 'emergency' }, 'change', { refused: null }]);
  await show([state(given('emergency'), true)]);
  await press('Withdraw…');
  await answer('Go back');
  assert.deepEqual(await done(), []);
  await press('Withdraw…');
  await answer('Withdraw');
  assert.deepEqual(await done(), [{ type: 'consent.withdraw' }, 'change']);
});

test('a question is closed when there is nothing to ask any more', async () => {
  const closed = () => page.getByRole('dialog').waitFor({ state: 'hidden', timeout: 3000 });
  await show([state(none, true)]);
  await press('Emergency: begin without waiting…');
  await hear(none, true); // the same again
  assert.equal(await page.getByRole('dialog').count(), 1);
  await hear(given('patient', 'Grace Hopper'), true);
  await closed();
  await press('Withdraw…');
  await hear(given('patient', 'Grace Hopper'), false);
  await closed();
  await hear(given('patient', 'Grace Hopper'), true);
  await press('Withdraw…');
  await page.evaluate(() => globalThis.element.remove());
  await closed();
  assert.deepEqual(await done(), ['change', 'change', 'change', 'change']);
});

test('a withdrawal while the hub is away: the page sends nothing, and tells it until it is heard', async () => {
  const alert = 'The hub is away: the withdrawal is recorded as soon as it is back. Until then your camera and microphone are off.';
  await show([state(given(), true)], { reached: false });
  const told = () => page.locator('#place [role=alert]').innerText();
  assert.equal(await told(), '');
  await press('Withdraw…');
  await answer('Withdraw');
  assert.deepEqual(await done(), [{ type: 'consent.withdraw' }, 'shut', 'change']);
  assert.equal((await told()).trim(), alert);
  await hear(given(), true); // a worker that has not heard of it
  assert.deepEqual(await done(), [{ type: 'consent.withdraw' }, 'shut', 'change']);
  await page.evaluate(() => { globalThis.reached = true; });
  await hear(given(), true);
  assert.deepEqual(await done(), [{ type: 'consent.withdraw' }, 'change']);
  assert.equal(await told(), '');
  await page.evaluate(() => globalThis.element.missed()); // sent, and the worker died
  assert.deepEqual(await done(), ['shut']);
  await page.waitForFunction((text) => document.querySelector('#place [role=alert]').innerText.trim() === text, alert);
  await hear(withdrawn, true);
  assert.deepEqual(await done(), ['change']);
  assert.equal(await told(), '');
  await page.evaluate(() => globalThis.element.missed()); // another message, later
  assert.deepEqual(await done(), []);
});

test('a withdrawal that nobody answers: nobody is shown from then on, soon the page sends nothing, and it is told again', async () => {
  await show([state(given(), true)]);
  assert.equal(await quiet(), '');
  await press('Withdraw…');
  await answer('Withdraw');
  assert.equal(await quiet(), 'Not seen or heard now.');
  assert.deepEqual(await done(), [{ type: 'consent.withdraw' }, 'change']);
  await page.locator('#place [role=alert]').getByText('The hub is away: the withdrawal is recorded as soon as it is back.').waitFor({ timeout: 4000 });
  assert.deepEqual(await done(), ['shut']);
  // Sent into a connection that was dead: the worker of the next one has not heard of it.
  await page.evaluate(() => globalThis.element.forget());
  await hear(given(), true);
  assert.deepEqual(await done(), ['change', { type: 'consent.withdraw' }, 'change']);
  assert.equal(await quiet(), 'Not seen or heard now.');
  await hear(withdrawn, true);
  await page.evaluate(() => new Promise((done) => { setTimeout(done, 2500); }));
  assert.deepEqual(await done(), ['change'], 'what was answered is not missed');
});

test('an agreement that does not reach the hub takes no withdrawal back', async () => {
  await show([state(given('emergency'), true)], { reached: false });
  await press('Withdraw…');
  await answer('Withdraw');
  await press('The patient agrees');
  await page.evaluate(() => { globalThis.reached = true; });
  await done();
  await hear(given('emergency'), true);
  assert.deepEqual(await done(), [{ type: 'consent.withdraw' }, 'change']);
});

test('who agrees after a withdrawal that was not heard means that', async () => {
  await show([state(given('emergency'), true)], { reached: false });
  await press('Withdraw…');
  await answer('Withdraw');
  await page.evaluate(() => { globalThis.reached = true; });
  await press('The patient agrees');
  await done();
  await hear(given('patient'), true);
  assert.deepEqual(await done(), ['change']);
});

test('a screen reader hears each change in one place, and no buttons', async () => {
  await show([]);
  await page.evaluate(() => {
    globalThis.place = document.querySelector('#place [role=status]');
    globalThis.spoken = [];
    new MutationObserver(() => {
      const text = globalThis.place.innerText.trim();
      if (text !== globalThis.spoken.at(-1))
        globalThis.spoken.push(text);
    }).observe(globalThis.place, { childList: true, subtree: true, characterData: true });
  });
  for (const step of [[none, false], [none, true], [given(), true], [given(), true], [withdrawn, true]])
    await hear(...step);
  const spoken = await page.evaluate(() => [globalThis.place.isConnected, globalThis.place.querySelectorAll('button').length, ...globalThis.spoken.map((one) => one.replace(/ at .*\d\d:\d\d/, '').replaceAll(/\s+/g, ' '))]);
  assert.deepEqual(spoken.slice(0, 2), [true, 0]);
  assert.deepEqual(spoken.slice(2), [waits.replace(/\s+/g, ' '), first, 'Consent: the patient agrees, recorded by Ada Lovelace', `Consent was withdrawn, recorded by Ada Lovelace. ${first}`]);
  await page.addScriptTag({ path: axe });
  assert.deepEqual(await page.evaluate(async () => (await globalThis.axe.run('#place')).violations.map((one) => one.id)), []);
});

test('it is used with the keyboard alone, and the focus is never lost', async () => {
  await show([state(none, true)]);
  await page.evaluate(() => document.activeElement?.blur());
  const focused = () => page.evaluate(() => document.activeElement.innerText.trim().split('\n')[0]);
  const stops = [];
  for (let i = 0; i < 3; i++) {
    await page.keyboard.press('Tab');
    stops.push(await focused());
  }
  assert.deepEqual(stops, [...agree, 'Emergency: begin without waiting…']);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.equal(await focused(), 'Emergency: begin without waiting…');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  assert.deepEqual(await done(), [{ type: 'consent.give', basis: 'patient' }, 'change', { refused: null }]);
  await hear(given(), true);
  // The button is gone: what it came to has the focus, and the next key goes on from there.
  await page.waitForFunction(() => document.activeElement === document.querySelector('#place [role=status]'), undefined, { timeout: 3000 });
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Withdraw…');
});

test('it is drawn anew in another language', async () => {
  const read = async (language) => readCatalogue(path.join(root, `po/${language}.po`));
  const speak = async (catalogue) => {
    await page.evaluate(async (one) => { globalThis.useCatalogue(one); await globalThis.element.updateComplete; }, catalogue);
  };
  await show([state(given(), true)]);
  const english = [await said(), ...await buttons()];
  const seen = new Set(english);
  for (const language of ['zh_CN', 'ug']) {
    const catalogue = await read(language);
    await speak(catalogue);
    const now = [await said(), ...await buttons()];
    assert.equal(now.at(-1), catalogue.messages['Withdraw…']);
    assert.ok(now[0].includes('Ada Lovelace'), now[0]);
    for (const one of now) {
      assert.ok(!seen.has(one), `${language}: ${one}`);
      seen.add(one);
    }
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('#place [role=status]')).direction), language === 'ug' ? 'rtl' : 'ltr');
  }
  await speak(await read('en'));
  assert.deepEqual([await said(), ...await buttons()], english);
});

test('what was kept is said in the same words', async () => {
  await show([]);
  const kept = await page.evaluate(async (list) => {
    const { where } = globalThis.element;
    return list.map((one) => [globalThis.consentSentence(one, '09:30')].flat().map((part) => (typeof part === 'string' ? part : part.values?.join(''))).join('') + (where ? '' : '?'));
  }, [given('guardian'), withdrawn]);
  assert.deepEqual(kept, ['Consent: the guardian agrees, recorded by Ada Lovelace at 09:30', 'Consent was withdrawn, recorded by Ada Lovelace at 09:30.']);
});

test('what waits for it is said in words of each modality', async () => {
  const recorded = 'Before anything is recorded, the patient’s consent is put on record.';
  const moved = 'Before anything is moved, the patient’s consent is put on record.';
  await show([state(none, true, false, ['recording', 'motion'])]);
  assert.equal((await said()).replaceAll(/\s+/g, ' '), `${recorded} ${moved}`);
  await press('Emergency: begin without waiting…');
  const asked = () => page.getByRole('dialog').locator('#confirm-text').innerText();
  assert.equal(await asked(), 'Recording may begin at once. Movement may begin at once. “Emergency” is recorded as the basis, with your name and the time. Consent is completed later.');
  await answer('Go back');
  await show([state(given(), true, true, ['motion'])], { reached: false });
  await press('Withdraw…');
  assert.equal(await asked(), 'Nothing is moved any more until consent is given again. The withdrawal is recorded with your name and the time.');
  await answer('Withdraw');
  assert.equal((await page.locator('#place [role=alert]').innerText()).trim(), 'The hub is away: the withdrawal is recorded as soon as it is back.');
  await show([state(given(), true)]);
  await press('Withdraw…');
  assert.equal(await asked(), 'Nobody is seen or heard any more until consent is given again. The withdrawal is recorded with your name and the time.');
  await answer('Go back');
});

test('messages that are not of the consent are left to the panel', async () => {
  await show([]);
  assert.deepEqual(await page.evaluate(() => [{ type: 'consult.state', forwarding: true }, { type: 'media.offer' }, {}].map((one) => globalThis.element.take(one))), [false, false, false]);
  assert.deepEqual(await done(), []);
});

test('a worker of version 0.1, which outlived its hub, is heard and told in its own words', async () => {
  const former = { type: 'consult.state', consent: given(), may_consent: true, forwarding: false };
  const [heard, other, ...acts] = await page.evaluate((body) => [
    globalThis.formerState(body), globalThis.formerState({ type: 'consult.state', forwarding: true }),
    globalThis.formerAct({ type: 'consent.give', basis: 'guardian' }), globalThis.formerAct({ type: 'consent.withdraw' }),
  ], former);
  assert.deepEqual(heard, state(given(), true, false));
  assert.equal(other, null);
  assert.deepEqual(acts, [{ type: 'consult.consent', basis: 'guardian' }, { type: 'consult.withdraw' }]);
});
