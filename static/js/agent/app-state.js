/** The whole state of the workspace, and the one reducer over it. Pure. */

import {isDirty, reduceDrafts} from './drafts-state.js';
import {newNotifications, reduceNotifications} from './notifications-state.js';
import {newPeople, reducePeople} from './people-state.js';
import {newQueue, reduceQueue, SORTS} from './queue-state.js';
import {newSearch, reduceSearch} from './search-state.js';
import {newRouting, reduceRouting} from './routing-state.js';
import {newThreads, reduceThreads} from './thread-state.js';

/**
 * @typedef {import('./types.js').Boot} Boot
 * @typedef {import('./types.js').Me} Me
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').Kind} Kind
 * @typedef {import('./types.js').Availability} Availability
 * @typedef {import('./types.js').TicketEvent} TicketEvent
 * @typedef {import('../shared/outbox.js').OutboxItem} OutboxItem
 *
 * @typedef {{view: View, number: number|null, seq: number|null}} Route
 * @typedef {{id: string, kind: 'info'|'ok'|'bad', text: string, action: {label: string, run: () => void}|null, sticky: boolean}} Toast
 * @typedef {'new'|'keys'|'transfer'|'block'|'snooze'|'merge'|'split'|'fields'|'link'|'history'|'offer'} Dialog
 * @typedef {{id: string, change: object, keys: string[]}} Asking what resolving wants: `ticket.<key>`, `customer.<key>`
 * @typedef {{id: string, seq: number, at: string, name: string, door: string, actor: {name: string},
 *   changes: {field: string, label: string, old: string|null, new: string|null}[]}} Change
 * @typedef {null|'reconnecting'|'offline'|'back'|'fallback'} LinkBanner
 * @typedef {{id: string, name: string, size: number, type: string, preview: string|null}} Picked
 * @typedef {{mode: Record<string, Kind>, files: Record<string, Picked[]>, emoji: {from: number, found: [string, string][], at: number}|null,
 *   dialog: Dialog|null, toasts: Toast[], context: boolean|null, expanded: Record<string, boolean>, below: number, atEnd: boolean,
 *   highlight: number|null, editingTitle: boolean, editingField: string|null, asking: Asking|null,
 *   finding: import('./merge-state.js').Finding|null, links: {id: string, data: import('./types.js').Link[]}|null, history: {id: string, data: Change[], hasMore: boolean}|null, now: number, calm: boolean,
 *   accounts: import('./accounts.js').Accounts|null,
 *   clocks: {id: string|null, status: 'idle'|'loading'|'error', clocks: import('./types.js').Account[]}}} Ui
 * @typedef {{boot: {me: Me, workspace: Boot['workspace'], permissions: string[], csrf: string, limits: Boot['limits'], version: string,
 *   skew: number, connected: boolean},
 *   route: Route, queue: import('./queue-state.js').Queue, threads: import('./thread-state.js').Threads,
 *   drafts: import('./drafts-state.js').Drafts, people: import('./people-state.js').People, search: import('./search-state.js').Search,
 *   routing: import('./routing-state.js').Routing,
 *   notifications: import('./notifications-state.js').Notifications, outbox: OutboxItem[],
 *   progress: Record<string, number>, link: {banner: LinkBanner, fallback: boolean, ended: string|null}, ui: Ui}} State
 *
 * @typedef {import('./queue-state.js').QueueAction | import('./thread-state.js').ThreadAction | import('./drafts-state.js').DraftAction
 *   | import('./people-state.js').PeopleAction | import('./routing-state.js').RoutingAction | import('./notifications-state.js').NotificationsAction | import('./search-state.js').SearchAction
 *   | {type: 'route', route: Route}
 *   | {type: 'me', me: Partial<Me>}
 *   | {type: 'outbox', items: OutboxItem[]}
 *   | {type: 'progress', file: string, share: number}
 *   | {type: 'link', link: Partial<State['link']>}
 *   | {type: 'ui', ui: Partial<Ui>}
 *   | {type: 'mode', id: string, kind: Kind}
 *   | {type: 'files', key: string, files: Picked[]}
 *   | {type: 'toast', toast: Toast}
 *   | {type: 'untoast', id: string}} Action
 */

/** @param {Boot} boot @param {Route} route @param {number} now @returns {State} */
export function newState(boot, route, now) {
  const {user: me, workspace, permissions, csrf, limits, version, connected = false} = boot;
  return {
    boot: {me, workspace, permissions, csrf, limits, version, connected, skew: boot.now ? Date.parse(boot.now) - now : 0},
    route,
    queue: reduceQueue(newQueue(me.id, boot.view, {sort: chosenSort(me), now}), {
      type: 'queue/page',
      view: boot.view,
      page: boot.queue,
    }),
    threads: newThreads(),
    drafts: {},
    people: newPeople(boot.directory),
    routing: newRouting(boot.routing),
    notifications: newNotifications(boot.notifications?.unread ?? 0),
    search: newSearch(),
    outbox: [],
    progress: {},
    link: {banner: null, fallback: false, ended: null},
    ui: {
      mode: {},
      files: {},
      emoji: null,
      dialog: null,
      toasts: [],
      context: null,
      expanded: {},
      below: 0,
      atEnd: true,
      highlight: null,
      editingTitle: false,
      editingField: null,
      asking: null,
      finding: null,
      links: null,
      history: null,
      now,
      calm: true,
      accounts: null,
      clocks: {id: null, status: 'idle', clocks: []},
    },
  };
}

/** @param {Me} me @returns {import('./types.js').Sort} */
const chosenSort = ({settings}) => SORTS.find((sort) => sort === settings.sort) ?? 'due';

/** @param {State} state @param {string} permission */
export const may = (state, permission) => state.boot.permissions.includes(permission);

/** @param {State} state @param {string} id @returns {Kind} the tab of the composer */
export function modeOf(state, id) {
  const wanted = state.ui.mode[id] ?? 'reply';
  return wanted === 'reply' && !may(state, 'ticket:reply') ? 'note' : wanted;
}

/** How much would be lost with the page. @param {State} state */
export const unsent = (state) => state.outbox.length + Object.values(state.drafts).filter(isDirty).length;

/** What waits for one person: unread comments of mine and of nobody's, or what else they were told. @param {State} state */
export function unreadCount(state) {
  const {rows, me} = state.queue;
  const mine = Object.values(rows).filter(
    (row) =>
      row.unread > 0 && !row.spam && row.merged_into === null && (row.assigned_agent_id === me || row.assigned_agent_id === null),
  ).length;
  return Math.max(mine, state.notifications.unread);
}

/** @param {State['ui']} ui @param {Action} action @returns {State['ui']} */
function reduceUi(ui, action) {
  switch (action.type) {
    case 'ui':
      return Object.entries(action.ui).every(([key, value]) => ui[/** @type {keyof Ui} */ (key)] === value)
        ? ui
        : {...ui, ...action.ui};
    case 'mode':
      return {...ui, mode: {...ui.mode, [action.id]: action.kind}};
    case 'files':
      return {...ui, files: {...ui.files, [action.key]: action.files}};
    case 'toast':
      return {...ui, toasts: [...ui.toasts.filter((toast) => toast.text !== action.toast.text), action.toast].slice(-3)};
    case 'untoast':
      return {...ui, toasts: ui.toasts.filter((toast) => toast.id !== action.id)};
    case 'route':
      return {...ui, editingTitle: false, editingField: null, highlight: action.route.seq, below: 0, atEnd: action.route.seq === null};
    default:
      return ui;
  }
}

/** @param {State} state @param {Action} action @returns {Partial<State>} */
function reduceOwn(state, action) {
  switch (action.type) {
    case 'route':
      return {route: action.route};
    case 'me':
      return {boot: {...state.boot, me: {...state.boot.me, ...action.me}}};
    case 'outbox':
      return {outbox: action.items};
    case 'progress':
      return {progress: {...state.progress, [action.file]: action.share}};
    case 'link':
      return {link: {...state.link, ...action.link}};
    default:
      return {};
  }
}

/** @param {State} state @param {Action} action @returns {State} */
export function reduce(state, action) {
  const next = {
    ...state,
    queue: reduceQueue(state.queue, /** @type {any} */ (action)),
    threads: reduceThreads(state.threads, /** @type {any} */ (action)),
    drafts: reduceDrafts(state.drafts, /** @type {any} */ (action)),
    people: reducePeople(state.people, /** @type {any} */ (action)),
    routing: reduceRouting(state.routing, /** @type {any} */ (action)),
    notifications: reduceNotifications(state.notifications, /** @type {any} */ (action)),
    search: reduceSearch(state.search, /** @type {any} */ (action)),
    ui: reduceUi(state.ui, action),
    ...reduceOwn(state, action),
  };
  const keys = /** @type {(keyof State)[]} */ (Object.keys(next));
  return keys.every((key) => next[key] === state[key]) ? state : next;
}
