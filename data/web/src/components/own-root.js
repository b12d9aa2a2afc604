// SPDX-License-Identifier: LGPL-2.1-or-later
// How phones and PCs come to trust a hub that is its own authority: the way to its root, as a QR code, and the
// fingerprint by which it is known.

import { html, svg } from 'lit';
import { api } from '../api.js';
import { _ } from '../i18n.js';
import { dayLong } from '../time.js';
import { KarezElement, Loader } from './element.js';
import { shown } from './parts.js';

/** Light modules around a code (ISO/IEC 18004). */
const quiet = 4;
const bytesInGroup = 4;

/** Runs of dark modules, each row a line of a path. @param {string[]} rows */
const outline = (rows) => rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`)).join('');

/** Drawn in black on white in both schemes: not every camera reads the reverse. @param {string[]} rows @param {string} label */
const code = (rows, label) => html`<svg class="qr" role="img" aria-label=${label} viewBox="${-quiet} ${-quiet} ${rows.length + 2 * quiet} ${rows.length + 2 * quiet}" shape-rendering="crispEdges">
  ${svg`<path d=${outline(rows)} />`}</svg>`;

/** In groups, so that it can be compared by eye. @param {string} print "AB:CD:…" */
const groups = (print) => {
  const bytes = print.split(':');
  return Array.from({ length: bytes.length / bytesInGroup }, (_one, i) => bytes.slice(i * bytesInGroup, (i + 1) * bytesInGroup).join(' '));
};

export class OwnRoot extends KarezElement {
  constructor() {
    super();
    /** @type {Loader<import('../types.js').Root>} */
    this.root = new Loader(this, () => api.get('/system/root'));
  }

  /** @param {import('../types.js').Root} root */
  content({ qr, address, sha256, expires_at: end }) {
    return html`<div class="own-root">
      ${code(qr, _('QR code of %s', address))}
      <div>
        <ol>
          <li>${_('Scan the code with a phone, or open the address on a PC: it loads the file karez-root.crt.')}
            <p><a href=${address}><bdi dir="ltr">${address}</bdi></a></p></li>
          <li>${_('Install it as the certificate of a certificate authority (CA). On iOS, switch it on under “Certificate Trust Settings” as well.')}</li>
          <li>${_('Compare the SHA-256 fingerprint that is shown there with this one, all of it. If it differs, remove the certificate: somebody else may read along.')}
            <p class="fingerprint" dir="ltr">${groups(sha256).map((group) => html`<code>${group}</code> `)}</p></li>
        </ol>
        <p class="hint">${_('It vouches for this hub and for nothing else, until %s.', dayLong(end))}</p>
      </div></div>`;
  }

  render() {
    return html`<section class="card" aria-labelledby="sys-root"><h2 id="sys-root">${_('This hub on phones and PCs')}</h2>
      <p class="hint">${_('This hub is its own certificate authority. Browsers warn of it, and phones give no camera, until they have been given its root.')}</p>
      ${shown(this.root, (root) => this.content(root), { lines: 4 })}</section>`;
  }
}
customElements.define('karez-own-root', OwnRoot);
