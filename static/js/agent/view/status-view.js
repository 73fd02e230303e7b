/** The status of a ticket: the six, whom pending waits for, and the workspace's own inside them. */

import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {isActive} from '../queue-state.js';
import {setOwnStatus, setStatus, updateTicket} from '../ticket-effects.js';
import {statusName} from '../words.js';
import {icon, menu, menuItem, pill} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 * @typedef {import('../types.js').Status} Status
 */

const STATUSES = /** @type {const} */ (['in_progress', 'pending', 'resolved', 'closed']);

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function statusField(app, state, ticket) {
  const now = pill(ticket.status, ticket.status_id);
  if (!may(state, 'ticket:update') || ticket.merged_into !== null) return html`<span class="field-value">${now}</span>`;
  const ended = !isActive({...ticket, spam: false});
  const choices = ended ? /** @type {const} */ (['closed']) : STATUSES;
  const third = ticket.pending_on === 'third_party' && !ticket.status_id;
  const name = `Status: ${statusName(ticket.status, ticket.status_id)}`;
  return menu({id: 'menu-status', label: html`${now}${icon('chevron', 'is-small')}`, name, keys: 's'}, html`
    ${ended ? menuItem({label: 'Reopen', icon: icon('undo'), run: () => setStatus(app, ticket.id, 'open')}) : nothing}
    ${choices.map((status) => menuItem({label: pill(status), checked: status === ticket.status && !ticket.status_id && !third,
      run: () => chooseStatus(app, ticket, status)}))}
    ${ended ? nothing : menuItem({label: html`${pill('pending')} on a third party`, checked: third,
      run: () => updateTicket(app, ticket.id, {status: 'pending', pending_on: 'third_party'})})}
    ${ownItems(app, state, ticket, [...choices, ticket.status])}`);
}

/** Pending means pending on the customer, unless it is said otherwise. @param {App} app @param {Ticket} ticket @param {Status} status */
function chooseStatus(app, ticket, status) {
  if (status !== ticket.status) void setStatus(app, ticket.id, status);
  else void updateTicket(app, ticket.id, status === 'pending' ? {status, pending_on: 'customer'} : {status});
}

/** The workspace's own statuses inside those codes. @param {App} app @param {State} state @param {Ticket} ticket @param {Status[]} codes */
function ownItems(app, state, ticket, codes) {
  const own = state.people.statuses.filter((one) => one.id && one.active && codes.includes(one.code));
  if (!own.length) return nothing;
  return html`<hr>${own.map((one) => menuItem({label: pill(one.code, one.id), checked: one.id === ticket.status_id,
    run: () => setOwnStatus(app, ticket.id, one)}))}`;
}
