// SPDX-License-Identifier: LGPL-2.1-or-later
// What the hubs answered against what the API's description says that they answer.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { api as described } from './api.mjs';

const source = process.env.KAREZ_SOURCE ?? '/nonexistent';
const require = createRequire(path.join(source, 'data/web/package.json'));
const { default: Ajv } = require('ajv/dist/2020.js');
const { default: addFormats } = require('ajv-formats');

const api = structuredClone(described);
const base = '/api/v1';
/** A member that is not described is a fault of the description, too. @param {any} node */
function close(node) {
  if (node === null || typeof node !== 'object') return;
  if (node.type === 'object' && node.properties && node.additionalProperties === undefined) node.additionalProperties = false;
  Object.values(node).forEach(close);
}
close(api);
const ajv = new Ajv({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addSchema({ ...api, $id: 'openapi.json' });

const routes = Object.entries(api.paths).map(([template, methods]) => ({
  pattern: new RegExp(`^${template.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^/]+')}$`),
  fixed: template.split('{').length, // the fewer places, the more it means this path
  template, methods,
})).sort((a, b) => a.fixed - b.fixed);

/** @type {Map<string, (value: unknown) => boolean>} */
const validators = new Map();
/** @type {Map<string, string>} one fault of each kind */
const faults = new Map();
/** Operations and statuses that were seen. @type {Set<string>} */
const seen = new Set();

/** Where in the document the answer's schema stands. @param {string} template @param {string} method @param {number} status */
function placeOf(template, method, status) {
  const escape = (/** @type {string} */ part) => part.replace(/~/g, '~0').replace(/\//g, '~1');
  const given = api.paths[template][method]?.responses?.[status];
  if (!given) return null;
  const [answer, place] = given.$ref
    ? [given.$ref.slice(2).split('/').reduce((/** @type {any} */ at, /** @type {string} */ part) => at[part], api), given.$ref]
    : [given, `#/paths/${escape(template)}/${method}/responses/${status}`];
  const [type] = Object.keys(answer.content ?? {}).filter((one) => one.endsWith('json'));
  if (!type && answer.content) return undefined; // a file is as it is
  return type ? `openapi.json${place}/content/${escape(type)}/schema` : '';
}

/** Remembers what is wrong with an answer. @param {string} method @param {string} where with its query
 * @param {number} status @param {string} text */
export function observe(method, where, status, text) {
  const [name] = where.split('?');
  if (!name.startsWith(`${base}/`)) return;
  const route = routes.find(({ pattern, methods }) => pattern.test(name.slice(base.length)) && methods[method.toLowerCase()]);
  const say = (/** @type {string} */ key, /** @type {string} */ what) => faults.set(key, `${method} ${name}, ${status}: ${what}`);
  if (!route) {
    if (status !== 404 && status !== 405) say(`${method} ${name}`, 'is not described');
    return;
  }
  const key = `${method} ${route.template} ${status}`;
  seen.add(key);
  const place = placeOf(route.template, method.toLowerCase(), status);
  if (place === null) say(key, 'this status is not described');
  else if (place === undefined) return;
  else if (place === '') {
    if (text !== '') say(key, 'has a body');
  } else {
    if (!validators.has(key)) validators.set(key, ajv.compile({ $ref: encodeURI(place) }));
    const check = /** @type {any} */ (validators.get(key));
    let body;
    try { body = JSON.parse(text); } catch { say(key, `no JSON: ${text.slice(0, 80)}`); return; }
    if (!check(body)) say(key, `${ajv.errorsText(check.errors.slice(0, 4))}; ${text.slice(0, 300)}`);
  }
}

/** What the hub may send to a page, by type, with its members. */
const frames = new Map([...fs.readFileSync(path.join(source, 'data/api/live.md'), 'utf8').split(/^## /m).filter((part) => part.startsWith('To the page')).join('')
  .matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)].map(([, type, members]) => [type, new Set([...members.matchAll(/`(\w+)`/g)].map(([, one]) => one))]));
assert.ok(frames.size > 5, 'data/api/live.md describes frames');
/** Types of frames that were seen. @type {Set<string>} */
const heard = new Set();

/** Remembers what is wrong with a frame of the live WebSocket. @param {string} text */
export function observeFrame(text) {
  const { type, ...members } = JSON.parse(text);
  const known = frames.get(type);
  heard.add(type);
  if (!known) faults.set(`frame ${type}`, `data/api/live.md has no frame ${type}: ${text.slice(0, 200)}`);
  for (const name of Object.keys(members))
    if (known && !known.has(name)) faults.set(`frame ${type} ${name}`, `data/api/live.md has no member ${name} of ${type}`);
}

/** Every answer so far is as it is described. */
export function assertKept() {
  assert.deepEqual([...faults.values()], [], 'answers are not as the API’s description says');
  console.log(`${seen.size} kinds of answers and ${heard.size} of frames (${[...heard].sort().join(', ')}) are as described`);
}
