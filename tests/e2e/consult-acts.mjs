// SPDX-License-Identifier: LGPL-2.1-or-later
// What people do in a consultation, one page at each hospital: an emergency that begins without
// waiting, a computer that hangs, mute and camera, a shared screen, hold, a consent that is withdrawn while the worker
// dies, a second window, leaving, an opinion that is typed through all of it; and that nobody is
// seen or heard when they must not be.

import assert from 'node:assert/strict';
import path from 'node:path';

import { checkAccess, desktop, openBrowser, openStoppable, phone, shootAll, signIn } from './browser.mjs';
import { addSeconds, assertStill, book, fresh, join, panel, prepare, received } from './consult-page.mjs';
import { assertKept } from './contract.mjs';
import { build, randomUUID, sleep, until, withPair } from './hubs.mjs';
import { Person } from './person.mjs';

process.env.KAREZ_PLUGINS ??= path.join(build, 'plugins/consult');

/** @param {any} page @param {string} name */
const press = (page, name) => page.locator(panel).getByRole('button', { name, exact: true }).click();

/** Answers the question that a button asks. @param {any} page @param {string} name */
const yes = (page, name) => page.getByRole('dialog').getByRole('button', { name, exact: true }).click();

/** The other person's tile. @param {any} page */
const other = (page) => page.locator('.consult-tile:not(.small), .consult-strip .consult-tile').first();

/** @param {any[]} pages @param {string} text */
const sayAll = (pages, text) => Promise.all(pages.map((page) => page.locator(panel).getByText(text).first().waitFor()));

/** @param {any[]} pages */
const seeAll = (pages) => Promise.all(pages.map((page) => fresh(page, 1, 15000)));

/** Two people of one hospital change a request: nobody's words go without a question.
 * @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function colleagues(browser, { aral, hangzhou }) {
  const id = randomUUID();
  const second = await Person.signIn(aral, 'second.aral');
  const request = { partner: hangzhou.id, history: 'No fever.', question: 'Why?' };
  await second.api('PUT', `/x/consult/requests/${id}`, request);
  await second.api('POST', '/bookings', {
    id, modality: 'consultation', title: 'Rash', reason: 'A test.', urgency: 'T2', partner: hangzhou.id, resources: [],
    starts_at: new Date(Date.now() + 4 * 3600000).toISOString(), ends_at: new Date(Date.now() + 5 * 3600000).toISOString(),
  });
  const page = await signIn(browser, aral, 'doctor.aral');
  await page.goto(`${aral.origin}/bookings/${id}`);
  await page.getByRole('button', { name: 'Add to the request…' }).click();
  const history = page.getByLabel('History');
  await history.fill('No fever. Itches at night.');
  await second.api('PUT', `/x/consult/requests/${id}`, { ...request, history: 'No fever. Allergic to penicillin.', version: 1 });
  const send = page.getByRole('button', { name: /^Send to/ });
  await send.click();
  await page.getByText('Second doctor of aral changed the request meanwhile.').waitFor();
  await shootAll(page, 'consult-acts-0-changed');
  await checkAccess(page, 'a request that was changed meanwhile');
  await page.getByRole('button', { name: 'Take theirs' }).click();
  await page.getByText('changed the request meanwhile').waitFor({ state: 'detached' });
  assert.equal(await history.inputValue(), 'No fever. Allergic to penicillin.');
  await history.fill('No fever. Allergic to penicillin. Itches at night.');
  await send.click();
  await until('all of it', async () => (await second.api('GET', `/x/consult/requests/${id}`)).history.endsWith('penicillin. Itches at night.'));
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

/** The lobby's check goes to the worker and back. @param {any} page */
async function tryNetwork(page) {
  await page.getByRole('button', { name: 'Check camera, microphone and network' }).click();
  const network = page.locator('.consult-network');
  await network.getByRole('progressbar').waitFor();
  await network.getByText('Good: picture and sound get through in both directions.').waitFor({ timeout: 15000 });
  assert.match(await network.locator('.hint').innerText(), /^There and back in \d+ ms, [\d.]+ % lost, room for [\d.]+ Mbit\/s\.$/);
  await shootAll(page, 'consult-acts-0-network');
  await checkAccess(page, 'network check');
  await network.getByRole('button', { name: 'Check the network again' }).click();
  await network.getByRole('progressbar').waitFor();
}

/** A booking that names a doctor of Hangzhou is that doctor's, and whose that doctor invites; who has
 * the page open learns it at once. @param {any} browser @param {import('./hubs.mjs').Pair} pair */
async function invitation(browser, pair) {
  const { aral, hangzhou } = pair;
  const person = (await hangzhou.api('GET', '/people')).items.find((one) => one.login === 'doctor.hangzhou').id;
  const resource = randomUUID();
  await hangzhou.api('POST', '/resources', { id: resource, kind: 'person', names: { en: 'Doctor of hangzhou' }, person });
  await until('Aral to know whom it can ask for', async () => (await aral.api('GET', '/resources')).items.some((one) => one.id === resource));
  const id = await book(pair, { title: 'Follow-up', resources: [resource], after: 120 });
  const [doctor, second] = [await signIn(browser, hangzhou, 'doctor.hangzhou'), await signIn(browser, hangzhou, 'second.hangzhou')];
  for (const page of [doctor, second]) await page.goto(`${hangzhou.origin}/sessions/${id}`);
  // Before it is prepared, too: who came by "Prepare" reads why there is no such button.
  await doctor.getByRole('button', { name: 'Prepare', exact: true }).waitFor();
  await second.getByText('You are not invited to this session.').waitFor();
  await prepare(pair, id);
  const join = second.getByRole('button', { name: 'Join', exact: true });
  await doctor.getByRole('button', { name: 'Join', exact: true }).waitFor();
  await tryNetwork(doctor);
  await second.getByText('You are not invited to this session.').waitFor();
  assert.equal(await join.count(), 0);
  await shootAll(second, 'consult-acts-0-uninvited');
  await doctor.getByText('Invite somebody else').click();
  const who = doctor.getByLabel('Who', { exact: true });
  await doctor.getByText(/more (person|people) here ha(s|ve) no role that can take part/).waitFor();
  const offered = await who.locator('option').allTextContents();
  assert.ok(offered.includes('Second doctor of hangzhou: referring doctor, consultant, observer'), `offered: ${offered}`);
  assert.ok(offered.includes('Coordination desk of hangzhou: observer'), `offered: ${offered}`);
  assert.equal(offered.filter((one) => /Administrator|Auditor|Engineer/.test(one)).length, 0, `offered: ${offered}`);
  await shootAll(doctor, 'consult-acts-0-inviting');
  await who.selectOption({ label: 'Second doctor of hangzhou: referring doctor, consultant, observer' });
  await doctor.getByRole('button', { name: 'Invite', exact: true }).click();
  await join.waitFor();
  await doctor.getByRole('button', { name: 'Take back the invitation of Second doctor of hangzhou' }).waitFor();
  await shootAll(doctor, 'consult-acts-0-invited');
  await checkAccess(doctor, 'invitations');
  await doctor.getByRole('button', { name: 'Take back the invitation of Second doctor of hangzhou' }).click();
  await second.getByText('You are not invited to this session.').waitFor();
  await doctor.getByRole('button', { name: 'Undo' }).click();
  await join.waitFor();
  for (const page of [doctor, second]) {
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }
  // A session that is prepared outlives its booking, and is still theirs.
  await aral.api('POST', `/bookings/${id}/cancel`, { answer: 'a test' });
  await until('the booking to be cancelled', async () => (await hangzhou.api('GET', `/bookings/${id}`)).state === 'cancelled');
  assert.equal((await (await Person.signIn(hangzhou, 'desk.hangzhou')).api('GET', `/sessions/${id}/invitations`)).open, false);
  await aral.api('POST', `/sessions/${id}/stop`, { reason: 'a test' });
}

/** Begun at once; the consent is completed later. @param {any[]} pages */
async function emergency([aral, hangzhou]) {
  await sayAll([hangzhou], 'Waiting for the consent to be put on record at Aral Tarim Hospital.');
  await assertStill([aral, hangzhou], 'before anything is on record');
  await press(aral, 'Emergency: begin without waiting…');
  await shootAll(aral, 'consult-acts-1-emergency');
  await yes(aral, 'Begin now');
  await sayAll([aral, hangzhou], 'Emergency: begun without waiting for consent');
  await seeAll([aral, hangzhou]);
  await shootAll(aral, 'consult-acts-2-begun');
  await press(aral, 'The guardian agrees');
  await sayAll([aral, hangzhou], 'Consent: the guardian agrees');
}

/** Hangzhou's computer hangs: its last picture is not taken for a face. @param {any[]} pages
 * @param {Awaited<ReturnType<typeof openStoppable>>} computer */
async function hang([aral, hangzhou], computer) {
  const begun = performance.now();
  const at = Date.now();
  computer.halt();
  try {
    await aral.locator('.consult-tile.frozen .consult-still').waitFor({ timeout: 10000 });
    const took = Math.round(performance.now() - begun);
    await until('picture and sound to be missed', async () => /No picture and no sound since \d\d:\d\d:\d\d/.test(await other(aral).innerText()), 3000);
    const text = await other(aral).innerText();
    const [, since] = /since (\d\d:\d\d:\d\d)/.exec(text) ?? [];
    const late = Math.abs(Date.parse(`1970-01-01T${since}Z`) - (at + 8 * 3600000) % 86400000) / 1000;
    console.log(`a picture that stands still is told after ${took} ms`);
    assert.ok(took < 2000, `it is told after ${took} ms`);
    assert.ok(late < 3 || late > 86397, `since ${since}, which is ${late} s off`);
    assert.doesNotMatch(text, /Good|Unsteady|Poor/);
    assert.match(await aral.locator('.consult-tile.frozen video').evaluate((video) => getComputedStyle(video).filter), /brightness/);
    await shootAll(aral, 'consult-acts-2-frozen');
  } finally {
    computer.goOn();
  }
  await aral.locator('.consult-still').waitFor({ state: 'detached', timeout: 20000 });
  await seeAll([aral]);
  // What its browser has still to decode is not to be taken for news. The panel comes after what the worker says to who joins.
  await hangzhou.route('**/*consult-panel*.js', async (route) => {
    await sleep(1500);
    await route.continue();
  });
  await hangzhou.reload();
  await seeAll([aral, hangzhou]);
}

/** What the system mutes is said here and there. @param {any[]} pages */
async function systemMute([aral, hangzhou]) {
  const mute = (/** @type {boolean} */ on) => aral.evaluate(([name, muted]) => {
    const track = document.querySelector(name).devices.tracks.microphone;
    Object.defineProperty(track, 'muted', { configurable: true, value: muted });
    track.dispatchEvent(new Event(muted ? 'mute' : 'unmute'));
  }, [panel, on]);
  await mute(true);
  await sayAll([aral], 'This computer mutes your microphone: the others do not hear you.');
  await other(hangzhou).getByText('Muted').waitFor();
  await shootAll(aral, 'consult-acts-2-muted');
  await mute(false);
  await other(hangzhou).getByText('Muted').waitFor({ state: 'detached' });
}

/** kbit/s that a page sends, for a second. @param {any} page */
const sends = (page) => page.evaluate(async (name) => {
  const { connection } = document.querySelector(name).client;
  const look = async () => [...(await connection.getStats()).values()].filter((one) => one.type === 'outbound-rtp');
  const [before, begin] = [await look(), performance.now()];
  await new Promise((done) => { setTimeout(done, 1000); });
  const [now, ms] = [await look(), performance.now() - begin];
  const of = (/** @type {string} */ kind) => Math.round(now.filter((one) => one.kind === kind)
    .reduce((sum, one) => sum + one.bytesSent - (before.find((old) => old.id === one.id)?.bytesSent ?? 0), 0) * 8 / ms);
  return { pictures: of('video'), speech: of('audio') };
}, panel);

/** Its reader turns to another page, or back. @param {any} page @param {boolean} hidden */
const hide = (page, hidden) => page.evaluate((on) => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (on ? 'hidden' : 'visible') });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

/** Whether a page's camera is sent. @param {any} page @returns {Promise<boolean>} */
const sending = (page) => page.evaluate((name) => document.querySelector(name).client.sending.camera.sender.getParameters().encodings[0].active, panel);

/** Notes whether anything is ever said to stand still. @param {any} page */
const watchStill = (page) => page.evaluate(() => {
  globalThis.stoodStill = '';
  new MutationObserver(() => { globalThis.stoodStill ||= document.querySelector('.consult-still')?.textContent ?? ''; })
    .observe(document.body, { childList: true, subtree: true, characterData: true });
});

/** Hangzhou turns to another page: Aral's camera stays on and sends nothing, and nobody is told of a fault; who turns
 * back sees a picture soon. @param {any[]} pages */
async function unseen([aral, hangzhou]) {
  const ownFrames = () => aral.locator('video[data-own]').evaluate((video) => video.getVideoPlaybackQuality().totalVideoFrames);
  await watchStill(aral);
  await watchStill(hangzhou);
  const seen = await sends(aral);
  await hide(hangzhou, true);
  await until('Aral to send no pictures', async () => !await sending(aral), 9000);
  const own = await ownFrames();
  const not = await sends(aral);
  assert.ok(not.pictures < 5 && seen.pictures > 20, `${not.pictures} kbit/s while nobody looks, ${seen.pictures} while somebody does`);
  assert.ok(not.speech > 5, `${not.speech} kbit/s of speech`);
  assert.ok(await ownFrames() > own + 3, 'the own picture stands still');
  await seeAll([aral]);
  await shootAll(aral, 'consult-acts-2-unseen');
  const before = Object.values(await received(hangzhou))[0].frames;
  const begin = performance.now();
  await hide(hangzhou, false);
  await until('a picture again', async () => Object.values(await received(hangzhou))[0].frames > before, 3000);
  const took = Math.round(performance.now() - begin);
  console.log(`sent while somebody looks: ${seen.pictures} kbit/s of pictures, ${seen.speech} of speech; while nobody does: ${not.pictures} and ${not.speech}; a picture ${took} ms after somebody looks again`);
  assert.ok(took < 1000, `a picture after ${took} ms`);
  await seeAll([aral, hangzhou]);
  for (const page of [aral, hangzhou]) {
    assert.equal(await page.evaluate(() => globalThis.stoodStill), '', 'it is taken for a fault');
    assert.match(await other(page).innerText(), /Good/);
  }
}

/** By the keys. @param {any[]} pages */
async function devices([aral, hangzhou]) {
  await aral.keyboard.press('m');
  await other(hangzhou).getByText('Muted').waitFor();
  await aral.keyboard.press('v');
  await other(hangzhou).getByText('The camera is off.').waitFor();
  await aral.getByText('Your camera is off.').or(aral.locator('.consult-strip .person-initials')).first().waitFor();
  await assertStill([hangzhou], 'a camera that is off');
  await aral.keyboard.press('m');
  await aral.keyboard.press('v');
  await other(hangzhou).getByText('Muted').waitFor({ state: 'detached' });
  await seeAll([hangzhou]);
  const before = Object.values(await received(hangzhou))[0].energy;
  await until('a voice again', async () => Object.values(await received(hangzhou))[0].energy > before);
}

/** @param {any[]} pages */
async function screen([aral, hangzhou]) {
  await press(hangzhou, 'Share screen');
  await sayAll([hangzhou], 'You share your screen; the others see it.');
  await sayAll([aral], 'Doctor of hangzhou shares a screen.');
  await until('the screen to be seen', async () => Object.values(await received(aral)).some((one) => one.screen > 5));
  await shootAll(aral, 'consult-acts-3-screen');
  await checkAccess(aral, 'a shared screen');
  await press(hangzhou, 'Stop sharing');
  await aral.getByText('Doctor of hangzhou shares a screen.').waitFor({ state: 'detached' });
  await seeAll([aral, hangzhou]);
}

/** @param {any[]} pages */
async function hold([aral, hangzhou]) {
  await aral.getByRole('button', { name: /^Hold/ }).click();
  await aral.getByRole('dialog').getByRole('textbox').fill('The patient is being moved.');
  await yes(aral, 'Hold');
  await sayAll([aral, hangzhou], 'On hold: nobody is seen or heard until it is resumed.');
  await hangzhou.getByText('The patient is being moved.').waitFor();
  await assertStill([aral, hangzhou], 'on hold');
  for (const page of [aral, hangzhou]) {
    assert.equal(await other(page).locator('video').count(), 0, 'no last picture stays on hold');
    assert.match(await other(page).innerText(), /On hold: not seen or heard\./);
    assert.doesNotMatch(await other(page).innerText(), /Good|Unsteady|Poor/);
  }
  await shootAll(hangzhou, 'consult-acts-4-hold');
  await watchStill(aral);
  await hangzhou.getByRole('button', { name: 'Resume' }).click();
  await seeAll([aral, hangzhou]);
  assert.equal(await aral.evaluate(() => globalThis.stoodStill), '', 'what was not let through is missed');
}

/** Waits for a page's next connection, once that of now is gone. @param {any} page */
async function reconnection(page) {
  const before = await page.evaluateHandle((name) => document.querySelector(name).client.connection, panel);
  return () => page.waitForFunction(([name, old]) => {
    const client = document.querySelector(name)?.client;
    return client?.state === 'open' && client.connection !== old;
  }, [panel, before], { timeout: 20000 });
}

/** Withdrawn; and a worker that dies in that moment is followed by one that knows.
 * @param {any[]} pages @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function withdraw(pages, id, pair) {
  const [aral] = pages;
  for (const [i, hub] of pair.hubs.entries()) {
    const worker = (await hub.api('GET', '/workers')).items.find((one) => one.session === id);
    const back = await reconnection(pages[i]);
    await press(aral, 'Withdraw…');
    await yes(aral, 'Withdraw');
    await sayAll([pages[i]], 'Consent was withdrawn');
    process.kill(worker.pid, 'SIGKILL');
    await back();
    await sayAll(pages, 'Consent was withdrawn');
    await assertStill(pages, `consent was withdrawn, ${hub.name}'s worker died`, 2500);
    if (i === 0) await shootAll(aral, 'consult-acts-5-withdrawn');
    await press(aral, 'The patient agrees');
    await sayAll(pages, 'Consent: the patient agrees');
    await seeAll(pages);
  }
}

/** Withdrawn while the hub is away: this page sends nothing more, and it counts as soon as the hub is back; and
 * who unmutes meanwhile is not shown muted afterwards. @param {any[]} pages @param {import('./hubs.mjs').Pair} pair */
async function withdrawAway(pages, { aral: hub }) {
  const [aral, hangzhou] = pages;
  const mutedThere = () => hangzhou.evaluate((name) => [...document.querySelector(name).client.people.values()].some((one) => one.on.microphone === false), panel);
  await press(aral, 'Mute');
  await until('Aral to be shown muted', mutedThere);
  // Nobody looks, and nobody whose hub is away could say that they do again.
  for (const page of pages) await hide(page, true);
  for (const page of pages) await until('no pictures', async () => !await sending(page), 9000);
  await hub.kill();
  for (const page of pages) await until('pictures without the hub', () => sending(page), 5000);
  await seeAll([aral]);
  for (const page of pages) await hide(page, false);
  await seeAll([hangzhou]);
  await aral.getByText('The hub is away.').first().waitFor();
  await press(aral, 'Unmute');
  await press(aral, 'Withdraw…');
  await yes(aral, 'Withdraw');
  await aral.getByText('The hub is away: the withdrawal is recorded as soon as it is back.').waitFor();
  await aral.getByRole('button', { name: 'Camera on' }).waitFor();
  await hub.start();
  await sayAll(pages, 'Consent was withdrawn');
  await assertStill(pages, 'consent was withdrawn while the hub was away');
  await press(aral, 'The patient agrees');
  await sayAll(pages, 'Consent: the patient agrees');
  await press(aral, 'Camera on');
  await press(aral, 'Unmute');
  await seeAll(pages);
  await until('Aral not to be shown muted', async () => !await mutedThere());
}

/** The same person in a second window: asked first, and then the older one has left; it can have the
 * place back. @param {any[]} pages @param {string} origin @param {string} id */
async function secondWindow([aral, hangzhou], origin, id) {
  const second = await aral.context().newPage();
  await join(second, origin, id);
  await second.getByText('You are in this session in another window').waitFor();
  await seeAll([aral, hangzhou]);
  await yes(second, 'Use this window');
  await aral.getByText('You joined in another window.').waitFor();
  await seeAll([second, hangzhou]);
  assert.equal((await aral.locator(`${panel} audio`).count()), 0, 'the older window plays no voice');
  await shootAll(aral, 'consult-acts-6-elsewhere');
  await aral.getByRole('button', { name: 'Use this window' }).click();
  await second.getByText('You joined in another window.').waitFor();
  await second.close();
  await seeAll([aral, hangzhou]);
}

/** @param {any[]} pages */
async function leave([aral, hangzhou]) {
  await hangzhou.getByRole('button', { name: 'Leave', exact: true }).click();
  await sayAll([aral], 'Nobody else is here yet.');
  await hangzhou.getByRole('button', { name: 'Undo' }).click();
  await seeAll([aral, hangzhou]);
}

/** Types what would be keys of the desk and of the panel while something happens, and a moment longer; all of it
 * arrives in the opinion. @param {any} page @param {string} what @param {() => Promise<unknown>} act */
async function typeThrough(page, what, act) {
  const field = page.getByLabel('Findings');
  const { pathname } = new URL(page.url());
  const before = await field.inputValue();
  let typed = '';
  let over = 0;
  const acted = act().finally(() => { over = Date.now() + 1000; });
  for (let i = 0; !over || Date.now() < over; i++) {
    const letter = 'nemov'[i % 5];
    await page.keyboard.press(letter);
    typed += letter;
    await sleep(20);
  }
  await acted;
  assert.equal(new URL(page.url()).pathname, pathname, `${what}: letters are no keys`);
  assert.equal(await field.inputValue(), before + typed, what);
}

/** On a phone, with its keyboard open, the opinion hides the room: what is wrong there is said in it, and what is
 * missing in it comes to where it is seen. @param {any[]} pages */
async function unfinished([aral, hangzhou]) {
  for (const size of [phone, { width: 390, height: 440 }]) {
    await hangzhou.setViewportSize(size);
    await hangzhou.getByRole('button', { name: 'Sign…' }).click();
    await hangzhou.waitForFunction(() => {
      const input = document.querySelector('#consult-impression');
      const message = document.querySelector('#consult-impression-error');
      return document.activeElement === input && [input, message].every((one) => one && [1, one.clientHeight - 1].every((down) => {
        const box = one.getBoundingClientRect();
        return one.contains(document.elementFromPoint(box.x + 5, box.y + down));
      }));
    }, null, { timeout: 5000 }).catch((/** @type {Error} */ error) => {
      throw new Error(`the missing impression is not seen at ${size.width}×${size.height}`, { cause: error });
    });
  }
  await hangzhou.setViewportSize(phone);
  await press(aral, 'Withdraw…');
  await yes(aral, 'Withdraw');
  await hangzhou.locator('.consult-sheet-state').getByText('Not seen or heard before consent is on record.').waitFor();
  await press(aral, 'The patient agrees');
  await hangzhou.locator('.consult-sheet-state .note').waitFor({ state: 'detached' });
  await hangzhou.setViewportSize(desktop);
}

/** The worker dies beneath who writes, and the place with it. @param {any[]} pages @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function write(pages, id, { hangzhou: hub }) {
  const [, hangzhou] = pages;
  await hangzhou.locator('#consult-opinion-button').click();
  await unfinished(pages);
  await hangzhou.getByLabel('Findings').click();
  const worker = (await hub.api('GET', '/workers')).items.find((one) => one.session === id);
  const back = await reconnection(hangzhou);
  await typeThrough(hangzhou, 'a worker that dies', async () => {
    process.kill(worker.pid, 'SIGKILL');
    await back();
  });
  const doctor = await Person.signIn(hub, 'doctor.hangzhou');
  const again = await reconnection(hangzhou);
  const join = '**/api/v1/sessions/*/join';
  await hangzhou.route(join, (route) => route.abort());
  await typeThrough(hangzhou, 'a place that is lost for longer than the camera waits', async () => {
    const participant = await hangzhou.evaluate(() => document.querySelector('karez-session').presence.participant);
    await doctor.api('POST', `/sessions/${id}/leave`, { participant });
    await hangzhou.evaluate(() => document.querySelector('karez-session').presence.again());
    await sleep(3000);
    await hangzhou.unroute(join);
    await again();
  });
  await shootAll(hangzhou, 'consult-acts-7-writing');
  await hangzhou.getByLabel('Findings').press('Control+End');
}

/** Both hospitals know each act. @param {any[]} pages @param {string} id @param {import('./hubs.mjs').Pair} pair */
async function end([aral, hangzhou], id, pair) {
  await aral.getByRole('button', { name: /^End for all/ }).click();
  await typeThrough(hangzhou, 'the end', async () => {
    await yes(aral, 'End for all');
    for (const hub of pair.hubs)
      await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
    for (const page of [aral, hangzhou]) await page.getByText('What was kept').waitFor();
  });
  await hangzhou.getByText(/^Kept \d/).waitFor();
  await shootAll(aral, 'consult-acts-8-kept');
  const expected = { 'consent.give': 6, 'consent.withdraw': 4, 'session.hold': 1, 'session.resume': 1, 'session.stop': 1 };
  for (const hub of pair.hubs)
    for (const [action, n] of Object.entries(expected))
      await until(`${hub.name} to have ${action} on record ${n} times`, async () => {
        // By action: to ask is itself on record, and would push the others off the list.
        const { items } = await hub.api('GET', `/events?session=${id}&action=${action}&limit=200`);
        if (items.length !== n) throw new Error(items.map((one) => one.at.slice(14, 23)).join());
        return true;
      });
}

await withPair('consult-acts', async (pair) => {
  const browser = await openBrowser(10);
  const computer = await openStoppable(10);
  try {
    await addSeconds(pair);
    await colleagues(browser, pair);
    await invitation(browser, pair);
    const id = await book(pair);
    await prepare(pair, id);
    const pages = [
      await signIn(browser, pair.aral, 'doctor.aral'),
      await signIn(computer.browser, pair.hangzhou, 'doctor.hangzhou', { dark: true }),
    ];
    for (const [i, hub] of pair.hubs.entries()) await join(pages[i], hub.origin, id);
    await until('the session to start', () => pair.aral.api('POST', `/sessions/${id}/start`, {}).then(() => true));
    await emergency(pages);
    await hang(pages, computer);
    await systemMute(pages);
    await unseen(pages);
    await devices(pages);
    await screen(pages);
    await hold(pages);
    await withdraw(pages, id, pair);
    await withdrawAway(pages, pair);
    await secondWindow(pages, pair.aral.origin, id);
    await leave(pages);
    await write(pages, id, pair);
    await end(pages, id, pair);
    for (const page of pages) assert.deepEqual(page.faults, []);
    assertKept();
  } finally {
    await browser.close();
    await computer.close();
  }
});
