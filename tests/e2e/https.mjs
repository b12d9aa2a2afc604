// SPDX-License-Identifier: LGPL-2.1-or-later
// HTTPS by the hub itself, as curl and a phone's browser meet it: a session with its camera, a
// certificate that is replaced meanwhile, and those that nobody accepts.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';

import { checkAccess, openBrowser, phone, shootAll, signIn } from './browser.mjs';
import { build, freePort, nets, prepareNote, run, until, withPair } from './hubs.mjs';

const textarea = 'karez-template-panel textarea';
const day = 24 * 3600 * 1000;
/** "20260131120000Z" @param {number} at */
const stamp = (at) => `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;

/** An authority for tests. */
class Authority {
  /** @param {string} directory */
  constructor(directory) {
    this.directory = directory;
    this.root = path.join(directory, 'root.pem');
    fs.mkdirSync(directory);
    fs.writeFileSync(this.at('index'), '');
    fs.writeFileSync(this.at('conf'), `[ca]\ndefault_ca=d\n[d]\ndatabase=${this.at('index')}\nrand_serial=yes\nnew_certs_dir=${directory}\n`
      + 'policy=p\ndefault_md=sha256\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n');
    this.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', '/CN=An authority for tests',
      '-addext', 'keyUsage=critical,keyCertSign', '-keyout', this.at('root.key'), '-out', this.root);
  }

  /** @param {string} name */
  at(name) { return path.join(this.directory, name); }

  /** @param {...string} args */
  openssl(...args) { execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] }); }

  /** Writes NAME.pem and NAME.key. @param {string} name @param {string} host @param {number} [begin] @param {number} [end] */
  issue(name, host, begin = Date.now() - day, end = Date.now() + 30 * day) {
    this.openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`,
      '-addext', `subjectAltName=DNS:${host}`, '-keyout', this.at(`${name}.key`), '-out', this.at(`${name}.csr`));
    this.openssl('ca', '-batch', '-config', this.at('conf'), '-keyfile', this.at('root.key'), '-cert', this.root, '-in', this.at(`${name}.csr`),
      '-startdate', stamp(begin), '-enddate', stamp(end), '-notext', '-out', this.at(`${name}.pem`));
  }

  /** Puts a pair in the place of the hub's, as a tool that renews does it. @param {string} name */
  put(name) {
    for (const kind of ['pem', 'key']) {
      fs.copyFileSync(this.at(`${name}.${kind}`), this.at('new'));
      fs.renameSync(this.at('new'), this.at(`hub.${kind}`));
    }
  }
}

/** The browser's own list of authorities. @param {string} home @param {Record<string, string>} roots */
function trust(home, roots) {
  const store = path.join(home, '.pki', 'nssdb');
  fs.mkdirSync(store, { recursive: true });
  execFileSync('certutil', ['-N', '-d', `sql:${store}`, '--empty-password']);
  for (const [name, root] of Object.entries(roots))
    execFileSync('certutil', ['-A', '-d', `sql:${store}`, '-n', name, '-t', 'C,,', '-i', root]);
}

/** What curl says of a hub. @param {import('./hubs.mjs').Hub} hub @param {string} root @param {string[]} [more] */
async function curl(hub, root, more = []) {
  const host = new URL(hub.origin).hostname;
  try {
    const { stdout } = await run('curl', ['--silent', '--show-error', '--max-time', '5', '--cacert', root,
      '--resolve', `${host}:${hub.port}:127.0.0.1`, ...more, `${hub.origin}/healthz`]);
    return { code: 0, said: stdout };
  } catch (error) {
    return { code: error.code, said: String(error.stderr) };
  }
}

/** The name in the certificate that is shown. @param {import('./hubs.mjs').Hub} hub @returns {Promise<string>} */
const shown = (hub) => new Promise((done, fail) => {
  const request = https.get({ host: '127.0.0.1', port: hub.port, path: '/healthz', agent: false, rejectUnauthorized: false, servername: new URL(hub.origin).hostname }, (answer) => {
    done(/** @type {any} */ (answer.socket).getPeerCertificate().subject.CN);
    answer.resume();
  });
  request.on('error', fail);
});

/** @param {import('./hubs.mjs').Hub} hub */
const certificate = async (hub) => (await hub.api('GET', '/system')).certificate;

/** A phone that does not trust the hub yet gets its root where the administrator's page says, and it is the right one.
 * @param {any} browser @param {import('./hubs.mjs').Hub} hub @param {string} root */
async function byCode(browser, hub, root) {
  const page = await signIn(browser, hub, 'admin.hangzhou');
  await page.goto(`${hub.origin}/system`);
  const picture = path.join(path.dirname(root), 'code.png');
  await page.locator('karez-own-root .qr').screenshot({ path: picture });
  const { stdout: read } = await run('zbarimg', ['--quiet', '--raw', picture]);
  const address = read.trim();
  assert.equal(new URL(address).protocol, 'http:');
  assert.equal(await page.locator('karez-own-root a').getAttribute('href'), address);
  const file = path.join(path.dirname(root), 'root.crt');
  const { hostname, port } = new URL(address);
  for (const from of [address, `${hub.origin}/root.crt`]) {
    await run('curl', ['--silent', '--show-error', '--fail', '--max-time', '5', '--insecure', '--output', file,
      '--resolve', `${hostname}:${port}:127.0.0.1`, '--resolve', `${hostname}:${hub.port}:127.0.0.1`, from]);
    assert.deepEqual(execFileSync('openssl', ['x509', '-inform', 'DER', '-in', file]), execFileSync('openssl', ['x509', '-in', root]));
  }
  const shownPrint = (await page.locator('.fingerprint').innerText()).trim().split(/\s+/).join(':');
  const print = execFileSync('openssl', ['x509', '-in', root, '-noout', '-fingerprint', '-sha256'], { encoding: 'utf8' });
  assert.equal(shownPrint, print.trim().split('=')[1]);
  const { stdout: told } = await run(path.join(build, 'hub/ctl/karezctl'), ['--config', hub.config, 'certificate', '--qr']);
  assert.ok(told.includes(`${address}\nSHA-256 ${shownPrint}\n`), told);
  await checkAccess(page, 'its root');
  await page.locator('karez-own-root').scrollIntoViewIfNeeded();
  await shootAll(page, 'https-root');
  assert.deepEqual(page.faults, []);
}

/** @param {import('./hubs.mjs').Pair} pair @param {Authority} authority */
async function overPhone(pair, authority) {
  const { aral, hangzhou } = pair;
  const home = path.join(pair.directory, 'home');
  // The other hub's root is its own, as its administrator hands it out.
  const { stdout, stderr } = await run(path.join(build, 'hub/ctl/karezctl'), ['--config', hangzhou.config, 'certificate']);
  const own = path.join(pair.directory, 'own.pem');
  fs.writeFileSync(own, stdout);
  const print = execFileSync('openssl', ['x509', '-in', own, '-noout', '-fingerprint', '-sha256'], { encoding: 'utf8' });
  assert.equal(stderr.trim().split(' ')[1], print.trim().split('=')[1]);
  assert.match((await curl(hangzhou, own)).said, /alive/);
  assert.equal((await curl(hangzhou, authority.root)).code, 60);
  trust(home, { ours: authority.root, theirs: own });
  const note = await prepareNote(pair, 'Over HTTPS');
  process.env.HOME = home;
  const browser = await openBrowser();
  try {
    const pages = [await signIn(browser, aral, 'doctor.aral', { viewport: phone }), await signIn(browser, hangzhou, 'doctor.hangzhou', { viewport: phone })];
    const [page, other] = pages;
    let sockets = 0;
    page.on('websocket', () => { sockets++; });
    const cookies = await page.context().cookies();
    assert.ok(cookies.length > 0 && cookies.every((/** @type {any} */ one) => one.secure && one.httpOnly), JSON.stringify(cookies));
    for (const [i, one] of pages.entries()) {
      // The phone's owner typed no scheme.
      await one.goto(`${i ? hangzhou.origin : plain}/sessions/${note}`);
      await one.getByRole('button', { name: 'Join', exact: true }).click();
    }
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    for (const one of pages) await one.locator(`${textarea}:not([readonly])`).waitFor();
    for (const one of pages)
      assert.equal(await one.evaluate(async () => (await navigator.mediaDevices.getUserMedia({ video: true, audio: true })).getTracks()
        .map((/** @type {any} */ track) => track.readyState).join()), 'live,live');
    const before = sockets;
    assert.ok(before > 0);

    // Another certificate: who comes is shown it, and who is there stays, and goes on.
    assert.equal(await shown(aral), 'one');
    authority.put('two');
    await until('the other certificate', async () => (await shown(aral)) === 'two');
    // What is worse is not taken, and told.
    authority.put('late');
    await until('the expired one to be refused', async () => (await certificate(aral)).refused === 'expired');
    assert.equal(await shown(aral), 'two');
    for (const [from, to, text] of [[page, other, 'from the phone '], [other, page, 'to the phone ']]) {
      await from.locator(textarea).focus();
      await from.keyboard.type(text);
      await until(text, async () => (await to.locator(textarea).inputValue()).includes(text));
    }
    assert.equal(sockets, before, 'a page was dropped');
    assert.deepEqual(page.faults, []);

    // The page that says so.
    const system = await signIn(browser, aral, 'admin.aral', { viewport: phone });
    await system.goto(`${aral.origin}/system`);
    await system.getByText('The new one in its files is not used: Expired').waitFor();
    authority.put('two');
    await until('the files to be right again', async () => !(await certificate(aral)).refused);
    assert.equal(await system.locator('karez-own-root').count(), 0, 'a root that is not the hub’s own');
    await byCode(browser, hangzhou, own);
  } finally {
    await browser.close();
  }
}

/** @param {import('./hubs.mjs').Pair} pair @param {Authority} authority */
async function refusals({ aral }, authority) {
  const { root } = authority;
  assert.match((await curl(aral, root)).said, /alive/);
  assert.equal((await curl(aral, root, ['--tls-max', '1.1', '--ciphers', 'DEFAULT:@SECLEVEL=0'])).code, 35, 'older than TLS 1.2');
  assert.match((await curl(aral, root, ['--tls-max', '1.2'])).said, /alive/);
  assert.notEqual((await curl({ ...aral, origin: aral.origin.replace('https', 'http') }, root)).code, 0, 'HTTP at the port of HTTPS');

  // What a hub that starts has to begin with, and what may take its place.
  for (const [name, state, words] of [['late', 'expired', /expired/], ['strange', 'other-name', /subject name|does not match/]]) {
    authority.put(name);
    if (name === 'late') {
      await aral.kill();
      await aral.start();
    }
    await until(name, async () => (await certificate(aral)).state === state);
    const { code, said } = await curl(aral, root);
    assert.equal(code, 60, said);
    assert.match(said, words);
  }
  authority.put('two');
  await until('the good one', async () => (await certificate(aral)).state === 'good');
  assert.match((await curl(aral, root)).said, /alive/);
}

/** A hub that is tried out has both, and each page stays where it is. @param {import('./hubs.mjs').Hub} hub */
async function beside(hub) {
  const secure = `https://hangzhou.localhost:${await freePort()}`;
  await hub.kill();
  hub.origin = `http://hangzhou.localhost:${hub.port}`;
  nets.hangzhou = { Web: { Authority: 'own', SecurePort: new URL(secure).port } };
  hub.write();
  await hub.start();
  const browser = await openBrowser(); // its HOME trusts the hub's root
  try {
    for (const origin of [hub.origin, secure]) {
      const page = await signIn(browser, Object.assign(Object.create(hub), { origin }), 'desk.hangzhou');
      const [live] = await Promise.all([page.waitForEvent('websocket'), page.reload()]);
      assert.equal(live.url(), `${origin.replace('http', 'ws')}/api/v1/live`);
      assert.equal(new URL(page.url()).origin, origin);
      assert.deepEqual(page.faults, []);
    }
    // A page of the one asks nothing of the other.
    const page = await signIn(browser, hub, 'doctor.hangzhou');
    assert.equal(await page.evaluate((other) => fetch(`${other}/api/v1/hello`).then(() => 'answered', () => 'refused'), secure), 'refused');
    page.faults = [];
  } finally {
    await browser.close();
  }
  const answer = await run('curl', ['--silent', '--insecure', '--resolve', `${new URL(secure).host}:127.0.0.1`, '--output', '/dev/null', '--write-out', '%{http_code}',
    '--header', `Origin: ${hub.origin}`, '--header', 'Content-Type: application/json', '--data', '{"login":"desk.hangzhou","password":"x"}', `${secure}/api/v1/sign-in`]);
  assert.equal(answer.stdout, '403');
}

/** @type {Authority} */
let authority;
/** Where the phone's hub is over HTTP. */
let plain = '';

await withPair('https', async (pair) => {
  await overPhone(pair, authority);
  await refusals(pair, authority);
  await beside(pair.hangzhou);
}, async (directory) => {
  authority = new Authority(path.join(directory, 'authority'));
  authority.issue('one', 'aral.localhost');
  authority.issue('two', 'aral.localhost');
  authority.issue('late', 'aral.localhost', Date.now() - 60 * day, Date.now() - day);
  authority.issue('strange', 'hangzhou.localhost');
  authority.put('one');
  const [port, other] = [await freePort(), await freePort()];
  plain = `http://aral.localhost:${port}`;
  nets.hangzhou = { Web: { Authority: 'own', RedirectPort: String(other) } };
  nets.aral = { Web: { RedirectPort: String(port), Certificate: authority.at('hub.pem'), Key: authority.at('hub.key') } };
  return undefined;
});
