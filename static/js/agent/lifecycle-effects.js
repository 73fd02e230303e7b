/** Putting off, merging and splitting; the orders of the list; counts that go by the clock. */

import {asRequestError} from '../shared/errors.js';
import {loadView} from './queue-effects.js';
import {isSortable} from './queue-state.js';
import {saveSettings, settled} from './ticket-effects.js';
import {failed, toast} from './toasts.js';
import {wakeName} from './words.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Row} Row
 * @typedef {import('../shared/errors.js').RequestError} RequestError
 */

const COUNT_EVERY = 30_000;
const COUNT_AFTER = 1_500;

/** @param {App} app @param {string} id @param {Date|null} until null: until they write @param {{wakes?: boolean}} [options] */
export async function snooze(app, id, until, {wakes = true} = {}) {
  try {
    const {ticket} = await app.api.post(`/tickets/${id}/snooze`, {until: until?.toISOString() ?? null, wakes_on_reply: wakes});
    settled(app, ticket);
    toast(app, `#${ticket.number} is snoozed ${wakeName(ticket.snoozed_until)}`, {
      action: {label: 'Undo', run: () => void wake(app, id)},
    });
    return null;
  } catch (error) {
    return asRequestError(error);
  }
}

/** @param {App} app @param {string} id @param {Date|null} until */
export async function snoozeNow(app, id, until) {
  const error = await snooze(app, id, until);
  if (error) failed(app, 'Not snoozed.', error);
}

/** @param {App} app @param {string} id */
export async function wake(app, id) {
  try {
    settled(app, (await app.api.post(`/tickets/${id}/wake`, {})).ticket);
  } catch (error) {
    failed(app, 'Not changed.', error);
  }
}

/** @param {App} app @param {Row} source @param {string} into id or number @returns {Promise<RequestError|null>} */
export async function merge(app, source, into) {
  try {
    const {ticket} = await app.api.post(`/tickets/${source.id}/merge`, {into});
    settled(app, ticket);
    app.go({view: app.store.state.route.view, number: ticket.number, seq: null});
    toast(app, `#${source.number} was merged into #${ticket.number}`, {
      action: {label: 'Undo', run: () => void unmerge(app, source.id)},
    });
    return null;
  } catch (error) {
    return asRequestError(error);
  }
}

/** @param {App} app @param {string} id */
export async function unmerge(app, id) {
  try {
    const {ticket} = await app.api.post(`/tickets/${id}/unmerge`, {});
    settled(app, ticket);
    app.go({view: app.store.state.route.view, number: ticket.number, seq: null});
  } catch (error) {
    failed(app, 'Not undone.', error);
  }
}

/** @param {App} app @param {Row} origin @param {string} title @param {string[]} comments @returns {Promise<RequestError|null>} */
export async function split(app, origin, title, comments) {
  try {
    const {ticket} = await app.api.post(`/tickets/${origin.id}/split`, {title, comment_ids: comments});
    app.store.dispatch({type: 'queue/known', row: ticket});
    app.go({view: app.store.state.route.view, number: ticket.number, seq: null});
    toast(app, `#${ticket.number} was made of #${origin.number}`, {
      action: {label: 'Undo', run: () => void merge(app, ticket, origin.id)},
    });
    return null;
  } catch (error) {
    return asRequestError(error);
  }
}

/** @param {App} app @param {import('./types.js').Sort} sort */
export function setSort(app, sort) {
  const {view} = app.store.state.queue;
  if (!isSortable(view)) return;
  app.store.dispatch({type: 'queue/sort', sort});
  void loadView(app, view);
  void saveSettings(app, {sort});
}

/** Deadlines pass without a word from the server: the views by deadline are counted again now and then. @param {App} app */
export function keepCounts(app) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let soon;
  async function count() {
    soon = undefined;
    if (document.hidden || app.store.state.link.ended !== null) return;
    const told = await app.api.get('/tickets/counts').catch(() => null);
    if (told) app.store.dispatch({type: 'queue/counts', ...told});
  }
  setInterval(() => void count(), COUNT_EVERY);
  app.store.watch(({queue}, before) => {
    if (queue.recent !== before.queue.recent && !soon) soon = setTimeout(() => void count(), COUNT_AFTER);
  });
}
