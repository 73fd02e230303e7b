/** Small pieces of view that several parts share. */

import {html} from 'lit/html.js';

/** @param {string} name of a symbol in templates/chat/icons.svg */
export const icon = (name) => html`<svg class="icon" aria-hidden="true"><use href="#i-${name}"></use></svg>`;

/** A round mark with the first letters of a name. @param {string} name */
export const avatar = (name) => html`<span class="avatar" aria-hidden="true">${initials(name)}</span>`;

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '')][0] ?? '').join('').toUpperCase();
}
