// SPDX-License-Identifier: LGPL-2.1-or-later
// The small pieces that pages are made of. Plain functions: each gives a template.

import { html, nothing, svg } from 'lit';
import { _ } from '../i18n.js';
import { isSingle, singleKeys } from '../keys.js';
import { state } from '../state.js';
import { cleanField } from '../text.js';
import { clock, clockAfter, clockInXinjiang, day, hubNow, range, saidTime, startOfDay } from '../time.js';

/** @typedef {import('lit').TemplateResult} TemplateResult */
/** @typedef {import('../api.js').Problem} Problem */
/** @typedef {unknown} Content */

const paths = {
  search: svg`<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 4 4"/>`,
  close: svg`<path d="m4 4 8 8m0-8-8 8"/>`,
  before: svg`<path d="M10 3 5 8l5 5"/>`,
  after: svg`<path d="m6 3 5 5-5 5"/>`,
  more: svg`<path d="M3 5h10M3 8h10M3 11h10"/>`,
  alarm: svg`<path d="M8 2 1.5 13.5h13zM8 6.5v3.5m0 1.8v.2"/>`,
  person: svg`<circle cx="8" cy="5.2" r="2.7"/><path d="M2.8 14c.4-3 2.4-4.6 5.2-4.6s4.8 1.6 5.2 4.6"/>`,
};

/** One of the few pictures that everyone knows. @param {keyof typeof paths} name */
export const icon = (name) => html`<svg class="icon ${name === 'before' || name === 'after' ? 'turns' : ''}"
  viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor"
  stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">${paths[name]}</svg>`;

/** The three wells and their channel. */
export const mark = () => html`<svg class="mark" viewBox="0 0 26 26" width="26" height="26"
  aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2"><circle cx="4" cy="6"
  r="2.4"/><circle cx="13" cy="6" r="2.4"/><circle cx="22" cy="6" r="2.4"/><path
  d="M4 9v9M13 9v10M22 9v11M2 18c6 0 14 2 22 4" stroke-linecap="round"/></svg>`;

/** Whether it does something in this browser. @param {string | undefined} key */
const acts = (key) => key !== undefined && (!isSingle(key) || singleKeys());

/** @param {string | undefined} key */
export const keyHint = (key) => (acts(key) ? html`<kbd aria-hidden="true">${key}</kbd>` : nothing);

/** @param {Event} event */
const ignore = (event) => event.preventDefault();

/**
 * A button with a verb on it. `busy` while the hub is asked: it keeps the focus and does nothing; `why` says beside it why it is off.
 * @param {{label: Content, kind?: 'plain' | 'primary' | 'danger' | 'danger-plain' | 'quiet', key?: string,
 *   busy?: boolean, disabled?: boolean, why?: string, type?: 'button' | 'submit', id?: string,
 *   name?: string, onclick?: (event: Event) => void}} options
 */
export function button({
  label, kind = 'plain', key, busy = false, disabled = false, why, type = 'button', id, name, onclick,
}) {
  return html`<button class="button ${kind}" type=${type} id=${id ?? nothing}
      ?disabled=${disabled} aria-disabled=${busy ? 'true' : nothing} aria-busy=${busy ? 'true' : nothing}
      aria-label=${name ?? nothing} aria-keyshortcuts=${key === 'Ctrl ↵' ? 'Control+Enter' : acts(key) ? key : nothing} @click=${busy ? ignore : onclick}
      >${busy ? html`<span class="spinner" aria-hidden="true"></span>` : nothing}${label}${keyHint(key)}</button
    >${disabled && why ? html`<small class="why">${why}</small>` : nothing}`;
}

/** @param {string} state names the colour and the shape @param {Content} text */
export const pill = (state, text) =>
  html`<span class="pill" data-state=${state}><i aria-hidden="true"></i>${text}</span>`;

/** @param {'T0' | 'T1' | 'T2' | 'T3'} tier @param {string} word */
export const urgencyMark = (tier, word) =>
  html`<span class="urgency" data-tier=${tier}><i aria-hidden="true"></i>${word}</span>`;

/** A time with both clocks. @param {import('../time.js').Moment} moment */
export function timePair(moment) {
  const other = startOfDay(moment) !== startOfDay(hubNow());
  return html`<span class="times">${other ? html`<bdi>${day(moment)}</bdi> ` : nothing}<time
    datetime=${new Date(moment).toISOString()}><bdi>${clock(moment)}</bdi></time> <span
    class="second"><bdi>${clockInXinjiang(moment)}</bdi> ${_('Xinjiang')}</span></span>`;
}

/** A time inside a sentence. @param {import('../time.js').Moment} moment */
export const timeIn = (moment) => html`<time datetime=${new Date(moment).toISOString()}>${saidTime(moment)}</time>`;

/** A sentence of the hub's: times by the reader's clocks, each value in its own direction.
 * @param {import('../types.js').SentencePart[]} parts */
export const sentence = (parts) => parts.map((part) => (typeof part === 'string' ? part
  : html`<bdi>${'time' in part ? timeIn(part.time) : part.text}</bdi>`));


/** From and to, with both clocks; what also says a day may be wider than its place. @param {string} from @param {string} to */
export function span(from, to) {
  const [here, there] = [range(clock(from), clockAfter(from, to)), range(clockInXinjiang(from), clockAfter(from, to, 'xinjiang'))];
  return html`<span class="times ${/\p{L}/u.test(here + there) ? 'dated' : ''}"><bdi>${here}</bdi> <span
  class="second"><bdi>${there}</bdi> ${_('Xinjiang')}</span></span>`;
}

/**
 * A message whose %s are templates: names and times keep their own direction.
 * @param {string} text a translated message
 * @param {...Content} values
 */
export function say(text, ...values) {
  let next = 0;
  return text.split(/(%(?:\d\$)?s)/).map((part) => {
    const place = /^%(?:(\d)\$)?s$/.exec(part);
    if (!place)
      return part;
    const value = values[place[1] ? Number(place[1]) - 1 : next++];
    return html`<bdi>${value}</bdi>`;
  });
}

/**
 * A label, what it labels, a hint and what is wrong with it.
 * @param {{id: string, label: Content, hint?: Content, error?: Content, optional?: boolean, wide?: boolean,
 *   control: (attributes: {id: string, describedBy: string | typeof nothing, invalid: 'true' | typeof nothing}) => Content}} options
 */
export function field({ id, label, hint, error, optional = false, wide = false, control }) {
  const described = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return html`<div class="field ${wide ? 'wide' : ''}">
    <label for=${id}>${label}${optional ? html` <span class="optional">${_('optional')}</span>` : nothing}</label>
    ${control({ id, describedBy: described || nothing, invalid: error ? 'true' : nothing })}
    <small class="hint cleaned" role="status"></small>
    ${hint ? html`<small id="${id}-hint" class="hint">${hint}</small>` : nothing}
    ${error ? html`<small id="${id}-error" class="error-text" role="alert">${error}</small>` : nothing}
  </div>`;
}

/** To the first of what is wrong in a form, with what is said of it. @param {HTMLElement} form */
export function leadToWrong(form) {
  const input = /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"], .pick:has(.error-text) input'));
  input?.focus({ preventScroll: true });
  // A message stands below its input: where a bar lies over the page, that would be under it.
  input?.closest('.field, .pick, fieldset')?.scrollIntoView({ block: 'center' });
}

/** Says under a field that something of what was put in was left out, until more is typed. @param {HTMLElement} field @param {boolean} cleaned */
function sayCleaned(field, cleaned) {
  const place = field.closest('.field')?.querySelector('.cleaned');
  if (place)
    place.textContent = cleaned ? _('Characters that cannot be kept were left out. Check the text.') : '';
}

/** Code points, as the hub counts them. @param {string} value */
const lengthOf = (value) => [...value].length;

/** What is said of a text that is longer than the hub takes; '' of others. @param {string} value @param {number | undefined} max */
export const tooLong = (value, max) =>
  (max !== undefined && lengthOf(value) > max ? _('At most %1$s characters; there are %2$s.', max, lengthOf(value)) : '');

/**
 * A text. No bound of the input's own, which would cut what is pasted without a word: what is longer than `max` stays, and
 * is said to be too long.
 * @param {{id: string, label: Content, value: string, hint?: Content, error?: Content, optional?: boolean, wide?: boolean,
 *   type?: string, autocomplete?: string, max?: number, required?: boolean, lines?: number, dir?: 'auto' | 'ltr', lang?: string,
 *   placeholder?: string, oninput: (value: string) => void}} options
 */
export function textField(options) {
  const { id, value, type = 'text', autocomplete = 'off', max, required = !options.optional, lines,
    dir = 'auto', lang, placeholder, oninput } = options;
  /** @param {Event} event */
  const input = (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (type === 'text')
      sayCleaned(field, cleanField(field));
    oninput(field.value);
  };
  return field({
    ...options,
    error: options.error || tooLong(value, max) || undefined,
    control: ({ describedBy, invalid }) =>
      lines
        ? html`<textarea id=${id} rows=${lines} .value=${value} dir=${dir}
            placeholder=${placeholder ?? nothing} aria-describedby=${describedBy} aria-invalid=${invalid}
            ?required=${required} @input=${input}></textarea>`
        : html`<input id=${id} type=${type} .value=${value} dir=${dir}
            lang=${lang ?? nothing} autocomplete=${autocomplete} autocapitalize=${dir === 'ltr' ? 'none' : nothing} placeholder=${placeholder ?? nothing}
            aria-describedby=${describedBy} aria-invalid=${invalid} ?required=${required}
            spellcheck="false" @input=${input}>`,
  });
}

/** The bounds of a password that is chosen, as the hub has them. */
const bounds = () => state.hello?.password ?? { min: 15, max: 256 };

export const passwordHint = () =>
  _('%1$s to %2$s characters of any kind, with spaces: four words that have nothing in common are easy to keep in mind.', bounds().min, bounds().max);

/** What is wrong with the length of a password that is chosen, or ''. @param {string} value */
export function wrongLength(value) {
  const { min, max } = bounds();
  return lengthOf(value) < min ? _('At least %s characters.', min) : lengthOf(value) > max ? _('At most %s characters.', max) : '';
}

/** @param {Event} event */
function toggleShown(event) {
  const toggle = /** @type {HTMLElement} */ (event.currentTarget);
  const input = /** @type {HTMLInputElement} */ (toggle.previousElementSibling);
  const shown = input.type === 'password';
  input.type = shown ? 'text' : 'password';
  toggle.setAttribute('aria-pressed', String(shown));
  input.focus();
}

/**
 * A password, which can be pasted and looked at. No bound of the input's own, which would cut what
 * is pasted without a word.
 * @param {{id: string, label: Content, value: string, autocomplete: string, hint?: Content, error?: Content, optional?: boolean,
 *   oninput: (value: string) => void}} options
 */
export const passwordField = (options) =>
  field({
    ...options,
    control: ({ id, describedBy, invalid }) => html`<span class="password"><input id=${id} type="password" .value=${options.value} dir="ltr"
      autocomplete=${options.autocomplete} aria-describedby=${describedBy} aria-invalid=${invalid} ?required=${!options.optional}
      autocapitalize="off" spellcheck="false" @input=${(/** @type {Event} */ event) => options.oninput(/** @type {HTMLInputElement} */ (event.target).value)}
      ><button type="button" class="button quiet small" aria-pressed="false" aria-controls=${id} @click=${toggleShown}>${_('Show')}<span class="unseen"> ${options.label}</span></button></span>`,
  });

/**
 * @param {{id: string, label: Content, value: string, hint?: Content, error?: Content, optional?: boolean, wide?: boolean,
 *   choices: [string, string][], onchange: (value: string) => void}} options
 */
export function selectField(options) {
  return field({
    ...options,
    control: ({ id, describedBy, invalid }) => html`<select id=${id} aria-describedby=${describedBy}
      aria-invalid=${invalid}
      @change=${(/** @type {Event} */ event) => options.onchange(/** @type {HTMLSelectElement} */ (event.target).value)}>
      ${options.choices.map(([value, text]) => html`<option value=${value} .selected=${value === options.value}>${text}</option>`)}
    </select>`,
  });
}

/**
 * One of a few, all of them in sight.
 * @param {{name: string, label: Content, value: string, tight?: boolean, choices: {value: string, text: Content, hint?: Content}[],
 *   onchange: (value: string) => void}} options
 */
export const choiceField = ({ name, label, value, tight = false, choices, onchange }) => html`<fieldset class="choice ${tight ? 'tight' : ''}">
  <legend>${label}</legend>
  <div class="choices">${choices.map((one) => html`<label class="choice-one">
    <input type="radio" name=${name} value=${one.value} .checked=${one.value === value}
      @change=${() => onchange(one.value)}><span>${one.text}${one.hint ? html`<small>${one.hint}</small>` : nothing}</span>
  </label>`)}</div>
</fieldset>`;

/** @param {{label: Content, checked: boolean, disabled?: boolean, hint?: Content, onchange: (checked: boolean) => void}} options */
export const checkField = ({ label, checked, disabled = false, hint, onchange }) => html`<label class="check">
  <input type="checkbox" .checked=${checked} ?disabled=${disabled}
    @change=${(/** @type {Event} */ event) => onchange(/** @type {HTMLInputElement} */ (event.target).checked)}>
  <span>${label}${hint ? html`<small>${hint}</small>` : nothing}</span>
</label>`;

/** Why the hub refused, by which rule, and what it would accept: a problem, or what a worker said.
 * @param {Problem | {message: string, accepted?: string, rule?: string, parts?: undefined, acceptedParts?: undefined} | undefined | null} problem */
export const problemNote = (problem) =>
  problem
    ? html`<div class="note bad" role="alert"><p dir="auto">${sentence(problem.parts ?? [problem.message])}</p>
        ${problem.accepted ? html`<p dir="auto">${sentence(problem.acceptedParts ?? [problem.accepted])}</p>` : nothing}
        ${problem.rule ? html`<p class="rule">${_('Rule')} <bdi><code>${problem.rule}</code></bdi></p>` : nothing}</div>`
    : nothing;

/** @param {{title: Content, text?: Content, action?: Content}} options */
export const emptyState = ({ title, text, action }) => html`<div class="empty">
  <svg viewBox="0 0 48 28" width="72" height="42" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5"
    stroke-linecap="round"><circle cx="8" cy="6" r="3"/><circle cx="24" cy="6" r="3"/><circle cx="40" cy="6" r="3"/><path
    d="M8 9v9m16-9v10m16-10v11M3 18c12 0 28 3 42 4"/></svg>
  <p class="empty-title">${title}</p>${text ? html`<p>${text}</p>` : nothing}${action ?? nothing}</div>`;

/** @param {number} [lines] */
export const loadingState = (lines = 5) => html`<div class="loading" role="status">
  <span class="unseen">${_('Loading')}</span>${Array.from({ length: lines }, () => html`<i aria-hidden="true"></i>`)}</div>`;

/** @param {Problem} problem @param {() => void} retry */
export const failedState = (problem, retry) => html`<div class="failed">${problemNote(problem)}
  ${button({ label: _('Try again'), onclick: retry })}</div>`;

/** Above a list that the hub has cut. */
export const notAll = () => html`<p class="note warn" role="status">${_('There is more than can be listed here. What is missing is not found by searching here, either.')}</p>`;

/**
 * What a loader has: a value, a wait or a problem.
 * @template T
 * @param {import('./element.js').Loader<T>} loader
 * @param {(value: T) => Content} ready
 * @param {{lines?: number}} [options]
 */
export function shown(loader, ready, { lines } = {}) {
  if (loader.value !== undefined)
    return /** @type {any} */ (loader.value)?.more ? html`${notAll()}${ready(loader.value)}` : ready(loader.value);
  if (loader.problem)
    return failedState(loader.problem, () => loader.reload());
  return loadingState(lines);
}

/** Names and values, one under the other. @param {[Content, Content][]} facts */
export const factList = (facts) => html`<dl class="facts">${facts
  .filter(([, value]) => value !== '' && value != null && value !== nothing)
  .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/** A page's head: its title, what may be done, and its tools. @param {{title: Content, text?: Content, tools?: Content}} options */
export const pageHead = ({ title, text, tools }) => html`<div class="page-head"><div><h1>${title}</h1>
  ${text ? html`<p>${text}</p>` : nothing}</div><div class="tools">${tools ?? nothing}</div></div>`;

/** A search box; "/" goes to it. @param {string} label @param {string} value @param {(value: string) => void} oninput */
export const searchBox = (label, value, oninput) => html`<label class="search">${icon('search')}<span class="unseen">${label}</span>
  <input id="search" type="search" dir="auto" placeholder=${label} .value=${value} aria-keyshortcuts=${acts('/') ? '/' : nothing}
    @input=${(/** @type {Event} */ event) => oninput(/** @type {HTMLInputElement} */ (event.target).value)}>${keyHint('/')}</label>`;
