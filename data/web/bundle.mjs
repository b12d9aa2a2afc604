// SPDX-License-Identifier: LGPL-2.1-or-later
// Bundles scripts and style sheets of a plugin, each with what it imports of its own; what it shares
// with the desk stays an import (the import map of the page has it). For a plugin of many files: one
// of few can be served as it is.
//
//   node bundle.mjs OUT FILE… [--depfile FILE --target NAME]

import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals: [out, ...files] } = parseArgs({ allowPositionals: true, options: { depfile: { type: 'string' }, target: { type: 'string' } } });
if (!files.length) {
  console.error('usage: node bundle.mjs OUT FILE… [--depfile FILE --target NAME]');
  process.exit(2);
}
const { build } = await import('esbuild').catch(() => {
  console.error('nothing is installed in data/web: run npm ci --ignore-scripts there first');
  process.exit(1);
});
const result = await build({
  entryPoints: files, outdir: out, bundle: true, format: 'esm', target: 'es2022', minify: true, charset: 'utf8', legalComments: 'none',
  external: ['lit', 'lit/*', '@karez/*'], metafile: true, logLevel: 'warning',
}).catch(() => process.exit(1));
if (values.depfile)
  await writeFile(values.depfile, `${values.target}: ${Object.keys(result.metafile.inputs).map((one) => resolve(one).replace(/ /g, '\\ ')).join(' ')}\n`);
