/** Forms that are sent once, and not left by accident. */

import {ask} from './ask.js';

/** @param {ParentNode} root */
export function busyForms(root) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (root.querySelectorAll('form[data-busy]'))) {
    form.addEventListener('submit', (event) => {
      if (event.defaultPrevented) return;
      const button = event.submitter ?? form.querySelector('button.is-primary');
      if (form.hasAttribute('data-sent')) event.preventDefault();
      form.setAttribute('data-sent', '');
      button?.setAttribute('aria-busy', 'true');
    });
  }
  addEventListener('pageshow', () => sendAgain(root)); // back by the browser's own button
}

/** @param {ParentNode} root */
function sendAgain(root) {
  for (const form of root.querySelectorAll('[data-sent]')) form.removeAttribute('data-sent');
  for (const button of root.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
}

/** @type {Set<() => boolean>} What says whether something typed would be lost. */
const guards = new Set();

/** @param {ParentNode} root */
export function guardForms(root) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (root.querySelectorAll('form[data-guard]'))) guard(form);
  if (!guards.size) return;
  addEventListener('beforeunload', (event) => {
    if (![...guards].some((isDirty) => isDirty())) return;
    event.preventDefault();
    setTimeout(() => sendAgain(document)); // whoever stays may send again
  });
  document.addEventListener('click', (event) => void leave(event));
}

/** @param {HTMLFormElement} form */
function guard(form) {
  const note = /** @type {HTMLElement | null} */ (form.querySelector('[data-dirty-note]'));
  const before = print(form);
  const wasDirty = form.hasAttribute('data-dirty');
  let sent = false;
  const isDirty = () => !sent && (wasDirty || print(form) !== before);
  const show = () => {
    if (note) note.hidden = !isDirty();
  };
  guards.add(isDirty);
  form.addEventListener('input', show);
  form.addEventListener('rows', show);
  form.addEventListener('submit', (event) => {
    if (!event.defaultPrevented) sent = true;
  });
  addEventListener('pageshow', () => (sent = false));
  show();
}

/** A link away from something unsaved asks on the page. @param {MouseEvent} event */
async function leave(event) {
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || !leads(link, event)) return;
  if (![...guards].some((isDirty) => isDirty())) return;
  if (link.hasAttribute('data-leave')) return guards.clear();
  event.preventDefault();
  const left = await ask('There are unsaved changes on this page.', {yes: 'Leave without saving', no: 'Stay here'});
  if (left === null) return;
  guards.clear();
  location.assign(link.href);
}

/** Whether a click takes this page away. @param {HTMLAnchorElement} link @param {MouseEvent} event */
function leads(link, event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return false;
  if ((link.target && link.target !== '_self') || link.hasAttribute('download')) return false;
  return link.origin + link.pathname + link.search !== location.origin + location.pathname + location.search || !link.hash;
}

/** @param {HTMLFormElement} form */
function print(form) {
  return JSON.stringify([...new FormData(form)]);
}

/** A button beside a list of choices shows only once another one is chosen. @param {ParentNode} root */
export function offerWhenChanged(root) {
  for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (root.querySelectorAll('select[data-submit]'))) {
    const button = /** @type {HTMLElement | null} */ (select.form?.querySelector('[data-plain]') ?? null);
    if (!button) continue;
    const before = select.value;
    button.hidden = true;
    select.addEventListener('change', () => (button.hidden = select.value === before));
  }
}
