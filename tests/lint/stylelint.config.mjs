// SPDX-License-Identifier: LGPL-2.1-or-later
// Style sheets hold for both directions of writing: start and end, never left and right.

const sided = ['margin', 'padding', 'border', 'scroll-margin', 'scroll-padding'].flatMap((one) => [`${one}-left`, `${one}-right`]);
const corners = ['top-left', 'top-right', 'bottom-left', 'bottom-right'].map((one) => `border-${one}-radius`);

export default {
  rules: {
    'block-no-empty': true,
    'color-no-invalid-hex': true,
    'color-named': 'never',
    'custom-property-no-missing-var-function': true,
    'declaration-block-no-duplicate-properties': [true, { ignore: ['consecutive-duplicates-with-different-values'] }],
    'declaration-block-no-shorthand-property-overrides': true,
    'declaration-property-value-disallowed-list': { 'text-align': ['left', 'right'], float: ['left', 'right'], clear: ['left', 'right'] },
    'font-family-no-duplicate-names': true,
    'function-calc-no-unspaced-operator': true,
    'keyframe-block-no-duplicate-selectors': true,
    'keyframe-declaration-no-important': true,
    'media-feature-name-no-unknown': true,
    'named-grid-areas-no-invalid': true,
    'no-duplicate-at-import-rules': true,
    'no-duplicate-selectors': true,
    'no-invalid-double-slash-comments': true,
    'no-invalid-position-at-import-rule': true,
    'property-disallowed-list': ['left', 'right', ...sided, ...corners],
    'property-no-unknown': true,
    'selector-pseudo-class-no-unknown': true,
    'selector-pseudo-element-no-unknown': true,
    'selector-type-no-unknown': [true, { ignore: ['custom-elements'] }],
    'string-no-newline': true,
    'unit-no-unknown': true,
  },
};
