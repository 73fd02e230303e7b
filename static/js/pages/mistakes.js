/** What is wrong with a form, as links to the fields, in the notice above it. */

const LONGEST = 120;

/** @param {ParentNode} root */
export function listMistakes(root) {
  const notice = root.querySelector('[data-mistakes]');
  const fields = /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[aria-invalid="true"]')]);
  const links = fields.map(link).filter((found) => found !== null);
  if (!notice || !links.length) return;
  const list = document.createElement('ul');
  list.append(...links);
  notice.append(list);
}

/** @param {HTMLElement} field */
function link(field) {
  const label = field.getAttribute('aria-label') ?? /** @type {HTMLInputElement} */ (field).labels?.[0]?.textContent?.trim();
  if (!label) return null;
  const item = document.createElement('li');
  const anchor = document.createElement('a');
  field.id ||= `mistake-${field.getAttribute('name')}`;
  anchor.href = `#${field.id}`;
  const said = field.id && document.getElementById(`${field.id}-error`)?.textContent?.trim();
  anchor.textContent = said && said.length <= LONGEST ? `${label}: ${said}` : label;
  anchor.addEventListener('click', (event) => {
    event.preventDefault();
    open(field);
    field.focus();
  });
  item.append(anchor);
  return item;
}

/** Opens what the field is folded away in. @param {HTMLElement} field */
function open(field) {
  for (let outer = field.closest('details'); outer; outer = outer.parentElement?.closest('details') ?? null) outer.open = true;
}
