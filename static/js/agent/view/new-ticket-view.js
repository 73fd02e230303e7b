/** The form for a new ticket. What is typed lives in the form itself. */

import {html} from 'lit/html.js';

import {createTicket} from '../ticket-effects.js';
import {PRIORITIES, priorityName} from '../words.js';
import {explain} from '../api.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../types.js').Customer} Customer
 */

const SEARCH_AFTER = 200;
/** What the customer field offers, by what is written in it. @type {Map<string, Customer>} */
const offered = new Map();
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

/** @param {App} app */
export function newTicketForm(app) {
  return html`<form class="dialog-form" novalidate @submit=${(/** @type {SubmitEvent} */ event) => submit(app, event)}><div
    class="dialog-body">
    <p class="error" role="alert" data-error="form"></p>
    <div class="field"><label for="new-customer">Customer</label><input class="input" id="new-customer" name="customer"
      list="new-customers" dir="auto" autocomplete="off" autofocus required
      placeholder="Name or e-mail address" aria-describedby="new-customer-hint new-customer-error"
        @input=${(/** @type {Event} */ event) => search(app, event)}>
      <datalist id="new-customers"></datalist><span class="hint"
        id="new-customer-hint">An address that is not known yet makes a new customer.</span><span class="error"
          id="new-customer-error" data-error="customer"></span></div>
    <div class="field"><label for="new-title">Title</label><input class="input" id="new-title" name="title" dir="auto"
      maxlength="200" required aria-describedby="new-title-error"><span class="error" id="new-title-error"
        data-error="title"></span></div>
    <div class="field"><label for="new-description">Internal note</label><textarea class="textarea" id="new-description"
      name="description" dir="auto" maxlength="10000" aria-describedby="new-description-error"></textarea><span class="error"
        id="new-description-error" data-error="description"></span></div>
    <div class="field is-half"><label for="new-priority">Priority</label><select class="select" id="new-priority"
      name="priority">${PRIORITIES.map((one) => html`<option value=${one}
        ?selected=${one === 'medium'}>${priorityName(one)}</option>`)}</select></div></div>
    <div class="dialog-foot"><button type="button" class="btn"
      @click=${() => app.store.dispatch({type: 'ui', ui: {dialog: null}})}>Cancel</button><button
        class="btn is-primary">Create ticket</button></div></form>`;
}

/** @param {Customer} customer */
const labelOf = ({name, email, claimed_email}) => (email || claimed_email ? `${name} <${email ?? claimed_email}>` : name);

/** @param {App} app @param {Event} event */
function search(app, event) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  clearTimeout(timer);
  if (input.value.trim().length < 2 || offered.has(input.value)) return;
  timer = setTimeout(async () => {
    const {data} = await app.api.get('/customers', {q: input.value.trim()}).catch(() => ({data: []}));
    offered.clear();
    for (const customer of data) offered.set(labelOf(customer), customer);
    document.getElementById('new-customers')?.replaceChildren(...[...offered.keys()].map(option));
  }, SEARCH_AFTER);
}

/** @param {string} value */
function option(value) {
  const made = document.createElement('option');
  made.value = value;
  return made;
}

/** @param {string} typed @returns {{customer_id: string}|{customer_email: string, customer_name?: string}|null} */
function customerOf(typed) {
  const known = offered.get(typed);
  if (known) return {customer_id: known.id};
  const [, name = '', email = ''] = typed.match(/^(?:(.*?)\s*<)?([^\s<>]+@[^\s<>]+)>?$/) ?? [];
  if (!email) return null;
  return name ? {customer_email: email, customer_name: name} : {customer_email: email};
}

/** @param {App} app @param {SubmitEvent} event */
async function submit(app, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const data = new FormData(form);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? '').trim();
  const customer = customerOf(text('customer'));
  /** @type {[string, string][]} */
  const missing = [];
  if (!customer) missing.push(['customer', 'Choose somebody from the list, or type an e-mail address.']);
  if (!text('title')) missing.push(['title', 'A title is needed.']);
  show(form, missing);
  if (!customer || missing.length) return;
  const button = form.querySelector('.btn.is-primary');
  button?.setAttribute('aria-busy', 'true');
  const error = await createTicket(app, {title: text('title'), description: text('description'), priority: text('priority'),
    ...customer});
  button?.removeAttribute('aria-busy');
  if (error) show(form, fieldErrors(error));
}

/** @param {import('../../shared/errors.js').RequestError} error @returns {[string, string][]} */
function fieldErrors(error) {
  const known = error.detail.map(({loc, msg}) => /** @type {[string, string]} */ ([String(loc.at(-1)).replace(/^customer_.*/,
    'customer'), msg]));
  return known.length ? known : [['form', explain(error)]];
}

/** Each message at its field, the focus in the first. @param {HTMLFormElement} form @param {[string, string][]} errors */
function show(form, errors) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll('[data-error]'))) {
    const name = place.dataset.error ?? '';
    place.textContent = errors.filter(([field]) => field === name).map(([, message]) => message).join(' ');
    form.elements.namedItem(name) instanceof Element
      && /** @type {Element} */ (form.elements.namedItem(name)).toggleAttribute('aria-invalid', false);
  }
  for (const [name] of errors) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLElement) field.setAttribute('aria-invalid', 'true');
  }
  /** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
}
