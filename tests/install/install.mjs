// SPDX-License-Identifier: LGPL-2.1-or-later
// The administrator's first day: what data/doc/install.md says is run as it stands, on two machines
// of two hospitals, until two doctors of a table of 200 people see each other. Blocks of `sh clean`
// are for a machine on which there is nothing yet: tests/fresh-machine runs them, and then this.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { openBrowser, signIn } from '../e2e/browser.mjs';
import { fresh, join, panel } from '../e2e/consult-page.mjs';
import { artefacts, build, password, randomUUID, source, until } from '../e2e/hubs.mjs';
import { Machine, Network } from './machines.mjs';

const people = 200;

/** What a document tells to run, in its order. @param {string} text
 * @returns {{section: string, where: string, script: string}[]} */
function readSteps(text) {
  const steps = [];
  let section = '';
  for (const found of text.matchAll(/^## (.*)$|^```sh *(\w*)\n([\s\S]*?)^```$/gm)) {
    section = found[1] ?? section;
    steps.push({ section, where: found[2] ?? '', script: found[3] ?? '' });
  }
  return steps;
}

/** What the machine of a hospital has before the first step. @param {Machine} machine @param {string} folder */
async function prepare(machine, folder) {
  const name = `karez.${machine.name}.example`;
  const key = path.join(folder, `${name}.key`);
  const [request, certificate] = [path.join(folder, `${name}.csr`), path.join(folder, `${name}.crt`)];
  execFileSync('openssl', ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
    '-out', request, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`], { stdio: 'ignore' });
  execFileSync('openssl', ['x509', '-req', '-in', request, '-CA', path.join(folder, 'ca.crt'), '-CAkey', path.join(folder, 'ca.key'),
    '-days', '30', '-copy_extensions', 'copy', '-out', certificate], { stdio: 'ignore' });
  const put = (/** @type {string} */ from, /** @type {string} */ to) => fs.copyFileSync(from, machine.inside(to));
  await machine.run(`mkdir -p /etc/ssl/karez
    printf '%s\\n' '192.0.2.10 karez.aral.example' '192.0.2.20 karez.hangzhou.example' >> /etc/hosts
    rm -f /etc/nginx/sites-enabled/*`);
  // Debian's cluster, as its package makes it.
  if (machine.name === 'hangzhou')
    await machine.run(`chown postgres: /var/lib/postgresql
      install -d -o postgres -g postgres -m 2775 /run/postgresql
      runuser -u postgres -- /usr/lib/postgresql/15/bin/initdb -D /var/lib/postgresql/15/main --auth-local=peer \\
        --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
      echo "unix_socket_directories = '/run/postgresql'" >> /var/lib/postgresql/15/main/postgresql.conf
      systemctl start postgresql`);
  put(certificate, '/etc/ssl/karez/karez.crt');
  put(key, '/etc/ssl/karez/karez.key');
  const roots = machine.inside('/etc/ssl/certs/ca-certificates.crt');
  fs.appendFileSync(roots, fs.readFileSync(path.join(folder, 'ca.crt')));
  fs.writeFileSync(machine.inside('/root/people.csv'), table(machine.name));
  fs.writeFileSync(machine.inside('/root/resources.csv'), `kind,name,login\r\nroom,Room 1,\r\nperson,Doctor 1,doctor1.${machine.name}\r\n`);
}

/** As a spreadsheet writes it: its mark, lines of Windows. The two who meet have passwords already.
 * @param {string} hospital */
function table(hospital) {
  const lines = ['login;name;name_zh;name_ug;title;roles;password'];
  const roles = ['clinician', 'desk', '"clinician;surgeon"', 'bedside', 'engineer'];
  for (let i = 1; i <= people; i++)
    lines.push(`doctor${i}.${hospital};"Doctor ""${i}""";医生${i};دوختۇر ${i};${i % 7 ? 'Doctor' : ''};${i === 1 ? 'clinician' : roles[i % 5]};${i === 1 ? password : ''}`);
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

/** The words of a step that only the two on the telephone know. @param {Record<string, Machine>} machines
 * @param {Machine} machine @param {string} script */
async function hear(machines, machine, script) {
  // Nobody types it before they see it.
  if (script.includes('pair compare'))
    await until(`${machine.name} to see what was restored`, async () => /restored/.test(await machine.run('karezctl status')), 20000);
  if (script.includes('PEER'))
    return script.replaceAll('PEER', JSON.parse(await machine.run('karezctl pair list --json')).peers[0].id);
  if (!script.includes('HEARD')) return script;
  const other = Object.values(machines).find((one) => one !== machine);
  const shown = (/** @type {Machine | undefined} */ one) => until('what is read out', async () =>
    JSON.parse(await one?.run('karezctl pair list --json') ?? '').pairings.find((pairing) => pairing.shown));
  return script.replace('PAIRING', (await shown(machine)).id).replace('HEARD', (await shown(other)).shown);
}

/** Checks that come after a section. @type {Record<string, (machines: Record<string, Machine>, folder: string) => Promise<void>>} */
const after = {
  '7. People, and what can be booked': async (machines) => {
    for (const machine of Object.values(machines)) {
      const listed = JSON.parse(await machine.run('karezctl users list --json')).items;
      assert.equal(listed.length, people + 1, machine.name);
      const handed = fs.readFileSync(machine.inside('/root/passwords.csv'), 'utf8').trim().split('\n');
      assert.equal(handed.length, people, 'one line for each who has no password in the table, and the names of columns');
      assert.match(await machine.run('karezctl users import /root/people.csv --check --json'), new RegExp(`"missing":0,"there":${people},`));
    }
  },
  '8. Pairing': async (machines) => {
    for (const machine of Object.values(machines))
      await until(`${machine.name} to see its partner`, async () =>
        await partnerIs(machine, 'up'), 20000);
    await consult(machines);
  },
  '11. Backups': async (machines) => {
    // What the backup does not have.
    kept.later = await book(await hubsOf(machines), 'Booked after the backup');
  },
  '12. Restoring, also into another database': async (machines) => {
    for (const machine of Object.values(machines))
      await until(`${machine.name} to see its partner`, async () => await partnerIs(machine, 'up'), 20000);
    const [aral, hangzhou] = await hubsOf(machines);
    assert.equal((await aral.api('GET', `/bookings/${kept.later}`)).state, 'confirmed');
    await assert.rejects(hangzhou.api('GET', `/bookings/${kept.later}`), /404/);
    for (const machine of Object.values(machines))
      assert.match(kept.said[`${machine.name} 12`], new RegExp(`^${kept.later} .* (unknown|confirmed)$`, 'm'));
    // As the document says: who has it calls it off, and asks again.
    await aral.api('POST', `/bookings/${kept.later}/cancel`, { answer: 'It is not known there.' });
    await book([aral, hangzhou], 'Asked for again');
  },
  '14. Another name or port': async ({ aral, hangzhou }) => {
    // Each dials the other; this way is Hangzhou's.
    await aral.run(`karezctl pair move ${(await hangzhou.hub('')).id} karez.hangzhou.example:1`);
    await aral.run('systemctl restart karezd');
    for (const machine of [aral, hangzhou])
      await until(`${machine.name} to see its partner`, async () => await partnerIs(machine, 'up'), 20000);
  },
  '15. A full disk': async (machines) => {
    const { hangzhou } = machines;
    await hangzhou.try('dd if=/dev/zero of=/var/lib/karez/stuff bs=1M 2>/dev/null');
    await until('the hub to say so', async () => /^Disk +full$/m.test(await hangzhou.run('karezctl status')), 20000);
    // There is some room left in what the database has already.
    const refused = await hangzhou.try('for i in $(seq 400); do karezctl organisations add --level village --name "Clinic $i"; done');
    assert.deepEqual([refused.code, /the database is full/i.test(refused.err)], [5, true], refused.err);
    await hangzhou.run('rm /var/lib/karez/stuff && karezctl organisations add --level village --name Last');
  },
};

/** What is kept between sections. @type {{later: string, said: Record<string, string>}} */
const kept = { later: '', said: {} };

/** @param {Machine} machine @param {string} state */
const partnerIs = async (machine, state) =>
  JSON.parse(await machine.run('karezctl status --json')).peers.some((peer) => peer.state === state);

/** @param {Record<string, Machine>} machines */
const hubsOf = (machines) => Promise.all(Object.values(machines).map((machine) => machine.hub(`https://karez.${machine.name}.example`)));

/** An emergency, asked for and accepted. Returns its id. @param {import('../e2e/hubs.mjs').Hub[]} hubs @param {string} title */
async function book([aral, hangzhou], title) {
  const id = randomUUID();
  await aral.api('POST', '/bookings', {
    id, modality: 'consultation', title, reason: 'A test.', urgency: 'T0', partner: hangzhou.id,
    starts_at: new Date(Date.now() + 60000).toISOString(), ends_at: new Date(Date.now() + 1860000).toISOString(), resources: [],
  });
  await until('the request', async () => (await hangzhou.api('GET', `/bookings/${id}`)).state === 'requested');
  await hangzhou.api('POST', `/bookings/${id}/accept`, {});
  for (const hub of [aral, hangzhou])
    await until('both to confirm', async () => (await hub.api('GET', `/bookings/${id}`)).state === 'confirmed');
  return id;
}

/** Who got a password from an administrator chooses another one. @param {any} page */
async function choosePassword(page) {
  await page.getByLabel('Present password').fill(password);
  for (const label of ['New password', 'New password once more']) await page.getByLabel(label, { exact: true }).fill('nine lamps on the road');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByRole('button', { name: 'Change the password' }).waitFor({ state: 'detached' });
}

/** Two doctors of the tables see each other, by TLS. @param {Record<string, Machine>} machines */
async function consult(machines) {
  const hubs = await hubsOf(machines);
  const id = await book(hubs, 'Chest pain');
  const browser = await openBrowser(20, ['--ignore-certificate-errors',
    '--host-resolver-rules=MAP karez.aral.example 192.0.2.10, MAP karez.hangzhou.example 192.0.2.20']);
  try {
    for (const hub of hubs)
      await until('the session', async () => (await hub.api('GET', `/sessions/${id}`)).state === 'planned');
    await hubs[0].api('POST', `/sessions/${id}/prepare`, {});
    for (const hub of hubs)
      await until('it to be ready', async () => (await hub.api('GET', `/sessions/${id}`)).state === 'ready', 20000);
    const pages = [];
    for (const hub of hubs) {
      const page = await signIn(browser, hub, `doctor1.${hub.name}`);
      await choosePassword(page);
      await join(page, hub.origin, id);
      pages.push(page);
    }
    await hubs[0].api('POST', `/sessions/${id}/start`, {});
    await pages[0].locator(panel).getByRole('button', { name: 'The patient agrees' }).click();
    for (const page of pages) assert.ok(await fresh(page, 1, 20000) >= 0);
    await pages[0].screenshot({ path: path.join(artefacts, 'screenshots', 'install-consultation.png') });
    await hubs[0].api('POST', `/sessions/${id}/stop`, {});
    for (const page of pages) assert.deepEqual(page.faults, []);
  } finally {
    await browser.close();
  }
}

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'karez-install-'));
  // In a clean root the document's own commands have installed it (tests/fresh-machine).
  const root = process.env.KAREZ_INSTALLED ? '/' : path.join(folder, 'root');
  const network = new Network();
  /** @type {Record<string, Machine>} */
  const machines = {};
  try {
    if (!process.env.KAREZ_INSTALLED)
      execFileSync('meson', ['install', '-C', build, '--destdir', root, '--no-rebuild', '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] });
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', path.join(folder, 'ca.key'),
      '-out', path.join(folder, 'ca.crt'), '-days', '30', '-subj', '/CN=Karez tests'], { stdio: 'ignore' });
    for (const [name, address] of [['aral', '192.0.2.10'], ['hangzhou', '192.0.2.20']]) {
      machines[name] = await Machine.open(name, address, root, network);
      await prepare(machines[name], folder);
    }
    const begin = performance.now();
    let section = '';
    for (const step of readSteps(fs.readFileSync(path.join(source, 'data/doc/install.md'), 'utf8'))) {
      if (step.section !== section) {
        await after[section]?.(machines, folder);
        console.log(`${((performance.now() - begin) / 1000).toFixed(1)} s: ${step.section}`);
        section = step.section;
      }
      for (const machine of Object.values(machines))
        if (step.where === machine.name || step.where === 'both')
          kept.said[`${machine.name} ${parseInt(section, 10)}`] = (kept.said[`${machine.name} ${parseInt(section, 10)}`] ?? '') + await machine.run(await hear(machines, machine, step.script));
    }
    await after[section]?.(machines, folder);
    console.log(`${((performance.now() - begin) / 1000).toFixed(1)} s: all of it`);
  } finally {
    for (const machine of Object.values(machines)) machine.close();
    if (process.env.KAREZ_KEEP) console.log(`kept: ${folder}`);
    else fs.rmSync(folder, { recursive: true, force: true });
  }
}

// Networks and mounts of its own are for root to make, where the machine lets it.
const tried = 'mount -t tmpfs tmpfs /mnt && ip link add hospitals type bridge && ip link add aral type veth peer name eth0';
if (process.getuid?.() !== 0 || spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'sh', '-c', tried]).status !== 0) {
  console.log('no machines can be made here: skipped');
  process.exit(77);
}
if (process.env.KAREZ_NETWORK) {
  await main();
} else {
  const { status } = spawnSync('unshare', ['--net', process.execPath, process.argv[1]],
    { stdio: 'inherit', env: { ...process.env, KAREZ_NETWORK: 'its own' } });
  process.exit(status ?? 1);
}
