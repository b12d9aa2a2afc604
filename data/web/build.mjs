// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the desk: bundles with hashes in their names, the page that names them, gzip variants, and
// the list from which the hub's resource is compiled.
//
//   node build.mjs OUT [--depfile FILE --target NAME]
//
// OUT/desk/… is what is served; OUT/karez-desk.gresource.xml lists it under /org/karez/desk/.

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { languages, readCatalogue } from './po.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const compressed = new Set(['.js', '.css', '.json', '.svg', '.html']);

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();

/** What the scripts of plugins share with the desk: what they import, and the entry point it is. */
const sharedModules = { lit: 'lit', '@karez/desk': 'karez-desk', '@karez/media': 'karez-media' };
const sharedSources = { lit: 'src/shared/lit.js', '@karez/desk': 'src/shared/desk.js', '@karez/media': 'src/shared/media.js' };

/** The page's import map. Lit's parts are in the module that has all of Lit.
 * @param {(source: string) => string} addressOf an entry point */
async function importMap(addressOf) {
  const lit = await readFile(join(here, sharedSources.lit), 'utf8');
  const modules = Object.fromEntries(Object.entries(sharedSources).map(([name, source]) => [name, addressOf(source)]));
  for (const [, part] of lit.matchAll(/from '(lit\/[a-z/-]+\.js)'/g))
    modules[part] = modules.lit;
  return JSON.stringify({ imports: modules });
}

async function bundle(out) {
  const esbuild = await import('esbuild').catch(() => {
    throw new Error(`nothing is installed in ${relative(root, here)}: run npm ci --ignore-scripts there first`);
  });
  const result = await esbuild.build({
    entryPoints: [
      { in: join(here, 'src/app.js'), out: 'assets/app' },
      { in: join(here, 'src/desk.css'), out: 'assets/desk' },
      ...Object.entries(sharedSources).map(([name, source]) => ({ in: join(here, source), out: `assets/${sharedModules[name]}` })),
    ],
    outdir: out, bundle: true, splitting: true, format: 'esm', target: 'es2022', minify: true, charset: 'utf8', legalComments: 'none',
    entryNames: '[dir]/[name]-[hash]', chunkNames: 'assets/[name]-[hash]', assetNames: 'assets/[name]-[hash]', metafile: true,
    nodePaths: [join(here, 'node_modules')], absWorkingDir: root, logLevel: 'warning',
  });
  return result.metafile;
}

/** @param {string} out @param {string} path */
async function put(out, path, text) {
  const file = join(out, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return `/${path}`;
}

/** Everything below a folder. @param {string} folder @returns {Promise<string[]>} */
async function walk(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const lists = await Promise.all(entries.map((one) => (one.isDirectory() ? walk(join(folder, one.name)) : [join(folder, one.name)])));
  return lists.flat().sort();
}

/** @param {string} text for an attribute in single quotes */
const attribute = (text) => text.replace(/&/g, '&amp;').replace(/'/g, '&#39;');

/** What the first page needs besides its script, so that it is asked for at once. */
function preloads(outputs, script) {
  const wanted = new Set();
  const follow = (path) => {
    for (const one of outputs[path]?.imports ?? [])
      if (one.kind === 'import-statement' && !wanted.has(one.path)) {
        wanted.add(one.path);
        follow(one.path);
      }
  };
  follow(script);
  return [...wanted];
}

export async function build(target) {
  const out = join(target, 'desk');
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const meta = await bundle(out);
  const outputs = Object.entries(meta.outputs);
  const web = (path) => `/${relative(out, resolve(root, path))}`;
  const outputOf = (source, extension) => outputs.find(([path, one]) =>
    one.entryPoint && resolve(root, one.entryPoint) === source && path.endsWith(extension))?.[0];

  const inputs = [...Object.keys(meta.inputs).map((one) => resolve(root, one)).filter((one) => !one.includes('node_modules')),
    join(here, 'src/index.html'), join(here, 'src/favicon.svg'), join(here, 'package-lock.json')];
  const catalogues = {};
  for (const language of languages) {
    const file = join(root, 'po', `${language}.po`);
    inputs.push(file);
    const text = JSON.stringify(await readCatalogue(file, { onlyJs: true }));
    catalogues[language] = await put(out, `assets/po/${language}-${hash(text)}.json`, text);
  }
  const icon = await readFile(join(here, 'src/favicon.svg'), 'utf8');
  const script = outputOf(join(here, 'src/app.js'), '.js');
  const page = (await readFile(join(here, 'src/index.html'), 'utf8'))
    .replace('@CATALOGUES@', attribute(JSON.stringify(catalogues)))
    .replace('@IMPORTS@', await importMap((source) => web(outputOf(join(here, source), '.js'))))
    .replace('@ICON@', await put(out, `assets/favicon-${hash(icon)}.svg`, icon))
    .replace('@STYLE@', web(outputOf(join(here, 'src/desk.css'), '.css')))
    .replace('@PRELOADS@', preloads(meta.outputs, script).map((path) => `<link rel="modulepreload" href="${web(path)}">`).join('\n'))
    .replace('@SCRIPT@', web(script));
  await put(out, 'index.html', page);

  for (const file of await walk(out))
    if (compressed.has(file.slice(file.lastIndexOf('.'))))
      await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
  const files = (await walk(out)).map((file) => `    <file alias="${relative(out, file)}">${relative(target, file)}</file>`);
  await writeFile(join(target, 'karez-desk.gresource.xml'),
    `<?xml version="1.0" encoding="UTF-8"?>\n<gresources>\n  <gresource prefix="/org/karez/desk">\n${files.join('\n')}\n  </gresource>\n</gresources>\n`);
  return { inputs, meta, out };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { depfile: { type: 'string' }, target: { type: 'string' } } });
  if (positionals.length !== 1) {
    console.error('usage: node build.mjs OUT [--depfile FILE --target NAME]');
    process.exit(2);
  }
  try {
    const { inputs } = await build(resolve(positionals[0]));
    if (values.depfile)
      await writeFile(values.depfile, `${values.target}: ${inputs.map((one) => one.replace(/ /g, '\\ ')).join(' ')}\n`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
