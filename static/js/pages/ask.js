/** A question in a dialog. */

/**
 * What was typed where a `name` is asked for, else ''; null: no.
 * @param {string} question
 * @param {{yes?: string, no?: string, name?: string, danger?: boolean}} [how]
 * @returns {Promise<string | null>}
 */
export function ask(question, {yes = 'Yes, do it', no = 'Cancel', name, danger = false} = {}) {
  const dialog = made('dialog', 'dialog is-narrow');
  const form = made('form', 'dialog-form');
  const body = made('div', 'dialog-body confirm-body');
  const text = made('p', '', question);
  text.id = 'ask-question';
  text.dir = 'auto';
  dialog.setAttribute('aria-labelledby', text.id);
  body.append(text);
  const field = name ? typing(body, name) : null;
  const foot = made('div', 'dialog-foot');
  const cancel = made('button', 'btn', no);
  cancel.type = 'button';
  cancel.addEventListener('click', () => dialog.close());
  foot.append(cancel, made('button', danger ? 'btn is-danger' : 'btn is-primary', yes));
  form.append(body, foot);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  (field?.input ?? cancel).focus();
  return new Promise((resolve) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (field && plain(field.input.value) !== plain(name ?? '')) return field.refuse();
      dialog.close('yes');
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes' ? (field?.input.value ?? '') : null);
    });
  });
}

/** The field for a name, which says so where another one was typed. @param {HTMLElement} body @param {string} name */
function typing(body, name) {
  const label = made('label', '', `Type “${name}” to go on`);
  const input = made('input', 'input');
  const error = made('span', 'error');
  input.id = label.htmlFor = 'ask-name';
  error.id = 'ask-error';
  input.autocomplete = 'off';
  input.spellcheck = false;
  input.dir = 'auto';
  input.setAttribute('aria-describedby', error.id);
  const field = made('div', 'field');
  field.append(label, input, error);
  body.append(field);
  const refuse = () => {
    error.textContent = 'That is another name';
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  };
  return {input, refuse};
}

/** As the server compares. @param {string} text */
function plain(text) {
  return text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {string} look @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function made(tag, look, text) {
  const element = document.createElement(tag);
  if (look) element.className = look;
  if (text !== undefined) element.textContent = text;
  return element;
}
