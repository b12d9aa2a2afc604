// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds the desk: bundles with hashes in their names, the page that names them, gzip variants, and
// the list from which the hub's resource is compiled.
//
//   node build.mjs OUT [--depfile FILE --target NAME]
//
// OUT/desk/… is what is served; OUT/karez-desk.gresource.xml lists it under /org/karez/desk/.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { languages, readCatalogue } from './po.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const compressed = new Set(['.js', '.css', '.json', '.svg', '.html']);

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase();

/** @param {string} keyfile @param {string} group @param {string} key */
function keyfileValue(keyfile, group, key) {
  const start = keyfile.indexOf(`\n[${group}]`);
  const section = start < 0 ? '' : keyfile.slice(start + 1).split(/\n\[/)[0];
  return new RegExp(`^${key}=(.*)$`, 'm').exec(section)?.[1].trim();
}

/**
 * The panels of the plugins in the tree: plugins/NAME/web/*-panel.js, each of which defines one
 * element, for the modality of its plugin's keyfile, and may name two more that it imports: its
 * parts of the composer and of a booking. Beside it NAME.css is what they wear, and NAME-words.js what
 * the desk says of them elsewhere.
 */
async function findPanels() {
  const plugins = join(root, 'plugins');
  const found = [];
  for (const plugin of existsSync(plugins) ? await readdir(plugins) : []) {
    const web = join(plugins, plugin, 'web');
    for (const file of existsSync(web) ? (await readdir(web)).filter((name) => name.endsWith('-panel.js')) : []) {
      const source = await readFile(join(web, file), 'utf8');
      const element = /customElements\.define\(\s*['"]([a-z][a-z0-9-]*-[a-z0-9-]+)['"]/.exec(source)?.[1];
      const keyfile = join(plugins, plugin, `${plugin}.plugin`);
      const modality = keyfileValue(await readFile(keyfile, 'utf8'), 'Modality', 'Id');
      if (!element || !modality)
        throw new Error(`${join(web, file)}: a panel defines one element, and its plugin's keyfile names its modality`);
      const part = (kind) => new RegExp(`^  static ${kind} = '([a-z][a-z0-9-]*-[a-z0-9-]+)';`, 'm').exec(source)?.[1];
      const name = basename(file, '-panel.js');
      const beside = (/** @type {string} */ one) => (existsSync(join(web, one)) ? join(web, one) : undefined);
      found.push({ name, path: join(web, file), modality, keyfile, style: beside(`${name}.css`), words: beside(`${name}-words.js`),
        told: { element, lobby: /^ {2}static lobby = true;/m.test(source), compose: part('compose'), booking: part('booking') } });
    }
  }
  return found;
}

async function bundle(out, panels) {
  const esbuild = await import('esbuild').catch(() => {
    throw new Error(`nothing is installed in ${relative(root, here)}: run npm ci --ignore-scripts there first`);
  });
  const result = await esbuild.build({
    entryPoints: [
      { in: join(here, 'src/app.js'), out: 'assets/app' },
      { in: join(here, 'src/desk.css'), out: 'assets/desk' },
      ...panels.flatMap((panel) => [panel.path, panel.style, panel.words]).filter((one) => one !== undefined)
        .map((one) => ({ in: one, out: `assets/panels/${basename(one).replace(/\.[a-z]+$/, '')}` })),
    ],
    outdir: out, bundle: true, splitting: true, format: 'esm', target: 'es2022', minify: true, charset: 'utf8', legalComments: 'none',
    entryNames: '[dir]/[name]-[hash]', chunkNames: 'assets/[name]-[hash]', assetNames: 'assets/[name]-[hash]', metafile: true,
    alias: { '@karez/i18n': join(here, 'src/i18n.js'), '@karez/components': join(here, 'src/components/index.js'),
      '@karez/media': join(here, 'src/media.js'), '@karez/media-echo': join(here, 'src/media-echo.js') },
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
  const panels = await findPanels();
  const meta = await bundle(out, panels);
  const outputs = Object.entries(meta.outputs);
  const web = (path) => `/${relative(out, resolve(root, path))}`;
  const outputOf = (source, extension) => outputs.find(([path, one]) =>
    one.entryPoint && resolve(root, one.entryPoint) === source && path.endsWith(extension))?.[0];

  const inputs = [...panels.map((panel) => panel.keyfile), ...Object.keys(meta.inputs).map((one) => resolve(root, one)).filter((one) => !one.includes('node_modules')),
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
    .replace('@PANELS@', attribute(JSON.stringify(Object.fromEntries(panels.map((panel) =>
      [panel.modality, { address: web(outputOf(panel.path, '.js')), ...panel.told,
        style: panel.style && web(outputOf(panel.style, '.css')), words: panel.words && web(outputOf(panel.words, '.js')) }])))))
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
