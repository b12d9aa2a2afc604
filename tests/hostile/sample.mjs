// SPDX-License-Identifier: LGPL-2.1-or-later
// Valid messages, made from the API's description: what is described can be sent.

import { randomUUID } from 'node:crypto';

import { api } from '../e2e/api.mjs';

export { api };

/** Every operation: "GET /bookings/{id}" with its description. */
export const operations = Object.entries(api.paths).flatMap(([template, methods]) =>
  ['get', 'post', 'put', 'patch', 'delete'].filter((method) => methods[method]).map((method) => ({
    name: `${method.toUpperCase()} ${template}`, method: method.toUpperCase(), template,
    content: /** @type {Record<string, any>} */ (methods[method].requestBody?.content ?? {}),
  })));

/** @param {any} schema */
const resolve = (schema) => (schema.$ref
  ? schema.$ref.slice(2).split('/').reduce((/** @type {any} */ at, /** @type {string} */ part) => at[part], api) : schema);

/** The schema of a member of what @of describes, as far as it is told without a choice. @param {any} of @param {string} name @returns {any} */
export function memberOf(of, name) {
  const schema = resolve(of);
  const parts = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (parts) return parts.map((/** @type {any} */ one) => memberOf(one, name)).find((/** @type {any} */ one) => Object.keys(one).length) ?? {};
  return schema.properties?.[name] ?? schema.items ?? {};
}

/** Whether a text may be anything. @param {any} of */
export function isFree(of) {
  const schema = resolve(of);
  return !('const' in schema || schema.enum || schema.format || schema.pattern || schema.oneOf || schema.anyOf);
}

/** Texts that a pattern of the document asks for. @param {string} pattern */
function matching(pattern) {
  const tries = ['a1', 'u5', 'en', 'aral', '127.0.0.1:9', 'ABCD-EFGH', '0'.repeat(64), 'A'.repeat(43), 'reader', 'image/png', 'text/plain', '1'];
  const expression = new RegExp(pattern, 'u');
  return tries.find((one) => expression.test(one)) ?? 'x';
}

/** A valid value. @param {any} of its schema @param {import('./mutate.mjs').Mutator} mutator
 * @param {(name: string) => string} known a UUID for a member of this name @param {string} [name]
 * @param {boolean} [whole] with every member @returns {any} */
export function sample(of, mutator, known, name = '', whole = false) {
  const schema = resolve(of);
  const variant = schema.oneOf ?? schema.anyOf;
  if (variant) return sample(mutator.one(variant), mutator, known, name, whole);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((/** @type {any} */ one) => sample(one, mutator, known, name, whole)));
  if ('const' in schema) return schema.const;
  if (schema.enum) return mutator.one(schema.enum);
  const type = Array.isArray(schema.type) ? schema.type.find((/** @type {string} */ one) => one !== 'null') : schema.type;
  switch (type) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {})
        .filter(([member]) => (schema.required ?? []).includes(member) || whole || mutator.next() < 0.5)
        .map(([member, one]) => [member, sample(one, mutator, known, member, whole)]);
      return Object.fromEntries(members);
    }
    case 'array': {
      const length = whole ? Math.max(schema.minItems ?? 0, 1) : (schema.minItems ?? 0) + mutator.below(2);
      return [...new Set(Array.from({ length }, () => sample(schema.items ?? {}, mutator, known, name, whole)))];
    }
    case 'integer': case 'number':
      return (schema.minimum ?? 0) + mutator.below(Math.min(schema.maximum ?? 100, 1000) - (schema.minimum ?? 0) + 1);
    case 'boolean': return mutator.next() < 0.5;
    case 'string': return text(schema, mutator, known, name);
    default: return null;
  }
}

/** @param {any} schema @param {import('./mutate.mjs').Mutator} mutator @param {(name: string) => string} known @param {string} name */
function text(schema, mutator, known, name) {
  if (schema.format === 'uuid') return name === 'id' ? randomUUID() : known(name);
  if (schema.format === 'date') return '1961-05-04';
  if (schema.format === 'date-time')
    return new Date(Date.now() + (/end/.test(name) ? 45 : 15) * 60000 + mutator.below(1e9)).toISOString();
  if (schema.pattern) return matching(schema.pattern);
  const words = 'Chest pain 胸痛 كۆكرەك ئاغرىقى ';
  return words.repeat(1 + Math.ceil((schema.minLength ?? 1) / words.length)).slice(0, Math.max(schema.minLength ?? 1, Math.min(schema.maxLength ?? 40, 40)));
}
