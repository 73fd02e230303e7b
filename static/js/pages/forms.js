/** Forms that are sent once, and not left by accident. */

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
  addEventListener('pageshow', () => { // back by the browser's own button
    for (const form of root.querySelectorAll('[data-sent]')) form.removeAttribute('data-sent');
    for (const button of root.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
  });
}

/** @param {ParentNode} root */
export function guardForms(root) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (root.querySelectorAll('form[data-guard]'))) guard(form);
}

/** @param {HTMLFormElement} form */
function guard(form) {
  const note = /** @type {HTMLElement | null} */ (form.querySelector('[data-dirty-note]'));
  const before = print(form);
  const wasDirty = form.hasAttribute('data-dirty');
  let sent = false;
  const isDirty = () => wasDirty || print(form) !== before;
  const show = () => {
    if (note) note.hidden = !isDirty();
  };
  form.addEventListener('input', show);
  form.addEventListener('rows', show);
  form.addEventListener('submit', () => (sent = true));
  addEventListener('beforeunload', (event) => {
    if (!sent && isDirty()) event.preventDefault();
  });
  show();
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
