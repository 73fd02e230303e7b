/** From the socket to the store; and where no socket gets through, from the change feed, every few seconds. */

import {loadView} from './queue-effects.js';
import {loadOffers} from './routing-effects.js';
import {catchUp, reopen} from './thread-effects.js';
import {nameStatuses} from './words.js';

/** @typedef {import('./app.js').App} App */

const BANNER_AFTER = 1_500;
const BACK_FOR = 2_000;
const POLL = 4_000;
const LATER = 2_000;

/** @param {App} app @param {string} name @param {any} body */
export function hear(app, name, body) {
  const now = Date.now();
  const {dispatch} = app.store;
  const {me} = app.store.state.boot;
  switch (name) {
    case 'ticket.event':
      return dispatch({type: 'thread/events', id: body.ticket_id, events: [body]});
    case 'ticket.row':
      return row(app, body);
    case 'ticket.read':
      return readMark(app, body);
    case 'mail.delivery':
      return dispatch({type: 'thread/delivery', delivery: body});
    case 'typing.updated': {
      if (body.actor.id !== me.id)
        dispatch({type: 'thread/typing', id: body.ticket_id, actor: body.actor, kind: body.kind, typing: body.typing, now});
      return;
    }
    case 'presence.updated':
      return dispatch({type: 'people/viewing', ticket: body.ticket_id, user: body.user_id, state: body.state, now});
    case 'customer.presence':
      return dispatch({type: 'thread/online', customer: body.customer_id, online: body.online, page: body.page});
    case 'user.presence': {
      if (!app.store.state.people.users[body.user_id]) void readDirectory(app);
      dispatch({type: 'people/presence', user: body.user_id, availability: body.availability, reason: body.reason, online: body.online});
      if (body.user_id === me.id) dispatch({type: 'me', me: {availability: body.availability, reason: body.reason}});
      return;
    }
    case 'offer.updated':
      return dispatch({type: 'offers/moved', offer: body});
    case 'draft.saved':
      return dispatch({type: 'draft/remote', id: body.ticket_id, kind: body.kind, content: body.content ?? ''});
    case 'notification.created':
      return app.notifications.created(body.notification);
    case 'notification.read':
      return app.notifications.read(body);
    case 'notification.sound':
      return app.notices.ring(body.ticket_id);
    case 'directory.updated':
      return void readDirectory(app);
    case 'queue.outdated':
      return void setTimeout(() => again(app), Math.random() * LATER);
    case 'session.ended':
      return ended(app, body.reason);
    default:
  }
}

/** Somebody whom the page did not know yet. @param {App} app */
async function readDirectory(app) {
  const directory = await app.api.get('/directory').catch(() => null);
  if (directory) nameStatuses(directory.statuses);
  if (directory) app.store.dispatch({type: 'people/directory', directory});
}

/** What is listed and counted, read anew. @param {App} app */
function again(app) {
  void loadView(app, app.store.state.route.view);
  void app.notifications.refresh();
  void loadOffers(app);
}

/** @param {App} app @param {import('./types.js').RowChange} change */
function row(app, change) {
  app.notices.row(change, app.store.state.queue.rows[change.row.id]);
  app.store.dispatch({type: 'queue/row', change});
  app.store.dispatch({type: 'thread/row', row: change.row});
}

/**
 * @param {App} app
 * @param {{ticket_id: string, side: 'customer'|'staff', delivered?: number, seen?: number, unread?: number}} mark
 */
function readMark(app, {ticket_id: id, side, delivered, seen, unread}) {
  app.store.dispatch({type: 'thread/read', id, side, ...(delivered ? {delivered} : {}), ...(seen ? {seen} : {})});
  const known = app.store.state.queue.rows[id];
  if (side === 'staff' && known && unread !== undefined && unread !== known.unread)
    app.store.dispatch({type: 'queue/known', row: {...known, unread}});
}

/** @param {App} app @param {string} reason */
export function ended(app, reason) {
  app.store.dispatch({type: 'link', link: {ended: reason || 'signed_out', banner: null}});
  app.drafts.keep();
  app.connection.stop();
}

/** Nobody is signed in here any more, says an answer; why, the socket may say yet. @param {App} app */
export function unknown(app) {
  app.store.dispatch({type: 'link', link: {ended: app.store.state.link.ended || 'signed_out', banner: null}});
  app.drafts.keep();
}

/** Follows the state of the socket: the banner, and what to do when it is back. @param {App} app */
export function createLink(app) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let polling;
  let wasOnline = false;
  let waiting = false;
  let blocked = false;
  let feed = 0;

  /** @param {import('./app-state.js').LinkBanner} banner */
  const show = (banner) => app.store.dispatch({type: 'link', link: {banner}});

  const bannerNow = () => (navigator.onLine ? (blocked ? 'fallback' : 'reconnecting') : 'offline');

  /** A banner for what has lasted a moment. @param {boolean} fallback no websocket gets through; requests may */
  function lost(fallback) {
    if (fallback) startPolling();
    const {banner} = app.store.state.link;
    if (banner && banner !== 'back') show(bannerNow());
    else if (!waiting) {
      clearTimeout(timer);
      waiting = true;
      timer = setTimeout(() => show(bannerNow()), BANNER_AFTER);
    }
  }

  function back() {
    waiting = blocked = false;
    clearTimeout(timer);
    clearInterval(polling);
    polling = undefined;
    if (app.store.state.link.banner) {
      show('back');
      timer = setTimeout(() => show(null), BACK_FOR);
    }
    if (wasOnline) again(app);
    else {
      void app.notifications.refresh();
      void loadOffers(app);
    }
    wasOnline = true;
    void reopen(app);
    app.presence.tell(true);
    app.drafts.flush();
    void app.outbox.flush();
  }

  function startPolling() {
    if (polling) return;
    feed = app.store.state.queue.seq;
    polling = setInterval(() => void poll(), POLL);
    void poll();
  }

  async function poll() {
    if (document.hidden) return;
    const answer = await app.api.get('/events', {after: feed, limit: 100}).catch(() => null);
    if (!polling) return;
    blocked = answer !== null;
    const {banner} = app.store.state.link;
    if (banner && banner !== 'back') show(bannerNow());
    const {events = [], next} = answer ?? {};
    feed = next ?? feed;
    const tickets = new Set(events.map((/** @type {{ticket_id: string|null}} */ event) => event.ticket_id).filter(Boolean));
    const open = app.store.state.threads.open;
    if (open && tickets.has(open)) void catchUp(app, open);
    if (tickets.size) {
      void loadView(app, app.store.state.route.view);
      void app.notifications.refresh();
    }
    void app.outbox.flush();
  }

  /**
   * @param {import('../shared/connection.js').ConnectionState} state
   * @param {import('../shared/connection.js').ConnectionInfo} info
   */
  return (state, {fallback, error}) => {
    if (fallback !== app.store.state.link.fallback) app.store.dispatch({type: 'link', link: {fallback}});
    if (state === 'online') back();
    else if (state === 'refused' && error?.code === 'unauthenticated') ended(app, app.store.state.link.ended || 'signed_out');
    else if (state === 'offline' || state === 'refused') lost(fallback || state === 'refused');
  };
}
