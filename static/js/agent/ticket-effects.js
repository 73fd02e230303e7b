/** What staff do to a ticket, to its customer and to themselves. */

import {asRequestError} from '../shared/errors.js';
import {uuid} from '../shared/uuid.js';
import {isActive} from './queue-state.js';
import {nextAfter} from './queue-effects.js';
import {catchUp} from './thread-effects.js';
import {failed, toast} from './toasts.js';
import {statusName} from './words.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Status} Status
 * @typedef {import('./types.js').Row} Row
 */

/** The row as it is after a write; the thread hears of it by its events. @param {App} app @param {Row} row */
export function settled(app, row) {
  app.store.dispatch({type: 'queue/known', row});
  app.store.dispatch({type: 'thread/row', row});
  if (app.connection.state !== 'online') void catchUp(app, row.id);
}

/** @param {App} app @param {string} id @param {object} change @returns {Promise<boolean>} */
export async function updateTicket(app, id, change) {
  try {
    settled(app, (await app.api.patch(`/tickets/${id}`, change)).ticket);
    return true;
  } catch (cause) {
    const error = asRequestError(cause);
    if (error.code === 'fields_required') ask(app, id, change, error);
    else failed(app, 'Not saved.', error);
    return false;
  }
}

/** Resolving wants fields that are empty: they are asked for. @param {App} app @param {string} id @param {object} change @param {import('../shared/errors.js').RequestError} error */
function ask(app, id, change, error) {
  const keys = error.detail.map(({loc}) => `${loc.at(-2) === 'customer_fields' ? 'customer' : 'ticket'}.${loc.at(-1)}`);
  app.store.dispatch({type: 'ui', ui: {dialog: 'fields', asking: {id, change, keys}}});
}

/** @param {App} app @param {string} id @param {import('./types.js').OwnStatus} own one of the workspace's */
export const setOwnStatus = (app, id, own) => updateTicket(app, id, own.id ? {status_id: own.id} : {status: own.code});

/** @param {App} app @param {string} id @param {Status} status @param {{next?: boolean}} [options] */
export async function setStatus(app, id, status, {next = false} = {}) {
  const before = app.store.state.threads.byId[id]?.ticket ?? app.store.state.queue.rows[id];
  if (!before || before.status === status) return;
  const old = before.status;
  if (!(await updateTicket(app, id, {status}))) return;
  if (next) nextAfter(app, id);
  const back = wayBack(old, status);
  toast(
    app,
    `#${before.number}: ${statusName(status)}`,
    back ? {action: {label: 'Undo', run: () => void setStatus(app, id, back)}} : {},
  );
}

/**
 * The status that undoes a change: a closed ticket can only be reopened, and nobody is given back what was not begun.
 * @param {Status} old
 * @param {Status} now
 * @returns {Status|null}
 */
function wayBack(old, now) {
  const ended = !isActive({status: now, spam: false});
  if (old === 'in_progress' || old === 'pending' || old === 'resolved') return now === 'closed' ? 'open' : old;
  return ended && old !== 'closed' ? 'open' : null;
}

/** @param {App} app @param {string} id @param {{agent_id?: string|null, team_id?: string|null, note?: string}} to */
export async function assign(app, id, to) {
  const expected = app.store.state.threads.byId[id]?.ticket.assigned_agent_id;
  try {
    const {ticket} = await app.api.post(`/tickets/${id}/assign`, {agent_id: null, ...to, expected_agent_id: expected ?? null});
    settled(app, ticket);
    return true;
  } catch (cause) {
    const error = asRequestError(cause);
    if (error.code !== 'already_assigned') failed(app, 'Not assigned.', error);
    else toast(app, takenBy(app, error.current?.assigned_agent_id), {kind: 'bad'});
    void catchUp(app, id);
    return false;
  }
}

/** @param {App} app @param {string|null|undefined} agent */
function takenBy(app, agent) {
  const name = agent ? app.store.state.people.users[agent]?.name : null;
  return name ? `${name} was faster and has this conversation now.` : 'Somebody else changed the assignment just now.';
}

/** @param {App} app @param {string} id */
export const take = (app, id) => assign(app, id, {agent_id: app.store.state.boot.me.id});

/** @param {App} app @param {string} id @param {boolean} spam */
export async function setSpam(app, id, spam) {
  try {
    settled(app, (await app.api.post(`/tickets/${id}/spam`, {spam})).ticket);
    toast(app, spam ? 'Marked as spam' : 'Not spam any more', {action: {label: 'Undo', run: () => void setSpam(app, id, !spam)}});
  } catch (error) {
    failed(app, 'Not changed.', error);
  }
}

/** @param {App} app @param {{customer: string, address: string|null, days: number|null, reason: string}} block */
export async function blockCustomer(app, {customer, address, days, reason}) {
  try {
    const given = {...(address ? {address} : {}), ...(days ? {days} : {}), ...(reason ? {reason} : {})};
    await app.api.post('/blocks', {customer_id: customer, ...given});
    toast(app, 'Blocked. They cannot write any more.');
    await refreshCustomer(app, customer, true);
    return true;
  } catch (error) {
    failed(app, 'Not blocked.', error);
    return false;
  }
}

/** @param {App} app @param {string} customer */
export async function unblockCustomer(app, customer) {
  try {
    const {blocks} = await app.api.get(`/customers/${customer}`);
    for (const block of blocks) await app.api.remove(`/blocks/${block.id}`);
    toast(app, 'Unblocked');
    await refreshCustomer(app, customer, false);
  } catch (error) {
    failed(app, 'Not unblocked.', error);
  }
}

/** @param {App} app @param {string} customer @param {boolean} blocked */
async function refreshCustomer(app, customer, blocked) {
  for (const row of Object.values(app.store.state.queue.rows)) {
    if (row.customer.id === customer) settled(app, {...row, customer: {...row.customer, blocked}});
  }
}

/**
 * @param {App} app
 * @param {{title: string, description: string, priority: string, customer_id?: string, customer_email?: string, customer_name?: string}} ticket
 * @returns {Promise<import('../shared/errors.js').RequestError|null>} why not, for the form
 */
export async function createTicket(app, ticket) {
  try {
    const {ticket: row} = await app.api.post('/tickets', {...ticket, client_id: uuid()});
    app.store.dispatch({type: 'queue/known', row});
    app.store.dispatch({type: 'ui', ui: {dialog: null}});
    app.go({view: app.store.state.route.view, number: row.number, seq: null});
    return null;
  } catch (error) {
    return asRequestError(error);
  }
}

/** @param {App} app @param {import('./types.js').Availability} availability @param {string} [reason] why, if not online */
export async function setAvailability(app, availability, reason = '') {
  const {availability: before, reason: why} = app.store.state.boot.me;
  app.store.dispatch({type: 'me', me: {availability, reason: reason || null}});
  try {
    if (app.connection.state === 'online') await app.connection.request('availability.set', {availability, reason});
    else await app.api.patch('/me', {availability, reason});
  } catch (error) {
    app.store.dispatch({type: 'me', me: {availability: before, reason: why}});
    failed(app, 'Not changed.', error);
  }
}

/** @param {App} app @param {Record<string, unknown>} change */
export async function saveSettings(app, change) {
  const settings = {...app.store.state.boot.me.settings, ...change};
  app.store.dispatch({type: 'me', me: {settings}});
  await app.api.patch('/me', {settings}).catch((error) => failed(app, 'Setting not saved.', error));
}

/** @param {App} app */
export async function copyLink(app) {
  await copy(app, location.href, 'Link copied');
}

/** @param {App} app @param {string} text @param {string} said */
export async function copy(app, text, said) {
  try {
    await navigator.clipboard.writeText(text);
    toast(app, said);
  } catch {
    toast(app, 'The browser did not allow copying.', {kind: 'bad'});
  }
}
