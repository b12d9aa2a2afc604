// SPDX-License-Identifier: LGPL-2.1-or-later
// How a draft is kept, without a page and with a clock of our own.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { DraftKeeper, latestMs, retryMs, settleMs } from '../src/draft-keeper.js';

const away = { status: 0, away: true };
const conflict = { status: 409, rule: 'letter/revision' };

/** A hub that answers when the test says so. */
function hub(clean = (text) => text) {
  const asked = [];
  let most = 0;
  let open = 0;
  const keeper = new DraftKeeper(['findings', 'impression', 'recommendation'], (body) => new Promise((done, fail) => {
    most = Math.max(most, ++open);
    const settle = (how) => async (value) => {
      open--;
      how(value);
      await turns();
    };
    asked.push({ body, keep: () => settle(done)({ ...body, revision: body.revision + 1, saved_at: '2026-11-24T02:31:00Z', digest: `digest of ${body.impression}` }), done: settle(done), fail: settle(fail) });
  }), { clean, another: 'letter/revision' });
  return { keeper, asked, last: () => asked.at(-1), most: () => most };
}

/** Lets what was promised happen. */
async function turns() {
  for (let i = 0; i < 10; i++)
    await Promise.resolve();
}

/** Time that passes when it is told to. */
const clock = {
  now: 0,
  /** @type {Map<number, {at: number, call: () => void}>} */
  timers: new Map(),
  newest: 0,
  begin() {
    this.now = 1_000_000;
    this.timers.clear();
  },
  /** @param {number} ms */
  tick(ms) {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!next)
        break;
      this.timers.delete(next[0]);
      this.now = next[1].at;
      next[1].call();
    }
    this.now = end;
  },
};
globalThis.setTimeout = /** @type {any} */ ((/** @type {() => void} */ call, ms = 0) => {
  clock.timers.set(++clock.newest, { at: clock.now + ms, call });
  return clock.newest;
});
globalThis.clearTimeout = /** @type {any} */ ((/** @type {number} */ id) => { clock.timers.delete(id); });
Date.now = () => clock.now;
performance.now = () => clock.now;

beforeEach(() => clock.begin());

test('it is kept a moment after the last key', async () => {
  const { keeper, asked, last } = hub();
  assert.equal(keeper.standing, 'none');
  keeper.type({ impression: 'P' });
  clock.tick(settleMs - 1);
  keeper.type({ impression: 'Ps' });
  clock.tick(settleMs - 1);
  assert.equal(asked.length, 0);
  clock.tick(1);
  assert.equal(asked.length, 1);
  assert.deepEqual(last().body, { revision: 0, findings: '', impression: 'Ps', recommendation: '' });
  assert.equal(keeper.standing, 'keeping');
  await last().keep();
  assert.equal(keeper.standing, 'kept');
  assert.equal(keeper.revision, 1);
  assert.equal(keeper.savedAt, '2026-11-24T02:31:00Z');
  assert.equal(keeper.dirty, false);
  clock.tick(60_000);
  assert.equal(asked.length, 1, 'nothing is sent that was sent');
});

test('who types without a pause is kept at the latest', async () => {
  const { keeper, asked, last } = hub();
  for (let at = 0; at < latestMs; at += 500) {
    keeper.type({ findings: `at ${at}` });
    clock.tick(500);
  }
  assert.equal(asked.length, 1);
  assert.equal(last().body.findings, `at ${latestMs - 500}`);
});

test('never two at once, and the newest words are the last', async () => {
  const { keeper, asked, last, most } = hub();
  keeper.type({ findings: 'one' });
  const first = keeper.flush();
  await turns();
  keeper.type({ findings: 'two' });
  clock.tick(20_000);
  keeper.type({ findings: 'three' });
  clock.tick(20_000);
  assert.equal(asked.length, 1, 'the second waits for the first');
  await last().keep();
  assert.equal(await first, false, 'there is more to keep');
  assert.equal(keeper.standing, 'keeping');
  clock.tick(settleMs);
  assert.equal(asked.length, 2);
  assert.deepEqual(last().body, { revision: 1, findings: 'three', impression: '', recommendation: '' });
  await last().keep();
  assert.equal(keeper.standing, 'kept');
  assert.equal(keeper.revision, 2);
  assert.equal(most(), 1);
});

test('flush waits for what is under way and keeps the rest', async () => {
  const { keeper, asked, last, most } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  keeper.type({ findings: 'two' });
  const all = keeper.flush();
  await turns();
  assert.equal(asked.length, 1);
  await last().keep();
  assert.equal(asked.length, 2);
  assert.equal(last().body.findings, 'two');
  assert.equal(last().body.revision, 1);
  await last().keep();
  assert.equal(await all, true);
  assert.equal(most(), 1);
  clock.tick(20_000);
  assert.equal(asked.length, 2);
});

test('while the hub is away it is tried again, with what was typed meanwhile', async () => {
  const { keeper, asked, last, most } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  await last().fail(away);
  assert.equal(keeper.standing, 'away');
  keeper.type({ findings: 'two' });
  assert.equal(keeper.standing, 'away', 'typing does not hide it');
  clock.tick(retryMs);
  assert.equal(asked.length, 2);
  assert.equal(last().body.findings, 'two');
  assert.equal(keeper.standing, 'away', 'nor does trying');
  await last().fail({ status: 503 });
  clock.tick(retryMs);
  await last().fail({ status: 429, rule: 'web/rate' });
  clock.tick(retryMs);
  assert.equal(asked.length, 4);
  await last().keep();
  assert.equal(keeper.standing, 'kept');
  assert.equal(most(), 1);
});

test('what another window wrote is not written over unasked', async () => {
  const { keeper, asked, last } = hub();
  const theirs = { revision: 7, findings: 'theirs', impression: '', recommendation: '', saved_at: '2026-11-24T03:00:00Z' };
  keeper.take({ ...theirs, revision: 3, findings: 'old' }, keeper.mark);
  keeper.type({ findings: 'mine' });
  clock.tick(settleMs);
  await last().fail(conflict);
  assert.equal(keeper.standing, 'conflict');
  keeper.type({ findings: 'mine, too' });
  clock.tick(20_000);
  assert.equal(await keeper.flush(), false);
  keeper.take(theirs, keeper.mark);
  assert.equal(keeper.words.findings, 'mine, too', 'what is written here stays until somebody decides');
  assert.equal(asked.length, 1);
  keeper.load(theirs);
  assert.equal(keeper.words.findings, 'theirs');
  assert.equal(keeper.standing, 'kept');
  keeper.type({ findings: 'theirs and mine' });
  clock.tick(settleMs);
  assert.equal(last().body.revision, 7);
});

test('what is here in place of what another window wrote', async () => {
  const { keeper, last } = hub();
  keeper.type({ findings: 'mine' });
  clock.tick(settleMs);
  await last().fail(conflict);
  const all = keeper.overwrite({ revision: 4, findings: 'theirs', impression: '', recommendation: '', saved_at: '2026-11-24T03:00:00Z' });
  await turns();
  assert.deepEqual(last().body, { revision: 4, findings: 'mine', impression: '', recommendation: '' });
  await last().keep();
  assert.equal(await all, true);
  assert.equal(keeper.revision, 5);
});

test('what is refused while it was mended has its own turn', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ impression: 'far too long' });
  clock.tick(settleMs);
  keeper.type({ impression: 'short' });
  await last().fail({ status: 422, rule: 'json/length' });
  assert.deepEqual([keeper.standing, keeper.problem], ['keeping', null]);
  clock.tick(settleMs);
  assert.equal(asked.length, 2);
  await last().keep();
  assert.deepEqual([keeper.standing, last().body.impression], ['kept', 'short']);
});

test('what is refused is said, and tried again by the next key only', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  const refusal = { status: 403, rule: 'letter/author' };
  await last().fail(refusal);
  assert.equal(keeper.standing, 'refused');
  assert.equal(keeper.problem, refusal);
  clock.tick(20_000);
  assert.equal(asked.length, 1);
  keeper.type({ findings: 'one more' });
  clock.tick(settleMs);
  assert.equal(asked.length, 2);
  await last().keep();
  assert.equal(keeper.problem, null);
});

test('what the hub has is taken only while nothing of ours is missing there', async () => {
  const { keeper, last } = hub();
  const draft = { revision: 2, findings: 'kept', impression: '', recommendation: '', saved_at: '2026-11-24T03:00:00Z' };
  keeper.take(null, keeper.mark);
  assert.equal(keeper.begun, false);
  keeper.take(draft, keeper.mark);
  assert.equal(keeper.words.findings, 'kept');
  assert.equal(keeper.begun, true);
  keeper.type({ findings: 'kept and more' });
  keeper.take({ ...draft, revision: 3, findings: 'else' }, keeper.mark);
  assert.equal(keeper.words.findings, 'kept and more');
  clock.tick(settleMs);
  keeper.take(null, keeper.mark);
  await last().keep();
  assert.equal(keeper.words.findings, 'kept and more');
});

test('an answer of before it was taken away says nothing', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  keeper.type({ findings: 'two' });
  let stopped = false;
  const stop = keeper.stop().then(() => { stopped = true; });
  await turns();
  assert.equal(stopped, false, 'what is under way comes first');
  await last().keep();
  await stop;
  keeper.load(null);
  clock.tick(20_000);
  assert.equal(asked.length, 1);
  assert.equal(keeper.standing, 'none');
  assert.equal(keeper.revision, 0);
  assert.deepEqual(keeper.words, { findings: '', impression: '', recommendation: '' });
});

test('after a lost answer that says no revision the hub is asked what it kept', async () => {
  const { keeper, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  await last().done({ repeated: true });
  assert.equal(keeper.standing, 'keeping');
  await last().keep();
  assert.equal(keeper.revision, 1);
  assert.equal(keeper.standing, 'kept');
});

test('words whose answer was lost are no other window’s', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  await last().fail(away);
  keeper.type({ findings: 'two' });
  clock.tick(retryMs);
  await last().fail(conflict);
  assert.equal(last().body.findings, 'one', 'they are said again');
  assert.equal(last().body.revision, 0);
  await last().keep();
  assert.deepEqual([last().body.findings, last().body.revision], ['two', 1]);
  await last().keep();
  assert.equal(keeper.standing, 'kept');
  assert.equal(keeper.revision, 2);
  assert.equal(asked.length, 4);
});

test('but another window’s are still not written over', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  await last().fail(away);
  clock.tick(retryMs);
  await last().fail(conflict);
  await last().fail(conflict);
  assert.equal(keeper.standing, 'conflict');
  assert.equal(asked.length, 3);
});

test('what is not kept goes when the page is left', async () => {
  const { keeper, asked, last } = hub();
  keeper.leave();
  assert.equal(asked.length, 0);
  keeper.type({ findings: 'one' });
  keeper.leave();
  assert.equal(last().body.findings, 'one');
  keeper.type({ findings: 'one and two' });
  keeper.leave();
  assert.deepEqual([last().body.findings, last().body.revision], ['one and two', 1], 'after the one on its way');
});

test('what the hub does not take would be lost with the page', async () => {
  const { keeper, last } = hub();
  assert.equal(keeper.atRisk, false);
  keeper.type({ findings: 'one' });
  assert.equal(keeper.atRisk, false, 'it goes when the page is left');
  clock.tick(settleMs);
  await last().fail(away);
  assert.equal(keeper.atRisk, true);
  clock.tick(retryMs);
  await last().keep();
  assert.equal(keeper.atRisk, false);
  for (const problem of [{ status: 403, rule: 'letter/author' }, conflict]) {
    keeper.type({ findings: `not ${problem.rule}` });
    clock.tick(settleMs);
    await last().fail(problem);
    assert.equal(keeper.atRisk, true);
  }
});

test('what went when the page was left is no other window’s', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  keeper.type({ findings: 'one and two' });
  keeper.leave();
  const [first, left] = asked;
  assert.deepEqual([left.body.findings, left.body.revision], ['one and two', 1]);
  await first.keep();
  keeper.type({ findings: 'one, two and three' });
  clock.tick(settleMs);
  assert.deepEqual([last().body.findings, last().body.revision], ['one, two and three', 1]);
  await last().fail(conflict);
  assert.equal(keeper.standing, 'keeping');
  assert.deepEqual([last().body.findings, last().body.revision], ['one and two', 1], 'it is said again');
  await last().keep();
  assert.deepEqual([last().body.findings, last().body.revision], ['one, two and three', 2]);
  await last().keep();
  assert.equal(keeper.standing, 'kept');
  assert.equal(keeper.revision, 3);
  keeper.type({ findings: 'four' });
  clock.tick(settleMs);
  const before = asked.length;
  await last().fail(conflict);
  assert.equal(asked.length, before, 'what was left then says nothing any more');
  assert.equal(keeper.standing, 'conflict');
});

test('what was left is said again with its own revision only', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  keeper.type({ findings: 'one and two' });
  keeper.leave();
  await asked[0].fail(conflict);
  assert.equal(keeper.standing, 'conflict');
  assert.equal(asked.length, 2, 'another window’s words are not written over');
  assert.equal(last(), asked[1]);
});

test('also when the answer to what it followed was lost', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ findings: 'one' });
  clock.tick(settleMs);
  keeper.type({ findings: 'one and two' });
  keeper.leave();
  await asked[1].keep();
  await asked[0].fail(away);
  clock.tick(retryMs);
  await last().fail(conflict);
  assert.deepEqual([last().body.findings, last().body.revision], ['one', 0]);
  await last().fail(conflict);
  assert.deepEqual([last().body.findings, last().body.revision], ['one and two', 1]);
  await last().keep();
  await last().keep();
  assert.equal(keeper.standing, 'kept');
  assert.equal(keeper.revision, 3);
});

test('an amendment begins with what is signed, and is kept', async () => {
  const { keeper, last } = hub();
  keeper.begin({ findings: 'f', impression: 'i', recommendation: 'r' });
  assert.equal(keeper.begun, true);
  const all = keeper.flush();
  await turns();
  assert.deepEqual(last().body, { revision: 0, findings: 'f', impression: 'i', recommendation: 'r' });
  await last().keep();
  assert.equal(await all, true);
});

test('it is called kept, and may be signed, only when the hub kept what is shown', async () => {
  const { keeper, last } = hub();
  keeper.type({ impression: 'Dose 5 mg is wrong, give 50' });
  let flushed = keeper.flush();
  await turns();
  await last().done({ ...last().body, impression: 'Dose 5 mg', revision: 1, saved_at: '2026-11-24T02:31:00Z', digest: 'other' });
  assert.equal(await flushed, false);
  assert.equal(keeper.standing, 'differs');
  assert.equal(keeper.atRisk, true);
  assert.equal(await keeper.flush(), false, 'nothing is signed');

  keeper.type({ impression: 'Dose 5 mg is wrong, give 50.' });
  flushed = keeper.flush();
  await turns();
  assert.equal(last().body.revision, 1);
  await last().keep();
  assert.equal(await flushed, true);
  assert.equal(keeper.standing, 'kept');
  assert.equal(keeper.digest, 'digest of Dose 5 mg is wrong, give 50.');
});

test('a draft that is not shown as it was kept is kept as it is shown', async () => {
  const { last, keeper } = hub((text) => text.replace('\r', '\n'));
  keeper.load({ findings: '', impression: 'a\rb', recommendation: '', revision: 3, saved_at: '2026-11-24T02:31:00Z', digest: 'x' });
  assert.equal(keeper.words.impression, 'a\nb');
  assert.notEqual(keeper.standing, 'kept');
  clock.tick(settleMs);
  assert.deepEqual([last().body.revision, last().body.impression], [3, 'a\nb']);
  await last().keep();
  assert.equal(keeper.standing, 'kept');
});

test('a repeated act is not taken for words that were kept', async () => {
  const { keeper, asked, last } = hub();
  keeper.type({ impression: 'P' });
  const flushed = keeper.flush();
  await turns();
  await last().done({ repeated: true });
  assert.equal(asked.length, 2);
  assert.deepEqual(last().body, asked[0].body);
  await last().keep();
  assert.equal(await flushed, true);
});
