// SPDX-License-Identifier: LGPL-2.1-or-later
// A hostile partner: paired as everybody is, it speaks of rows that are not its own, of bookings of
// other hospitals, of nothing, and in changed messages. What is others' stays as it is, its own
// lanes go on, and the hub stays prompt, small and without a critical.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { book, prepare } from '../e2e/consult-page.mjs';
import { build, randomUUID, sleep, source, until, withPair } from '../e2e/hubs.mjs';
import { Person } from '../e2e/person.mjs';
import { Mutator } from './mutate.mjs';
import { PartnerHub } from './partner-hub.mjs';
import { Watch } from './watch.mjs';

process.env.KAREZ_PLUGINS ??= ['template', 'consult', 'guidance'].map((name) => path.join(build, 'plugins', name)).join(';');

const seed = Number(process.env.KAREZ_SEED ?? Date.now() % 2 ** 31);
// Beyond 10,000 dead letters each takes a second.
const mutations = Math.min(Number(process.env.KAREZ_MUTATIONS ?? 2000), 9000);
const table = JSON.parse(fs.readFileSync(path.join(source, 'tests/hostile/topics.json'), 'utf8'));
const relations = ['asked', 'asks', 'third', 'unknown'];
/** What is written for each message that comes, whatever it says. */
const bookkeeping = ['karez', 'peers', 'audit'];

/** Topics that a rule holds against the registered handlers: the hub's, and of each plugin its own. @type {{topic: string, kind: string}[]} */
const registered = ['data/api', ...fs.readdirSync(path.join(source, 'plugins')).map((one) => `plugins/${one}`)]
  .map((folder) => path.join(source, folder, 'peer-topics.json')).filter((file) => fs.existsSync(file))
  .flatMap((file) => JSON.parse(fs.readFileSync(file, 'utf8')).topics);
const feeds = registered.filter(({ kind }) => kind === 'feed').map(({ topic }) => topic);

class Rows {
  /** @param {import('../e2e/hubs.mjs').Hub} hub */
  constructor(hub) {
    this.hub = hub;
    const list = this.ask(`select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE'
      and table_schema not in ('pg_catalog', 'information_schema', ${bookkeeping.map((one) => `'${one}'`).join(', ')})`);
    this.tables = list.trim().split('\n');
    assert.ok(this.tables.includes('agenda.booking'), `no tables: ${list}`);
  }

  /** @param {string} statement */
  ask(statement) {
    return execFileSync('psql', ['-h', path.join(this.hub.runtime, 'postgres'), '-U', 'hub', '-d', 'karez', '-Atqc', statement], { encoding: 'utf8' });
  }

  /** Every row that names none of these. @param {string[]} except @returns {Map<string, string>} table → its rows */
  others(except) {
    const not = except.map((one) => `t::text not like '%${one}%'`).join(' and ') || 'true';
    const all = this.tables.map((name) => `select '${name}', coalesce(string_agg(t::text, chr(10) order by t::text), '') from ${name} t where ${not}`);
    const answer = execFileSync('psql', ['-h', path.join(this.hub.runtime, 'postgres'), '-U', 'hub', '-d', 'karez', '-Atq', '-R', '\u0001', '-F', '\u0002',
      '-c', all.join(' union all ')], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    return new Map(answer.split('\u0001').map((row) => /** @type {[string, string]} */ (row.trim().split('\u0002'))));
  }

  /** What changed, table by table. @param {Map<string, string>} before @param {string[]} except */
  changes(before, except) {
    const now = this.others(except);
    return this.tables.filter((name) => now.get(name) !== before.get(name)).map((name) => {
      const [was, is] = [new Set(before.get(name)?.split('\n')), new Set(now.get(name)?.split('\n'))];
      return `${name}: ${[...was].filter((row) => !is.has(row)).map((row) => `- ${row}`).concat([...is].filter((row) => !was.has(row)).map((row) => `+ ${row}`))
        .join(' ').slice(0, 600)}`;
    });
  }
}

class World {
  /** @param {import('../e2e/hubs.mjs').Pair} pair */
  constructor(pair) {
    this.pair = pair;
    this.hub = pair.aral;
    this.partner = new PartnerHub(pair.aral, pair.directory);
    /** @type {Record<string, string>} */
    this.bookings = {};
    /** @type {Record<string, string>} a participant of this hospital in each */
    this.participants = {};
    this.opinion = randomUUID();
  }

  /** @param {string} id @param {number} minutes from now */
  request(id, minutes) {
    const at = Date.now() + minutes * 60000;
    return {
      id, modality: 'consultation', title: 'Asked by the partner', reason: 'A test.', urgency: 'T0', provider: this.hub.id, host: this.partner.id,
      starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(), resources: [], wishes: [], actor: this.partner.actor,
    };
  }

  /** A booking of each relation, confirmed, and somebody of this hospital in its session if there is one. */
  async fill() {
    const { hub, partner, pair } = this;
    this.bookings.third = await book(pair, { title: 'Third' });
    await prepare(pair, this.bookings.third);
    const doctor = await Person.signIn(hub, 'doctor.aral');
    this.participants.third = randomUUID();
    await doctor.api('POST', `/sessions/${this.bookings.third}/join`, { participant: this.participants.third, role: 'referrer' }).catch(() => null);
    await partner.pair();
    this.bookings.asks = randomUUID();
    await partner.post('agenda.request', JSON.stringify(this.request(this.bookings.asks, 2)));
    await until('the request', async () => (await hub.api('GET', `/bookings/${this.bookings.asks}`)).state === 'requested');
    await hub.api('POST', `/bookings/${this.bookings.asks}/accept`, {});
    this.bookings.asked = randomUUID();
    const at = Date.now() + 120000;
    await hub.api('POST', '/bookings', {
      id: this.bookings.asked, modality: 'consultation', title: 'Asked of the partner', reason: 'A test.', urgency: 'T0', partner: partner.id, resources: [],
      starts_at: new Date(at).toISOString(), ends_at: new Date(at + 1800000).toISOString(),
    });
    this.bookings.unknown = randomUUID();
  }

  /** A valid message of a topic about a booking. @param {string} topic @param {string} booking @returns {any} */
  message(topic, booking) {
    const { actor } = this.partner;
    const now = new Date().toISOString();
    const opinion = { id: this.opinion, version: 1, findings: 'None.', impression: 'Well.', recommendation: 'Rest.', signer: actor.id, signed_by: actor.name, signed_at: now };
    switch (topic) {
      case 'agenda.request': return this.request(booking, 600);
      case 'agenda.answer': return { booking, answer: 'confirmed', resources: [], actor };
      case 'agenda.withdraw': case 'agenda.cancel': return { booking, text: 'Off.', actor };
      case 'agenda.resource': return { id: booking, kind: 'room', names: { en: 'Room of the partner' }, detail: {}, active: true, version: 1000 };
      case 'peers.held': return {};
      case 'session.state': return { session: booking, state: 'live', sequence: 1000, actor };
      case 'session.participant': return { session: booking, participant: randomUUID(), actor, role: 'consultant' };
      case 'session.prepare': case 'session.endpoint': return {
        session: booking, state: 'preparing', sequence: 3, endpoint: { key: 'A'.repeat(43), addresses: ['127.0.0.1:9'], generation: 1 },
        signature: { key: 'A'.repeat(59), value: 'A'.repeat(86) },
      };
      case 'session.move': return { session: booking, edge: 'stop', reason: 'Off.', actor };
      case 'session.worker': return { session: booking, worker: 'failed' };
      case 'consult.request': return { booking, version: 1000, history: 'Other words.', question: 'Other words?', written_by: actor.name, written_at: now, actor };
      case 'consult.attachment': return {
        booking, id: randomUUID(), name: 'x.txt', media_type: 'text/plain', size: 1, sha256: '0'.repeat(64), added_by: actor.name, added_at: now, actor,
      };
      case 'consult.opinion': return { booking, opinion: { ...opinion, digest: digestOf(booking, opinion) }, actor };
      case 'consult.reading': return { booking, opinion: this.opinion, at: now, actor };
      case 'guidance.picture': return {
        booking, id: randomUUID(), kind: 'snapshot', media_type: 'image/png', size: 100, taken_at: now, marks: [], drawn_in: false,
        sha256: '0'.repeat(64), added_by: actor.name, added_at: now, actor,
      };
      case 'guidance.report': return { booking, report: this.report(booking, now), actor };
      default: throw new Error(`no message of ${topic}`);
    }
  }

  /** A version that fits its digest, as plugins/guidance/README.md says. @param {string} session @param {string} at */
  report(session, at) {
    const { actor, id: hub } = this.partner;
    const of = { id: randomUUID(), version: 1, course: 'Bleeding stopped.', recommendation: '', signer: actor.id, signed_by: actor.name, signed_at: at };
    const summary = { checklists: [], marks: [], more_marks: 0, people: [], seconds: 0 };
    const texts = [of.id, session, hub, '1', '', '', of.course, '', '[]', JSON.stringify(summary), of.signer, of.signed_by, of.signed_at];
    const digest = createHash('sha256').update(texts.map((one) => `${Buffer.byteLength(one)}:${one}`).join('')).digest('hex');
    return { ...of, pictures: [], summary, digest };
  }

  /** Sends it until it is applied or a dead letter. @param {string} topic @param {string | Buffer} body */
  async send(topic, body) {
    if (table.call[topic]) return this.partner.call(topic, body);
    const before = this.partner.posted[1];
    for (let tries = 0; tries < 20; tries++) {
      const answer = await this.partner.post(topic, body);
      if (this.partner.posted[1] > before) return answer;
      await sleep(100);
    }
    throw new Error(`${topic} stops the lane`);
  }

  close() {
    this.partner.close();
  }
}

/** What a signature is over: the opinion's parts, as plugins/consult/README.md says. @param {string} _booking @param {any} opinion */
function digestOf(_booking, opinion) {
  return createHash('sha256').update(JSON.stringify(opinion)).digest('hex');
}

/** Each topic about each relation. @param {World} world @param {Rows} rows */
async function walk(world, rows) {
  const topics = [...Object.keys(table.post), ...Object.keys(table.call)];
  assert.deepEqual([...topics, ...feeds].sort(), registered.map(({ topic }) => topic).sort(), 'topics.json and the registered topics');
  const faults = [];
  let n = 0;
  for (const topic of topics)
    for (const relation of relations) {
      const may = (table.post[topic] ?? table.call[topic]).includes(relation);
      // A request of an id that is nobody's is new, and the sender's; resources have no booking.
      if (may || topic === 'agenda.resource' || (relation === 'unknown' && topic === 'agenda.request')) continue;
      const before = rows.others([]);
      await world.send(topic, JSON.stringify(world.message(topic, world.bookings[relation])));
      const changed = rows.changes(before, []);
      if (changed.length) faults.push(`${topic} about ${relation}: ${changed.join('; ')}`);
      n++;
    }
  // Resources and people of this hospital and of another one are theirs.
  for (const [name, id] of Object.entries({ ours: world.pair.resources.aral['Room 1'], theirs: world.pair.resources.hangzhou['Room 1'] })) {
    const before = rows.others([]);
    await world.send('agenda.resource', JSON.stringify(world.message('agenda.resource', id)));
    for (const change of rows.changes(before, [])) faults.push(`agenda.resource about ${name}: ${change}`);
  }
  for (const relation of ['asked', 'asks', 'third']) {
    const before = rows.others([world.partner.id]);
    const message = { ...world.message('session.participant', world.bookings[relation]), participant: world.participants.third, left: true };
    await world.send('session.participant', JSON.stringify(message));
    for (const change of rows.changes(before, [world.partner.id])) faults.push(`session.participant about ours, ${relation}: ${change}`);
  }
  assert.deepEqual(faults, []);
  console.log(`${topics.length} topics: ${n} messages about what is not the sender's changed nothing`);
}

/** What the sender may say is applied, or this test would be one that cannot fail. @param {World} world @param {Rows} rows */
async function allowed(world, rows) {
  const applied = [];
  for (const topic of ['consult.request', 'consult.attachment', 'session.participant', 'agenda.resource', 'agenda.answer', 'consult.opinion', 'guidance.picture', 'guidance.report', 'agenda.cancel'])
    for (const relation of topic === 'agenda.resource' ? ['unknown'] : table.post[topic]) {
      const before = rows.others([]);
      await world.send(topic, JSON.stringify(world.message(topic, world.bookings[relation])));
      if (rows.changes(before, []).length) applied.push(topic);
    }
  console.log(`applied: ${[...new Set(applied)].join(', ')}`);
  for (const topic of ['consult.request', 'agenda.resource', 'agenda.answer', 'guidance.picture', 'guidance.report', 'agenda.cancel'])
    assert.ok(applied.includes(topic), `${topic} of the sender's own is not applied`);
}

/** So many of each, valid: rows that a partner makes are bounded. @param {World} world @param {Rows} rows */
async function flood(world, rows) {
  const session = world.bookings.asks;
  const count = () => Number(rows.ask(`select count(*) from engine.participant where session = '${session}'`));
  for (let i = 0; i < 300; i++) await world.send('session.participant', JSON.stringify(world.message('session.participant', session)));
  console.log(`300 participants announced, ${count()} kept`);
  assert.ok(count() <= 100, `${count()} participants of one session`);
}

/** @param {World} world @param {Mutator} mutator @param {Rows} rows */
async function mutate(world, mutator, rows) {
  const own = [world.partner.id, world.bookings.asked, world.bookings.asks];
  const before = rows.others(own);
  /** @type {Map<number, number>} */
  const statuses = new Map();
  for (let n = 0; n < mutations; n++) {
    const topic = mutator.one([...Object.keys(table.post), ...Object.keys(table.call), ...feeds, 'hello', 'none.such']);
    const relation = mutator.one(relations);
    const whole = topic.includes('.') && (table.post[topic] || table.call[topic]) ? world.message(topic, world.bookings[relation]) : { cursor: null, limit: 10 };
    if (topic === 'agenda.request' || topic === 'agenda.resource') whole.id = mutator.next() < 0.5 ? randomUUID() : mutator.one(mutator.ids);
    const body = mutator.body(topic === 'hello' ? world.partner.hello() : whole);
    const answer = await (topic === 'hello' ? world.partner.ask('hello', body)
      : feeds.includes(topic) ? world.partner.ask(`feed/${topic}`, body)
        : table.call[topic] ? world.partner.call(topic, body) : world.partner.post(topic, body)).catch((error) => ({ status: 0, body: error.message }));
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const ended = world.hub.process?.exitCode ?? world.hub.process?.signalCode;
    assert.equal(ended, null, `karezd ended: ${ended}; message ${n} of seed ${seed}: ${topic} ${body.subarray(0, 400)}`);
    assert.ok(answer.status < 500 || answer.status === 503, `message ${n} of seed ${seed}: ${topic} ${body.subarray(0, 400)} answers ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  console.log(`${mutations} changed messages of seed ${seed}: ${[...statuses].sort().map(([status, count]) => `${status || 'cut'} × ${count}`).join(', ')}`);
  // What names an id of the sender's, or a booking that it made in between, is its own; nothing else moved.
  const others = before.get('agenda.booking') ?? '';
  const made = rows.ask(`select id from agenda.booking t where t::text like '%${world.partner.id}%'`).trim().split('\n').filter((id) => !others.includes(id));
  const mine = [...own, ...made];
  const theirs = new Map([...before].map(([name, text]) => [name, text.split('\n').filter((row) => !mine.some((id) => row.includes(id))).join('\n')]));
  const changed = rows.changes(theirs, mine);
  assert.deepEqual(changed, [], 'rows of others changed');
}

await withPair('hostile-partner', async (pair) => {
  console.log(`seed ${seed}`);
  const world = new World(pair);
  try {
    await world.fill();
    const rows = new Rows(pair.aral);
    await walk(world, rows);
    await allowed(world, rows);
    const watch = new Watch(pair.aral);
    await flood(world, rows);
    const mutator = new Mutator(seed, [...Object.values(world.bookings), ...Object.values(pair.resources.aral), pair.aral.id, pair.hangzhou.id, world.partner.id]);
    await mutate(world, mutator, rows);
    await watch.check();
    // The others go on.
    await book(pair, { title: 'Afterwards', after: 900 });
  } finally {
    world.close();
  }
});
