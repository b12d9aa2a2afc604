// SPDX-License-Identifier: LGPL-2.1-or-later
// One name in the three languages of the desk. English is needed, because everybody falls back to it.

import { html } from 'lit';
import { _, languages } from '../i18n.js';
import { textField } from './parts.js';

/** @typedef {import('../i18n.js').Names} Names */

/**
 * @param {{id: string, label: string, names: Names, required?: boolean, error?: string, onchange: (names: Names) => void}} options
 */
export const namesField = ({ id, label, names, required = true, error, onchange }) => html`<fieldset class="names"><legend>${label}</legend>
  ${Object.entries(languages).map(([tag, word]) => textField({
    id: `${id}-${tag}`, label: word, value: names[tag] ?? '', lang: tag.replace('_', '-'), max: 100,
    optional: !(required && tag === 'en'), error: tag === 'en' ? error : undefined,
    oninput: (value) => onchange({ ...names, [tag]: value }),
  }))}</fieldset>`;

/** Only what was written. @param {Names} names @returns {Names} */
export const written = (names) =>
  Object.fromEntries(Object.entries(names).map(([tag, text]) => [tag, text.trim()]).filter(([, text]) => text));

export const nameNeeded = () => _('A name in English is needed; the other languages fall back to it.');
