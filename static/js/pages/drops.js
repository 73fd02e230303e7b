/** What drops down over the page: closed by Escape, by a press elsewhere, and once the focus has gone on. */

/** @param {Document} page */
export function dropDowns(page) {
  const drops = /** @type {HTMLDetailsElement[]} */ ([...page.querySelectorAll('details[data-drop]')]);
  for (const drop of drops) {
    drop.addEventListener('focusout', ({relatedTarget}) => {
      if (relatedTarget instanceof Node && !drop.contains(relatedTarget)) drop.open = false;
    });
    drop.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !drop.open) return;
      drop.open = false;
      drop.querySelector('summary')?.focus();
    });
  }
  page.addEventListener('pointerdown', ({target}) => {
    for (const drop of drops) if (!drop.contains(/** @type {Node} */ (target))) drop.open = false;
  });
}
