/** Asks before a form with `data-confirm` is sent. */

/** @param {ParentNode} root */
export function confirmForms(root) {
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (root.querySelectorAll('form[data-confirm]'))) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (await ask(form.dataset.confirm ?? '')) form.submit();
    });
  }
}

/** @param {string} question @returns {Promise<boolean>} */
function ask(question) {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog is-narrow';
  dialog.setAttribute('aria-label', 'Please confirm');
  const body = document.createElement('div');
  body.className = 'dialog-body confirm-body';
  body.textContent = question;
  const foot = document.createElement('div');
  foot.className = 'dialog-foot';
  foot.append(button('Cancel', 'btn', dialog, ''), button('Yes, do it', 'btn is-danger', dialog, 'yes'));
  dialog.append(body, foot);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}

/** @param {string} text @param {string} look @param {HTMLDialogElement} dialog @param {string} answer */
function button(text, look, dialog, answer) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = look;
  made.textContent = text;
  made.addEventListener('click', () => dialog.close(answer));
  return made;
}
