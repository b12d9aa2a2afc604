// SPDX-License-Identifier: LGPL-2.1-or-later
// What somebody typed or pasted is what is asked for and kept, or it is said that it is not: a time
// that was not read yet, a text that is too long, and words whose writer's sign-in ended, which are
// there again for that person and for nobody else.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, desktop, enter, openBrowser, openDoor, phone, shootAll, signIn } from './browser.mjs';
import { addSeconds, book, join, prepare } from './consult-page.mjs';
import { assertKept } from './contract.mjs';
import { build, password, randomUUID, sleep, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

process.env.KAREZ_PLUGINS ??= ['consult', 'template'].map((name) => path.join(build, 'plugins', name)).join(';');

/** A new request with something typed over its Beijing time, and a key. @param {any} page @param {string} origin
 * @param {string} text @param {string} key */
async function askAt(page, origin, text, key) {
  await page.goto(`${origin}/new`);
  await page.locator('#compose-title').fill(`At ${text}`);
  await page.getByLabel('Kind of session').selectOption({ label: 'Shared note' });
  await page.locator('#compose-start-beijing').focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
  await page.keyboard.press(key);
}

/** @param {import('./hubs.mjs').Hub} hub @param {any} page */
async function times(hub, page) {
  for (const [text, key, wanted] of [
    ['23:45', 'Control+Enter', '23:45'], ['23:40', 'Enter', '23:40'], ['２３：３５', 'Control+Enter', '23:35'], ['21:30x', 'Control+Enter', '23:30'],
  ]) {
    await askAt(page, hub.origin, text, key);
    await page.waitForURL(/\/bookings\//);
    const { starts_at: at } = await hub.api('GET', `/bookings/${page.url().split('/').pop()}`);
    assert.equal(new Date(at).toLocaleTimeString('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit' }), wanted, `${text} by ${key}`);
  }
  for (const [text, key] of [['25:00', 'Enter'], ['9;30', 'Control+Enter'], ['9pm', 'Control+Enter']]) {
    await askAt(page, hub.origin, text, key);
    await page.getByText('A time looks like 14:30.').waitFor();
    await sleep(300);
    assert.match(page.url(), /\/new$/, `${text} is asked for by nobody`);
    assert.equal(await page.locator('#compose-start-beijing').inputValue(), text);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'compose-start-beijing');
  }
  // Another day shows the time that is meant again.
  await page.getByLabel('Day', { exact: true }).selectOption({ index: 1 });
  assert.match(await page.locator('#compose-start-beijing').inputValue(), /^\d\d:\d\d$/);
}

/** What is missing comes to where it is seen, with what is said of it, on each size of window.
 * @param {import('./hubs.mjs').Hub} hub @param {any} page */
async function missing(hub, page) {
  for (const size of [{ width: 1280, height: 800 }, { width: 1280, height: 620 }, phone, { width: 360, height: 600 }]) {
    await page.setViewportSize(size);
    await page.goto(`${hub.origin}/new`);
    for (const filled of ['', 'Chest pain']) {
      await page.locator('#compose-title').fill(filled);
      await page.keyboard.press('Control+Enter');
      await page.waitForFunction((/** @type {boolean} */ titled) => {
        const input = document.activeElement;
        const message = input?.closest('.field')?.querySelector('.error-text');
        const place = message?.getBoundingClientRect();
        return place && titled !== (input?.id === 'compose-title')
          && [input, message].every((one) => one && [1, one.clientHeight - 1].every((down) => {
            const box = one.getBoundingClientRect();
            return one.contains(document.elementFromPoint(box.x + 5, box.y + down));
          }));
      }, filled !== '').catch((/** @type {Error} */ error) => {
        throw new Error(`what is missing is not seen at ${size.width}×${size.height}, the title being “${filled}”`, { cause: error });
      });
    }
  }
  await page.setViewportSize(desktop);
}

/** Nothing is cut. @param {import('./hubs.mjs').Hub} hub @param {any} page @param {string} id */
async function long(hub, page, id) {
  const findings = page.getByLabel('Findings');
  await findings.focus();
  await page.keyboard.insertText(`${'ئۇيغۇر '.repeat(4000)}50 mg`);
  assert.equal((await findings.inputValue()).length, 28005);
  await page.getByText('At most 8000 characters; there are 28005.').waitFor();
  await page.locator('.opinion .note.bad').waitFor();
  assert.equal(await page.locator('.draft-kept').count(), 0, 'it does not say that it is kept');
  await shootAll(page, 'typed-too-long');
  await checkAccess(page, 'an opinion that is too long');
  await page.getByLabel('Impression').fill('Well.');
  await page.getByRole('button', { name: 'Sign…' }).click();
  await sleep(500);
  assert.equal(await page.getByRole('dialog').count(), 0, 'and cannot be signed');
  // A character outside of the basic plane is one.
  await findings.fill('🧪'.repeat(8000));
  await page.locator('.draft-kept[data-standing="kept"]').waitFor();
  await findings.fill('Kept.');
  await page.locator('.draft-kept[data-standing="kept"]').waitFor();
  const person = await Person.signIn(hub, 'doctor.hangzhou');
  assert.equal((await person.api('GET', `/x/consult/opinions/${id}`)).draft.findings, 'Kept.');
}

/** Who writes on a phone is told what happens in the room that the opinion hides. @param {import('./hubs.mjs').Pair} pair
 * @param {any} page @param {string} id */
async function heldWhileWriting({ aral }, page, id) {
  await page.setViewportSize(phone);
  const told = page.locator('.consult-sheet-state');
  assert.equal((await told.innerText()).trim(), '');
  await aral.api('POST', `/sessions/${id}/hold`, { reason: 'The patient is unwell.' });
  await told.getByText('On hold: nobody is seen or heard until it is resumed.').waitFor();
  await shootAll(page, 'typed-held');
  await page.setViewportSize(phone);
  const { sequence } = await aral.api('GET', `/sessions/${id}`);
  await aral.api('POST', `/sessions/${id}/resume`, { sequence });
  await told.getByText('On hold').waitFor({ state: 'detached' });
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole('button', { name: 'Join', exact: true }).click();
  await other.getByRole('button', { name: 'Use this window' }).click();
  await told.getByText('You are not in the session now.').waitFor();
  await other.close();
  await page.setViewportSize(desktop);
  await page.getByRole('button', { name: 'Use this window' }).first().click();
  await told.getByText('You are not in the session now.').waitFor({ state: 'detached' });
}

/** Signs in over whoever is signed in in this browser. @param {any} door a page that shows the form @param {string} login */
async function over(door, login) {
  await enter(door, login);
  await door.locator('#login').waitFor({ state: 'detached' });
}

/** Somebody else signs in in another tab while an opinion's words are on their way.
 * @param {import('./hubs.mjs').Hub} hub @param {any} door @param {any} page @param {string} id */
async function opinionOfAnother(hub, door, page, id) {
  await page.route('**/api/v1/x/consult/opinions/*/draft', (route) => route.abort());
  page.faked = true;
  await page.getByLabel('Impression').fill('Only the first one knows.');
  await page.locator('.draft-kept[data-standing="away"]').waitFor();
  await over(door, 'second.hangzhou');
  await page.locator('#login').or(page.locator('karez-day')).first().waitFor();
  await page.getByText('Not kept yet: what you typed last').waitFor();
  await page.unroute('**/api/v1/x/consult/opinions/*/draft');
  await sleep(2500); // it would be tried again
  const second = await Person.signIn(hub, 'second.hangzhou');
  assert.equal((await second.api('GET', `/x/consult/opinions/${id}`)).draft ?? null, null, 'nobody else has them');
  // Their writer signs in again in that window.
  if (!await page.locator('#login').count()) {
    await page.locator('details.menu summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
  }
  await over(page, 'doctor.hangzhou');
  await page.evaluate((where) => {
    const link = Object.assign(document.createElement('a'), { href: where });
    document.body.append(link);
    link.click();
  }, `/sessions/${id}`);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.locator('#consult-opinion-button').click();
  await page.locator('.draft-kept[data-standing="kept"]').waitFor();
  assert.equal(await page.getByLabel('Impression').inputValue(), 'Only the first one knows.');
  const first = await Person.signIn(hub, 'doctor.hangzhou');
  assert.equal((await first.api('GET', `/x/consult/opinions/${id}`)).draft.impression, 'Only the first one knows.');
}

/** A request that is being written when its writer is signed out. @param {import('./hubs.mjs').Hub} hub @param {any} page */
async function requestOfAnother(hub, page) {
  await page.goto(`${hub.origin}/new`);
  await page.locator('#compose-title').fill('Rash since spring');
  await page.getByLabel('Kind of session').selectOption({ label: 'Video consultation' });
  await page.getByLabel('Question', { exact: true }).fill('Is a biopsy needed?');
  const desk = (await hub.api('GET', '/people')).items.find((one) => one.login === 'desk.aral');
  await hub.api('PUT', `/people/${desk.id}`, { names: desk.names, roles: desk.roles, active: true, password, password_final: true });
  await page.getByText('What you were writing stays in this window').waitFor();
  await page.getByText('Your sign-in has ended.').waitFor();
  await shootAll(page, 'typed-signed-out').catch(() => {});
  await over(page, 'admin.aral');
  await page.locator('#compose-title').waitFor();
  assert.equal(await page.locator('#compose-title').inputValue(), '', 'another person begins anew');
  await page.locator('details.menu summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sleep(9500); // longer than a discard can be undone
  await over(page, 'desk.aral');
  await page.locator('#compose-title').waitFor();
  assert.equal(await page.locator('#compose-title').inputValue(), 'Rash since spring');
  assert.equal(await page.getByLabel('Question', { exact: true }).inputValue(), 'Is a biopsy needed?');
}

/** @param {any} page */
const focus = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim());

/** An administrator adds people with the keyboard alone, some without a title, and clicks on the wrong one.
 * @param {any} page @param {string} origin */
async function people(page, origin) {
  await page.goto(`${origin}/people`);
  const add = page.getByRole('button', { name: 'Add a person' });
  for (const [login, title] of [['ayshe', {}], ['wang.li', { zh_CN: '主任医师' }]]) {
    await add.press('Enter');
    await page.keyboard.type('Wang Li');
    await page.keyboard.press('Enter');
    assert.equal(await focus(page), 'person-login', 'it leads to what is lacking');
    await page.keyboard.type(login);
    await page.keyboard.press('Tab');
    await page.keyboard.type('1234567890123456');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.closest('.pick'));
    await page.keyboard.press('Space');
    if (title.zh_CN)
      await page.locator('#person-title-zh_CN').fill(title.zh_CN);
    await page.locator('#person-login').press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'person-password');
    await page.getByText('The password is one that is tried first').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('four words with nothing common');
    await page.keyboard.press('Enter');
    await page.locator('.panel').waitFor({ state: 'detached' });
    await page.getByRole('row').filter({ hasText: login }).waitFor();
    assert.equal(await focus(page), 'Add a person', 'and back to the list');
  }
  await page.getByRole('row').filter({ hasText: 'ayshe' }).getByRole('button').click();
  await page.locator('#person-names-en').fill('Ayshe Tursun');
  await page.getByRole('row').filter({ hasText: 'wang.li' }).getByRole('button').click();
  await page.getByText('The draft was discarded.').waitFor();
  assert.equal(await page.locator('#person-names-en').inputValue(), 'Wang Li');
  await page.getByRole('link', { name: 'Day' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction(() => document.querySelector('#person-names-en')?.value === 'Ayshe Tursun');
  await page.getByRole('link', { name: 'Day' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForFunction(() => document.querySelector('#person-names-en')?.value === 'Ayshe Tursun');
}

/** A double click presses what was there, and not what it put there. @param {any} page */
async function pressedTwice(page) {
  await page.evaluate(() => {
    const place = document.createElement('div');
    place.style.cssText = 'position: fixed; inset: 50px auto auto 50px; z-index: 99';
    const put = (word) => place.replaceChildren(Object.assign(document.createElement('button'), { textContent: word }));
    put('Join');
    globalThis.pressed = [];
    place.onclick = ({ target }) => {
      globalThis.pressed.push(target.textContent);
      put('Start');
    };
    document.body.append(place);
  });
  for (let i = 0; i < 2; i++) await page.mouse.click(60, 60);
  assert.deepEqual(await page.evaluate(() => globalThis.pressed), ['Join']);
  await sleep(500);
  await page.mouse.click(60, 60);
  assert.deepEqual(await page.evaluate(() => globalThis.pressed), ['Join', 'Start'], 'later it is meant');
  await page.reload();
}

/** What lies on two days by one of the clocks fits a phone. @param {import('./hubs.mjs').Pair} pair @param {any} page @param {number} midnight */
async function shownOverMidnight({ aral, hangzhou }, page, midnight) {
  for (const [name, from] of Object.entries({ Beijing: midnight - 900000, 'by one clock': midnight + 3000000, Xinjiang: midnight + 6300000 })) {
    const id = randomUUID();
    await aral.api('POST', '/bookings', {
      id, modality: 'shared-note', title: `Midnight ${name}`, reason: '', urgency: 'T3', partner: hangzhou.id, resources: [],
      starts_at: new Date(from).toISOString(), ends_at: new Date(from + 3600000).toISOString(),
    });
    await page.goto(`${aral.origin}/bookings/${id}`);
    await page.locator('.panel .times').first().waitFor();
    await shootAll(page, `midnight-${name.replaceAll(' ', '-')}`);
    assert.deepEqual(page.faults, []);
    await aral.api('POST', `/bookings/${id}/withdraw`, {});
  }
}

/** What is taken after midnight is not free before it, and the refusal says so by both clocks.
 * @param {import('./hubs.mjs').Pair} pair @param {any} page */
async function overMidnight({ aral, hangzhou }, page) {
  const day = 86400000;
  const beijing = 8 * 3600000;
  const midnight = (Math.floor((Date.now() + 15 * 60000 + beijing) / day) + 1) * day - beijing;
  const { items } = await aral.api('GET', `/resources?hub=${aral.id}`);
  const room = items.find((one) => one.kind === 'room');
  const id = randomUUID();
  await aral.api('POST', '/bookings', {
    id, modality: 'shared-note', title: 'After midnight', reason: '', urgency: 'T3', partner: hangzhou.id, resources: [room.id],
    starts_at: new Date(midnight + 20 * 60000).toISOString(), ends_at: new Date(midnight + 50 * 60000).toISOString(),
  });
  await shownOverMidnight({ aral, hangzhou }, page, midnight);
  await askAt(page, aral.origin, '23:45', 'Tab');
  await page.locator('#compose-minutes').fill('60');
  await page.getByLabel(room.names.en).first().check();
  await page.locator('.note.warn').getByText('is taken by “After midnight” until').waitFor();
  await shootAll(page, 'over-midnight');
  await page.getByRole('button', { name: 'Send request' }).click();
  const refusal = page.locator('.note.bad', { hasText: 'agenda/overlap' });
  await refusal.waitFor();
  const said = await refusal.innerText();
  assert.match(said, new RegExp(`${room.names.en} is taken from .*00:20 Beijing \\(.*22:20 Xinjiang\\) to .*00:50 Beijing`));
  assert.doesNotMatch(said, /T\d\d:\d\d|Z\b/, 'no UTC inside a sentence');
  assert.equal(await refusal.locator('bdi time').count(), 4);
  await shootAll(page, 'over-midnight-refused');
  await aral.api('POST', `/bookings/${id}/withdraw`, {});
}

/** What the hub refuses leaves the focus and the words where they are, and who asked is told.
 * @param {import('./hubs.mjs').Pair} pair @param {any} page @param {any} asking a page at the hospital that asks */
async function declined({ aral, hangzhou }, page, asking) {
  const id = randomUUID();
  const at = Date.now() + 18000000;
  await hangzhou.api('POST', '/bookings', {
    id, modality: 'shared-note', title: 'To be declined', reason: '', urgency: 'T2', partner: aral.id, resources: [],
    starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(),
  });
  await until('the request', async () => (await aral.api('GET', `/bookings/${id}`)).state === 'requested');
  await page.goto(`${aral.origin}/bookings/${id}`);
  await page.getByRole('button', { name: 'Decline…' }).click();
  await page.locator('#decline-answer').fill(`${'x'.repeat(4000)}!`);
  await page.getByText('At most 4000 characters; there are 4001.').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await focus(page), 'Decline');
  await page.keyboard.press('Enter');
  await page.locator('.toast.bad').getByText('“answer” has more than 4000 characters').waitFor();
  assert.equal(await focus(page), 'Decline');
  await page.locator('#decline-answer').fill('No room is free.');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.getByText('Declined: To be declined').waitFor();
  const reader = await Person.signIn(hangzhou, 'desk.hangzhou');
  const answered = await until('the answer', async () => {
    const now = await reader.api('GET', `/bookings/${id}`);
    return now.state !== 'requested' && now;
  });
  assert.equal(answered.answer, 'No room is free.');
  await asking.locator('.toast').getByText('declined “To be declined”').waitFor();
  const told = asking.locator('karez-next li', { hasText: 'declined “To be declined”' });
  await told.getByText('No room is free.').waitFor();
  await shootAll(asking, 'told-declined');
}

/** Whose account is off cannot be booked, at either hospital. @param {import('./hubs.mjs').Pair} pair */
async function disabled({ aral, hangzhou }) {
  const person = randomUUID();
  const resource = randomUUID();
  const names = { en: 'Dr Gone' };
  await aral.api('POST', '/people', { id: person, names, login: 'gone.aral', password, password_final: true, roles: ['clinician'] });
  await aral.api('POST', '/resources', { id: resource, kind: 'person', names, person });
  for (const active of [true, false, true]) {
    await aral.api('PUT', `/people/${person}`, { names, roles: ['clinician'], active });
    for (const hub of [aral, hangzhou])
      await until(`${hub.name} to know that Dr Gone is ${active ? 'there' : 'gone'}`, async () =>
        (await hub.api('GET', `/resources?hub=${aral.id}`)).items.find((one) => one.id === resource)?.active === active);
  }
}

/** A hub that lets a page in and lets it not stay is not asked ten times a second.
 * @param {any} browser @param {import('./hubs.mjs').Hub} hub @param {string} id */
async function refusedPlace(browser, hub, id) {
  const page = await openDoor(browser, hub);
  await page.routeWebSocket('**/api/v1/live', (/** @type {any} */ socket) => {
    const server = socket.connectToServer();
    socket.onMessage(async (/** @type {string} */ text) => {
      const { type } = JSON.parse(text);
      // Joining is pressed before the hub has said a word.
      if (type === 'hello')
        await sleep(1500);
      if (type === 'join')
        socket.send(JSON.stringify({ type: 'problem', session: id, problem: { rule: 'session/participant', status: 404, title: 'Not found' } }));
      else
        server.send(text);
    });
  });
  let asked = 0;
  page.on('request', (/** @type {any} */ request) => { asked += request.url().endsWith(`/${id}/join`) ? 1 : 0; });
  await over(page, 'second.hangzhou');
  await page.goto(`${hub.origin}/sessions/${id}`);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await until('the page to ask again', () => asked > 1);
  const before = asked;
  await sleep(5000);
  assert.ok(asked - before < 9, `it asked ${asked - before} times in 5 s`);
  await page.close();
}

await withPair('typed', async (pair) => {
  const { aral, hangzhou } = pair;
  await addSeconds(pair);
  const browser = await openBrowser();
  try {
    const clerk = await signIn(browser, aral, 'desk.aral', { viewport: desktop });
    await pressedTwice(clerk);
    await times(aral, clerk);
    await missing(aral, clerk);
    await overMidnight(pair, clerk);
    const asking = await signIn(browser, hangzhou, 'desk.hangzhou', { viewport: desktop });
    await declined(pair, clerk, asking);
    assert.deepEqual(asking.faults, []);
    await asking.context().close();
    await requestOfAnother(aral, clerk);

    const administrator = await signIn(browser, aral, 'admin.aral', { viewport: desktop });
    await people(administrator, aral.origin);

    await disabled(pair);

    const id = await book(pair);
    await prepare(pair, id);
    await refusedPlace(browser, hangzhou, id);
    const door = await openDoor(browser, hangzhou);
    const doctor = await door.context().newPage();
    await doctor.goto(hangzhou.origin);
    await over(doctor, 'doctor.hangzhou');
    await join(doctor, hangzhou.origin, id);
    await until('the session to start', () => aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
    await doctor.locator('#consult-opinion-button').click();
    await long(hangzhou, doctor, id);
    await heldWhileWriting(pair, doctor, id);
    await opinionOfAnother(hangzhou, door, doctor, id);
    assert.deepEqual([...clerk.faults, ...administrator.faults, ...door.faults], []);
  } finally {
    await browser.close();
  }
  assertKept();
});
