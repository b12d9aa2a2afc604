// SPDX-License-Identifier: LGPL-2.1-or-later
// Seeded changes of valid messages: of their JSON, of their bytes, of what stands around them.

/** A generator of numbers from 0 up to 1 (mulberry32). @param {number} seed */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What breaks others' parsers, databases, logs and pages; each is a JSON text. */
const texts = [
  'null', 'true', 'false', '0', '-0', '1e400', '-1e400', '1e-400', '9223372036854775807', '9223372036854775808',
  '-9223372036854775809', '0.1', '1.0', '01', '0x10', '+1', 'NaN', 'Infinity', '[]', '{}', '[[]]', '{"":""}', "'x'",
  '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00x"', '"\\ud83d\\ude00"', '"\\u202eexe.pdf"', '"\\u200b"',
  '"\\u3164"', '"\\ufeff"', '"\\uffff"', '"\\u0007"', '"\\u007f"', '"\\u2028"', '"\\n"', '"\\r\\n"', '"\t"', '"..\\/..\\/etc\\/passwd"',
  // eslint-disable-next-line no-template-curly-in-string -- it is what others take for theirs
  '"%s%n%d"', '"\'; drop table agenda.booking; --"', '"<script>alert(1)</script>"', '"${jndi:ldap://x}"',
  '"00000000-0000-0000-0000-000000000000"', '"01930000-0000-7000-8000-00000000A001"', '"{01930000-0000-7000-8000-000000000001}"',
  '"2026-02-30T00:00:00Z"', '"2026-11-29T25:00:00+08:00"', '"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:60Z"', '"infinity"', '"now"',
  '"2026-11-29T14:30:00+99:00"', '"administrator"', '"live"', '"ended"', '/* x */ 1', '\ufeff1', '1,', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}',
];

export class Mutator {
  /** @param {number} seed @param {string[]} ids of other things, to put in place of one */
  constructor(seed, ids) {
    this.next = random(seed);
    this.ids = ids;
  }

  /** A whole number from 0 up to `end`. @param {number} end */
  below(end) {
    return Math.floor(this.next() * end);
  }

  /** @template T @param {T[]} list @returns {T} */
  one(list) {
    return list[this.below(list.length)];
  }

  /** What stands for a value. @returns {string} */
  value() {
    switch (this.below(8)) {
      case 0: return JSON.stringify(this.one(this.ids));
      case 1: return JSON.stringify('长'.repeat(1 + this.below(60000)));
      case 2: return `${'['.repeat(1 + this.below(3000))}`;
      case 3: return `[${Array(1 + this.below(3000)).fill('0').join(',')}]`;
      default: return this.one(texts);
    }
  }

  /** The text of a value with some of its parts changed. @param {any} value @param {number} rate */
  print(value, rate) {
    if (this.next() < rate) return this.value();
    if (Array.isArray(value)) return `[${value.map((one) => this.print(one, rate)).join(',')}]`;
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    const members = [];
    for (const [name, one] of Object.entries(value)) {
      const roll = this.next();
      const text = `${JSON.stringify(name)}:${this.print(one, rate)}`;
      if (roll < rate / 4) continue;
      members.push(text);
      if (roll > 1 - rate / 4) members.push(`${JSON.stringify(name)}:${this.value()}`);
    }
    if (this.next() < rate / 2) members.push(`"${this.one(['id', 'roles', '__proto__', 'constructor', 'hospital', 'x'])}":${this.value()}`);
    return `{${members.join(',')}}`;
  }

  /** Bytes with some of them changed. @param {Buffer} bytes */
  bytes(bytes) {
    const copy = Buffer.from(bytes);
    for (let n = 1 + this.below(4); n > 0 && copy.length; n--) copy[this.below(copy.length)] = this.below(256);
    return this.next() < 0.3 ? copy.subarray(0, this.below(copy.length + 1)) : copy;
  }

  /** A message's body. @param {any} body @returns {Buffer} */
  body(body) {
    const text = Buffer.from(this.print(body, this.one([0.02, 0.1, 0.3])));
    return this.next() < 0.3 ? this.bytes(text) : text;
  }

  /** An address with some of its parts changed: still one that HTTP can carry. @param {string} where */
  path(where) {
    if (this.next() < 0.6) return where;
    const parts = where.split('/');
    const at = 1 + this.below(parts.length - 1);
    parts[at] = this.one([
      this.one(this.ids), this.one(this.ids).toUpperCase(), '', '.', '..', '%2e%2e', '%2f', '%00', '%', '%zz', '%ff%fe', '%e2%80%ae', '0',
      'x'.repeat(1 + this.below(4000)), `${parts[at]}%20`, `${parts[at]};a=b`, `${parts[at]}?limit=${this.one(['0', '-1', '1e9', '', '%00'])}`,
      `${parts[at]}?from=${this.one(['', 'x', '2026-13-01', '%00', 'infinity'])}&from=2`, `${parts[at]}?${'a=b&'.repeat(500)}`,
    ]);
    return parts.join('/');
  }

  /** Headers beside the usual ones. @returns {Record<string, string>} */
  headers() {
    if (this.next() < 0.7) return {};
    return this.one([
      { 'content-type': this.one(['text/plain', 'application/json; charset=gb18030', 'application/JSON', 'multipart/form-data; boundary=', '']) },
      { 'idempotency-key': this.one(['', 'x', '0'.repeat(5000), '00000000-0000-0000-0000-000000000000', `${this.one(this.ids)}`]) },
      { 'accept-language': this.one(['', '*', 'ug;q=2', `${'zh,'.repeat(2000)}`, 'zh-CN;q=0.000000001', ';;;;']) },
      { origin: this.one(['null', 'http://evil.example', 'file://', '']) },
      { 'x-forwarded-for': this.one(['198.51.100.7:1', '[::1]', 'unknown', `${'1.1.1.1,'.repeat(500)}`]) },
      { range: this.one(['bytes=0-', 'bytes=-1', 'bytes=5-1', `bytes=${'0-1,'.repeat(2000)}0-1`, 'lines=1-2']) },
      { 'if-none-match': this.one(['*', '"', `${'"x",'.repeat(200)}`]) },
      { 'accept-encoding': this.one(['', 'gzip;q=0', 'identity;q=0', '*;q=0', `${'gzip,'.repeat(300)}`]) },
      { 'x-karez-token': this.one(['', 'x', 'é']) },
      { cookie: this.one([';;;', '=;=', `a=${'b'.repeat(9000)}`, '__Host-karez=; __Host-karez=x']) },
    ]);
  }
}
