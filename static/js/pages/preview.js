/** The chat beside an inbox's form, as it will look. */

import {isFaint, readableOn} from './colour.js';

/** @param {ParentNode} root */
export function previewInbox(root) {
  const form = /** @type {HTMLFormElement | null} */ (root.querySelector('form[data-preview]'));
  const box = /** @type {HTMLElement | null} */ (root.querySelector('[data-preview-box]'));
  if (!form || !box) return;
  const show = () => paint(form, box);
  form.addEventListener('input', show);
  show();
}

/** @param {HTMLFormElement} form @param {HTMLElement} box */
function paint(form, box) {
  const data = new FormData(form);
  /** @param {string} name */
  const text = (name) => String(data.get(name) ?? '').trim();
  const colour = text('colour');
  if (/^#[0-9a-f]{6}$/i.test(colour)) {
    box.style.setProperty('--brand', colour);
    box.style.setProperty('--brand-on', readableOn(colour));
    box.toggleAttribute('data-faint', isFaint(colour));
    hint(form, isFaint(colour));
  }
  write(box, 'name', text('name') || 'Your inbox');
  write(box, 'greeting', text('greeting') || 'Hello! How can we help?');
  write(box, 'state', data.has('always_open') ? 'We answer right away' : 'We answer within our hours');
  box.toggleAttribute('data-paused', !data.has('is_active'));
}

/** @param {HTMLFormElement} form @param {boolean} faint */
function hint(form, faint) {
  const found = /** @type {HTMLElement | null} */ (form.querySelector('[data-colour-hint]'));
  if (found) found.textContent = (faint ? found.dataset.faint : found.dataset.fine) ?? '';
}

/** @param {HTMLElement} box @param {string} part @param {string} text */
function write(box, part, text) {
  const found = box.querySelector(`[data-preview-${part}]`);
  if (found) found.textContent = text;
}
