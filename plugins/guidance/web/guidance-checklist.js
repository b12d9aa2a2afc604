// SPDX-License-Identifier: LGPL-2.1-or-later
// A checklist that is read back: an expert opens it and asks one item after the other, who is at the
// patient's side confirms each by a tap.

import { _, announce, button, clock, html, nameOf, nothing, selectField } from '@karez/desk';

/** @typedef {Record<string, string>} Names in the three languages */
/** @typedef {{id: string, version: string, title: Names, items: Names[]}} Text a file of the hospital's */
/** Who asked and confirmed an item, and when, in ms by the host's clock. @typedef {{asked?: number, confirmed?: number, by?: string}} Item */
/** @typedef {import('./guidance-panel.js').GuidancePanel} Panel */

/** Tells 'change'; 'asked', a CustomEvent with the item's text; and 'refuse', a CustomEvent with {rule, message, accepted}. */
export class Readback extends EventTarget {
  constructor() {
    super();
    /** Of the one that is open; '' for none. */
    this.id = '';
    /** @type {Text | null} */
    this.text = null;
    /** @type {Item[]} */
    this.items = [];
    /** What of this page's the worker has not answered: an item's number, -1 for opening and closing. @type {number | null} */
    this.busy = null;
  }

  forget() {
    Object.assign(this, { id: '', text: null, items: [], busy: null });
    this.dispatchEvent(new Event('change'));
  }

  /** A message of the channel "checklist". @param {string} text */
  take(text) {
    const message = JSON.parse(text);
    this.busy = null;
    switch (message.type) {
      case 'begin':
        this.forget();
        break;
      case 'opened':
        this.id = message.id;
        this.text = message.checklist;
        this.items = message.checklist.items.map(() => ({}));
        break;
      case 'asked':
        this.items[message.item] = { ...this.items[message.item], asked: message.at };
        this.dispatchEvent(new CustomEvent('asked', { detail: this.text?.items[message.item] }));
        break;
      case 'confirmed':
        this.items[message.item] = { ...this.items[message.item], confirmed: message.at, by: message.name };
        break;
      case 'closed':
        this.forget();
        break;
      case 'refused':
        this.dispatchEvent(new CustomEvent('refuse', { detail: message }));
        break;
    }
    this.dispatchEvent(new Event('change'));
  }

  /** Asked and not confirmed, the first of them; -1 for none. */
  get waiting() {
    return this.items.findIndex(({ asked, confirmed }) => asked !== undefined && confirmed === undefined);
  }

  /** The first that nobody asked; -1 for none. */
  get next() {
    return this.items.findIndex(({ asked }) => asked === undefined);
  }
}

/** At the site: one item, large, and one button. @param {Panel} panel */
export function readBack(panel) {
  const { readback } = panel;
  const at = readback.waiting;
  return at < 0 || !readback.text ? nothing : html`<section class="guidance-asked" aria-label=${nameOf(readback.text.title)}>
    <p><small>${nameOf(readback.text.title)} · ${_('%s of %s', at + 1, readback.items.length)}</small><b>${nameOf(readback.text.items[at])}</b></p>
    <button class="guidance-control" type="button" ?disabled=${readback.busy === at} @click=${() => panel.confirmItem(at)}>${_('Done')}</button></section>`;
}

/** @param {Panel} panel @param {Names} text @param {number} at */
function item(panel, text, at) {
  const { readback } = panel;
  const { asked, confirmed, by } = readback.items[at] ?? {};
  const state = confirmed !== undefined ? 'confirmed' : asked !== undefined ? 'asked' : 'open';
  return html`<li data-state=${state}><span class="guidance-sign" aria-hidden="true">${{ confirmed: '✓', asked: '…', open: '○' }[state]}</span>
    <span><bdi>${nameOf(text)}</bdi>${confirmed !== undefined ? html`<small>${_('confirmed by %s at %s', by ?? '', clock(confirmed))}</small>`
      : asked !== undefined ? html`<small>${_('asked at %s', clock(asked))}</small>` : nothing}</span>
    ${state === 'open' && panel.isExpert ? button({ label: _('Ask'), kind: at === readback.next ? 'primary' : 'plain', busy: readback.busy === at, onclick: () => panel.askItem(at) }) : nothing}</li>`;
}

/** The experts' side. @param {Panel} panel */
export function checklist(panel) {
  const { readback, library } = panel;
  if (readback.text)
    return html`<section class="guidance-checklist" aria-labelledby="guidance-checklist-title"><h2 id="guidance-checklist-title">${nameOf(readback.text.title)}</h2>
      <ol class="plain">${readback.text.items.map((one, at) => item(panel, one, at))}</ol>
      ${panel.isExpert ? button({ label: _('Close the checklist'), kind: 'quiet', busy: readback.busy === -1, onclick: () => panel.closeChecklist() }) : nothing}</section>`;
  if (!panel.isExpert || !library.length)
    return nothing;
  return html`<section class="guidance-checklist" aria-labelledby="guidance-checklist-title"><h2 id="guidance-checklist-title">${_('Checklist')}</h2>
    ${selectField({ id: 'guidance-checklist-choice', label: _('Which one'), value: panel.chosenList || library[0]?.id || '',
      choices: library.map((one) => [one.id, nameOf(one.title)]), onchange: (value) => { panel.chosenList = value; } })}
    ${button({ label: _('Open the checklist'), busy: readback.busy === -1, onclick: () => panel.openChecklist() })}</section>`;
}

/** Said aloud to who looks at the patient. @param {Names} text */
export const sayAsked = (text) => announce(_('Checklist: %s', nameOf(text)));
