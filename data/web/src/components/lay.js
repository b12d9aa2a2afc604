// SPDX-License-Identifier: LGPL-2.1-or-later
// Puts an element in its place. Lit's styleMap writes a style attribute at its first drawing, which
// a policy without inline styles refuses; the style object is allowed.

import { Directive, directive } from 'lit/directive.js';
import { noChange } from 'lit';

class Lay extends Directive {
  /** @param {Record<string, string>} _values */
  render(_values) {
    return noChange;
  }

  /** @param {any} part @param {[Record<string, string>]} values */
  update(part, [values]) {
    for (const [name, value] of Object.entries(values))
      if (part.element.style.getPropertyValue(name) !== value)
        part.element.style.setProperty(name, value);
    return noChange;
  }
}

/** An element directive: <i ${lay({'inset-inline-start': '10%'})}> */
export const lay = directive(Lay);
