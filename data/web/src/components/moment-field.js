// SPDX-License-Identifier: LGPL-2.1-or-later
// A day and a time, typed by either clock; the other one follows. The browser's own pickers speak
// no Uyghur and may show a twelve-hour clock, so the days are named by our catalogues.

import { html, nothing } from 'lit';
import { _ } from '../i18n.js';
import { DAY, MINUTE, clock, day, hubNow, isOtherDay, isoDay, moment, startOfDay } from '../time.js';
import { KarezElement } from './element.js';

/** @typedef {import('../time.js').Zone} Zone */

const daysAhead = 60;
/** @type {Zone[]} */
const zones = ['beijing', 'xinjiang'];

/** Reads "14:30", "1430", "9.05" and "9"; "x" or "新" behind it means Xinjiang's clock. @param {string} text @returns {{hhmm: string, zone: Zone | null} | null} */
export function readClock(text) {
  // A Chinese keyboard may write ２２：３０.
  const match = /^\s*(\d{1,2})(?:[:.]?(\d{2}))?\s*(x|新|ش)?\s*$/iu.exec(text.normalize('NFKC'));
  if (!match || Number(match[1]) > 23 || Number(match[2] ?? 0) > 59)
    return null;
  return {
    hhmm: `${match[1].padStart(2, '0')}:${match[2] ?? '00'}`,
    zone: match[3] ? 'xinjiang' : null,
  };
}

/** Fires "moment" with the new value in ms as its detail. */
export class MomentField extends KarezElement {
  static properties = {
    value: { type: Number }, label: {}, name: {}, error: {},
  };

  constructor() {
    super();
    this.value = hubNow();
    this.label = '';
    this.name = 'moment';
    this.error = '';
    /** Which of the two is being typed wrongly. @type {Zone | ''} */
    this.wrong = '';
  }

  /** @param {number} value */
  put(value) {
    this.wrong = '';
    this.value = value;
    this.requestUpdate();
    void this.updateComplete.then(() => this.show());
    this.dispatchEvent(new CustomEvent('moment', { detail: value, bubbles: true }));
  }

  /** @param {Zone} zone @returns {HTMLInputElement | null} */
  input(zone) {
    return this.querySelector(`#${this.name}-${zone}`);
  }

  /** Both fields say the time that is meant, also where something else was typed before. */
  show() {
    for (const zone of zones) {
      const input = this.input(zone);
      if (input)
        input.value = clock(this.value, zone);
    }
  }

  /** What stands in a field and was not read yet, as by Ctrl+Enter in it, is read now: nothing is asked for at another
   * time than the one that is seen. @returns {boolean} whether it is a time */
  settle() {
    const typed = zones.find((zone) => {
      const input = this.input(zone);
      return input && input.value !== clock(this.value, zone);
    });
    if (typed)
      this.type(/** @type {HTMLInputElement} */ (this.input(typed)).value, typed);
    return this.wrong === '';
  }

  /** @param {string} text @param {Zone} zone */
  type(text, zone) {
    const read = readClock(text);
    if (!read) {
      this.wrong = zone;
      this.requestUpdate();
      return;
    }
    const by = read.zone ?? zone;
    // The day is Beijing's: 01:00 there is 23:00 of the day before in Xinjiang.
    const at = moment(isoDay(this.value), read.hhmm, by);
    const start = startOfDay(this.value);
    this.put(at >= start + DAY ? at - DAY : at < start ? at + DAY : at);
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way || event.isComposing)
      return;
    event.preventDefault();
    this.put(this.value + way * (event.shiftKey ? 30 : 5) * MINUTE);
  }

  /** @param {Zone} zone @param {string} words */
  clockField(zone, words) {
    const id = `${this.name}-${zone}`;
    return html`<div class="clock-field"><label for=${id}>${words}</label><input id=${id}
      inputmode="numeric" autocomplete="off" dir="ltr" size="6" .value=${clock(this.value, zone)}
      aria-invalid=${this.wrong === zone || (!this.wrong && this.error) ? 'true' : nothing} aria-describedby="${this.name}-note"
      @change=${(/** @type {Event} */ event) => this.type(/** @type {HTMLInputElement} */ (event.target).value, zone)}
      @keydown=${this.step}></div>`;
  }

  days() {
    const today = startOfDay(hubNow());
    const chosen = startOfDay(this.value);
    const days = Array.from({ length: daysAhead }, (_unused, i) => today + i * DAY);
    return days.includes(chosen) ? days : [chosen, ...days];
  }

  /** @param {number} at */
  dayName(at) {
    const away = (at - startOfDay(hubNow())) / DAY;
    return away === 0 ? _('Today, %s', day(at)) : away === 1 ? _('Tomorrow, %s', day(at)) : day(at);
  }

  render() {
    const id = `${this.name}-day`;
    const into = this.value - startOfDay(this.value);
    const error = this.wrong ? _('A time looks like 14:30.') : this.error;
    return html`<fieldset class="moment"><legend>${this.label}</legend>
      <div class="clock-field"><label for=${id}>${_('Day')}</label><select id=${id}
        @change=${(/** @type {Event} */ event) => this.put(Number(/** @type {HTMLSelectElement} */ (event.target).value) + into)}>
        ${this.days().map((at) => html`<option value=${at} .selected=${at === startOfDay(this.value)}>${this.dayName(at)}</option>`)}
      </select></div>
      ${this.clockField('beijing', _('Beijing'))}${this.clockField('xinjiang',
        isOtherDay(this.value) ? _('%s, %s', _('Xinjiang'), day(this.value, 'xinjiang')) : _('Xinjiang'))}
      <small id="${this.name}-note" class=${error ? 'error-text' : 'hint'} role=${error ? 'alert' : nothing}>${error
        || _('Arrow keys move it by 5 minutes, with Shift by 30.')}</small>
    </fieldset>`;
  }
}
customElements.define('karez-moment', MomentField);
