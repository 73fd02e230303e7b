/** Puts the parts of the workspace together. */

import {connect} from '../shared/connection.js';
import {createStore} from '../shared/store.js';
import {loadAccounts} from './accounts-part.js';
import {createApi} from './api.js';
import {newState, reduce, unsent} from './app-state.js';
import {makeOutbox} from './compose-effects.js';
import {createDraftSaver} from './draft-effects.js';
import {keepCounts} from './lifecycle-effects.js';
import {createLink, hear, unknown} from './live.js';
import {createNotices} from './notices.js';
import {createNotifications} from './notifications-effects.js';
import {createPresence} from './presence-effects.js';
import {loadView, revealRow} from './queue-effects.js';
import {watchLinks} from './properties-effects.js';
import {createRouter, parseRoute} from './router.js';
import {watchRouting} from './routing-effects.js';
import {anyNear} from './sla.js';
import {catchUp, keepFilesFresh, loadTo, noteSeen, showThread} from './thread-effects.js';
import {openThread} from './thread-state.js';
import {nameStatuses} from './words.js';

/**
 * @typedef {import('./app-state.js').State} State
 * @typedef {import('./app-state.js').Action} Action
 * @typedef {import('./app-state.js').Route} Route
 * @typedef {object} App
 * @property {ReturnType<typeof createStore<State, Action>>} store
 * @property {import('./api.js').Api} api
 * @property {import('../shared/connection.js').Connection} connection
 * @property {import('../shared/outbox.js').Outbox} outbox
 * @property {ReturnType<typeof createDraftSaver>} drafts
 * @property {ReturnType<typeof createPresence>} presence
 * @property {ReturnType<typeof createNotices>} notices
 * @property {import('./notifications-effects.js').Notifications} notifications
 * @property {ReturnType<typeof import('./accounts.js').watchAccounts>} [accounts] draws what CRM and billing know, once it has come
 * @property {() => void} draw at once, not on the next frame
 * @property {(route: Route, options?: {replace?: boolean}) => void} go
 */

const TICK = 15_000;
const EXPIRE = 1_000;

/** @param {import('./types.js').Boot} boot @returns {App} */
export function createApp(boot) {
  const app = /** @type {App} */ ({});
  nameStatuses(boot.directory.statuses);
  const store = createStore(reduce, newState(boot, {view: boot.view, number: null, seq: null}, Date.now()));
  app.store = /** @type {App['store']} */ (store);
  app.api = createApi({csrf: boot.csrf, onEnded: () => unknown(app)});
  app.connection = connect({
    namespace: '/agent',
    onState: (state, info) => link(state, info),
    onEvent: (name, body) => hear(app, name, body),
  });
  const link = createLink(app);
  app.outbox = makeOutbox(app);
  app.drafts = createDraftSaver(app);
  app.presence = createPresence(app);
  app.notices = createNotices(app);
  app.notifications = createNotifications(app);
  app.go = createRouter((route) => follow(app, route)).go;
  return app;
}

/** @param {App} app */
export function start(app) {
  follow(app, parseRoute(location, app.store.state.queue.view));
  app.store.dispatch({type: 'outbox', items: app.outbox.items()});
  app.drafts.restore();
  app.connection.start();
  void app.outbox.flush();
  keepTime(app);
  keepCounts(app);
  keepFilesFresh(app);
  watchThread(app);
  watchLinks(app);
  watchRouting(app);
  if (app.store.state.boot.connected) void loadAccounts(app);
  addEventListener('beforeunload', (event) => {
    if (app.store.state.link.ended === null && unsent(app.store.state) > 0) event.preventDefault();
  });
}

/** What a new address asks for. @param {App} app @param {Route} route */
function follow(app, route) {
  const {queue, threads} = app.store.state;
  const otherView = queue.view !== route.view;
  app.store.dispatch({type: 'route', route});
  if (otherView) {
    app.store.dispatch({type: 'queue/view', view: route.view});
    void loadView(app, route.view);
  }
  void arrive(app, route, threads.wanted !== route.number || route.number === null);
}

/** @param {App} app @param {Route} route @param {boolean} other another ticket than the one that is open */
async function arrive(app, {number, seq}, other) {
  const shown = other ? showThread(app, number) : null;
  if (other && number !== null) revealRow(app);
  await shown;
  if (seq !== null) await loadTo(app, seq);
}

/** @param {App} app */
function keepTime(app) {
  const tick = () => {
    if (document.hidden) return;
    app.store.dispatch({type: 'ui', ui: {now: Date.now()}});
    app.store.dispatch({type: 'queue/now', now: Date.now()});
  };
  setInterval(tick, TICK);
  document.addEventListener('visibilitychange', tick);
  setInterval(() => {
    const {queue, threads, ui, boot} = app.store.state;
    const chips = [...Object.values(queue.rows), openThread(threads)?.ticket].map((row) => row?.sla ?? null);
    if (anyNear(chips, ui.now + boot.skew)) tick();
    app.store.dispatch({type: 'thread/expire', now: Date.now()});
    app.store.dispatch({type: 'people/expire', now: Date.now()});
  }, EXPIRE);
}

/** Holes are filled, new comments counted or marked as read. @param {App} app */
function watchThread(app) {
  document.addEventListener('visibilitychange', () => noteSeen(app));
  app.store.watch((state, before) => {
    const now = openThread(state.threads);
    const then = before.threads.open === state.threads.open ? openThread(before.threads) : null;
    if (now?.gap && !then?.gap) void catchUp(app, now.ticket.id);
    if (now && then && now.events !== then.events) countNew(app, now, then.events.at(-1)?.seq ?? 0);
    if (now !== then || state.ui.atEnd !== before.ui.atEnd) noteSeen(app);
  });
}

/** @param {App} app @param {import('./thread-state.js').Thread} thread @param {number} after */
function countNew(app, thread, after) {
  const {ui, boot} = app.store.state;
  const fresh = thread.events.filter((event) => event.seq > after && event.comment && event.comment.author.id !== boot.me.id);
  if (!fresh.length) return;
  if (!ui.atEnd) app.store.dispatch({type: 'ui', ui: {below: ui.below + fresh.length}});
  const first = fresh.find((event) => event.comment?.author.kind === 'customer')?.public_seq;
  if (document.hidden && first && thread.newFrom === null)
    app.store.dispatch({type: 'thread/newFrom', id: thread.ticket.id, seq: first});
}
