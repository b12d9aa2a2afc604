// SPDX-License-Identifier: LGPL-2.1-or-later
// The other reader of fuzz-json: V8's, which every page uses. A document in, by its length in four
// bytes, and out in the same way what it says: "-" where it is no JSON, else each value on a line.
import { readSync, writeSync } from 'node:fs';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const hex = text => Buffer.from(text, 'utf8').toString('hex');

function* say(value) {
  if (typeof value === 'string')
    yield `s${hex(value)}`;
  else if (typeof value === 'number') {
    const bits = Buffer.alloc(8);

    bits.writeDoubleBE(value === 0 ? 0 : value);
    yield `n${bits.toString('hex')}`;
  } else if (Array.isArray(value)) {
    yield `[${value.length}`;
    for (const one of value)
      yield* say(one);
  } else if (value !== null && typeof value === 'object') {
    const names = Object.keys(value).map(name => [hex(name), name]).sort();

    yield `{${names.length}`;
    for (const [spelled, name] of names) {
      yield `m${spelled}`;
      yield* say(value[name]);
    }
  } else
    yield String(value);
}

function answer(bytes) {
  let value;

  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return '-';
  }
  try {
    return [...say(value)].join('\n');
  } catch (error) {
    return error instanceof RangeError ? '!' : '?'; // too deep to say
  }
}

function readFully(size) {
  const bytes = Buffer.alloc(size);

  for (let at = 0; at < size;) {
    const n = readSync(0, bytes, at, size - at);

    if (n === 0)
      process.exit(0);
    at += n;
  }
  return bytes;
}

for (;;) {
  const said = Buffer.from(answer(readFully(readFully(4).readUInt32BE())), 'latin1');
  const size = Buffer.alloc(4);

  size.writeUInt32BE(said.length);
  for (let out = Buffer.concat([size, said]); out.length > 0;)
    out = out.subarray(writeSync(1, out));
}
