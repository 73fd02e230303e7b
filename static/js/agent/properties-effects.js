/** Tags, fields, followers, links, history and the trash: what else staff set on a ticket. */

import {asRequestError} from '../shared/errors.js';
import {nextAfter} from './queue-effects.js';
import {showThread} from './thread-effects.js';
import {settled, updateTicket} from './ticket-effects.js';
import {failed, toast} from './toasts.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').FieldValue} FieldValue
 */

/** @param {App} app @param {string} id @param {string} name @param {boolean} on */
export const setTag = (app, id, name, on) => updateTicket(app, id, on ? {add_tags: [name]} : {remove_tags: [name]});

/**
 * @param {App} app
 * @param {string} id
 * @param {object} change `{fields}` or a field of every ticket
 * @returns {Promise<string|null>} what is wrong with it, for its field
 */
export async function setProperty(app, id, change) {
  try {
    settled(app, (await app.api.patch(`/tickets/${id}`, change)).ticket);
    return null;
  } catch (cause) {
    const error = asRequestError(cause);
    if (error.detail[0]) return error.detail[0].msg;
    failed(app, 'Not saved.', error);
    return '';
  }
}

/**
 * Saves what resolving wants, then the change that wanted it.
 * @param {App} app
 * @param {import('./app-state.js').Asking} asking
 * @param {{ticket: Record<string, unknown>, customer: Record<string, unknown>}} values
 * @returns {Promise<Record<string, string>|null>} by key what is wrong
 */
export async function answerAsked(app, asking, values) {
  try {
    const {customer} = app.store.state.threads.byId[asking.id]?.ticket ?? {};
    if (customer && Object.keys(values.customer).length) await app.api.patch(`/customers/${customer.id}`, {fields: values.customer});
    settled(app, (await app.api.patch(`/tickets/${asking.id}`, {...asking.change, fields: values.ticket})).ticket);
    app.store.dispatch({type: 'ui', ui: {dialog: null, asking: null}});
    return null;
  } catch (cause) {
    const error = asRequestError(cause);
    const named = error.detail.map(({loc, msg}) => [String(loc.at(-1)), msg]);
    if (!named.length) failed(app, 'Not saved.', error);
    return Object.fromEntries(named);
  }
}

/** @param {App} app @param {string} id @param {string} user `me` or an id @param {boolean} on */
export async function setFollowing(app, id, user, on) {
  try {
    const path = `/tickets/${id}/followers/${user}`;
    const {followers} = await (on ? app.api.put(path, {}) : app.api.remove(path));
    app.store.dispatch({type: 'thread/patch', id, ticket: {followers}});
  } catch (error) {
    failed(app, 'Not changed.', error);
  }
}

/** @param {App} app @param {string} id */
export async function loadLinks(app, id) {
  const found = await app.api.get(`/tickets/${id}/links`).catch(() => null);
  if (found) app.store.dispatch({type: 'ui', ui: {links: {id, data: found.data}}});
}

/**
 * @param {App} app
 * @param {string} id
 * @param {{ticket: string, kind: string}} link
 * @returns {Promise<string|null>} what is wrong with it
 */
export async function addLink(app, id, link) {
  try {
    const {data} = await app.api.post(`/tickets/${id}/links`, link);
    app.store.dispatch({type: 'ui', ui: {links: {id, data}, dialog: null}});
    return null;
  } catch (cause) {
    return asRequestError(cause).detail[0]?.msg ?? 'Not linked.';
  }
}

/** @param {App} app @param {string} id @param {import('./types.js').Link} link */
export async function removeLink(app, id, link) {
  try {
    await app.api.remove(`/tickets/${id}/links/${link.id}`);
    await loadLinks(app, id);
    const again = () => void addLink(app, id, {ticket: link.ticket.id, kind: link.kind});
    toast(app, `Link to #${link.ticket.number} removed`, {action: {label: 'Undo', run: again}});
  } catch (error) {
    failed(app, 'Not removed.', error);
  }
}

/** @param {App} app @param {string} id @param {number|null} [before] */
export async function loadHistory(app, id, before = null) {
  const known = before !== null && app.store.state.ui.history?.id === id ? app.store.state.ui.history.data : [];
  const page = await app.api.get(`/tickets/${id}/history`, {before}).catch((error) => failed(app, 'No history.', error));
  if (page) app.store.dispatch({type: 'ui', ui: {history: {id, data: [...known, ...page.data], hasMore: page.has_more}}});
}

/** @param {App} app @param {import('./types.js').Ticket} ticket */
export async function deleteTicket(app, ticket) {
  try {
    await app.api.remove(`/tickets/${ticket.id}`);
    nextAfter(app, ticket.id);
    toast(app, `#${ticket.number} is in the trash`, {action: {label: 'Undo', run: () => void restoreTicket(app, ticket)}});
  } catch (error) {
    failed(app, 'Not deleted.', error);
  }
}

/** @param {App} app @param {{id: string, number: number}} ticket */
export async function restoreTicket(app, ticket) {
  try {
    settled(app, (await app.api.post(`/tickets/${ticket.id}/restore`, {})).ticket);
    toast(app, `#${ticket.number} is back`);
    if (app.store.state.route.number === ticket.number) void showThread(app, ticket.number);
  } catch (error) {
    failed(app, 'Not restored.', error);
  }
}

/** Links are loaded with the ticket, and again when one is made or cut. @param {App} app */
export function watchLinks(app) {
  app.store.watch((state, before) => {
    const open = state.threads.open;
    if (!open) return;
    const events = state.threads.byId[open]?.events ?? [];
    const fresh = open === before.threads.open ? events.slice(before.threads.byId[open]?.events.length ?? 0) : null;
    if (!fresh || fresh.some((event) => event.name.startsWith('ticket.linked') || event.name === 'ticket.unlinked'))
      void loadLinks(app, open);
  });
}
