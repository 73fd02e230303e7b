/** The form before the first message. */

import {html, nothing} from 'lit/html.js';

import {t} from '../shared/i18n.js';
import {safeUrl} from '../shared/linkify.js';
import {asksForEmail, formFields} from './form-rules.js';
import {icon} from './view-parts.js';

/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./types.js').Field} Field */
/** @typedef {import('./ui.js').Ui} Ui */
/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/** @type {Record<string, {type: string, autocomplete: string}>} */
const INPUTS = {email: {type: 'email', autocomplete: 'email'}, phone: {type: 'tel', autocomplete: 'tel'}, text: {type: 'text', autocomplete: 'on'}};

/** @param {State} state @param {Ui} ui */
export function form(state, ui) {
  const {inbox, limits} = ui.boot;
  const {errors, failure, sending, message} = state.form;
  const away = state.availability.state !== 'online';
  return html`<form class="form" novalidate @submit=${ui.begin} aria-busy=${sending}>
    ${away ? html`<p class="hint">${t('leave_message')}</p>` : nothing}
    ${formFields(inbox.prechat, state).map((field) => row(field, state, ui))}
    <div class="field">
      <label for="f-content">${t('your_message')}${mark(true)}</label>
      <textarea id="f-content" name="content" rows="3" dir=${message ? 'auto' : nothing} maxlength=${limits.comment_chars} aria-required="true"
        aria-invalid=${'content' in errors} aria-describedby=${'content' in errors ? 'e-content' : nothing} placeholder=${t('message_placeholder')}
        .value=${message} @input=${(/** @type {{target: Control}} */ {target}) => ui.sending.fillMessage(target.value)}></textarea>
      ${error('content', errors.content)}
    </div>
    ${inbox.consent ? consent(inbox.consent, state, ui) : nothing}
    ${failure ? html`<p class="failure" role="alert">${icon('alert')}<span dir="auto">${failure}</span></p>` : nothing}
    <button type="submit" class="primary" ?disabled=${sending}>${t(sending ? 'state_sending' : away || asksForEmail(state) ? 'send_message' : 'start_chat')}</button>
  </form>`;
}

/** @param {Field} field @param {State} state @param {Ui} ui */
function row(field, state, ui) {
  const wrong = state.form.errors[field.name];
  if (field.type === 'checkbox') return tick(field.name, field.label, field.required, state, ui);
  return html`<div class="field">
    <label for=${`f-${field.name}`}><bdi>${field.label || t('your_email')}</bdi>${mark(field.required)}</label>
    ${control(field, state, ui)}
    ${error(field.name, wrong)}
  </div>`;
}

/** @param {Field} field @param {State} state @param {Ui} ui */
function control({name, type, required, options = []}, state, ui) {
  const value = String(state.form.values[name] ?? '');
  const wrong = name in state.form.errors;
  const changed = (/** @type {{target: Control}} */ {target}) => ui.sending.fill(name, target.value);
  if (type === 'select') {
    return html`<select id=${`f-${name}`} name=${name} aria-required=${required} aria-invalid=${wrong} aria-describedby=${wrong ? `e-${name}` : nothing} @change=${changed}>
      <option value="" ?selected=${!value}>${t('choose')}</option>
      ${options.map((option) => html`<option ?selected=${option === value}>${option}</option>`)}
    </select>`;
  }
  const input = INPUTS[type] ?? {type: 'text', autocomplete: 'on'};
  const autocomplete = name === 'name' ? 'name' : input.autocomplete;
  return html`<input id=${`f-${name}`} name=${name} type=${input.type} autocomplete=${/** @type {any} */ (autocomplete)} dir=${value ? 'auto' : nothing} maxlength="500"
    aria-required=${required} aria-invalid=${wrong} aria-describedby=${wrong ? `e-${name}` : nothing} .value=${value} @input=${changed}>`;
}

/** @param {{text: string, url: string | null}} consent_ @param {State} state @param {Ui} ui */
function consent({text, url}, state, ui) {
  const link = url ? html` <a href=${safeUrl(new URL(url, location.href).href)} target="_blank" rel="noopener noreferrer">${t('read_more')}</a>` : nothing;
  return tick('consent', html`${text}${link}`, true, state, ui);
}

/** @param {string} name @param {unknown} label @param {boolean} required @param {State} state @param {Ui} ui */
function tick(name, label, required, state, ui) {
  const wrong = state.form.errors[name];
  return html`<div class="field tick">
    <input type="checkbox" id=${`f-${name}`} name=${name} aria-required=${required} aria-invalid=${Boolean(wrong)} aria-describedby=${wrong ? `e-${name}` : nothing}
      .checked=${state.form.values[name] === true} @change=${(/** @type {{target: HTMLInputElement}} */ {target}) => ui.sending.fill(name, target.checked)}>
    <label for=${`f-${name}`}><bdi>${label}</bdi>${mark(required)}</label>
    ${error(name, wrong)}
  </div>`;
}

/** @param {boolean} required */
const mark = (required) => (required ? html`<span class="required" aria-hidden="true"> *</span>` : html`<span class="optional"> ${t('optional')}</span>`);

/** @param {string} name @param {string | undefined} text */
const error = (name, text) => (text ? html`<p class="error" id=${`e-${name}`}>${text}</p>` : nothing);
