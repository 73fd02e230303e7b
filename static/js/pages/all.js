/** `data-all`: a box that ticks all others of its form, and says how many are ticked. */

/** @param {ParentNode} root */
export function tickAll(root) {
  for (const all of /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll('input[data-all]'))) {
    const boxes = /** @type {HTMLInputElement[]} */ ([...(all.form?.elements ?? [])].filter(
      (one) => one instanceof HTMLInputElement && one.type === 'checkbox' && one !== all));
    const show = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      all.checked = ticked === boxes.length;
      all.indeterminate = ticked > 0 && !all.checked;
    };
    all.closest('[hidden]')?.removeAttribute('hidden');
    all.addEventListener('change', () => boxes.forEach((box) => (box.checked = all.checked)));
    for (const box of boxes) box.addEventListener('change', show);
    show();
  }
}
