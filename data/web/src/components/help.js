// SPDX-License-Identifier: LGPL-2.1-or-later
// The keys of the desk, all on one sheet.

import { html } from 'lit';
import { _ } from '../i18n.js';
import { isSingle, singleKeys, useSingleKeys } from '../keys.js';
import { panelKeys } from '../panels.js';
import { onState, state } from '../state.js';
import { KarezElement } from './element.js';
import { button, checkField } from './parts.js';

export class Help extends KarezElement {
  constructor() {
    super();
    // Nothing lies over the door.
    onState(() => {
      if (!state.me)
        this.querySelector('dialog')?.close();
    });
  }

  async open() {
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector('dialog')?.showModal();
  }

  render() {
    /** @type {[string, string][]} */
    const keys = [
      ['N', _('New session')], ['E', _('Emergency session')], ['/', _('Search on this page')],
      ['A', _('Accept the first request, or the one that is open')], ['R', _('Go to the next actions')],
      ['← → ↑ ↓', _('Move among sessions and in lists')], ['↵', _('Open what is in focus')],
      ['Ctrl ↵', _('Send the request')], ['Esc', _('Close the panel or menu')],
      ...panelKeys().map(([key, text]) => /** @type {[string, string]} */ ([key, _(text)])), ['?', _('This sheet')],
    ];
    const on = singleKeys();
    return html`<dialog aria-labelledby="help-title"><h2 id="help-title">${_('Keys')}</h2>
      ${checkField({ label: _('Single keys act'), checked: on, onchange: useSingleKeys,
        hint: _('In this browser. Turn them off where the computer is spoken to, or keys are touched by accident.') })}
      <dl class="keys">${keys.filter(([key]) => on || !isSingle(key)).map(([key, text]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
      <p class="hint">${_('While you are in a session, only its own keys act: nobody leaves it by a letter.')}</p>
      <div class="row-end">${button({ label: _('Close'), onclick: () => this.querySelector('dialog')?.close() })}</div></dialog>`;
  }
}
customElements.define('karez-help', Help);
