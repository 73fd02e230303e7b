/** What the person was told: newest first, and how much of it they have not read. Pure. */

/**
 * @typedef {{id: string, kind: string, title: string, body: string, actor: string|null,
 *   ticket: {id: string, number: number, title: string}|null, data: Record<string, any>, sound: boolean, push: boolean,
 *   created_at: string, read_at: string|null}} Notification
 * @typedef {{data: Notification[], next_cursor: string|null, unread: number}} NotificationPage
 * @typedef {{items: Notification[], unread: number, cursor: string|null, status: 'loading'|'ready'|'error'}} Notifications
 *
 * @typedef {{type: 'notifications/page', page: NotificationPage, append?: boolean}
 *   | {type: 'notifications/loading'} | {type: 'notifications/failed'}
 *   | {type: 'notifications/created', notification: Notification}
 *   | {type: 'notifications/read', ids: string[], up_to: string|null, read_at: string}} NotificationsAction
 */

/** @param {number} unread @returns {Notifications} */
export const newNotifications = (unread) => ({items: [], unread, cursor: null, status: 'loading'});

/** @param {Notifications} state @param {NotificationsAction} action @returns {Notifications} */
export function reduceNotifications(state, action) {
  switch (action.type) {
    case 'notifications/page':
      return paged(state, action.page, action.append === true);
    case 'notifications/loading':
      return {...state, status: state.items.length ? state.status : 'loading'};
    case 'notifications/failed':
      return {...state, status: 'error'};
    case 'notifications/created':
      return created(state, action.notification);
    case 'notifications/read':
      return read(state, action);
    default:
      return state;
  }
}

/** @param {Notifications} state @param {NotificationPage} page @param {boolean} append @returns {Notifications} */
function paged(state, {data, next_cursor, unread}, append) {
  const items = append ? [...state.items, ...data.filter((one) => !state.items.some((known) => known.id === one.id))] : data;
  return {items, unread, cursor: next_cursor, status: 'ready'};
}

/** @param {Notifications} state @param {Notification} notification @returns {Notifications} */
function created(state, notification) {
  if (state.items.some((one) => one.id === notification.id)) return state;
  const items = [notification, ...state.items].sort((a, b) => (a.id < b.id ? 1 : -1));
  return {...state, items, unread: state.unread + (notification.read_at ? 0 : 1)};
}

/**
 * The server names what it changed, once; an id that is on no page shown here counts all the same.
 * @param {Notifications} state
 * @param {{ids: string[], up_to: string|null, read_at: string}} change
 * @returns {Notifications}
 */
function read(state, {ids, up_to, read_at}) {
  const known = new Map(state.items.map((one) => [one.id, one]));
  const meant = (/** @type {string} */ id) => (up_to === null ? ids.includes(id) : id <= up_to);
  const items = state.items.map((one) => (one.read_at === null && meant(one.id) ? {...one, read_at} : one));
  const fell = ids.filter((id) => known.get(id)?.read_at == null).length;
  const unread = up_to === null ? Math.max(0, state.unread - fell) : items.filter((one) => one.read_at === null).length;
  return {...state, items, unread};
}

/**
 * As the centre shows them: everything about one ticket is one entry, in the place of its newest.
 * @param {Notification[]} items
 * @returns {{key: string, newest: Notification, more: number, unread: boolean}[]}
 */
export function grouped(items) {
  /** @type {Map<string, {key: string, newest: Notification, more: number, unread: boolean}>} */
  const groups = new Map();
  for (const one of items) {
    const key = one.ticket?.id ?? one.id;
    const group = groups.get(key);
    if (group) groups.set(key, {...group, more: group.more + 1, unread: group.unread || one.read_at === null});
    else groups.set(key, {key, newest: one, more: 0, unread: one.read_at === null});
  }
  return [...groups.values()];
}
