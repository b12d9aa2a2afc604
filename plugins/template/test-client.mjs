// SPDX-License-Identifier: LGPL-2.1-or-later
// The page's half of the note against a host made here of the same rules: random edits, delays, lost
// connections and a host that comes back. And against the cases that test-note.c checks too.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { NoteClient, changeAll, difference, join, points, transform } from './web/template-client.js';

/** A small generator with a seed. @param {number} seed */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const words = ['血压 ', '120/80', 'بېسىم', 'ئۇيغۇرچە ', '🩺', '👩🏽‍⚕️', '\n', 'a', ''];

test('either order of two lists gives the same text', () => {
  const random = randomFrom(7);
  for (let i = 0; i < 5000; i++) {
    const text = points('ئۇيغۇرچە血压高🩺abcdef');
    const lists = [0, 1].map((which) => {
      const edits = [];
      let now = text;
      for (let n = 1 + random(4); n > 0; n--) {
        const position = random(now.length + 1);
        edits.push({ position, remove: Math.min(random(9), now.length - position), insert: points((which ? 'B' : 'A').repeat(random(3))) });
        now = changeAll(now, edits.slice(-1));
      }
      return edits;
    });
    const [later, earlier] = transform(lists[0], lists[1]);
    assert.equal(changeAll(changeAll(text, lists[1]), later).join(''), changeAll(changeAll(text, lists[0]), earlier).join(''));
  }
});

test('the same cases come out as in C', () => {
  const cases = JSON.parse(readFileSync(new URL('test-transform.json', import.meta.url), 'utf8'));
  const read = (edits) => edits.map(([position, remove, insert]) => ({ position, remove, insert: points(insert) }));
  const write = (edits) => edits.map((edit) => [edit.position, edit.remove, edit.insert.join('')]);
  assert.ok(cases.length >= 200);
  for (const one of cases) {
    const [later, earlier] = transform(read(one.later), read(one.earlier));
    assert.deepEqual([write(later), write(earlier)], [one.newLater, one.newEarlier]);
  }
});

test('edits that touch become one', () => {
  const random = randomFrom(3);
  let joined = 0;
  for (let i = 0; i < 5000; i++) {
    const text = points('abcdefghij');
    const first = { position: random(8), remove: random(3), insert: points('XYZ'.slice(random(3))) };
    const middle = changeAll(text, [first]);
    const position = random(middle.length);
    const next = { position, remove: Math.min(random(4), middle.length - position), insert: points('uv'.slice(random(2))) };
    const both = join(first, next);
    if (both)
      joined++;
    assert.equal(changeAll(text, both ? [both] : [first, next]).join(''), changeAll(middle, [next]).join(''));
  }
  assert.ok(joined > 1000);
});

test('a difference makes the one text of the other', () => {
  const random = randomFrom(4);
  for (let i = 0; i < 2000; i++) {
    const [a, b] = [0, 1].map(() => points(Array.from({ length: random(12) }, () => '🩺ab血'[random(2)] ?? '血').join('')));
    assert.equal(changeAll(a, difference(a, b)).join(''), b.join(''));
  }
});

/** The host's half, as template-note.c does it. */
class Host {
  constructor() {
    this.text = [];
    this.revision = 0;
    this.history = [];
    this.ids = [];
  }

  note() {
    return { type: 'note', revision: this.revision, text: this.text.join(''), authors: [], edits: this.ids.slice(-32) };
  }

  submit(body) {
    if (this.ids.includes(body.edit))
      return this.history.filter((one) => one.edit === body.edit);
    if (body.revision > this.revision || this.revision - body.revision > this.history.length)
      return { type: 'refused', edit: body.edit, rule: 'note/revision' };
    let parts = [{ position: body.position, remove: body.remove, insert: points(body.insert) }];
    for (const one of this.history.slice(this.history.length - (this.revision - body.revision)))
      [parts] = transform(parts, [{ ...one, insert: points(one.insert) }]);
    this.ids.push(body.edit);
    return parts.map((part, at) => {
      assert.ok(part.position + part.remove <= this.text.length);
      this.text = changeAll(this.text, [part]);
      const applied = { type: 'edit', edit: body.edit, revision: ++this.revision, position: part.position,
        remove: part.remove, insert: part.insert.join(''), more: at + 1 < parts.length, author: { name: 'n' } };
      this.history.push(applied);
      return applied;
    });
  }
}

function converge(seed, { cuts = false, restarts = false } = {}) {
  const random = randomFrom(seed);
  let host = new Host();
  let saved = host.note();
  let ids = 0;
  const pages = Array.from({ length: 2 + (seed % 3) }, () => {
    const page = { up: [], down: [], connected: true, shown: '' };
    page.client = new NoteClient((body) => {
      if (page.connected)
        page.up.push(structuredClone(body));
      return page.connected;
    }, () => `id-${++ids}`);
    page.take = (body) => {
      const edits = page.client.receive(body);
      page.shown = edits ? changeAll(points(page.shown), edits).join('') : page.client.view.join('');
      // What is shown by steps is what would be shown anew.
      assert.equal(page.shown, page.client.view.join(''));
    };
    page.take(host.note());
    return page;
  });
  const tell = (page, body) => page.connected && page.down.push(body);
  const hostTakes = (page, body) => {
    if (body.type === 'resync')
      return tell(page, host.note());
    const known = host.ids.includes(body.edit);
    const answer = host.submit(body);
    if (!Array.isArray(answer))
      return tell(page, answer);
    for (const part of answer)
      for (const one of known ? [page] : pages)
        tell(one, part);
  };
  const step = (page) => {
    if (page.up.length && random(2))
      hostTakes(page, page.up.shift());
    if (page.down.length && random(2))
      page.take(page.down.shift());
  };
  for (let i = 0; i < 600; i++) {
    const page = pages[random(pages.length)];
    if (random(4) === 0) {
      const text = points(page.shown);
      const position = random(text.length + 1);
      page.shown = changeAll(text, [{ position, remove: Math.min(random(8), text.length - position), insert: points(words[random(words.length)]) }]).join('');
      page.client.type(page.shown);
    }
    if (cuts && random(40) === 0) {
      page.connected = !page.connected;
      page.up = [];
      page.down = [];
      if (page.connected)
        tell(page, host.note());
    }
    if (random(20) === 0)
      saved = host.note();
    if (restarts && random(120) === 0) {
      // The worker comes back with its last checkpoint: no history, less text than some saw.
      host = Object.assign(new Host(), { text: points(saved.text), revision: saved.revision, ids: [...saved.edits] });
      for (const one of pages) {
        one.up = [];
        one.down = [];
        tell(one, host.note());
      }
    }
    step(page);
  }
  for (const page of pages)
    if (!page.connected) {
      page.connected = true;
      tell(page, host.note());
    }
  for (let i = 0; i < 20000 && pages.some((page) => page.up.length || page.down.length || page.client.pending); i++) {
    for (const page of pages) {
      step(page);
      // As the panel does after 4 s without an answer.
      if (!page.up.length && !page.down.length && page.client.pending)
        page.client.retry();
    }
  }
  for (const page of pages) {
    assert.equal(page.client.pending, false);
    assert.equal(page.shown, host.text.join(''));
    assert.equal(page.client.revision, host.revision);
  }
  return host.revision;
}

test('pages with delays agree', () => {
  for (let seed = 1; seed <= 40; seed++)
    assert.ok(converge(seed) > 20);
});

test('pages that lose their connection agree', () => {
  for (let seed = 1; seed <= 40; seed++)
    converge(seed, { cuts: true });
});

test('pages agree after a host that came back with less', () => {
  for (let seed = 1; seed <= 40; seed++)
    converge(seed, { cuts: true, restarts: true });
});

test('what is refused is kept for its author', () => {
  const sent = [];
  const client = new NoteClient((body) => sent.push(body) > 0, () => 'id');
  client.receive({ type: 'note', revision: 0, text: '', authors: [], edits: [] });
  client.type('too long');
  assert.equal(sent.at(-1).insert, 'too long');
  client.receive({ type: 'refused', edit: 'id', rule: 'note/size', message: 'm' });
  assert.equal(client.view.join(''), '');
  assert.equal(client.refused.text, 'too long');
  assert.equal(client.pending, false);
});

test('what no message has room for is refused and not lost', () => {
  const said = [];
  let n = 0;
  const client = new NoteClient((body) => { said.push(body); return true; }, () => `id-${n++}`);
  client.receive({ type: 'note', revision: 0, text: 'Before. ' });
  assert.equal(client.ready, true);
  const before = said.length;
  for (const [text, rule] of [['患者男性'.repeat(10000), 'note/size'], ['🩺'.repeat(15001), 'note/paste']]) {
    assert.equal(client.type(`Before. ${text}`), false);
    assert.deepEqual([client.refused?.body.rule, client.refused?.text], [rule, text]);
    assert.equal(client.view.join(''), 'Before. ');
  }
  assert.equal(said.length, before, 'and nothing of it is said');
  assert.equal(client.type('Before. After.'), true);
  assert.ok(said.slice(before).every((body) => Buffer.byteLength(JSON.stringify(body)) < 65536));
});
