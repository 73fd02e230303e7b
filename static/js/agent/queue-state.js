/** The live queue: rows, the order they are shown in, what waits to be re-ordered, and the counts. Pure. */

/**
 * @typedef {import('./types.js').Row} Row
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').Sort} Sort
 * @typedef {import('./types.js').Standing} Standing
 * @typedef {import('./types.js').Counts} Counts
 * @typedef {import('./types.js').QueuePage} QueuePage
 * @typedef {import('./types.js').RowChange} RowChange
 *
 * @typedef {{order: string[], cursor: string|null, status: 'idle'|'loading'|'ready'|'error', more: 'idle'|'loading'|'error'}} List
 * @typedef {{me: string, view: View, rows: Record<string, Row>, lists: Record<View, List>, selected: string|null,
 *   counts: Counts, seq: number, recent: {seq: number, delta: Counts}[], changed: string[], sort: Sort, now: number}} Queue
 *
 * @typedef {{type: 'queue/loading', view: View}
 *   | {type: 'queue/page', view: View, page: QueuePage, append?: boolean}
 *   | {type: 'queue/failed', view: View}
 *   | {type: 'queue/more', view: View, status: List['more']}
 *   | {type: 'queue/view', view: View}
 *   | {type: 'queue/row', change: RowChange}
 *   | {type: 'queue/known', row: Row}
 *   | {type: 'queue/sort', sort: Sort}
 *   | {type: 'queue/counts', counts: Counts, workspace_seq: number}
 *   | {type: 'queue/now', now: number}
 *   | {type: 'queue/select', id: string|null}
 *   | {type: 'queue/settle'}} QueueAction
 */

/** @type {View[]} */
export const VIEWS = ['mine', 'unassigned', 'all', 'waiting', 'risk', 'breached', 'snoozed', 'done', 'trash'];
/** What stands on the queue can be put in these orders, the rest in others. @type {Sort[]} */
export const SORTS = ['due', 'waiting', 'priority', 'newest_activity', 'oldest_activity', 'newest', 'oldest'];
/** @type {Partial<Record<View, Sort>>} */
const OWN_SORT = {snoozed: 'snooze', done: 'newest', trash: 'newest'};
const COUNTED = /** @type {const} */ (['mine', 'unassigned', 'all', 'waiting', 'risk', 'breached', 'snoozed', 'trash']);
const RISK = 30 * 60_000;
const RECENT = 200;

/** @returns {Counts} */
const noCounts = () => /** @type {Counts} */ (Object.fromEntries(COUNTED.map((view) => [view, 0])));

/** The order of a view: the chosen one, but for the views that have an order of their own. @param {Queue} queue @param {View} [view] @returns {Sort} */
export const sortOf = (queue, view = queue.view) => OWN_SORT[view] ?? queue.sort;
/** @param {View} view */
export const isSortable = (view) => !OWN_SORT[view];

/** The page that exports tickets, with as much of the view filled in as it can ask for. @param {View} view */
export function exportPath(view) {
  const status = view === 'waiting' ? 'pending' : view === 'done' ? 'ended' : 'active';
  return `/settings/exports?${new URLSearchParams({status, ...(view === 'mine' ? {agent: 'me'} : {})})}`;
}

/** @returns {List} */
const emptyList = () => ({order: [], cursor: null, status: 'idle', more: 'idle'});

/**
 * @param {string} me
 * @param {View} view
 * @param {{sort?: Sort, now?: number}} [more]
 * @returns {Queue}
 */
export function newQueue(me, view, {sort = 'due', now = 0} = {}) {
  return {
    me,
    view,
    rows: {},
    selected: null,
    seq: 0,
    recent: [],
    changed: [],
    sort,
    now,
    lists: /** @type {Queue['lists']} */ (Object.fromEntries(VIEWS.map((each) => [each, emptyList()]))),
    counts: noCounts(),
  };
}

/** @param {Pick<Row, 'status'|'spam'>} row */
export const isActive = (row) => !row.spam && row.status !== 'resolved' && row.status !== 'closed';

/**
 * @param {View} view
 * @param {Row} row
 * @param {string} me
 * @param {number} now
 */
export function belongs(view, row, me, now) {
  if (view === 'done' || view === 'snoozed' || view === 'trash') return row.shelf === view;
  if (row.shelf !== 'queue') return false;
  if (view === 'mine') return row.assigned_agent_id === me;
  if (view === 'unassigned') return row.assigned_agent_id === null;
  if (view === 'waiting') return row.pending_on === 'customer';
  if (view === 'all') return true;
  return urgency(row, now) === view;
}

/** Whether its next deadline has passed, or soon will. @param {Row} row @param {number} now */
export function urgency({next_due_at: due}, now) {
  if (due === null) return null;
  const left = Date.parse(due) - now;
  return left <= 0 ? 'breached' : left <= RISK ? 'risk' : null;
}

/** @typedef {(a: Row, b: Row) => number} Compare */
/** Waiting longest first, then those who do not wait for us, by their age. @param {Row} row */
const wait = (row) => (row.waiting_since ? `0${row.waiting_since}` : `1${row.created_at}`);
/** @param {Row} row */
const due = (row) => row.next_due_at ?? '9999';
const PRIORITY = {critical: '0', high: '1', medium: '2', low: '3'};
/** What each order goes by; `-` turns it round. @type {Record<Sort, [('+'|'-'), ...((row: Row) => string)[]]>} */
const KEYS = {
  due: ['+', due, wait],
  waiting: ['+', wait],
  priority: ['+', (row) => PRIORITY[row.priority], wait],
  newest_activity: ['-', (row) => row.updated_at],
  oldest_activity: ['+', (row) => row.updated_at],
  newest: ['-'],
  oldest: ['+'],
  snooze: ['+', (row) => row.snoozed_until ?? ''],
};

/** The server's order. @param {Sort} sort @returns {Compare} */
export function comparator(sort) {
  const [sign, ...keys] = KEYS[sort];
  const turn = sign === '-' ? -1 : 1;
  return (a, b) => turn * (keys.reduce((found, key) => found || compare(key(a), key(b)), 0) || a.number - b.number);
}

/** @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The order the list should have: every loaded row that belongs, up to the last one loaded when there are more pages.
 * @param {Queue} queue
 * @returns {string[]}
 */
export function wantedOrder(queue) {
  const {view, rows, me, now} = queue;
  const list = queue.lists[view];
  const inOrder = comparator(sortOf(queue));
  const loaded = list.order.filter((id) => rows[id]);
  const last = list.cursor
    ? furthest(
        loaded.map((id) => /** @type {Row} */ (rows[id])),
        inOrder,
      )
    : null;
  return Object.values(rows)
    .filter((row) => belongs(view, row, me, now) && (!last || inOrder(row, last) <= 0))
    .sort(inOrder)
    .map((row) => row.id);
}

/** @param {Row[]} rows @param {Compare} inOrder */
function furthest(rows, inOrder) {
  return rows.reduce((/** @type {Row|null} */ far, row) => (far && inOrder(far, row) > 0 ? far : row), null);
}

/**
 * The wanted order with the selected row kept at the place it has now, whether it still belongs or not.
 * @param {Queue} queue
 */
function pinnedOrder(queue) {
  const wanted = wantedOrder(queue);
  const place = queue.selected ? queue.lists[queue.view].order.indexOf(queue.selected) : -1;
  if (place < 0) return wanted;
  const rest = wanted.filter((id) => id !== queue.selected);
  rest.splice(Math.min(place, rest.length), 0, /** @type {string} */ (queue.selected));
  return rest;
}

/** What the pill counts: tickets that would come, go or move if the list were put in order now. @param {Queue} queue */
export function pendingUpdates(queue) {
  if (!queue.changed.length) return 0;
  const now = queue.lists[queue.view].order;
  const next = pinnedOrder(queue);
  if (same(now, next)) return 0;
  const differs = queue.changed.filter((id) => id !== queue.selected && now.indexOf(id) !== next.indexOf(id));
  return Math.max(1, differs.length);
}

/** @param {string[]} a @param {string[]} b */
const same = (a, b) => a.length === b.length && a.every((id, i) => id === b[i]);

/** @param {Counts} a @param {Counts} b @returns {Counts} */
const add = (a, b) => combined((view) => Math.max(0, (a[view] ?? 0) + (b[view] ?? 0)));

/** @param {(view: keyof Counts) => number} count @returns {Counts} */
const combined = (count) => /** @type {Counts} */ (Object.fromEntries(COUNTED.map((view) => [view, count(view)])));

/** In which views one ticket counts; what goes by the clock is asked for instead. @param {Standing|null} side @param {string} me @returns {Counts} */
function share(side, me) {
  if (!side || side.shelf === 'done') return noCounts();
  if (side.shelf !== 'queue') return {...noCounts(), [side.shelf]: 1};
  const {assigned_agent_id: agent, pending_on: on} = side;
  return {...noCounts(), all: 1, mine: Number(agent === me), unassigned: Number(agent === null), waiting: Number(on === 'customer')};
}

/** @param {RowChange} change @param {string} me @returns {Counts} */
export function countsDelta({row, before}, me) {
  const now = share(row, me);
  const then = share(before, me);
  return combined((view) => now[view] - then[view]);
}

/** @param {Queue} queue @param {Partial<List>} patch @param {View} view @returns {Queue} */
const withList = (queue, view, patch) => ({...queue, lists: {...queue.lists, [view]: {...queue.lists[view], ...patch}}});

/** Keeps the newer of two versions of a row. @param {Record<string, Row>} rows @param {Row[]} fresh */
function mergeRows(rows, fresh) {
  const next = {...rows};
  for (const row of fresh) {
    const known = next[row.id];
    if (!known || row.seq >= known.seq) next[row.id] = row;
  }
  return next;
}

/** @param {Queue} queue @param {QueuePage} page @param {View} view @param {boolean} append @returns {Queue} */
function takePage(queue, page, view, append) {
  const rows = mergeRows(queue.rows, page.data);
  const kept = append ? queue.lists[view].order : [];
  const order = [...new Set([...kept, ...page.data.map((row) => row.id)])];
  const known = takeCounts(queue, page);
  const next = withList({...known, rows, counts: append ? queue.counts : known.counts}, view, {
    order,
    cursor: page.next_cursor,
    status: 'ready',
    more: 'idle',
  });
  return view === queue.view && !append ? keepSelected(queue, next) : next;
}

/** Counts as they were at a moment, with what has been pushed since. @param {Queue} queue @param {{counts: Counts, workspace_seq: number}} told @returns {Queue} */
function takeCounts(queue, {counts: then, workspace_seq: at}) {
  const recent = queue.recent.filter((entry) => entry.seq > at);
  const counts = recent.reduce((sum, entry) => add(sum, entry.delta), then);
  return {...queue, counts, recent, seq: Math.max(queue.seq, at)};
}

/** Rows come to the views by deadline, and go, without anything happening to them. @param {Queue} queue @param {number} now @returns {Queue} */
function takeNow(queue, now) {
  if (queue.view !== 'risk' && queue.view !== 'breached') return {...queue, now};
  const moved = Object.values(queue.rows).filter((row) => urgency(row, queue.now) !== urgency(row, now));
  const changed = [...new Set([...queue.changed, ...moved.map((row) => row.id)])];
  return {...queue, now, changed: moved.length ? changed : queue.changed};
}

/** A refetched page must not make the row that is open vanish. @param {Queue} before @param {Queue} after @returns {Queue} */
function keepSelected(before, after) {
  const id = before.selected;
  const place = id ? before.lists[before.view].order.indexOf(id) : -1;
  const order = after.lists[after.view].order;
  if (!id || place < 0 || order.includes(id)) return {...after, changed: []};
  const pinned = [...order];
  pinned.splice(Math.min(place, pinned.length), 0, id);
  return withList({...after, changed: []}, after.view, {order: pinned});
}

/** @param {Queue} queue @param {RowChange} change @returns {Queue} */
function takeRow(queue, change) {
  const {row} = change;
  const known = queue.rows[row.id];
  const rows = known && known.seq > row.seq ? queue.rows : {...queue.rows, [row.id]: row};
  const changed = queue.changed.includes(row.id) ? queue.changed : [...queue.changed, row.id];
  if (queue.recent.some((entry) => entry.seq === change.workspace_seq) || change.workspace_seq <= queue.seq)
    return {...queue, rows, changed};
  const delta = countsDelta(change, queue.me);
  const recent = [...queue.recent, {seq: change.workspace_seq, delta}].slice(-RECENT);
  return {...queue, rows, changed, recent, counts: add(queue.counts, delta)};
}

/** @param {Queue} queue @returns {Queue} */
function settle(queue) {
  const order = pinnedOrder(queue);
  if (same(order, queue.lists[queue.view].order)) return queue.changed.length ? {...queue, changed: []} : queue;
  return withList({...queue, changed: []}, queue.view, {order});
}

/** @param {Queue} queue @param {string|null} id @returns {Queue} */
function select(queue, id) {
  if (queue.selected === id) return queue;
  const left = queue.selected && queue.rows[queue.selected];
  const changed = left && !queue.changed.includes(left.id) ? [...queue.changed, left.id] : queue.changed;
  return {...queue, selected: id, changed};
}

/**
 * @param {Queue} queue
 * @param {QueueAction} action
 * @returns {Queue}
 */
export function reduceQueue(queue, action) {
  switch (action.type) {
    case 'queue/loading':
      return withList(queue, action.view, {status: 'loading'});
    case 'queue/page':
      return takePage(queue, action.page, action.view, action.append ?? false);
    case 'queue/failed':
      return withList(queue, action.view, {status: 'error'});
    case 'queue/more':
      return withList(queue, action.view, {more: action.status});
    case 'queue/view':
      return {...queue, view: action.view, changed: []};
    case 'queue/row':
      return takeRow(queue, action.change);
    case 'queue/known':
      return {...queue, rows: mergeRows(queue.rows, [action.row])};
    case 'queue/sort':
      return withList({...queue, sort: action.sort, changed: []}, queue.view, {...emptyList(), status: 'loading'});
    case 'queue/counts':
      return takeCounts(queue, action);
    case 'queue/now':
      return takeNow(queue, action.now);
    case 'queue/select':
      return select(queue, action.id);
    case 'queue/settle':
      return settle(queue);
    default:
      return queue;
  }
}
