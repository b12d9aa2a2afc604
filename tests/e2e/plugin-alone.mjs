// SPDX-License-Identifier: LGPL-2.1-or-later
// Plugins that the tree does not know: one is made, built, tested and installed by the commands that
// ARCHITECTURE.md gives a newcomer, and nothing of it is changed; another has words of its own. Sessions of
// both are held at two hubs in two browsers, with their own panel, page, styles, sentences and description of
// their routes. And nothing of these hubs names the plugin that is installed elsewhere.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { checkAccess, desktop, openBrowser, phone, shootAll, signIn, speak } from './browser.mjs';
import { build, prepareNote, run, source, until, withPair } from './hubs.mjs';

const own = 'tele-ultrasound';

/** What a plugin is built with, below `place`, where it is used as it lies. @param {string} place
 * @returns {Promise<NodeJS.ProcessEnv>} a shell that finds it there, and has no other way to its libraries */
async function installSdk(place) {
  await run('meson', ['install', '-C', build, '--no-rebuild', '--tags', 'devel,runtime'], { env: { ...process.env, DESTDIR: place } });
  const files = (await run('find', [place, '-name', 'karez-*.pc', '-o', '-name', 'karezctl', '-type', 'f'])).stdout.trim().split('\n');
  for (const one of files)
    if (one.endsWith('.pc')) fs.writeFileSync(one, fs.readFileSync(one, 'utf8').replace(/^prefix=/m, `prefix=${place}`));
  const [program, packages] = ['karezctl', 'karez-1.pc'].map((name) => path.dirname(files.find((one) => one.endsWith(name)) ?? ''));
  const { LD_LIBRARY_PATH, G_TEST_BUILDDIR, ...env } = process.env;
  // The compiler's time is no part of it.
  return { ...env, HOME: place, PATH: `${program}:${env.PATH}`, PKG_CONFIG_PATH: packages, CFLAGS: '-O0 -g0' };
}

/** The newcomer's commands, as they stand. @param {NodeJS.ProcessEnv} env @returns {Promise<string>} what KAREZ_PLUGINS is set to */
async function firstPlugin(env) {
  const text = fs.readFileSync(path.join(source, 'ARCHITECTURE.md'), 'utf8');
  const block = (/** @type {string} */ name) => text.match(new RegExp(`^\`\`\`sh ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm'))?.[1] ?? '';
  await run('sh', ['-euc', block('plugin')], { env });
  const demo = block('demo').match(/^(KAREZ_PLUGINS="[^"]*") \.\/karez demo$/m)?.[1];
  assert.ok(demo, 'the document says how two hubs load it');
  return (await run('sh', ['-euc', `${demo}; printf %s "$KAREZ_PLUGINS"`], { env })).stdout;
}

/** @param {NodeJS.ProcessEnv} env @param {string} place @param {string} name @param {string} title
 * @param {(text: string, file: string) => string} change @returns {Promise<string>} where it was installed */
async function changedPlugin(env, place, name, title, change) {
  await run('karezctl', ['plugin', 'new', name, '--title', title, '--directory', place], { env });
  const folder = path.join(place, name);
  for (const below of ['.', 'web', 'po'])
    for (const entry of fs.readdirSync(path.join(folder, below), { withFileTypes: true })) {
      const file = path.join(folder, below, entry.name);
      if (entry.isFile()) fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8'), entry.name));
    }
  await run('meson', ['setup', `${folder}/build`, folder], { env });
  await run('ninja', ['-j2', '-C', `${folder}/build`, 'install'], { env });
  return path.join((await run('pkg-config', ['--variable=plugindir', 'karez-1'], { env })).stdout.trim(), name);
}

/** In two browsers, from the lobby to the end. @param {any[]} doctors @param {import('./hubs.mjs').Pair} pair @param {string} id
 * @param {string} panel */
async function hold(doctors, pair, id, panel) {
  const [ours, theirs] = doctors;
  await ours.goto(`${pair.aral.origin}/sessions/${id}`);
  await theirs.goto(`${pair.hangzhou.origin}/sessions/${id}`);
  for (const page of doctors) await page.getByRole('button', { name: 'Join', exact: true }).click();
  await ours.getByRole('button', { name: 'Start', exact: true }).click();
  for (const page of doctors) await page.locator(`${panel} textarea:not([readonly])`).waitFor();
  await ours.locator(`${panel} textarea`).pressSequentially('Liver 14 cm. ');
  await theirs.waitForFunction((name) => document.querySelector(`${name} textarea`)?.value.includes('Liver 14 cm.'), panel);
  await theirs.locator(`${panel} textarea`).press('Control+End');
  await theirs.locator(`${panel} textarea`).pressSequentially('脾脏正常。');
  await ours.waitForFunction((name) => document.querySelector(`${name} textarea`)?.value.includes('脾脏正常。'), panel);
  // As high as its own style sheet has it.
  assert.ok(await ours.locator(`${panel} textarea`).evaluate((one) => parseFloat(getComputedStyle(one).minBlockSize)) > 300, 'it wears its styles');
  await shootAll(ours, `alone-${panel}`);
  await checkAccess(ours, panel);
  await ours.getByRole('button', { name: /^End for all/ }).click();
  await ours.getByRole('dialog').getByRole('button', { name: 'End for all' }).click();
  for (const hub of pair.hubs)
    await until(`${hub.name} to end it`, async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ended');
  // What is left is another element's, and only that is there.
  for (const page of doctors) await page.locator(panel).waitFor({ state: 'detached' });
  for (const page of doctors) await page.locator(`${panel.replace('panel', 'afterwards')} article`).getByText('Liver 14 cm. 脾脏正常。').waitFor();
}

/** Its page: in the navigation, in every language, by its address alone. @param {any} page @param {import('./hubs.mjs').Hub} hub */
async function ownPage(page, hub) {
  await page.goto(hub.origin);
  await page.getByRole('link', { name: 'Sonar notes' }).click();
  await page.waitForURL('**/x/sonar/notes');
  const one = page.locator('karez-sonar-notes .sonar-one').filter({ hasText: 'Abdomen' });
  await one.getByRole('button', { name: /^Read/ }).click();
  await one.getByText('Liver 14 cm. 脾脏正常。').waitFor();
  assert.equal(await page.locator('nav [aria-current="page"]').innerText(), 'Sonar notes');
  assert.match(await page.title(), /^Sonar notes · /);
  await shootAll(page, 'alone-page');
  await page.setViewportSize(phone);
  await page.reload();
  await page.locator('nav [aria-current="page"]').waitFor();
  const { x, width } = await page.locator('nav [aria-current="page"]').boundingBox();
  assert.ok(x >= 0 && x + width <= phone.width, 'the navigation shows where one is');
  await page.setViewportSize(desktop);
  await checkAccess(page, 'the page of a plugin');
  await page.goto(`${hub.origin}/x/sonar/notes/202b?day=1`); // what of it, is the page's own
  await one.waitFor();
  assert.equal(await page.locator('karez-sonar-notes').evaluate((own) => `${own.route.id} ${own.route.query.get('day')}`), '202b 1');
  // What its own words translate, and what its key file does.
  await speak(page, 'zh_CN');
  await page.getByText('声呐会话所写的内容。').waitFor();
  await page.getByRole('link', { name: '声呐记录' }).waitFor();
  await page.getByRole('link', { name: 'Tele-ultrasound' }).click();
  await page.locator(`karez-${own}-notes h1`).getByText('Tele-ultrasound').waitFor();
  await page.goto(`${hub.origin}/new`);
  await page.locator('option').filter({ hasText: '声呐会诊' }).waitFor({ state: 'attached' });
  await page.goto(`${hub.origin}/x/sonar/notes`);
  await page.locator('karez-sonar-notes h1').getByText('声呐记录').waitFor();
  await speak(page, 'en');
}

/** Some of its roles are for one hospital: nobody is offered the other's, and none gets it. @param {any[]} doctors
 * @param {import('./hubs.mjs').Pair} pair */
async function rolesOfHospitals(doctors, pair) {
  const [ours, theirs] = doctors;
  const id = await prepareNote(pair, 'Roles', 'sonar');
  await ours.goto(`${pair.aral.origin}/sessions/${id}`);
  await theirs.goto(`${pair.hangzhou.origin}/sessions/${id}`);
  const offered = async (/** @type {any} */ page) => {
    await page.getByRole('button', { name: 'Join', exact: true }).waitFor();
    return page.locator('input[name="role"]').evaluateAll((/** @type {any[]} */ all) => all.map((one) => one.value));
  };
  assert.deepEqual(await offered(ours), ['writer', 'probe']);
  assert.deepEqual(await offered(theirs), ['writer', 'reader']);
  for (const [page, role] of [[ours, 'reader'], [theirs, 'probe']]) {
    const { status, problem } = await page.evaluate(async ([where, wanted]) => {
      const { csrf } = await (await fetch('/api/v1/me')).json();
      const answer = await fetch(where, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Karez-Token': csrf, 'Idempotency-Key': crypto.randomUUID() },
        body: JSON.stringify({ role: wanted }) });
      return { status: answer.status, problem: await answer.json() };
    }, [`/api/v1/sessions/${id}/join`, role]);
    assert.equal(`${status} ${problem.rule}`, '403 session/role-hospital');
  }
  // Who could take only the other hospital's roles is not invited here, and is there.
  for (const [page, able] of [[ours, false], [theirs, true]]) {
    const { accounts } = await page.evaluate(async (/** @type {string} */ where) => (await fetch(where)).json(), `/api/v1/sessions/${id}/invitations/candidates`);
    assert.equal(accounts.includes('desk'), able);
  }
  // The checks are looked at again where they are made.
  assert.equal(await theirs.getByRole('button', { name: 'Check again' }).count(), 0);
  const [looked] = await Promise.all([ours.waitForResponse((/** @type {any} */ one) => one.url().endsWith('/preflight')), ours.getByRole('button', { name: 'Check again' }).click()]);
  const { checks } = await looked.json();
  assert.ok(checks.some((/** @type {any} */ one) => one.id === 'link.up'));
  // What is read out is what was answered: the link may be slow to come up.
  const failed = checks.filter((/** @type {any} */ one) => one.verdict === 'failed').length;
  const said = failed === 0 ? 'No check has failed.' : failed === 1 ? '1 check has failed' : `${failed} checks have failed`;
  await ours.locator('#announced').getByText(said).waitFor({ state: 'attached' });
  await shootAll(ours, 'alone-lobby');
  await ours.goto(`${pair.aral.origin}/new`);
  await ours.locator('#compose-modality').selectOption('sonar');
  await ours.locator('#compose-modality-hint').getByText('Roles at your hospital: writer, probe. At the partner: writer, reader.').waitFor();
  await ours.locator('#compose-modality').scrollIntoViewIfNeeded();
  await shootAll(ours, 'alone-roles');
  await checkAccess(ours, 'roles of hospitals');
  await pair.aral.api('POST', `/sessions/${id}/stop`, { reason: 'A test.' });
}

/** What its own catalogue says: in an error of its C code and in its page, where the hub's catalogues have nothing of it.
 * @param {any} page @param {import('./hubs.mjs').Hub} hub @param {string} plugin */
async function ownWords(page, hub, plugin) {
  const said = { // msgid of the page, of the error
    [own]: ['Written by %s, kept at %s', 'There is no such session'], sonar: ['Sonar by %s, kept at %s', 'There is no sonar session'],
  }[plugin];
  const heading = plugin === 'sonar' ? 'Abdomen' : 'Minutes';
  for (const language of ['zh_CN', 'ug']) {
    const [written, refused] = said.map((msgid) => {
      assert.ok(!fs.readFileSync(path.join(source, 'po', `${language}.po`), 'utf8').includes(`msgid "${msgid}"`), `the hub has ${msgid}`);
      const catalogue = fs.readFileSync(path.join(place, plugin, 'po', `${language}.po`), 'utf8');
      return catalogue.slice(catalogue.indexOf(`msgid "${msgid}"`)).match(/^msgstr "(.+)"$/m)?.[1] ?? '';
    });
    await speak(page, language);
    await page.goto(`${hub.origin}/x/${plugin}/notes`);
    const one = page.locator(`karez-${plugin}-notes li`).filter({ hasText: heading });
    await one.getByRole('button').click();
    await one.locator('article p.hint').getByText(written.split('%s').sort((a, b) => b.length - a.length)[0].trim()).waitFor();
    const problem = await page.evaluate(async (/** @type {string} */ where) => (await fetch(where)).json(), `/api/v1/x/${plugin}/sessions/none/note`);
    assert.equal(problem.detail, refused, `${plugin} in ${language}`);
  }
  await speak(page, 'en');
}

/** What cannot be loaded is said, and can be tried again. @param {any} page @param {import('./hubs.mjs').Hub} hub */
async function notLoaded(page, hub) {
  const { faults } = page;
  page.faults = [];
  await page.route('**/sonar-kept.js', (route) => route.abort());
  await page.goto(`${hub.origin}/x/sonar/notes`);
  await page.getByText('What the plugin “sonar” shows here cannot be loaded.').waitFor();
  await checkAccess(page, 'a page of a plugin that cannot be loaded');
  assert.deepEqual(page.faults.filter((one) => !one.includes('dynamically imported')), []);
  page.faults = faults;
  await page.unroute('**/sonar-kept.js');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('karez-sonar-notes .sonar-one').first().waitFor();
}

/** What is disabled has no page, and keeps the words of its events. @param {any} page of a doctor @param {any} reader of the audit log
 * @param {import('./hubs.mjs').Hub} hub @param {string} id */
async function disabled(page, reader, hub, id) {
  const link = page.getByRole('link', { name: 'Sonar notes' });
  await hub.api('POST', '/plugins/sonar/disable', { reason: 'A test.' });
  await page.goto(`${hub.origin}/x/sonar/notes`);
  await page.getByText('There is no such page.').waitFor();
  assert.equal(await link.count(), 0);
  await reader.goto(`${hub.origin}/audit?session=${id}`);
  await reader.locator('main').getByText('A sonar result was kept').waitFor();
  await hub.api('POST', '/plugins/sonar/enable', {});
  await page.reload();
  await link.waitFor();
}

/** Who has not its permission is shown no page; the audit log speaks its sentences. @param {any} page @param {string} id */
async function auditor(page, id) {
  assert.equal(await page.getByRole('link', { name: 'Sonar notes' }).count(), 0);
  await page.goto(new URL(`/audit?session=${id}`, page.url()).href);
  await page.locator('main').getByText('A sonar result was kept').waitFor();
  await page.goto(new URL('/x/sonar/notes', page.url()).href);
  await page.getByText('There is no such page.').waitFor();
  for (const where of ['/x/sonar/others', '/x/none/notes', '/gallery']) { // the last is of a development environment
    await page.goto(new URL(where, page.url()).href);
    await page.getByText('There is no such page.').waitFor();
    await checkAccess(page, `no page at ${where}`);
  }
}

/** @param {import('./hubs.mjs').Hub} hub @param {any} page */
async function described(hub, page) {
  const { paths, components } = await hub.api('GET', '/openapi.json');
  assert.ok(paths['/x/sonar/sessions/{session}/note'] && components.schemas.SonarNote, 'its routes are described');
  const { items } = await hub.api('GET', '/plugins/web');
  assert.deepEqual(items.map((one) => one.plugin).sort(), ['sonar', own]);
  const { script } = items.find((one) => one.plugin === 'sonar');
  const kept = await page.evaluate(async (/** @type {string} */ where) => (await fetch(where)).headers.get('cache-control'), script);
  assert.match(kept, /immutable/);
  // One Lit, by each of its names and in the desk's own modules.
  assert.deepEqual(await page.evaluate(async () => {
    const [lit, part, desk] = await Promise.all(['lit', 'lit/directives/class-map.js', '@karez/desk'].map((one) => import(one)));
    return [lit === part, typeof part.classMap, lit.html === desk.html, desk.KarezElement.prototype instanceof lit.LitElement];
  }), [true, 'function', true, true]);
}

/** Everything that a browser can get of a hub: its files by what names them, its API's lists, its pages as they are drawn.
 * @param {any} page of an administrator @param {import('./hubs.mjs').Hub} hub @param {RegExp} names a plugin that is not here */
async function nothingNames(page, hub, names) {
  const found = await page.evaluate(async () => {
    /** @type {Record<string, string>} */
    const texts = {};
    const todo = ['/', '/metrics', ...['hello', 'me', 'openapi.json', 'modalities', 'plugins', 'plugins/web', 'system', 'people', 'resources', 'peers', 'sessions']
      .map((one) => `/api/v1/${one}`)];
    for (const where of todo) {
      texts[where] = await (await fetch(where)).text();
      for (const [, name] of texts[where].matchAll(/["'(/.]((?:assets|po|\/x)\/[\w./-]+\.(?:js|css|svg|json)|[\w-]+-[0-9A-Z]{8}\.js)/g)) {
        const next = name.startsWith('/') ? name : `/${name.startsWith('assets/') ? '' : 'assets/'}${name}`;
        if (!todo.includes(next)) todo.push(next);
      }
    }
    return texts;
  });
  const files = Object.keys(found);
  // The desk's pages, the three catalogues and both plugins are among them.
  for (const part of ['/assets/session-', '/assets/day-', '/assets/karez-desk-', '/assets/po/ug-', '/x/sonar/', `/x/${own}/`])
    assert.ok(files.some((one) => one.startsWith(part)), `${part} is not among ${files}`);
  for (const where of ['/', '/new', '/people', '/resources', '/hospitals', '/audit', '/system']) {
    await page.goto(hub.origin + where);
    await page.locator('main h1, main h2, karez-day').first().waitFor();
    await page.waitForTimeout(300);
    found[`page ${where}`] = await page.content();
  }
  for (const [where, text] of Object.entries(found))
    assert.doesNotMatch(text, names, where);
  console.log(`${Object.keys(found).length} files, answers and pages name no plugin that is not here`);
}

const place = fs.mkdtempSync('/tmp/karez-alone-');
fs.chmodSync(place, 0o755);
try {
  const env = await installSdk(place);
  const plain = await firstPlugin(env);
  const other = await changedPlugin(env, place, 'sonar', 'Sonar note', (text, file) => {
    // Sentences and translations that no catalogue has, roles of one hospital.
    const changed = text.replace('The shared note of “%2$s” was kept', 'The sonar result of “%2$s” was kept').replace('A shared note was kept', 'A sonar result was kept')
      .replace('What sessions of the last two weeks wrote together.', 'What sonar sessions wrote.')
      .replace('Written by %s, kept at %s', 'Sonar by %s, kept at %s').replace('There is no such session', 'There is no sonar session')
      .replace('Roles=writer;reader;\n', 'Roles=writer;reader;probe;\nHostRoles=probe;\nMirrorRoles=reader;\n')
      .replace('writer=clinician;surgeon;bedside;\n', 'writer=clinician;surgeon;bedside;\nprobe=clinician;\n')
      .replace('Title=Sonar note\nAfter', 'Title=Sonar notes\nTitle[zh_CN]=声呐记录\nTitle[ug]=سونار خاتىرىلىرى\nAfter')
      .replace('Title=Sonar note\nHost', 'Title=Sonar note\nTitle[zh_CN]=声呐会诊\nHost')
      .replace("title: _('Sonar note')", "title: _('Sonar notes')");
    return file === 'sonar-words.js'
      ? `${changed}\nexport const messages = { zh_CN: { 'What sonar sessions wrote.': '声呐会话所写的内容。' }, ug: { 'What sonar sessions wrote.': 'سونار سېئانسلىرى يازغانلىرى.' } };\n`
      : changed;
  });
  process.env.KAREZ_PLUGINS = `${plain};${other}`;
  await withPair('plugin-alone', async (pair) => {
    const browser = await openBrowser();
    try {
      const doctors = [await signIn(browser, pair.aral, 'doctor.aral'), await signIn(browser, pair.hangzhou, 'doctor.hangzhou', { viewport: phone })];
      await hold(doctors, pair, await prepareNote(pair, 'Minutes', own), `karez-${own}-panel`);
      await doctors[1].setViewportSize(desktop);
      const id = await prepareNote(pair, 'Abdomen', 'sonar');
      await hold(doctors, pair, id, 'karez-sonar-panel');
      await ownPage(doctors[0], pair.aral);
      for (const plugin of [own, 'sonar']) await ownWords(doctors[0], pair.aral, plugin);
      await rolesOfHospitals(doctors, pair);
      const reader = await signIn(browser, pair.aral, 'auditor.aral');
      await auditor(reader, id);
      await described(pair.aral, reader);
      await notLoaded(doctors[0], pair.aral);
      await disabled(doctors[0], reader, pair.aral, id);
      const admin = await signIn(browser, pair.aral, 'admin.aral');
      await nothingNames(admin, pair.aral, /\bconsult\b|\bconsult[-_]|\/consult-|["'=/]consultation["']/);
      for (const page of [...doctors, reader, admin]) assert.deepEqual(page.faults, []);
    } finally {
      await browser.close();
    }
  });
} finally {
  fs.rmSync(place, { recursive: true, force: true });
}
