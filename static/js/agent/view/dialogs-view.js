/** New ticket, transfer, block, the list of keys, and the end of a session. */

import {html, nothing} from 'lit/html.js';

import {unsent} from '../app-state.js';
import {groups, shortcutsFor} from '../keys.js';
import {openThread} from '../thread-state.js';
import {assign, blockCustomer, saveSettings} from '../ticket-effects.js';
import {icon} from './bits.js';
import {askForm} from './fields-view.js';
import {snoozeForm, splitForm} from './lifecycle-view.js';
import {mergeForm} from './merge-view.js';
import {newTicketForm} from './new-ticket-view.js';
import {historyBody, linkForm} from './relations-view.js';
import {offerForm} from './routing-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 */

/** @param {App} app @param {State} state */
export function dialogsView(app, state) {
  if (state.link.ended !== null) return ended(state);
  const thread = openThread(state.threads);
  switch (state.ui.dialog) {
    case 'new': return dialog(app, 'New ticket', newTicketForm(app));
    case 'keys': return dialog(app, 'Keyboard shortcuts', keyList(app, state));
    case 'transfer': return thread ? dialog(app, 'Transfer the conversation', transferForm(app, state, thread.ticket),
      'is-narrow') : nothing;
    case 'fields': return state.ui.asking ? dialog(app, 'Before this is resolved', askForm(app, state, state.ui.asking), 'is-narrow')
      : nothing;
    case 'link': return thread ? dialog(app, 'Link a ticket', linkForm(app, thread.ticket), 'is-narrow') : nothing;
    case 'history': return thread ? dialog(app, `History of #${thread.ticket.number}`, historyBody(app, state, thread.ticket))
      : nothing;
    case 'offer': return thread ? dialog(app, `Offer #${thread.ticket.number} to a colleague`, offerForm(app, state, thread.ticket),
      'is-narrow') : nothing;
    case 'block': return thread ? dialog(app, `Block ${thread.ticket.customer.name}`, blockForm(app, thread.ticket), 'is-narrow')
      : nothing;
    case 'snooze': return thread ? dialog(app, 'Snooze', snoozeForm(app, state, thread.ticket), 'is-narrow') : nothing;
    case 'merge': return thread ? dialog(app, `Merge #${thread.ticket.number} into another ticket`, mergeForm(app, state,
      thread.ticket)) : nothing;
    case 'split': return thread ? dialog(app, 'Split the conversation', splitForm(app, thread)) : nothing;
    default: return nothing;
  }
}

/** @param {App} app */
export const closeDialog = (app) => app.store.dispatch({type: 'ui', ui: {dialog: null}});

/** The dialog in the page is opened as soon as it is drawn. */
export function openDrawn() {
  const drawn = /** @type {HTMLDialogElement|null} */ (document.querySelector('dialog.dialog'));
  if (drawn && !drawn.open) drawn.showModal();
}

/** @param {App} app @param {string} title @param {unknown} body @param {string} [classes] */
function dialog(app, title, body, classes = '') {
  return html`<dialog class="dialog ${classes}" aria-labelledby="dialog-title" @close=${() => closeDialog(app)}
    @click=${(/** @type {MouseEvent} */ event) => event.target === event.currentTarget && closeDialog(app)}>
    <div class="dialog-head"><h2 id="dialog-title" dir="auto">${title}</h2><button type="button"
      class="icon-btn is-quiet is-small" aria-label="Close"
        @click=${() => closeDialog(app)}>${icon('x')}</button></div>${body}</dialog>`;
}

/** @param {string} sign */
const keyName = (sign) => ({Escape: 'Esc', Enter: '↵'})[sign] ?? sign.toLocaleUpperCase();

/** @param {App} app @param {State} state */
function keyList(app, state) {
  const on = state.boot.me.settings.shortcuts !== false;
  const able = shortcutsFor(state.boot.permissions);
  return html`<div class="dialog-body">
    <label class="switch"><input type="checkbox" role="switch" autofocus .checked=${on}
      @change=${(/** @type {Event} */ event) => saveSettings(app,
        {shortcuts: /** @type {HTMLInputElement} */ (event.target).checked})}><span>Single-key shortcuts</span></label>
    <div class="key-groups">${groups.map((group) => html`<section><h3>${group}</h3><dl>${able.filter((key) =>
      key.group === group).map((key) => html`
      <div class="key-line"><dt>${key.title}</dt><dd>${key.keys.map((one, i) => html`${i ? html` <span class="faint">or</span> `
        : nothing}${one.split(' ').map((sign) =>
          html`<kbd>${keyName(sign)}</kbd>`)}`)}</dd></div>`)}</dl></section>`)}</div></div>`;
}

/** @param {App} app @param {State} state @param {import('../types.js').Ticket} ticket */
function transferForm(app, state, ticket) {
  const users = Object.values(state.people.users).filter((user) => user.answers
    && user.id !== ticket.assigned_agent_id);
  return html`<form class="dialog-form" @submit=${(/** @type {SubmitEvent} */ event) => transfer(app, ticket.id, event)}><div
    class="dialog-body">
    <div class="field"><label for="transfer-to">To</label><select class="select" id="transfer-to" name="to" required autofocus>
      <option value="">Choose…</option>
      <optgroup label="People">${users.map((user) => html`<option value="user:${user.id}">${user.name}${user.online ? ''
        : ' (offline)'}</option>`)}</optgroup>
      ${state.people.teams.length
        ? html`<optgroup label="Teams">${state.people.teams.map((team) => html`<option
          value="team:${team.id}">${team.name}</option>`)}</optgroup>` : nothing}</select></div>
    <div class="field"><label for="transfer-note">Note for them <span class="hint">optional</span></label><textarea
      class="textarea" id="transfer-note" name="note" dir="auto" maxlength="10000"
        placeholder="What they should know. The customer does not see it."></textarea></div></div>
    <div class="dialog-foot"><button type="button" class="btn" @click=${() => closeDialog(app)}>Cancel</button><button
      class="btn is-primary">Transfer</button></div></form>`;
}

/** @param {App} app @param {string} id @param {SubmitEvent} event */
async function transfer(app, id, event) {
  event.preventDefault();
  const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const [kind, to = ''] = String(data.get('to')).split(':');
  const note = String(data.get('note') ?? '').trim();
  const target = kind === 'team' ? {agent_id: null, team_id: to} : {agent_id: to};
  if (await assign(app, id, note ? {...target, note} : target)) closeDialog(app);
}

/** @param {App} app @param {import('../types.js').Ticket} ticket */
function blockForm(app, {customer, client}) {
  const address = client?.address;
  return html`<form class="dialog-form" @submit=${(/** @type {SubmitEvent} */ event) => block(app, customer.id, event)}><div
    class="dialog-body">
    <p class="muted">They cannot write to you any more, in any inbox. Their conversations stay.</p>
    <div class="field"><label for="block-days">For</label><select class="select" id="block-days" name="days"><option
      value="1">A day</option><option value="7">A week</option><option value="30">30 days</option><option
        value="" selected>Until somebody unblocks them</option></select></div>
    <div class="field"><label for="block-reason">Reason <span class="hint">optional, for colleagues</span></label><input
      class="input" id="block-reason" name="reason" dir="auto" maxlength="200"></div>
    ${address ? html`<label class="check"><input type="checkbox" name="address" value=${address}><span>Their address
      too, <bdi>${address}</bdi>: nobody there can write then</span></label>` : nothing}</div>
    <div class="dialog-foot"><button type="button" class="btn" @click=${() => closeDialog(app)}>Cancel</button><button
      class="btn is-danger">Block</button></div></form>`;
}

/** @param {App} app @param {string} customer @param {SubmitEvent} event */
async function block(app, customer, event) {
  event.preventDefault();
  const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const days = Number(data.get('days')) || null;
  const address = /** @type {string | null} */ (data.get('address'));
  const reason = String(data.get('reason') ?? '').trim();
  if (await blockCustomer(app, {customer, address, days, reason})) closeDialog(app);
}

/** @param {State} state */
function ended(state) {
  const why = state.link.ended === 'deactivated' ? 'Your account has been switched off.' : 'You have been signed out.';
  const left = unsent(state);
  return html`<dialog class="dialog is-narrow" aria-labelledby="dialog-title"
    @cancel=${(/** @type {Event} */ event) => event.preventDefault()}>
    <div class="dialog-head"><h2 id="dialog-title">Your session has ended</h2></div>
    <div class="dialog-body"><p>${why} Sign in again to go on.</p>${left ? html`<p class="muted">${left === 1
      ? 'One unsent text stays' : `${left} unsent texts stay`} in this browser and will be here again.</p>` : nothing}</div>
    <div class="dialog-foot"><button type="button" class="btn" @click=${() => location.reload()}>I have signed in</button><a
      class="btn is-primary" href="/sign-in?next=${encodeURIComponent(location.pathname)}">Sign in</a></div></dialog>`;
}
