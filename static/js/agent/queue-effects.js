/** Loading the queue, paging it, moving through it. */

import {sortOf} from './queue-state.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').View} View
 */

const PAGE = 50;

/** @param {App} app @param {View} view */
export async function loadView(app, view) {
  app.store.dispatch({type: 'queue/loading', view});
  try {
    const page = await app.api.get('/tickets', {view, sort: sortOf(app.store.state.queue, view), limit: PAGE});
    app.store.dispatch({type: 'queue/page', view, page});
  } catch {
    app.store.dispatch({type: 'queue/failed', view});
  }
}

/** The next page, when the end of the list comes near. @param {App} app */
export async function loadMore(app) {
  const {view, lists} = app.store.state.queue;
  const {cursor, more} = lists[view];
  if (!cursor || more === 'loading') return;
  app.store.dispatch({type: 'queue/more', view, status: 'loading'});
  try {
    const page = await app.api.get('/tickets', {view, sort: sortOf(app.store.state.queue, view), cursor, limit: PAGE});
    app.store.dispatch({type: 'queue/page', view, page, append: true});
  } catch {
    app.store.dispatch({type: 'queue/more', view, status: 'error'});
  }
}

/** @param {App} app @param {View} view */
export function goView(app, view) {
  app.go({view, number: null, seq: null});
}

/** @param {App} app */
export function showPending(app) {
  app.store.dispatch({type: 'queue/settle'});
}

/** Opens the next or the previous conversation of the list. @param {App} app @param {1|-1} by */
export function step(app, by) {
  const {queue, route} = app.store.state;
  const order = queue.lists[queue.view].order;
  const at = order.findIndex((id) => queue.rows[id]?.number === route.number);
  const next = queue.rows[order[at < 0 ? 0 : at + by] ?? ''];
  if (!next) return;
  app.go({view: route.view, number: next.number, seq: null}, {replace: route.number !== null});
}

/** The open conversation's row comes into view where it is loaded. @param {App} app */
export function revealRow(app) {
  app.draw();
  document.querySelector('.row[aria-current="true"]')?.scrollIntoView({block: 'nearest'});
}

/** Moves the focus within the list. @param {1|-1} by */
export function focusRow(by) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.queue-list .row')]);
  const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  rows[at < 0 ? 0 : at + by]?.focus();
}

/** Where a conversation was closed or given away: the one after it in the list. @param {App} app @param {string} id */
export function nextAfter(app, id) {
  const {queue} = app.store.state;
  const order = queue.lists[queue.view].order;
  const next = queue.rows[order[order.indexOf(id) + 1] ?? order[order.indexOf(id) - 1] ?? ''];
  app.go({view: queue.view, number: next?.number ?? null, seq: null});
}
