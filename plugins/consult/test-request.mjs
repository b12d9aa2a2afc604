// SPDX-License-Identifier: LGPL-2.1-or-later
// A request while it is written: which files are taken, and how they get to the hub.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestDraft } from './web/consult-draft.js';
import { adviceOf, kindOf, mostBytes, mostFiles, nameOf, partBytes, partsOf, refusalOf, share } from './web/consult-file.js';

const bytes = (...some) => new Uint8Array(some);
const text = (words) => new TextEncoder().encode(words);
const dicom = new Uint8Array(132);
dicom.set(text('DICM'), 128);

test('a file is what its bytes say', () => {
  assert.equal(kindOf('a.jpg', 'image/jpeg', bytes(0xff, 0xd8, 0xff, 0xe0)), 'image/jpeg');
  assert.equal(kindOf('a.jpg', 'image/jpeg', text('\x89PNG')), null);
  assert.equal(kindOf('a', '', bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)), 'image/png');
  assert.equal(kindOf('a.txt', 'text/plain', text('%PDF-1.4')), 'application/pdf');
  assert.equal(kindOf('IM0001', '', dicom), 'application/dicom');
  assert.equal(kindOf('scan.DCM', '', bytes(0, 1, 2)), 'application/dicom');
  assert.equal(kindOf('blood.txt', '', text('铁蛋白 12 µg/L\n')), 'text/plain');
  assert.equal(kindOf('notes', 'text/plain', text('ئۇيغۇرچە').subarray(0, 7)), 'text/plain', 'the last letter may be cut');
  assert.equal(kindOf('blood.txt', 'text/plain', bytes(0x41, 0xb5, 0x67)), null, 'not UTF-8');
  assert.equal(kindOf('blood.txt', 'text/plain', bytes(0x41, 0)), null);
  assert.equal(kindOf('page.html', 'text/html', text('<html>')), null);
  assert.equal(kindOf('a.zip', 'application/zip', bytes(0x50, 0x4b, 3, 4)), null);
});

test('what hospitals\u2019 programs write is taken', () => {
  assert.equal(kindOf('a.txt', '', bytes(0xff, 0xfe, 0x61, 0, 0x81, 0x94)), 'text/plain', 'UTF-16');
  assert.equal(kindOf('a.txt', '', bytes(0xd1, 0xaa, 0xc7, 0xe5, 0xcc, 0xfa, 0xb5, 0xb0, 0xb0, 0xd7, 0x0d, 0x0a)), 'text/plain', 'GB 18030');
  assert.equal(kindOf('a.txt', '', bytes(0xcc, 0xfa, 0xb5, 0xb0)), null, 'so short it could be Big5');
  assert.equal(kindOf('a.txt', '', bytes(0xa6, 0xe5, 0xac, 0xf5, 0xb3, 0x4a, 0xa5, 0xd5, 0x20, 0xa4, 0x40, 0xa6, 0xca, 0xa4, 0x47, 0xa4, 0x51)), null, 'Big5');
  assert.equal(kindOf('a.txt', '', bytes(0xc8, 0xaf, 0xc0, 0xda, 0xb4, 0xc2, 0x20, 0xbf, 0xec, 0xbb, 0xf3, 0xba, 0xb9, 0xba, 0xce, 0x20, 0xc5, 0xeb, 0xc1, 0xf5)), null, 'Korean');
  assert.equal(kindOf('a.txt', '', bytes(0xc1, 0x94, 0xcb, 0x86, 0x7d, 0x76, 0x20, 0x00, 0x31, 0x00, 0x32, 0x00, 0x0d, 0x00, 0x0a, 0x00)), 'text/plain', 'UTF-16 without its mark');
  assert.equal(kindOf('a.txt', '', bytes(0xc1, 0x94, 0xcb, 0x86, 0x7d, 0x76)), null, 'which could be read both ways');
  assert.equal(kindOf('a.txt', '', bytes(0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72)), null, 'Latin 1');
  assert.equal(kindOf('a.pdf', '', text('\r\n\r\n%PDF-1.4')), 'application/pdf');
  assert.equal(kindOf('IM0001', '', bytes(8, 0, 5, 0, 0x43, 0x53, 10, 0, 0x49)), 'application/dicom');
});

test('the reason names what to do', () => {
  assert.equal(adviceOf('IMG.HEIC', 'image/heic', text('\0\0\0\x18ftypheic')), 'heic');
  assert.equal(adviceOf('a.docx', '', text('PK\x03\x04')), 'office');
  assert.equal(adviceOf('a.gif', 'image/gif', text('GIF89a')), 'picture');
  assert.equal(adviceOf('a.txt', 'text/plain', bytes(0x41, 0xb5, 0x67)), 'encoding');
  assert.equal(adviceOf('a.html', 'text/html', text('<html>')), 'kind');
});

test('a name is one that can be believed', () => {
  assert.equal(nameOf('检查报告 2026.pdf'), '检查报告 2026.pdf');
  assert.equal(nameOf('scan\u202egpj.exe'), 'scangpj.exe');
  assert.equal(nameOf('a\nb.pdf'), 'a b.pdf');
  assert.equal(nameOf(' \u200b\ufeff '), 'file');
  assert.equal(nameOf('می\u200cخواهم.txt'), 'می\u200cخواهم.txt');
  assert.equal(Array.from(nameOf('x'.repeat(300) + '.pdf')).length, 200);
});

test('what is too large or too many is refused before it is looked into', () => {
  assert.equal(refusalOf({ size: mostBytes }, 0), null);
  assert.equal(refusalOf({ size: mostBytes + 1 }, 0), 'size');
  assert.equal(refusalOf({ size: 0 }, 0), 'empty');
  assert.equal(refusalOf({ size: 1 }, mostFiles - 1), null);
  assert.equal(refusalOf({ size: 1 }, mostFiles), 'count');
});

test('parts cover a file', () => {
  assert.deepEqual(partsOf(1), [[0, 1]]);
  assert.deepEqual(partsOf(partBytes), [[0, partBytes]]);
  assert.deepEqual(partsOf(partBytes + 1), [[0, partBytes], [partBytes, partBytes + 1]]);
  assert.equal(partsOf(mostBytes).length, 64);
  assert.deepEqual([share(0, 10), share(9.99, 10), share(10, 10), share(0, 0)], [0, 99, 100, 100]);
});

/** @param {string} name @param {number} [size] */
const png = (name, size = 2 * partBytes + 5) => {
  const content = new Uint8Array(size);
  content.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Object.assign(new Blob([content], { type: 'image/png' }), { name });
};

/** A hub that does as `answer` says, and what it was asked. @param {(said: string) => Promise<unknown> | unknown} [answer] */
function hub(answer = () => {}) {
  const said = [];
  const pauses = [];
  let ids = 0;
  const ask = async (what) => {
    said.push(what);
    await answer(what);
  };
  const draft = new RequestDraft('b', {
    newId: () => `id${++ids}`,
    put: (booking, body) => ask(`put ${body.question}`),
    announce: (booking, item) => ask(`announce ${item.name}`),
    part: (item, part, { size }) => ask(`part ${item.name} ${part} ${size}`),
    remove: (item) => ask(`remove ${item.name}`),
  }, async (ms) => { pauses.push(ms); });
  draft.partner = 'p';
  return { draft, said, pauses };
}
const whole = (draft) => new Promise((done) => {
  const look = () => draft.items.every((one) => one.state === 'whole' || one.state === 'failed') && done();
  draft.addEventListener('change', look);
});

test('files leave at once when there is a question, one after the other', async () => {
  const { draft, said } = hub();
  draft.write({ question: 'Why?' });
  await draft.add([png('a'), png('b', 9)]);
  await whole(draft);
  assert.deepEqual(said, ['put Why?', 'announce a', `part a 0 ${partBytes}`, `part a 1 ${partBytes}`, 'part a 2 5', 'announce b', 'part b 0 9']);
  await draft.save({ wait: true });
  assert.equal(said.length, 7, 'nothing is sent that was sent');
});

test('they wait for a question, and for the button once others have the request', async () => {
  const { draft, said } = hub();
  await draft.add([png('a', 9)]);
  assert.deepEqual(said, []);
  draft.write({ question: 'Why?' });
  draft.begin();
  await whole(draft);
  assert.equal(said.length, 3);

  const later = hub();
  later.draft.eager = false;
  Object.assign(later.draft, { question: 'Why?' });
  later.draft.settle();
  await later.draft.add([png('c', 9)]);
  assert.deepEqual(later.said, []);
  await later.draft.save({ wait: true });
  assert.deepEqual(later.said, ['announce c', 'part c 0 9'], 'words that did not change make no version');
});

test('what the hub gave up is added again as another file, and leaves no name behind', async () => {
  const ids = [];
  const { draft, said } = hub((what) => {
    if (what.startsWith('part')) ids.push(draft.items[0].id);
    if (what === `part a 1 ${partBytes}` && ids.length === 2)
      throw Object.assign(new Error('given up'), { status: 409, rule: 'consult/attachment-abandoned' });
  });
  draft.write({ question: 'Why?' });
  await draft.add([png('a')]);
  await whole(draft);
  assert.equal(draft.items[0].state, 'failed');
  assert.equal(said.at(-1), 'remove a');
  await draft.retry(draft.items[0]);
  assert.equal(draft.items[0].state, 'whole');
  assert.deepEqual(said.slice(-4), ['announce a', `part a 0 ${partBytes}`, `part a 1 ${partBytes}`, 'part a 2 5']);
  assert.notEqual(ids[0], ids.at(-1));
});

test('what is refused is said, and takes no place', async () => {
  const { draft, said } = hub();
  draft.write({ question: 'Why?' });
  draft.there = 9;
  await draft.add([Object.assign(new Blob(['<html>'], { type: 'text/html' }), { name: 'page.html' }), png('a', 9), png('b', 9)]);
  assert.deepEqual(draft.refused, [{ name: 'page.html', why: 'kind' }, { name: 'b', why: 'count' }]);
  await whole(draft);
  assert.deepEqual(said, ['put Why?', 'announce a', 'part a 0 9']);
});

test('a part that fails is sent again after a pause, three times', async () => {
  let failures = 3;
  const first = hub((what) => {
    if (what.startsWith('part a 1') && failures-- > 0)
      throw Object.assign(new Error('away'), { status: 0 });
  });
  first.draft.write({ question: 'Why?' });
  await first.draft.add([png('a')]);
  await whole(first.draft);
  assert.equal(first.draft.items[0].state, 'whole');
  assert.equal(first.pauses.length, 3);

  const away = hub((what) => {
    if (what.startsWith('part a 1'))
      throw Object.assign(new Error('away'), { status: 503 });
  });
  away.draft.write({ question: 'Why?' });
  await away.draft.add([png('a')]);
  await whole(away.draft);
  assert.equal(away.draft.items[0].state, 'failed');
  await assert.rejects(away.draft.save({ wait: true }), { message: 'away' });
  assert.equal(away.said.filter((one) => one.startsWith('part a 0')).length, 1, 'what the hub has is not sent again');
});

test('what the hub refuses is not sent again by itself', async () => {
  let refuses = true;
  const { draft, said, pauses } = hub((what) => {
    if (refuses && what.startsWith('part'))
      throw Object.assign(new Error('not a picture'), { status: 422, rule: 'consult/attachment-type' });
  });
  draft.write({ question: 'Why?' });
  await draft.add([png('a', 9)]);
  await whole(draft);
  assert.equal(draft.items[0].problem.rule, 'consult/attachment-type');
  assert.equal(pauses.length, 0);
  refuses = false;
  await draft.retry(draft.items[0]);
  assert.equal(draft.items[0].state, 'whole');
  assert.equal(said.filter((one) => one.startsWith('announce')).length, 2, 'what was refused has left the hub');
});

test('a file that is taken away is stopped and removed', async () => {
  let go = () => {};
  const { draft, said } = hub((what) => (what.startsWith('part a 0') ? new Promise((done) => { go = () => done(undefined); }) : undefined));
  draft.write({ question: 'Why?' });
  await draft.add([png('a'), png('b', 9)]);
  await new Promise((done) => { setTimeout(done, 5); });
  const [a] = draft.items;
  const removed = draft.remove(a);
  go();
  await removed;
  await whole(draft);
  assert.deepEqual(draft.items.map((one) => [one.name, one.state]), [['b', 'whole']]);
  assert.ok(said.includes('remove a') && !said.includes(`part a 1 ${partBytes}`));
});

test('an emergency waits for nothing, and asks what it is about', async () => {
  const empty = hub();
  empty.draft.instead = 'Stroke';
  await empty.draft.save({ wait: false });
  assert.deepEqual(empty.said, [], 'nothing written, nothing sent');

  let go = () => {};
  const { draft, said } = hub((what) => (what.startsWith('part') ? new Promise((done) => { go = () => done(undefined); }) : undefined));
  draft.instead = 'Stroke';
  await draft.add([png('a', 9)]);
  assert.deepEqual(said, []);
  await draft.save({ wait: false });
  assert.equal(said[0], 'put Stroke');
  await new Promise((done) => { setTimeout(done, 5); });
  assert.equal(draft.busy, true);
  go();
  await whole(draft);
});

test('a discarded request stops, and goes on when the discard is undone', async () => {
  let go = () => {};
  const { draft } = hub((what) => (what === `part a 0 ${partBytes}` ? new Promise((done) => { go = () => done(undefined); }) : undefined));
  draft.write({ question: 'Why?' });
  await draft.add([png('a')]);
  await new Promise((done) => { setTimeout(done, 5); });
  draft.abandon();
  go();
  await new Promise((done) => { setTimeout(done, 5); });
  assert.equal(draft.items[0].state, 'failed');
  draft.resume();
  await whole(draft);
  assert.equal(draft.items[0].state, 'whole');
});

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

test('a discard that is undone in time stops nothing, whoever undoes it', async () => {
  const { draft } = hub();
  let forgotten = 0;
  draft.write({ question: 'Why?' });
  draft.discard(10, () => { forgotten++; });
  draft.resume();
  await draft.add([png('a', 9)]);
  await whole(draft);
  await pause(20);
  assert.equal(draft.items[0].stop.signal.aborted, false);
  assert.equal(forgotten, 0);
  draft.discard(10, () => { forgotten++; });
  await pause(20);
  assert.equal(forgotten, 1);
});

test('what was written and not sent is asked for before the page is closed', async () => {
  const { draft } = hub();
  assert.equal(draft.unsent, false);
  draft.write({ history: 'No fever.' });
  assert.equal(draft.unsent, true);
  draft.write({ history: '  ' });
  assert.equal(draft.unsent, false, 'nothing is written');
  draft.write({ question: 'Why?' });
  draft.discard(10);
  assert.equal(draft.unsent, false, 'it is discarded');
  draft.resume();
  assert.equal(draft.unsent, true);
  draft.settle();
  assert.equal(draft.unsent, false, 'the hub has it');
});

test('what was stopped is sent by trying again, and by the button', async () => {
  const way = { retry: (draft) => draft.retry(draft.items[0]), save: (draft) => draft.save({ wait: true }) };
  for (const [name, act] of Object.entries(way)) {
    const { draft, said } = hub();
    await draft.add([png('a', 9)]);
    draft.abandon();
    draft.write({ question: 'Why?' });
    assert.equal(draft.items[0].state, 'failed');
    await act(draft);
    assert.equal(draft.items[0].state, 'whole', name);
    assert.deepEqual(said, ['put Why?', 'announce a', 'part a 0 9']);
  }
});

test('a discard that is undone while a part is stopped sends it again', async () => {
  let stopped = (error) => assert.fail(String(error));
  let first = true;
  const { draft, said } = hub((what) => {
    if (what !== `part a 1 ${partBytes}` || !first)
      return undefined;
    first = false;
    return new Promise((done, fail) => { stopped = fail; });
  });
  draft.write({ question: 'Why?' });
  await draft.add([png('a')]);
  await pause(5);
  draft.abandon();
  draft.resume();
  stopped(new DOMException('stopped', 'AbortError'));
  await whole(draft);
  assert.equal(draft.items[0].state, 'whole');
  assert.equal(said.filter((one) => one.startsWith('part a 0')).length, 1, 'what the hub has is not sent again');
});

test('a text follows the version that its writer saw', async () => {
  const versions = [];
  let refuse = false;
  const draft = new RequestDraft('b', {
    ...hub().hub, put: async (_booking, body) => {
      versions.push(body.version);
      if (refuse)
        throw Object.assign(new Error('changed'), { status: 409, rule: 'consult/request-version' });
      return { version: 7 };
    },
  });
  draft.partner = 'p';
  draft.write({ question: 'How?' });
  await draft.save({ wait: true });
  assert.deepEqual(versions, [undefined], 'a new one follows none');
  draft.seen = 6;
  draft.write({ question: 'How now?' });
  await draft.save({ wait: true });
  draft.write({ question: 'And now?' });
  refuse = true;
  await assert.rejects(draft.save({ wait: true }));
  assert.deepEqual(versions, [undefined, 6, 7]);
  assert.ok(draft.says({ history: '', question: 'And now?' }));
});
