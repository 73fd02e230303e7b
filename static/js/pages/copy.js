/** Buttons that copy the text of an element. */

import {announce} from '../shared/announce.js';

const SHOWN = 2000;

/** @param {ParentNode} root */
export function copyButtons(root) {
  if (!navigator.clipboard) return; // plain http: the text can still be marked by hand
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll('[data-copy]'))) {
    button.hidden = false;
    button.addEventListener('click', () => copy(button));
  }
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy ?? '');
  const label = /** @type {HTMLElement | null} */ (button.querySelector('[data-said]'));
  if (!source || !label) return;
  try {
    await navigator.clipboard.writeText(source.textContent ?? '');
  } catch {
    getSelection()?.selectAllChildren(source);
    return;
  }
  const before = label.textContent;
  const said = label.dataset.said ?? '';
  announce(said);
  label.textContent = said;
  setTimeout(() => (label.textContent = before), SHOWN);
}
