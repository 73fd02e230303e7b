/** The workspace's own fields of a ticket: shown, changed in place, and asked for before resolving. */

import {html, nothing} from 'lit/html.js';

import {safeUrl} from '../../shared/linkify.js';
import {may} from '../app-state.js';
import {answerAsked, setProperty} from '../properties-effects.js';
import {icon} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 * @typedef {import('../types.js').Field} Field
 * @typedef {import('../types.js').FieldValue} FieldValue
 */

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function fieldsSection(app, state, ticket) {
  const fields = state.people.fields.filter((field) => field.target === 'ticket');
  if (!fields.length) return nothing;
  const edits = may(state, 'ticket:update');
  return html`<section aria-labelledby="fields-head"><h3 id="fields-head">Fields</h3><dl>${fields.map((field) => html`<div
    class="context-pair"><dt title=${field.hint || field.label}>${field.label}</dt><dd dir="auto">${
      edits && state.ui.editingField === field.key ? editor(app, ticket, field) : shown(app, ticket, field, edits)}</dd></div>`)}</dl></section>`;
}

/** @param {Field} field @param {FieldValue|undefined} value */
function words(field, value) {
  if (value === undefined) return html`<span class="faint">–</span>`;
  if (field.kind === 'checkbox') return value ? 'Yes' : 'No';
  if (field.kind === 'url') return html`<a href=${safeUrl(String(value), ['http:', 'https:'])} target="_blank"
    rel="noopener noreferrer nofollow">${String(value).replace(/^https?:\/\//, '')}</a>`;
  return String(value);
}

/** What a button that shows a value says after its name. @param {Field} field @param {FieldValue|undefined} value */
function spoken(field, value) {
  if (value === undefined || field.kind === 'url') return '';
  return `: ${field.kind === 'checkbox' ? (value ? 'Yes' : 'No') : value}`;
}

/** @param {App} app @param {Ticket} ticket @param {Field} field @param {boolean} edits */
function shown(app, ticket, field, edits) {
  const value = words(field, ticket.fields[field.key]);
  if (!edits) return html`<span class="clip">${value}</span>`;
  const isLink = field.kind === 'url' && ticket.fields[field.key] !== undefined;
  const open = html`<button type="button" class="field-edit ${isLink ? 'is-icon' : 'clip'}" title="Change"
    aria-label="Change ${field.label}${spoken(field, ticket.fields[field.key])}" data-field=${field.key}
    @click=${() => editField(app, field.key)}>${
      isLink ? icon('settings', 'is-small') : value}</button>`;
  return isLink ? html`<span class="field-url"><span class="clip">${value}</span>${open}</span>` : open;
}

/** Opens a field for editing, or shuts the one that is open. @param {App} app @param {string|null} key */
export function editField(app, key) {
  const back = app.store.state.ui.editingField;
  app.store.dispatch({type: 'ui', ui: {editingField: key}});
  app.draw();
  const place = key ? document.querySelector('.field-form .input, .field-form .select, .field-form input')
    : document.querySelector(`[data-field="${back}"]`);
  /** @type {HTMLElement|null} */ (place)?.focus();
}

/** Shuts a field once it is saved, unless another one was opened meanwhile. @param {App} app @param {string} key */
export function shutField(app, key) {
  if (app.store.state.ui.editingField === key) editField(app, null);
}

/** @param {App} app @param {Ticket} ticket @param {Field} field */
function editor(app, ticket, field) {
  return html`<form class="field-form" @submit=${(/** @type {SubmitEvent} */ event) => save(app, ticket, field, event)}
    @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && editField(app, null)}>${
      input(field, `edit-${field.key}`, ticket.fields[field.key], {label: true})}<span class="error" role="alert"></span><span
      class="cluster"><button class="btn is-small is-primary">Save</button><button type="button" class="btn is-small"
        @click=${() => editField(app, null)}>Cancel</button></span></form>`;
}

/** @param {App} app @param {Ticket} ticket @param {Field} field @param {SubmitEvent} event */
async function save(app, ticket, field, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const wrong = await setProperty(app, ticket.id, {fields: {[field.key]: valueOf(form, field, `edit-${field.key}`)}});
  if (wrong === null) return shutField(app, field.key);
  /** @type {HTMLElement} */ (form.querySelector('.error')).textContent = wrong;
}

/** @param {HTMLFormElement} form @param {Field} field @param {string} name */
function valueOf(form, field, name) {
  const box = /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  return field.kind === 'checkbox' ? box.checked : box.value || null;
}

/** @param {Field} field @param {string} name @param {FieldValue|undefined} value @param {{label?: boolean}} [options] with a label of its own */
function input(field, name, value, {label = false} = {}) {
  const named = label ? field.label : nothing;
  const text = value === undefined ? '' : String(value);
  if (field.kind === 'choice') return html`<select class="select" id=${name} name=${name} aria-label=${named}><option value="">–</option>${
    field.choices.map((choice) => html`<option ?selected=${choice === text}>${choice}</option>`)}</select>`;
  if (field.kind === 'checkbox') return html`<label class="check"><input type="checkbox" id=${name} name=${name}
    .checked=${value === true}><span>${field.label}</span></label>`;
  const type = {text: 'text', number: 'number', date: 'date', url: 'url'}[field.kind];
  return html`<input class="input" id=${name} name=${name} type=${type} step=${type === 'number' ? 'any' : nothing} maxlength="500"
    aria-label=${named} placeholder=${field.pattern || nothing} autocomplete="off" dir="auto" .value=${text}>`;
}

/** What resolving wants. @param {App} app @param {State} state @param {import('../app-state.js').Asking} asking */
export function askForm(app, state, asking) {
  const wanted = state.people.fields.filter((field) => asking.keys.includes(`${field.target}.${field.key}`));
  const ticket = state.threads.byId[asking.id]?.ticket;
  return html`<form class="dialog-form" novalidate @submit=${(/** @type {SubmitEvent} */ event) => answer(app, wanted, asking, event)}><div
    class="dialog-body"><p class="muted">${wanted.length === 1 ? 'This is needed' : 'These are needed'} before the ticket is
      resolved.</p>${wanted.map((field, i) => {
      const name = `${field.target}.${field.key}`;
      return html`<div class="field">${field.kind === 'checkbox' ? nothing : html`<label for=${name}>${field.label}${
        field.target === 'customer' ? html` <span class="hint">of the customer</span>` : nothing}</label>`}${
        input(field, name, field.target === 'ticket' ? ticket?.fields[field.key] : undefined)}${field.hint
          ? html`<span class="hint">${field.hint}</span>` : nothing}<span class="error" role=${i ? nothing : 'alert'}
            data-error=${field.key}></span></div>`;
    })}</div><div class="dialog-foot"><button type="button" class="btn"
      @click=${() => app.store.dispatch({type: 'ui', ui: {dialog: null, asking: null}})}>Cancel</button><button
      class="btn is-primary">Save and go on</button></div></form>`;
}

/** @param {App} app @param {Field[]} wanted @param {import('../app-state.js').Asking} asking @param {SubmitEvent} event */
async function answer(app, wanted, asking, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const of = (/** @type {'ticket'|'customer'} */ target) => Object.fromEntries(wanted.filter((field) => field.target === target)
    .map((field) => [field.key, valueOf(form, field, `${target}.${field.key}`)]));
  const wrong = (await answerAsked(app, asking, {ticket: of('ticket'), customer: of('customer')})) ?? {};
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll('[data-error]'))) place.textContent =
    wrong[place.dataset.error ?? ''] ?? '';
}
