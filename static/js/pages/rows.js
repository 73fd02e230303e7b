/** Rows that come and go without a round trip: hours and questions. The same buttons send the form elsewhere. */

const PLACE = '99999';
const NUMBERED = ['name', 'id', 'for', 'value', 'aria-describedby'];

let next = 1000;

/** @param {ParentNode} root */
export function growingRows(root) {
  root.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (button?.hasAttribute('data-add')) {
      event.preventDefault();
      add(root, button.dataset.add ?? '');
    } else if (button?.hasAttribute('data-remove')) {
      event.preventDefault();
      remove(button);
    }
  });
}

/** @param {ParentNode} root @param {string} place */
function add(root, place) {
  const rows = root.querySelector(`[data-rows="${CSS.escape(place)}"]`);
  const template = rows?.querySelector('template');
  if (!rows || !template) return;
  const made = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const number = String(next++);
  for (const element of made.querySelectorAll('*')) renumber(element, number);
  template.before(made);
  tell(rows);
  /** @type {HTMLElement | null} */ (template.previousElementSibling?.querySelector('input, select') ?? null)?.focus();
}

/** @param {Element} element @param {string} number */
function renumber(element, number) {
  for (const name of NUMBERED) {
    const value = element.getAttribute(name);
    if (value?.includes(PLACE)) element.setAttribute(name, value.replace(PLACE, number));
  }
}

/** @param {HTMLElement} button */
function remove(button) {
  const row = button.closest('[data-row]');
  const rows = button.closest('[data-rows]');
  row?.remove();
  if (!rows) return;
  tell(rows);
  const adder = document.querySelector(`[data-add="${CSS.escape(/** @type {HTMLElement} */ (rows).dataset.rows ?? '')}"]`);
  /** @type {HTMLElement | null} */ (adder)?.focus();
}

/** @param {Element} rows */
function tell(rows) {
  rows.dispatchEvent(new Event('rows', {bubbles: true}));
}
