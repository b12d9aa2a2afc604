// SPDX-License-Identifier: LGPL-2.1-or-later
// The experts' page: the scene in the middle, tools at the left thumb, who is there at the right.

import { _, button, clock, html, keyHint, may, ngettext, nothing, repeat, singleKeys } from '@karez/desk';
import { checklist } from './guidance-checklist.js';
import { accepted, shownDocument, shownThere } from './guidance-document.js';
import { colours, mostText } from './guidance-marks.js';
import { fullScreen } from './guidance-site.js';

/** @typedef {import('./guidance-panel.js').GuidancePanel} Panel */
/** @typedef {import('./guidance-tools.js').Chosen} Chosen */

/** @type {() => [Chosen, string, string, string][]} */
const tools = () => [['pen', _('Pen'), 'P', '✎'], ['arrow', _('Arrow'), 'A', '↗'], ['circle', _('Circle'), 'C', '○'], ['text', _('Text'), 'T', 'T'], ['pointer', _('Pointer'), 'L', '•']];

/** @param {Panel} panel */
function toolbar(panel) {
  const chosen = panel.tools?.chosen;
  const own = panel.marks.own(panel.account).length;
  return html`<div class="guidance-tools" role="toolbar" aria-label=${_('Tools')}>
    ${tools().map(([tool, label, key, sign]) => html`<button class="guidance-tool" type="button" aria-pressed=${tool === chosen ? 'true' : 'false'}
      aria-keyshortcuts=${singleKeys() ? key : nothing} @click=${() => panel.choose(tool)}><span class="guidance-sign" aria-hidden="true">${sign}</span><span>${label}</span>${keyHint(key)}</button>`)}
    <button class="guidance-tool" type="button" aria-pressed=${panel.picture?.frozen ? 'true' : 'false'} aria-keyshortcuts=${singleKeys() ? 'F' : nothing}
      @click=${() => panel.freeze()}><span class="guidance-sign" aria-hidden="true">${panel.picture?.frozen ? '▷' : '‖'}</span><span>${panel.picture?.frozen ? _('Go on') : _('Freeze')}</span>${keyHint('F')}</button>
    <button class="guidance-tool" type="button" ?disabled=${own === 0} aria-keyshortcuts=${singleKeys() ? 'Z' : nothing}
      @click=${() => panel.undo()}><span class="guidance-sign" aria-hidden="true">↶</span><span>${_('Undo')}</span>${keyHint('Z')}</button>
    <button class="guidance-tool" type="button" ?disabled=${own === 0} @click=${() => panel.clearOwn()}><span class="guidance-sign" aria-hidden="true">✕</span><span>${_('Clear mine')}</span></button>
    ${may('guidance.picture.write') ? html`<button class="guidance-tool" type="button" ?disabled=${panel.keeping || !panel.picture?.seen} aria-keyshortcuts=${singleKeys() ? 'S' : nothing}
      @click=${() => void panel.snapshot()}><span class="guidance-sign" aria-hidden="true">▣</span><span>${_('Snapshot')}</span>${keyHint('S')}</button>` : nothing}
    ${may('guidance.picture.read') ? fullPicture(panel) : nothing}${may('guidance.picture.write') ? documents(panel) : nothing}${microphone(panel)}</div>`;
}

/** Asks for one; while it comes it says how far it is. @param {Panel} panel */
function fullPicture(panel) {
  const { waiting } = panel.stills;
  const word = !waiting ? _('Full picture') : waiting.state === 'asked' ? _('Asked for…') : _('On its way…');
  return html`<button class="guidance-tool" type="button" ?disabled=${!waiting && !panel.picture?.seen} aria-disabled=${waiting ? 'true' : nothing} aria-busy=${waiting ? 'true' : nothing}
    aria-keyshortcuts=${singleKeys() ? 'V' : nothing} @click=${() => panel.askStill()}><span class="guidance-sign" aria-hidden="true">${
      waiting ? html`<i class="spinner"></i>` : '⛶'}</span><span>${word}</span>${keyHint('V')}</button>`;
}

/** Shows files at the patient's side. @param {Panel} panel */
function documents(panel) {
  return html`<button class="guidance-tool" type="button" ?disabled=${panel.sending !== null} aria-keyshortcuts=${singleKeys() ? 'D' : nothing}
    @click=${() => panel.chooseDocument()}><span class="guidance-sign" aria-hidden="true">▤</span><span>${_('Document')}</span>${keyHint('D')}</button>
    <input id="guidance-document" type="file" accept=${accepted} multiple hidden @change=${(/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      const files = [...input.files ?? []];
      input.value = '';
      if (files.length)
        void panel.showDocument(files);
    }}>`;
}

/** Full pictures that can be looked at. @param {Panel} panel */
function stills(panel) {
  const offered = panel.stills.offered.filter((one) => one !== panel.stills.open);
  return offered.length ? html`<ul class="plain guidance-stills" aria-label=${_('Full pictures')}>${repeat(offered, ({ id }) => id, (one) => html`<li data-item=${one.id}>
    <span>${_('Full picture')} <small><bdi>${clock(one.at)}</bdi> · ${one.own ? _('asked for by you') : html`<bdi>${panel.nameOf(one.by)}</bdi>`}${one.state === 'coming' ? html` · ${_('on its way')}` : nothing}</small></span>
    ${button({ label: _('Open'), name: _('Open the full picture of %s', clock(one.at)), busy: one.wanted && !one.image && one.state !== 'failed', onclick: () => panel.stills.want(one) })}</li>`)}</ul>` : nothing;
}

/** Talk always works. @param {Panel} panel */
function microphone(panel) {
  const heard = panel.devices.isOn('microphone');
  return html`<button class="guidance-tool ${heard ? '' : 'off'}" type="button" ?disabled=${panel.devices.asking} aria-keyshortcuts=${singleKeys() ? 'M' : nothing}
    @click=${() => void panel.toggle('microphone')}><span class="guidance-sign" aria-hidden="true">${heard ? '●' : '○'}</span><span>${heard ? _('Mute') : _('Unmute')}</span>${keyHint('M')}</button>`;
}

/** What is said over the picture. @param {Panel} panel */
function word(panel) {
  const { picture, marks } = panel;
  if (panel.quiet())
    return panel.quiet();
  if (!panel.shownFrom())
    return _('Nobody shows a scene yet.');
  if (!picture?.seen)
    return _('The scene is not seen now: its camera is off, or the picture is on its way.');
  if (!panel.isExpert)
    return '';
  if (!picture.timed)
    return _('This browser does not say when a frame was taken: nothing can be drawn on it here.');
  if (marks.tracker === false)
    return marks.all.size ? _('The tracker does not run: marks stay lost until it is back. Talk and point.') : _('Marks cannot be drawn yet. Talk and point.');
  if (picture.frozen && panel.tools?.disabled)
    return _('This frame is too old to draw on. Let the picture move.');
  if (picture.waits)
    return _('The marks wait: they come back when they fit the picture.');
  const lost = marks.lost.length;
  return lost ? ngettext('%s mark is lost, and not shown at the site.', '%s marks are lost, and not shown at the site.', lost) : '';
}

/** @param {Panel} panel */
function writing(panel) {
  return panel.typing ? html`<form class="guidance-writing" @submit=${(/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    panel.typed(/** @type {HTMLInputElement} */ (panel.querySelector('#guidance-text')).value.trim());
  }} @keydown=${(/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape')
      panel.typed('');
  }}><label for="guidance-text">${_('Text at that place')}</label><input id="guidance-text" maxlength=${mostText} autocomplete="off" dir="auto">
    ${button({ label: _('Write'), kind: 'primary', type: 'submit' })}${button({ label: _('Cancel'), kind: 'quiet', onclick: () => panel.typed('') })}</form>` : nothing;
}

/** Whose colour is whose. @param {Panel} panel */
const authors = (panel) => panel.marks.authors.map(({ name }, at) => html`<span class="guidance-author"><i class="guidance-colour" data-colour=${at % colours.length} aria-hidden="true"></i><bdi>${name}</bdi></span>`);

/** @param {Panel} panel */
export function experts(panel) {
  const told = word(panel);
  const way = panel.way();
  const { open } = panel.stills;
  return html`<div class="guidance-desk">${panel.isExpert ? toolbar(panel) : nothing}
    <div class=${open || panel.showing.view ? 'guidance-beside' : ''}>${open ? html`<karez-guidance-viewer .still=${open} .by=${panel.nameOf(open.by)} @leave=${() => panel.closeStill()}></karez-guidance-viewer>` : shownDocument(panel)}
    <div class="guidance-picture">${panel.picture?.canvas}${told ? html`<p class="guidance-word" role="status">${told}</p>` : nothing}${writing(panel)}</div>${
      shownThere(panel)}${panel.isExpert ? stills(panel) : nothing}
    <p class="guidance-foot">${authors(panel)}${way ? html`<span class="hint">${way}</span>` : nothing}${panel.isExpert ? nothing : microphone(panel)}${fullScreen(panel)}</p></div>${checklist(panel)}</div>`;
}
