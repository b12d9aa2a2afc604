// SPDX-License-Identifier: LGPL-2.1-or-later
// The API's description, the hub's and that of the plugins in the tree, as a hub serves it.

import fs from 'node:fs';
import path from 'node:path';

const source = process.env.KAREZ_SOURCE ?? '/nonexistent';
const read = (/** @type {string} */ file) => JSON.parse(fs.readFileSync(path.join(source, file), 'utf8'));

export const api = read('data/api/openapi.json');
for (const plugin of fs.readdirSync(path.join(source, 'plugins')).filter((one) => fs.existsSync(path.join(source, 'plugins', one, 'api.json')))) {
  const { tags, paths, components } = read(`plugins/${plugin}/api.json`);
  api.tags.push(...tags);
  Object.assign(api.paths, paths);
  Object.assign(api.components.schemas, components.schemas);
}
