/** Asks before a form with `data-confirm` is sent, or by its button that has one; with `data-confirm-name` that name has to be typed.
 * `{chosen}` in the question is the `data-said` of what is chosen in the form. */

import {ask} from './ask.js';

/** @param {ParentNode} root */
export function confirmForms(root) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (root.querySelectorAll(
    'form[data-confirm], form:has(button[data-confirm])'))) confirmed(form);
}

/** @param {HTMLFormElement} form */
function confirmed(form) {
  let sure = false;
  form.addEventListener('submit', async (event) => {
    const {confirm: question, confirmName: name, verb} = {...form.dataset, ...event.submitter?.dataset};
    if (sure || question === undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const chosen = /** @type {HTMLElement | null} */ (form.querySelector('select option:checked'))?.dataset.said ?? '';
    const typed = await ask(question.replace('{chosen}', chosen), {yes: verb, name, danger: true});
    if (typed === null) return;
    if (name) keep(form, typed);
    sure = true;
    form.requestSubmit(/** @type {HTMLElement | null} */ (event.submitter));
    sure = false;
  });
}

/** @param {HTMLFormElement} form @param {string} typed */
function keep(form, typed) {
  const kept = /** @type {HTMLInputElement} */ (form.querySelector('input[name=confirm]') ?? document.createElement('input'));
  kept.type = 'hidden';
  kept.name = 'confirm';
  kept.value = typed;
  form.append(kept);
}
