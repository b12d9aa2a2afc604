// SPDX-License-Identifier: LGPL-2.1-or-later
// What is said of scripts besides their types, which TypeScript checks (data/web/tsconfig.json):
// names that are not defined or not used are its work.

import js from '@eslint/js';

export default [{
  files: ['**/*.js', '**/*.mjs'],
  languageOptions: { ecmaVersion: 2023, sourceType: 'module' },
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  rules: {
    ...js.configs.recommended.rules,
    'no-undef': 'off',
    'no-unused-vars': 'off',
    'no-unused-private-class-members': 'off',
    // What is looked for is just such characters.
    'no-control-regex': 'off',
    'no-empty': ['error', { allowEmptyCatch: true }],
    'array-callback-return': 'error',
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-constructor-return': 'error',
    'no-eval': 'error',
    'no-implied-eval': 'error',
    'no-new-func': 'error',
    'no-promise-executor-return': 'off',
    'no-script-url': 'error',
    'no-self-compare': 'error',
    'no-template-curly-in-string': 'error',
    'no-throw-literal': 'error',
    'no-unreachable-loop': 'error',
    'no-unused-expressions': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'prefer-promise-reject-errors': 'error',
    radix: 'error',
    // What may be made of strings from outside.
    'no-restricted-properties': ['error',
      ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({ property, message: 'Text goes through lit, which escapes it.' })),
      { object: 'document', property: 'write', message: 'Text goes through lit, which escapes it.' }],
    'no-restricted-imports': ['error', { patterns: [{ group: ['lit/directives/unsafe-*'], message: 'Nothing is put into a page as markup.' }] }],
  },
}];
