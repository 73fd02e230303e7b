/** Opening threads, filling holes, older pages, and telling the server what has been read. */

import {asRequestError} from '../shared/errors.js';
import {openThread} from './thread-state.js';

/** @typedef {import('./app.js').App} App */

const OLDER = 50;
const FILES_AGE = 12 * 60_000;

/** The newest event that stood at the visible end of a thread: what a reply may claim to know. @type {Map<string, number>} */
const seen = new Map();
/** @type {Map<string, number>} */
const readTo = new Map();
/** @type {Set<string>} */
const filling = new Set();

/** @param {App} app @param {import('./types.js').Snapshot} snapshot */
function take(app, snapshot) {
  const {id, drafts, viewers} = snapshot.ticket;
  app.store.dispatch({type: 'thread/snapshot', snapshot});
  app.store.dispatch({type: 'queue/known', row: snapshot.ticket});
  app.store.dispatch({type: 'draft/loaded', id, drafts});
  app.store.dispatch({type: 'people/viewers', ticket: id, viewers, now: Date.now()});
}

/** @param {App} app @param {string} id @returns {Promise<import('./types.js').Snapshot>} */
const ask = (app, id) =>
  app.connection.state === 'online' ? app.connection.request('ticket.open', {ticket_id: id}) : app.api.get(`/tickets/${id}`);

/** Shows a ticket by its number: from memory at once, from the server behind it. @param {App} app @param {number|null} number */
export async function showThread(app, number) {
  const before = app.store.state.threads.open;
  app.store.dispatch({type: 'thread/wanted', number});
  const known = app.store.state.threads.open ?? idOf(app, number);
  if (before && before !== known) app.connection.notify('ticket.leave', {ticket_id: before});
  app.store.dispatch({type: 'queue/select', id: known});
  if (number === null) return;
  try {
    const id = known ?? (await byNumber(app, number));
    if (app.store.state.threads.wanted !== number) return;
    take(app, await ask(app, id));
    app.store.dispatch({type: 'queue/select', id: app.store.state.threads.open});
    prefetch(app);
  } catch (cause) {
    if (app.store.state.threads.wanted === number) notShown(app, asRequestError(cause));
  }
}

/** @param {App} app @param {import('../shared/errors.js').RequestError} error */
function notShown(app, error) {
  if (!openThread(app.store.state.threads)) app.store.dispatch({type: 'thread/failed', missing: error.code === 'not_found'});
}

/** @param {App} app @param {number|null} number */
const idOf = (app, number) => Object.values(app.store.state.queue.rows).find((row) => row.number === number)?.id ?? null;

/** @param {App} app @param {number} number */
async function byNumber(app, number) {
  const snapshot = await app.api.get(`/tickets/${number}`);
  take(app, snapshot);
  return snapshot.ticket.id;
}

/** After a reconnect: joins the room again and takes what was missed; what is shown stays. @param {App} app */
export async function reopen(app) {
  const {wanted, open} = app.store.state.threads;
  if (wanted === null) return;
  if (!open) return showThread(app, wanted);
  const after = app.store.state.threads.byId[open]?.ticket.seq ?? 0;
  try {
    const snapshot = await ask(app, open);
    const first = snapshot.events[0]?.seq ?? 0;
    if (first > after + 1) await fill(app, open, first);
    take(app, snapshot);
  } catch {
    /* the next connection asks again */
  }
}

/** The next conversation is fetched while this one is read. @param {App} app */
function prefetch(app) {
  setTimeout(async () => {
    const {queue, threads} = app.store.state;
    const order = queue.lists[queue.view].order;
    const next = order[order.indexOf(queue.selected ?? '') + 1];
    if (!next || threads.byId[next] || app.connection.state !== 'online') return;
    const snapshot = await app.api.get(`/tickets/${next}`).catch(() => null);
    if (snapshot) app.store.dispatch({type: 'thread/snapshot', snapshot});
  }, 600);
}

/** Replays what lies after the last event, page by page. @param {App} app @param {string} id @param {number} [until] */
async function fill(app, id, until = Infinity) {
  for (;;) {
    const after = app.store.state.threads.byId[id]?.ticket.seq ?? 0;
    const {events, has_more, reset} = await app.api.get(`/tickets/${id}/events`, {after, limit: 100});
    if (reset) return take(app, await ask(app, id));
    app.store.dispatch({type: 'thread/events', id, events});
    const reached = app.store.state.threads.byId[id]?.ticket.seq ?? 0;
    if (!has_more || reached === after || reached + 1 >= until) return;
  }
}

/** A hole in the sequence: ask for what is missing, once at a time. @param {App} app @param {string} id */
export async function catchUp(app, id) {
  if (filling.has(id)) return;
  filling.add(id);
  try {
    await fill(app, id);
  } catch {
    /* asked again at the next event or connection */
  } finally {
    filling.delete(id);
  }
}

/** @param {App} app */
export async function loadOlder(app) {
  const thread = openThread(app.store.state.threads);
  if (!thread?.hasMore || thread.older === 'loading') return;
  const {id} = thread.ticket;
  app.store.dispatch({type: 'thread/olderLoading', id});
  try {
    const {events, has_more} = await app.api.get(`/tickets/${id}/events`, {before: thread.events[0]?.seq ?? null, limit: OLDER});
    app.store.dispatch({type: 'thread/older', id, events, hasMore: has_more});
  } catch {
    app.store.dispatch({type: 'thread/olderFailed', id});
  }
}

/** Loads back to a message that somebody linked to. @param {App} app @param {number} seq */
export async function loadTo(app, seq) {
  for (let page = 0; page < 20; page += 1) {
    const thread = openThread(app.store.state.threads);
    if (!thread?.hasMore || (thread.events[0]?.seq ?? 0) <= seq || thread.older === 'error') return;
    await loadOlder(app);
  }
}

/** Notes what is in view, and marks the customer's comments as read. @param {App} app */
export function noteSeen(app) {
  const {threads, ui, boot} = app.store.state;
  const thread = openThread(threads);
  if (!thread || document.hidden || !ui.atEnd) return;
  const {id, seq, public_seq, read} = thread.ticket;
  seen.set(id, seq);
  if (!boot.permissions.includes('ticket:note') || public_seq <= Math.max(read.staff.seen, readTo.get(id) ?? 0)) return;
  readTo.set(id, public_seq);
  const row = app.store.state.queue.rows[id];
  if (row?.unread) app.store.dispatch({type: 'queue/known', row: {...row, unread: 0}});
  const sent =
    app.connection.state === 'online'
      ? app.connection.request('ticket.read', {ticket_id: id, seq: public_seq})
      : app.api.post(`/tickets/${id}/read`, {seq: public_seq});
  sent.catch(() => readTo.delete(id));
}

/** @param {string} id @param {number} otherwise */
export const seenSeq = (id, otherwise) => seen.get(id) ?? otherwise;

/**
 * When the address of a file has run out: the event again, with a new one.
 * @param {App} app
 * @param {string} id
 * @param {number} seq
 */
export async function refreshFiles(app, id, seq) {
  const {events} = await app.api.get(`/tickets/${id}/events`, {after: seq - 1, limit: 1}).catch(() => ({events: []}));
  app.store.dispatch({type: 'thread/refreshed', id, events});
}

/** Addresses of files hold a quarter of an hour; a thread that stays open gets new ones before. @param {App} app */
export function keepFilesFresh(app) {
  setInterval(() => {
    const thread = openThread(app.store.state.threads);
    if (document.hidden || !thread?.events.some((event) => event.comment?.attachments.length)) return;
    app.api.get(`/tickets/${thread.ticket.id}`).then(
      (snapshot) => take(app, snapshot),
      () => {},
    );
  }, FILES_AGE);
}
