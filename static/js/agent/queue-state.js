/** The live queue: rows, the order they are shown in, what waits to be re-ordered, and the counts. Pure. */

/**
 * @typedef {import('./types.js').Row} Row
 * @typedef {import('./types.js').View} View
 * @typedef {import('./types.js').Counts} Counts
 * @typedef {import('./types.js').QueuePage} QueuePage
 * @typedef {import('./types.js').RowChange} RowChange
 *
 * @typedef {{order: string[], cursor: string|null, status: 'idle'|'loading'|'ready'|'error', more: 'idle'|'loading'|'error'}} List
 * @typedef {{me: string, view: View, rows: Record<string, Row>, lists: Record<View, List>, selected: string|null,
 *   counts: Counts, seq: number, recent: {seq: number, delta: Counts}[], changed: string[]}} Queue
 *
 * @typedef {{type: 'queue/loading', view: View}
 *   | {type: 'queue/page', view: View, page: QueuePage, append?: boolean}
 *   | {type: 'queue/failed', view: View}
 *   | {type: 'queue/more', view: View, status: List['more']}
 *   | {type: 'queue/view', view: View}
 *   | {type: 'queue/row', change: RowChange}
 *   | {type: 'queue/known', row: Row}
 *   | {type: 'queue/select', id: string|null}
 *   | {type: 'queue/settle'}} QueueAction
 */

/** @type {View[]} */
export const VIEWS = ['mine', 'unassigned', 'all', 'done'];
const RECENT = 200;

/** @returns {List} */
const emptyList = () => ({order: [], cursor: null, status: 'idle', more: 'idle'});

/**
 * @param {string} me
 * @param {View} view
 * @returns {Queue}
 */
export function newQueue(me, view) {
  return {
    me,
    view,
    rows: {},
    selected: null,
    seq: 0,
    recent: [],
    changed: [],
    lists: {mine: emptyList(), unassigned: emptyList(), all: emptyList(), done: emptyList()},
    counts: {mine: 0, unassigned: 0, all: 0},
  };
}

/** @param {Pick<Row, 'status'|'spam'>} row */
export const isActive = (row) => !row.spam && row.status !== 'resolved' && row.status !== 'closed';

/**
 * @param {View} view
 * @param {Row} row
 * @param {string} me
 */
export function belongs(view, row, me) {
  if (view === 'done') return !isActive(row);
  if (!isActive(row)) return false;
  if (view === 'mine') return row.assigned_agent_id === me;
  return view === 'all' || row.assigned_agent_id === null;
}

/**
 * The server's order. Waiting longest first, then those who do not wait for us, by their age; `done`: newest first.
 * @param {View} view
 * @returns {(a: Row, b: Row) => number}
 */
export function comparator(view) {
  if (view === 'done') return (a, b) => b.number - a.number;
  return (a, b) => compare(placeOf(a), placeOf(b)) || a.number - b.number;
}

/** @param {Row} row */
const placeOf = (row) => (row.waiting_since ? `0${row.waiting_since}` : `1${row.created_at}`);

/** @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The order the list should have: every loaded row that belongs, up to the last one loaded when there are more pages.
 * @param {Queue} queue
 * @returns {string[]}
 */
export function wantedOrder(queue) {
  const {view, rows, me} = queue;
  const list = queue.lists[view];
  const byWait = comparator(view);
  const loaded = list.order.filter((id) => rows[id]);
  const last = list.cursor
    ? furthest(
        loaded.map((id) => /** @type {Row} */ (rows[id])),
        byWait,
      )
    : null;
  return Object.values(rows)
    .filter((row) => belongs(view, row, me) && (!last || byWait(row, last) <= 0))
    .sort(byWait)
    .map((row) => row.id);
}

/** @param {Row[]} rows @param {(a: Row, b: Row) => number} byWait */
function furthest(rows, byWait) {
  return rows.reduce((/** @type {Row|null} */ far, row) => (far && byWait(far, row) > 0 ? far : row), null);
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
const add = (a, b) => ({
  mine: Math.max(0, a.mine + b.mine),
  unassigned: Math.max(0, a.unassigned + b.unassigned),
  all: Math.max(0, a.all + b.all),
});

/** @param {{assigned_agent_id: string|null, active: boolean}|null} side @param {string} me @returns {Counts} */
function share(side, me) {
  if (!side?.active) return {mine: 0, unassigned: 0, all: 0};
  return {mine: side.assigned_agent_id === me ? 1 : 0, unassigned: side.assigned_agent_id === null ? 1 : 0, all: 1};
}

/** @param {RowChange} change @param {string} me @returns {Counts} */
export function countsDelta({row, before}, me) {
  const now = share({assigned_agent_id: row.assigned_agent_id, active: isActive(row)}, me);
  const then = share(before, me);
  return {mine: now.mine - then.mine, unassigned: now.unassigned - then.unassigned, all: now.all - then.all};
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
  const later = queue.recent.filter((entry) => entry.seq > page.workspace_seq);
  const counts = append ? queue.counts : later.reduce((sum, entry) => add(sum, entry.delta), page.counts);
  const seq = Math.max(queue.seq, page.workspace_seq);
  const next = withList({...queue, rows, counts, seq, recent: later}, view, {
    order,
    cursor: page.next_cursor,
    status: 'ready',
    more: 'idle',
  });
  return view === queue.view && !append ? keepSelected(queue, next) : next;
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
    case 'queue/select':
      return select(queue, action.id);
    case 'queue/settle':
      return settle(queue);
    default:
      return queue;
  }
}
