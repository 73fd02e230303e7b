/** The eye beside a password. */

/** @param {ParentNode} root */
export function revealButtons(root) {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll('[data-reveal]'))) {
    const input = document.getElementById(button.dataset.reveal ?? '');
    if (!(input instanceof HTMLInputElement)) continue;
    button.hidden = false;
    button.addEventListener('click', () => show(button, input, input.type === 'password'));
    input.form?.addEventListener('submit', () => show(button, input, false));
  }
}

/** @param {HTMLButtonElement} button @param {HTMLInputElement} input @param {boolean} open */
function show(button, input, open) {
  input.type = open ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(open));
}
