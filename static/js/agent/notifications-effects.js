/** The notification centre in step with the server: loading, reading, and what is heard. */

import {read as stored} from '../shared/storage.js';
import {parseRoute} from './router.js';

/** @typedef {import('./app.js').App} App */

const PAGE = 30;
/** Where pages/push.js notes that this browser is pushed to: its service worker shows what comes then. */
export const PUSH_KEY = 'parley:push';

/**
 * @typedef {ReturnType<typeof createNotifications>} Notifications
 * @param {App} app
 */
export function createNotifications(app) {
  const dispatch = (/** @type {import('./notifications-state.js').NotificationsAction} */ action) => app.store.dispatch(action);
  let loading = false;
  let stale = false;

  /** The newest page; what comes meanwhile makes it be asked for once more. */
  async function refresh() {
    if (loading) {
      stale = true;
      return;
    }
    loading = true;
    dispatch({type: 'notifications/loading'});
    do {
      stale = false;
      const page = await app.api.get('/notifications', {limit: PAGE}).catch(() => null);
      dispatch(page ? {type: 'notifications/page', page} : {type: 'notifications/failed'});
    } while (stale);
    loading = false;
  }

  async function more() {
    const {cursor} = app.store.state.notifications;
    if (!cursor || loading) return;
    loading = true;
    const page = await app.api.get('/notifications', {limit: PAGE, cursor}).catch(() => null);
    loading = false;
    if (page) dispatch({type: 'notifications/page', page, append: true});
    if (stale) void refresh();
  }

  /** @param {{ids: string[]}|{ticket_id: string}|{up_to: string}} what its answer comes by the socket, to all tabs */
  async function markRead(what) {
    await app.api.post('/notifications/read', what).catch(() => null);
    if (app.connection.state !== 'online') void refresh();
  }

  /** Whoever looks at a ticket has read what was said of it. */
  function seeOpen() {
    const {threads, notifications, link} = app.store.state;
    const {open} = threads;
    if (!open || !document.hasFocus() || link.ended !== null) return;
    if (notifications.items.some((one) => one.ticket?.id === open && one.read_at === null)) void markRead({ticket_id: open});
  }

  /** @param {import('./notifications-state.js').Notification} notification */
  function created(notification) {
    if (loading) stale = true;
    dispatch({type: 'notifications/created', notification});
    const {open} = app.store.state.threads;
    const looking = document.hasFocus() && notification.ticket !== null && notification.ticket.id === open;
    if (looking) return;
    if (notification.sound) app.notices.ring(notification.ticket?.id ?? null);
    if (notification.push && !document.hasFocus()) show(app, notification);
  }

  addEventListener('focus', seeOpen);
  navigator.serviceWorker?.addEventListener('message', ({data}) => {
    if (typeof data?.open === 'string') app.go(parseRoute({pathname: data.open, hash: ''}, app.store.state.route.view));
  });
  navigator.serviceWorker?.startMessages();
  let of = '';
  app.store.watch((state, before) => {
    const open = state.threads.open ?? '';
    if (open !== of || state.notifications.items !== before.notifications.items) seeOpen();
    of = open;
  });

  return {
    refresh,
    more,
    markRead,
    created,
    /** @param {{ids: string[], up_to: string|null, read_at: string}} change */
    read(change) {
      if (loading) stale = true;
      dispatch({type: 'notifications/read', ...change});
    },
  };
}

/**
 * A desktop notification, where the person allowed it and no push message will bring the same.
 * @param {App} app
 * @param {import('./notifications-state.js').Notification} notification
 */
function show(app, {title, body, ticket, id}) {
  if (!('Notification' in globalThis) || Notification.permission !== 'granted' || stored(PUSH_KEY)) return;
  try {
    const shown = new Notification(title, {body, tag: ticket?.id ?? id, icon: '/static/favicon.svg'});
    shown.onclick = () => {
      focus();
      shown.close();
      if (ticket) app.go({view: app.store.state.route.view, number: ticket.number, seq: null});
    };
  } catch { /* some phones only let a service worker show one */ }
}
