// SPDX-License-Identifier: LGPL-2.1-or-later
// Every component of @karez/desk, and of @karez/media, in every state, at /gallery of `./karez dev`: in the language and the
// light that the menu has. Texts are the catalogues' own, so that each direction shows real words.

import {
  ConsentControl, KarezElement, Loader, Problem, _, announce, button, checkField, choiceField, confirm, consentSentence, emptyState, factList, failedState, field, hubName, hubNow, icon,
  isolate, keyHint, leadToWrong, listOf, loadingState, nothing, number, pageHead, pill, problemNote, rfc3339, say, selectField, sessionWord, shown, size, span, textField, timeIn,
  timePair, toast, toastProblem,
} from '@karez/desk';
import {
  Devices, choosers, devicePreview, deviceProblem, deviceTroubles, deviceWants, initials, isUnchecked, levelHint, levelMeter, moveLevel, personPicture, problemOf, silencedBySystem,
} from '@karez/media';
import { html } from 'lit';

const states = ['planned', 'preparing', 'ready', 'starting', 'live', 'degraded', 'held', 'stopping', 'ended', 'failed'];
const others = ['asked', 'waiting', 'withdrawing', 'confirmed', 'over', 'done', 'declined', 'cancelled', 'up', 'down', 'restored', 'off'];
const icons = /** @type {const} */ (['search', 'close', 'before', 'after', 'more', 'person', 'alarm']);
const kinds = /** @type {const} */ (['plain', 'primary', 'danger', 'danger-plain', 'quiet']);
const hour = 3_600_000;

/** @returns {Problem} as the hub refuses, with what it would accept */
const refusal = () => new Problem({ status: 409, title: '', rule: 'gallery/example', detail: _('The hub does not answer.'),
  accepted: _('Try again; asking twice does no harm.') });

/** The control as each hospital sees it, of what waits for it. */
function consents() {
  const at = rfc3339(hubNow());
  const by = 'Ada Lovelace';
  const given = (/** @type {string} */ basis) => ({ state: /** @type {const} */ ('given'), basis, by, at });
  const none = { state: /** @type {const} */ ('none') };
  const withdrawn = { state: /** @type {const} */ ('withdrawn'), by, at };
  /** @param {import('@karez/desk').Consent | null} consent @param {boolean} may @param {string[]} [gates] */
  const one = (consent, may, gates = ['media']) => {
    const made = new ConsentControl();
    made.where = 'Aral';
    if (consent)
      made.take({ type: 'consent.state', consent, may_consent: may, allowed: consent.state === 'given', gates });
    return made;
  };
  const away = one(given('patient'), true);
  Object.assign(away, { withdrawn: true, withdrawing: true });
  return [one(null, false), one(none, true), one(none, true, ['recording', 'motion']), one(none, false), one(given('patient'), true), one(given('guardian'), false),
    one(given('emergency'), true), one(withdrawn, true), one(withdrawn, false), away];
}

/** A page's devices that never were: nobody has asked for them; all is wrong with them; both are silenced. */
function deviceStates() {
  const [before, wrong, silenced] = [new Devices(), new Devices({ picture: 'scene' }), new Devices()];
  Object.assign(wrong, {
    asked: true, problems: { scene: 'NotReadableError', microphone: 'NotAllowedError' }, wants: { scene: true, microphone: false },
    list: ['videoinput', 'audioinput', 'audiooutput'].flatMap((kind) => ['Aral', ''].map((label, i) => ({ kind, label, deviceId: `${kind} ${i}` }))),
  });
  Object.assign(silenced, { asking: true, isMutedBySystem: () => true, level: () => 0.6 });
  return { before, wrong, silenced };
}

class Gallery extends KarezElement {
  static properties = { text: { state: true }, choice: { state: true }, checked: { state: true }, said: { state: true } };

  constructor() {
    super();
    this.text = '';
    this.choice = 'T1';
    this.checked = true;
    this.said = '';
    this.ready = new Loader(this, () => Promise.resolve({ items: [_('Hospitals'), _('Notes')] }));
    this.waits = new Loader(this, () => new Promise(() => {}));
    this.consents = consents();
    this.devices = deviceStates();
    this.fails = new Loader(this, () => Promise.reject(refusal()));
  }

  /** @param {string} name what is exported @param {unknown} content */
  show(name, content) {
    return html`<section class="card stack" data-component=${name} aria-label=${name}><h2><code dir="ltr">${name}</code></h2>${content}</section>`;
  }

  buttons() {
    return this.show('button', html`
      ${kinds.map((kind) => html`<div class="row">${button({ label: _('Save'), kind, name: `${_('Save')}, ${kind}` })}
        ${button({ label: _('Save'), kind, busy: true, name: `${_('Save')}, ${kind}, busy` })}
        ${button({ label: _('Save'), kind, disabled: true, name: `${_('Save')}, ${kind}, disabled` })}
        ${button({ label: _('New'), kind, key: 'N' })} <small class="hint" dir="ltr">${kind}</small></div>`)}
      <div class="row">${button({ label: _('Start'), disabled: true, why: _('Nobody yet.') })}</div>`);
  }

  fields() {
    const oninput = (/** @type {string} */ value) => { this.text = value; };
    return [
      this.show('textField', html`
        ${textField({ id: 'g-plain', label: _('Title'), value: this.text, oninput })}
        ${textField({ id: 'g-hint', label: _('Reason'), value: this.text, optional: true, hint: _('A time looks like 14:30.'), oninput })}
        ${textField({ id: 'g-error', label: _('Name'), value: this.text, error: _('A time looks like 14:30.'), oninput })}
        ${textField({ id: 'g-long', label: _('Reason'), value: 'Aa '.repeat(8), max: 20, lines: 2, oninput })}
        ${textField({ id: 'g-ltr', label: _('Address'), value: '203.0.113.7', dir: 'ltr', oninput })}`),
      this.show('leadToWrong', html`<form class="stack" @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        leadToWrong(/** @type {HTMLElement} */ (event.currentTarget));
      }}>${textField({ id: 'g-wrong', label: _('Title'), value: '', error: _('A time looks like 14:30.'), oninput: () => {} })}
        ${button({ label: _('Save'), type: 'submit' })}</form>`),
      this.show('field', field({ id: 'g-field', label: _('Patient'), hint: _('optional'),
        control: ({ id, describedBy }) => html`<input id=${id} aria-describedby=${describedBy} disabled value="…">` })),
      this.show('selectField', html`
        ${selectField({ id: 'g-select', label: _('Language'), value: this.choice, choices: [['T0', _('Emergency')], ['T1', _('Urgent')]], onchange: (value) => { this.choice = value; } })}
        ${selectField({ id: 'g-select-error', label: _('Language'), value: 'T0', error: _('Nobody yet.'), choices: [['T0', _('Emergency')]], onchange: () => {} })}`),
      this.show('choiceField', html`
        ${choiceField({ name: 'g-choice', label: _('Kind of session'), value: this.choice, onchange: (value) => { this.choice = value; },
          choices: [{ value: 'T0', text: _('Emergency'), hint: _('now, by the people on call') }, { value: 'T1', text: _('Urgent'), hint: _('within two hours') }] })}
        ${choiceField({ name: 'g-tight', label: _('Kind of session'), value: this.choice, tight: true, onchange: (value) => { this.choice = value; },
          choices: [{ value: 'T0', text: _('Emergency') }, { value: 'T1', text: _('Urgent') }, { value: 'T2', text: _('Soon') }] })}`),
      this.show('checkField', html`
        ${checkField({ label: _('Single keys act'), checked: this.checked, onchange: (checked) => { this.checked = checked; } })}
        ${checkField({ label: _('Single keys act'), checked: !this.checked, hint: _('within two hours'), onchange: (checked) => { this.checked = !checked; } })}
        ${checkField({ label: _('Single keys act'), checked: true, disabled: true, onchange: () => {} })}`),
    ];
  }

  words() {
    const now = hubNow();
    return [
      this.show('pill', html`<div class="row">${states.map((state) => pill(state, sessionWord(state)))}</div><div class="row" dir="ltr">${others.map((state) => pill(state, state))}</div>`),
      this.show('factList', factList([[_('Title'), 'Abdomen'], [_('Hospitals'), listOf([hubName([], null), 'Aral'])], [_('Reason'), ''], [_('Time'), timePair(now)]])),
      this.show('timePair, timeIn, span', html`<p>${timePair(now)}</p><p>${timeIn(now)}</p><p>${span(rfc3339(now), rfc3339(now + hour))}</p>`),
      this.show('say, number, size, isolate', html`<p>${say(_('%s is at line %s'), 'Ada', number(1200))}</p><p>${size(1_300_000)}</p><p>${isolate('CT 3')}</p>`),
      this.show('icon, keyHint', html`<div class="row">${icons.map((name) => html`<span>${icon(name)} <small class="hint" dir="ltr">${name}</small></span>`)}${keyHint('N')}</div>`),
    ];
  }

  conditions() {
    const failed = refusal();
    return [
      this.show('emptyState', emptyState({ title: _('There is no shared note.'), text: _('A note is kept when its session ends.'), action: button({ label: _('New') }) })),
      this.show('loadingState', loadingState(3)),
      this.show('failedState', failedState(failed, () => {})),
      this.show('problemNote', html`${problemNote(failed)}${problemNote({ message: _('Nobody yet.') })}${problemNote(null)}`),
      this.show('note', html`<div class="note"><p>${_('On hold.')}</p></div><div class="note calm"><p>${_('On hold.')}</p></div>
        <div class="note warn"><p>${_('On hold.')}</p></div><div class="note bad"><p>${_('On hold.')}</p></div>`),
      this.show('ConsentControl, consentSentence', html`${this.consents}
        <p>${consentSentence({ state: 'withdrawn', by: 'Ada Lovelace' }, timePair(hubNow()))}</p>`),
      this.show('shown', html`${shown(this.ready, ({ items }) => html`<ul class="plain">${items.map((one) => html`<li>${one}</li>`)}</ul>`)}
        ${shown(this.waits, () => nothing, { lines: 2 })}${shown(this.fails, () => nothing)}`),
    ];
  }

  acts() {
    /** @param {Partial<Parameters<typeof confirm>[0]>} more */
    const ask = async (more) => {
      const answer = await confirm({ title: _('On hold'), text: _('Nobody yet.'), action: _('Start'), ...more });
      this.said = answer ? 'Start' : 'Cancel';
    };
    return [
      this.show('confirm', html`<div class="row">${button({ label: 'confirm', onclick: () => ask({}) })}${button({ label: 'mild', onclick: () => ask({ mild: true }) })}
        ${button({ label: 'reason', onclick: () => ask({ reason: _('Reason'), reasonMax: 20 }) })}${button({ label: 'password', onclick: () => ask({ password: true }) })}
        ${button({ label: 'attempt', onclick: () => ask({ attempt: () => Promise.reject(refusal()) }) })}</div><p role="status">${_(this.said)}</p>`),
      this.show('toast, toastProblem, announce', html`<div class="row">${button({ label: 'toast', onclick: () => toast(_('On hold.')) })}
        ${button({ label: 'undo', onclick: () => toast(_('On hold.'), { undo: () => {} }) })}${button({ label: 'bad', onclick: () => toast(_('On hold.'), { bad: true }) })}
        ${button({ label: 'toastProblem', onclick: () => toastProblem(refusal()) })}${button({ label: 'announce', onclick: () => announce(_('On hold.')) })}</div>`),
    ];
  }

  own() {
    const { before, wrong, silenced } = this.devices;
    const tone = { tone: false, playTone: () => {} };
    return [
      this.show('devicePreview, deviceWants, levelHint, isUnchecked', Object.values(this.devices).map((one) => html`${devicePreview(one, { name: 'Ada Lovelace' })}
        ${isUnchecked(one) ? nothing : levelHint(one)}${deviceWants(one)}`)),
      this.show('choosers, levelMeter, moveLevel', html`${levelMeter()}${choosers(wrong, tone)}${choosers(before, { ...tone, tone: true })}`),
      this.show('deviceTroubles, problemOf, deviceProblem, silencedBySystem', html`${deviceTroubles(wrong)}${problemOf('NotAllowedError', 'screen')}
        <p>${_(deviceProblem('gone', 'microphone').text)}</p>${silencedBySystem(silenced)}`),
      this.show('personPicture, initials', html`${['Ada Lovelace', '王小明', 'ئايگۈل تۇرسۇن'].map((name) => personPicture({ id: name, name, seen: false, why: _('The camera is off.') }))}
        ${personPicture({ id: '', name: 'Ada Lovelace', seen: false })}<p>${initials('Ada Lovelace')}</p>`),
    ];
  }

  updated() {
    moveLevel(this, this.devices.silenced);
  }

  render() {
    return html`<div class="page"><div data-component="pageHead">${pageHead({ title: html`<bdi dir="ltr">${'@karez/desk'}</bdi>`, text: _('Language'), tools: button({ label: _('New'), kind: 'primary' }) })}</div>
      <div class="columns"><div class="stack">${this.buttons()}${this.fields()}${this.acts()}${this.own()}</div><div class="stack">${this.words()}${this.conditions()}</div></div></div>`;
  }
}
customElements.define('karez-gallery', Gallery);
