// SPDX-License-Identifier: LGPL-2.1-or-later
// The linters see what they are to forbid: each is shown a fault, and the same without.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { ESLint } from 'eslint';
import stylelint from 'stylelint';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

/** rule, text with the fault, text without. @type {[string, string, string][]} */
const scripts = [
  ['eqeqeq', 'export const a = (b) => b == 1;', 'export const a = (b) => b == null || b === 1;'],
  ['no-restricted-properties', 'export const a = (b, c) => { b.innerHTML = c; };', 'export const a = (b, c) => { b.textContent = c; };'],
  ['no-restricted-imports', "import { unsafeHTML } from 'lit/directives/unsafe-html.js';\nexport default unsafeHTML;", "import { repeat } from 'lit/directives/repeat.js';\nexport default repeat;"],
  ['no-fallthrough', 'export const a = (b) => { switch (b) { case 1: b++; case 2: return b; default: return 0; } };', 'export const a = (b) => { switch (b) { case 1: case 2: return b; default: return 0; } };'],
  ['no-unsafe-finally', 'export const a = () => { try { return 1; } finally { return 2; } };', 'export const a = () => { try { return 1; } finally { a(); } };'],
  ['radix', 'export const a = (b) => parseInt(b);', 'export const a = (b) => parseInt(b, 10);'],
];

/** @type {[string, string, string][]} */
const sheets = [
  ['property-disallowed-list', 'a { margin-left: 1px; }', 'a { margin-inline-start: 1px; }'],
  ['declaration-property-value-disallowed-list', 'a { text-align: left; }', 'a { text-align: start; }'],
  ['no-duplicate-selectors', 'a { color: #fff; } a { margin: 0; }', 'a { color: #fff; margin: 0; }'],
  ['property-no-unknown', 'a { colour: #fff; }', 'a { color: #fff; }'],
  ['unit-no-unknown', 'a { margin: 1pixel; }', 'a { margin: 1px; }'],
];

const eslint = new ESLint({ overrideConfigFile: path.join(here, 'eslint.config.mjs'), cwd: path.join(here, '../..') });
for (const [rule, bad, good] of scripts)
  test(rule, async () => {
    const rules = async (/** @type {string} */ text) => (await eslint.lintText(text, { filePath: 'data/web/src/a.js' }))[0].messages.map((one) => one.ruleId);
    assert.deepEqual(await rules(bad), [rule]);
    assert.deepEqual(await rules(good), []);
  });
for (const [rule, bad, good] of sheets)
  test(rule, async () => {
    const rules = async (/** @type {string} */ code) => (await stylelint.lint({ code, configFile: path.join(here, 'stylelint.config.mjs') })).results[0].warnings.map((one) => one.rule);
    assert.deepEqual(await rules(bad), [rule]);
    assert.deepEqual(await rules(good), []);
  });
