/** The threads: a snapshot, the events after it, older pages before it. Pure. */

/**
 * @typedef {import('./types.js').Snapshot} Snapshot
 * @typedef {import('./types.js').Ticket} Ticket
 * @typedef {import('./types.js').Row} Row
 * @typedef {import('./types.js').TicketEvent} TicketEvent
 * @typedef {import('./types.js').Actor} Actor
 * @typedef {import('./types.js').Kind} Kind
 *
 * @typedef {{actor: Actor, kind: Kind, until: number}} Typing
 * @typedef {{ticket: Ticket, events: TicketEvent[], hasMore: boolean, ahead: TicketEvent[], gap: boolean, older: 'idle'|'loading'|'error',
 *   typing: Typing[], newFrom: number|null}} Thread
 * `early`: events of a thread whose snapshot has not come yet.
 * @typedef {{byId: Record<string, Thread>, recent: string[], open: string|null, wanted: number|null,
 *   early: TicketEvent[], status: 'idle'|'loading'|'error'|'missing'}} Threads
 *
 * @typedef {{type: 'thread/wanted', number: number|null}
 *   | {type: 'thread/failed', missing: boolean}
 *   | {type: 'thread/snapshot', snapshot: Snapshot}
 *   | {type: 'thread/events', id: string, events: TicketEvent[]}
 *   | {type: 'thread/olderLoading', id: string}
 *   | {type: 'thread/older', id: string, events: TicketEvent[], hasMore: boolean}
 *   | {type: 'thread/olderFailed', id: string}
 *   | {type: 'thread/row', row: Row}
 *   | {type: 'thread/patch', id: string, ticket: Partial<Ticket>}
 *   | {type: 'thread/read', id: string, side: 'customer'|'staff', delivered?: number, seen?: number}
 *   | {type: 'thread/typing', id: string, actor: Actor, kind: Kind, typing: boolean, now: number}
 *   | {type: 'thread/expire', now: number}
 *   | {type: 'thread/refreshed', id: string, events: TicketEvent[]}
 *   | {type: 'thread/newFrom', id: string, seq: number|null}
 *   | {type: 'thread/delivery', delivery: import('./types.js').Delivery}
 *   | {type: 'thread/online', customer: string, online: boolean,
 *      page: {url: string, title: string|null}|null}} ThreadAction
 */

const KEPT = 30;
const EARLY = 100;
export const TYPING_FOR = 6_000;
const CHANGING = /** @type {const} */ ([
  'status',
  'status_id',
  'title',
  'description',
  'priority',
  'category',
  'assigned_agent_id',
  'team_id',
  'spam',
  'escalated',
  'tags',
  'followers',
  'external_id',
  'metadata',
  'pending_on',
  'snoozed_until',
  'merged_into',
]);

/** @returns {Threads} */
export const newThreads = () => ({byId: {}, recent: [], open: null, wanted: null, early: [], status: 'idle'});

/** @param {Threads} threads @returns {Thread | null} */
export const openThread = (threads) => (threads.open ? (threads.byId[threads.open] ?? null) : null);

/**
 * A later event on a snapshot, as a fresh snapshot would have it; an event already in it changes nothing.
 * @template {{ticket: {seq: number, public_seq: number}, events: TicketEvent[]}} S
 * @param {S} snapshot
 * @param {TicketEvent} event
 * @returns {S}
 */
export function applyEvent(snapshot, event) {
  if (event.seq <= snapshot.ticket.seq) return snapshot;
  const events = event.name === 'comment.withdrawn' ? withdrawn(snapshot.events, event) : snapshot.events;
  return {...snapshot, ticket: {...snapshot.ticket, ...changed(event, snapshot.ticket)}, events: [...events, event]};
}

/** The comment that its author took back stays, marked. @param {TicketEvent[]} events @param {TicketEvent} event */
const withdrawn = (events, {subject_id: id}) =>
  events.map((one) => (one.comment?.id === id ? {...one, comment: {...one.comment, withdrawn: true}} : one));

/** A mail's delivery as it is now. @param {Thread} thread @param {import('./types.js').Delivery} delivery @returns {Thread} */
function takeDelivery(thread, delivery) {
  const known = thread.ticket.deliveries ?? [];
  const deliveries = known.some((one) => one.id === delivery.id)
    ? known.map((one) => (one.id === delivery.id ? delivery : one))
    : [...known, delivery];
  return {...thread, ticket: {...thread.ticket, deliveries}};
}

/** @param {TicketEvent} event @param {object} ticket @returns {Partial<Ticket>} */
function changed(event, ticket) {
  const changes = event.changes ?? {};
  const fields = CHANGING.filter((field) => field in changes).map((field) => [field, changes[field]?.[1] ?? null]);
  const known = event.public_seq === null ? {} : {public_seq: event.public_seq};
  return {...Object.fromEntries(fields), ...withValues(changes, ticket), seq: event.seq, ...known};
}

/** The values of custom fields after `fields.<key>` changes. @param {import('./types.js').Changes} changes @param {any} ticket */
function withValues(changes, ticket) {
  const moved = Object.entries(changes).filter(([name]) => name.startsWith('fields.'));
  if (!moved.length) return {};
  const values = {...ticket.fields, ...Object.fromEntries(moved.map(([name, [, value]]) => [name.slice(7), value]))};
  return {fields: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))};
}

/**
 * Events in any order and any number of times: what follows is appended, what is ahead waits, a hole is marked.
 * @param {Thread} thread
 * @param {TicketEvent[]} events
 * @returns {Thread}
 */
function take(thread, events) {
  const coming = [...thread.ahead, ...events].sort((a, b) => a.seq - b.seq);
  let next = thread;
  /** @type {TicketEvent[]} */
  const ahead = [];
  for (const event of coming) {
    if (event.seq === next.ticket.seq + 1) next = applyEvent(next, event);
    else if (event.seq > next.ticket.seq && ahead.at(-1)?.seq !== event.seq) ahead.push(event);
  }
  if (next === thread && ahead.length === thread.ahead.length) return thread;
  return {...silenced(next, events), ahead, gap: ahead.length > 0};
}

/** Who has sent something is not typing it any more. @param {Thread} thread @param {TicketEvent[]} events */
function silenced(thread, events) {
  const authors = new Set(events.map((event) => event.comment?.author.id));
  const typing = thread.typing.filter((entry) => !authors.has(entry.actor.id));
  return typing.length === thread.typing.length ? thread : {...thread, typing};
}

/** @param {Snapshot} snapshot @returns {Thread} */
function fresh({ticket, events, has_more}) {
  return {
    ticket,
    events,
    hasMore: has_more,
    ahead: [],
    gap: false,
    older: 'idle',
    typing: [],
    newFrom: firstUnread(ticket, events),
  };
}

/** The public_seq of the customer's first comment that nobody has read. @param {Ticket} ticket @param {TicketEvent[]} events */
function firstUnread(ticket, events) {
  const unread = events.find(
    (event) => event.comment?.author.kind === 'customer' && (event.public_seq ?? 0) > ticket.read.staff.seen,
  );
  return unread?.public_seq ?? null;
}

/**
 * A snapshot over what is known: older pages stay, and nothing that came meanwhile is lost.
 * @param {Thread|undefined} known
 * @param {Snapshot} snapshot
 */
function merge(known, snapshot) {
  const thread = fresh(snapshot);
  const first = snapshot.events[0]?.seq ?? 0;
  const last = known?.events.at(-1)?.seq ?? -1;
  if (!known || last < first - 1) return thread;
  const before = known.events.filter((event) => event.seq < first);
  const later = [...known.events, ...known.ahead].filter((event) => event.seq > snapshot.ticket.seq);
  const merged = {
    ...thread,
    events: [...before, ...thread.events],
    hasMore: before.length ? known.hasMore : thread.hasMore,
    typing: known.typing,
    newFrom: known.newFrom ?? thread.newFrom,
  };
  return later.length ? take(merged, later) : merged;
}

/** @param {Threads} threads @param {string} id @param {TicketEvent[]} events @returns {Threads} */
function takeEvents(threads, id, events) {
  if (threads.byId[id]) return change(threads, id, (thread) => take(thread, events));
  return {...threads, early: [...threads.early, ...events].slice(-EARLY)};
}

/** @param {Threads} threads @param {Snapshot} snapshot @returns {Threads} */
function takeSnapshot(threads, snapshot) {
  const {id, number} = snapshot.ticket;
  const recent = [id, ...threads.recent.filter((other) => other !== id)].slice(0, KEPT);
  const isIts = (/** @type {TicketEvent} */ event) => event.ticket_id === id;
  const all = {...threads.byId, [id]: take(merge(threads.byId[id], snapshot), threads.early.filter(isIts))};
  const byId = Object.fromEntries(recent.filter((kept) => all[kept]).map((kept) => [kept, /** @type {Thread} */ (all[kept])]));
  const wanted = threads.wanted === number;
  const early = threads.early.filter((event) => !isIts(event));
  return {...threads, byId, recent, early, open: wanted ? id : threads.open, status: wanted ? 'idle' : threads.status};
}

/**
 * A thread that is known is shown at once, and asked for again behind it.
 * @param {Threads} threads
 * @param {number|null} number
 * @returns {Threads}
 */
function want(threads, number) {
  const known = Object.values(threads.byId).find((thread) => thread.ticket.number === number);
  const left = threads.open ? threads.byId[threads.open] : undefined;
  const byId = left && threads.open ? {...threads.byId, [threads.open]: {...left, newFrom: null, typing: []}} : threads.byId;
  return {
    ...threads,
    byId,
    wanted: number,
    open: known?.ticket.id ?? null,
    status: number === null || known ? 'idle' : 'loading',
  };
}

/**
 * What events do not carry comes with the row; what they carry comes from them alone.
 * @param {Thread} thread
 * @param {Row} row
 * @returns {Thread}
 */
function takeRow(thread, row) {
  const {customer, unread, waiting_since, last_comment, updated_at, inbox_id, channel, shelf, next_due_at, sla} = row;
  const news = {customer, unread, waiting_since, last_comment, updated_at, inbox_id, channel, shelf, next_due_at, sla};
  return {...thread, ticket: {...thread.ticket, ...news}};
}

/** @param {Thread} thread @param {Extract<ThreadAction, {type: 'thread/read'}>} mark @returns {Thread} */
function takeRead(thread, {side, delivered = 0, seen = 0}) {
  const {read} = thread.ticket;
  const customer =
    side === 'customer'
      ? {delivered: Math.max(read.customer.delivered, delivered, seen), seen: Math.max(read.customer.seen, seen)}
      : read.customer;
  const staff = side === 'staff' ? {seen: Math.max(read.staff.seen, seen)} : read.staff;
  return {...thread, ticket: {...thread.ticket, read: {customer, staff}}};
}

/** @param {Thread} thread @param {Extract<ThreadAction, {type: 'thread/typing'}>} action @returns {Thread} */
function takeTyping(thread, {actor, kind, typing, now}) {
  const others = thread.typing.filter((entry) => entry.actor.id !== actor.id);
  if (!typing && others.length === thread.typing.length) return thread;
  return {...thread, typing: typing ? [...others, {actor, kind, until: now + TYPING_FOR}] : others};
}

/** @param {Threads} threads @param {string} id @param {(thread: Thread) => Thread} change @returns {Threads} */
function change(threads, id, change) {
  const thread = threads.byId[id];
  if (!thread) return threads;
  const next = change(thread);
  return next === thread ? threads : {...threads, byId: {...threads.byId, [id]: next}};
}

/** @param {Threads} threads @param {(thread: Thread) => Thread} each @returns {Threads} */
const changeAll = (threads, each) => Object.keys(threads.byId).reduce((all, id) => change(all, id, each), threads);

/** @param {Thread} thread @param {number} now */
function expire(thread, now) {
  const typing = thread.typing.filter((entry) => entry.until > now);
  return typing.length === thread.typing.length ? thread : {...thread, typing};
}

/** The same events with new addresses for their files. @param {Thread} thread @param {TicketEvent[]} events @returns {Thread} */
function refresh(thread, events) {
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  return {...thread, events: thread.events.map((event) => bySeq.get(event.seq) ?? event)};
}

/** @param {Thread} thread @param {Extract<ThreadAction, {type: 'thread/older'}>} page @returns {Thread} */
function takeOlder(thread, {events, hasMore}) {
  const first = thread.events[0]?.seq ?? Infinity;
  return {...thread, events: [...events.filter((event) => event.seq < first), ...thread.events], hasMore, older: 'idle'};
}

/** @param {Thread} thread @param {Extract<ThreadAction, {type: 'thread/online'}>} action @returns {Thread} */
function takeOnline(thread, {customer, online, page}) {
  if (thread.ticket.customer.id !== customer) return thread;
  const where = page ? {...thread.ticket.page, ...page} : thread.ticket.page;
  return {...thread, ticket: {...thread.ticket, customer_online: online, page: where}};
}

/**
 * @param {Threads} threads
 * @param {ThreadAction} action
 * @returns {Threads}
 */
export function reduceThreads(threads, action) {
  switch (action.type) {
    case 'thread/wanted':
      return want(threads, action.number);
    case 'thread/failed':
      return {...threads, status: action.missing ? 'missing' : 'error'};
    case 'thread/snapshot':
      return takeSnapshot(threads, action.snapshot);
    case 'thread/events':
      return takeEvents(threads, action.id, action.events);
    case 'thread/olderLoading':
      return change(threads, action.id, (thread) => ({...thread, older: 'loading'}));
    case 'thread/older':
      return change(threads, action.id, (thread) => takeOlder(thread, action));
    case 'thread/olderFailed':
      return change(threads, action.id, (thread) => ({...thread, older: 'error'}));
    case 'thread/row':
      return change(threads, action.row.id, (thread) => takeRow(thread, action.row));
    case 'thread/patch':
      return change(threads, action.id, (thread) => ({...thread, ticket: {...thread.ticket, ...action.ticket}}));
    case 'thread/read':
      return change(threads, action.id, (thread) => takeRead(thread, action));
    case 'thread/delivery':
      return change(threads, action.delivery.ticket_id, (thread) => takeDelivery(thread, action.delivery));
    case 'thread/typing':
      return change(threads, action.id, (thread) => takeTyping(thread, action));
    case 'thread/expire':
      return changeAll(threads, (thread) => expire(thread, action.now));
    case 'thread/refreshed':
      return change(threads, action.id, (thread) => refresh(thread, action.events));
    case 'thread/newFrom':
      return change(threads, action.id, (thread) => (thread.newFrom === action.seq ? thread : {...thread, newFrom: action.seq}));
    case 'thread/online':
      return changeAll(threads, (thread) => takeOnline(thread, action));
    default:
      return threads;
  }
}
