// SPDX-License-Identifier: LGPL-2.1-or-later
// Lit as the desk has it, whole, as 'lit' and by the names of its parts: two of them in one page would
// not know each other's templates. Without styleMap, which the Content-Security-Policy refuses, and
// without what makes markup of text.

export * from 'lit';
export * from 'lit/async-directive.js';
export * from 'lit/decorators.js';
export * from 'lit/directive.js';
export * from 'lit/directives/async-append.js';
export * from 'lit/directives/async-replace.js';
export * from 'lit/directives/cache.js';
export * from 'lit/directives/choose.js';
export * from 'lit/directives/class-map.js';
export * from 'lit/directives/guard.js';
export * from 'lit/directives/if-defined.js';
export * from 'lit/directives/join.js';
export * from 'lit/directives/keyed.js';
export * from 'lit/directives/live.js';
export * from 'lit/directives/map.js';
export * from 'lit/directives/range.js';
export * from 'lit/directives/ref.js';
export * from 'lit/directives/repeat.js';
export * from 'lit/directives/template-content.js';
export * from 'lit/directives/until.js';
export * from 'lit/directives/when.js';
