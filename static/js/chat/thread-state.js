/**
 * The conversation: events in the order of their sequence, whichever way and how often they come.
 * `last` is the sequence up to which nothing is missing; an event beyond a gap is shown and remembered,
 * and the gap is fetched.
 */

/** @typedef {import('./types.js').ChatEvent} ChatEvent */
/** @typedef {import('./types.js').ChatState} ChatState */
/** @typedef {import('./types.js').Replay} Replay */
/** @typedef {import('./types.js').Ticket} Ticket */
/** @typedef {import('./types.js').ReadMarks} ReadMarks */

/**
 * @typedef {object} Thread
 * @property {Ticket | null} ticket
 * @property {ChatEvent[]} events ascending, each sequence once
 * @property {number} last
 * @property {boolean} hasMore there are older ones
 * @property {ReadMarks} read
 * @property {number} epoch sequences of another one mean nothing: the server was set back to a backup
 * @property {boolean} outdated the state must be taken again: another ticket, or a gap too old to fill
 */

/** @type {Thread} */
export const emptyThread = {
  ticket: null,
  events: [],
  last: 0,
  hasMore: false,
  read: {staff: {seen: 0, delivered: 0}, customer: {seen: 0}},
  epoch: 0,
  outdated: false,
};

/** Something between `last` and the newest event is missing. @param {Thread} thread */
export const hasGap = (thread) => (thread.events.at(-1)?.seq ?? 0) > thread.last;

/**
 * The newest page of the server's view. What is already here and joins on to it is kept: older pages,
 * and events that overtook the answer.
 * @param {Thread} thread
 * @param {Pick<ChatState, 'ticket' | 'events' | 'has_more' | 'epoch'> & {read: ReadMarks | null}} state
 * @returns {Thread}
 */
export function withSnapshot(thread, {ticket, events, has_more: hasMore, epoch, read}) {
  if (thread.ticket && epoch !== thread.epoch) thread = emptyThread;
  // An ended chat is told no more; on the screen it stays until a new one begins.
  if (!ticket && thread.ticket?.status === 'ended') return {...thread, outdated: false};
  if (!ticket) return {...emptyThread, epoch};
  const first = events[0]?.seq ?? ticket.seq + 1;
  const joins = thread.ticket?.id === ticket.id && !thread.outdated && thread.last >= first - 1;
  const own = joins ? thread.events : thread.events.filter((event) => event.ticket_id === ticket.id && event.seq >= first);
  const oldest = own[0]?.seq ?? Infinity;
  /** @type {Thread} */
  const next = {
    ticket,
    events: merged(own, events),
    last: events.at(-1)?.seq ?? first - 1,
    hasMore: joins && oldest < first ? thread.hasMore : hasMore,
    read: laterMarks(joins ? thread.read : emptyThread.read, read ?? {}),
    epoch,
    outdated: false,
  };
  return caughtUp(next, ticket.seq);
}

/**
 * One event, pushed or in an answer.
 * @param {Thread} thread
 * @param {ChatEvent} event
 * @param {Ticket | null} [ticket] as the answer had it
 * @returns {Thread}
 */
export function withEvent(thread, event, ticket = null) {
  if (thread.ticket && thread.ticket.id !== event.ticket_id) return {...thread, outdated: true};
  if (!thread.ticket && !ticket) return {...thread, outdated: true};
  const known = thread.ticket ?? ticket;
  const next = caughtUp({...thread, ticket: known, events: merged(thread.events, [event])}, known === ticket ? known?.seq ?? 0 : 0);
  const current = next.ticket;
  if (!ticket || !current || ticket.seq < current.seq) return next;
  return {...next, ticket};
}

/**
 * An answer of the change feed for what came after `last`.
 * @param {Thread} thread
 * @param {Replay} replay
 * @returns {Thread}
 */
export function withReplay(thread, {events, ticket, read, reset, epoch}) {
  if (reset || epoch !== thread.epoch) return {...thread, outdated: true};
  if (!thread.ticket || (ticket && ticket.id !== thread.ticket.id)) return thread;
  const own = events.filter((event) => event.ticket_id === thread.ticket?.id);
  const next = caughtUp({...thread, events: merged(thread.events, own), read: read ? laterMarks(thread.read, read) : thread.read}, 0);
  return ticket && next.ticket && ticket.seq >= next.ticket.seq ? {...next, ticket} : next;
}

/** An older page. @param {Thread} thread @param {Replay} page @returns {Thread} */
export function withOlder(thread, page) {
  const own = page.events.filter((event) => event.ticket_id === thread.ticket?.id);
  return {...thread, events: merged(thread.events, own), hasMore: page.has_more};
}

/** The same event again with fresh links to its files. @param {Thread} thread @param {ChatEvent} event @returns {Thread} */
export function withRefreshed(thread, event) {
  return {...thread, events: thread.events.map((one) => (one.seq === event.seq ? event : one))};
}

/**
 * Marks only ever move forward.
 * @param {Thread} thread
 * @param {{staff?: {seen?: number, delivered?: number}, customer?: {seen?: number}}} marks
 * @returns {Thread}
 */
export function withMarks(thread, marks) {
  const read = laterMarks(thread.read, marks);
  const same = read.staff.seen === thread.read.staff.seen && read.staff.delivered === thread.read.staff.delivered && read.customer.seen === thread.read.customer.seen;
  return same ? thread : {...thread, read};
}

/** Comments of the other side that the customer hasn't seen. @param {Thread} thread */
export function unreadOf({events, read, ticket}) {
  const unseen = events.filter((event) => event.seq > read.customer.seen && isIncoming(event)).length;
  const allHere = (events[0]?.seq ?? 1) <= read.customer.seen + 1;
  return allHere ? unseen : Math.max(unseen, ticket?.unread ?? 0);
}

/** @param {ChatEvent} event */
export const isIncoming = (event) => event.name === 'comment.created' && event.comment?.author.kind !== 'customer';

/** A message of another conversation, merged into this one. @param {ChatEvent} event */
export const isCarried = ({name}) => name === 'comment.carried';

/** It came by a merge that was taken back. @param {ChatEvent} event @param {ChatEvent[]} events */
export const isGone = (event, events) =>
  isCarried(event) &&
  event.source_id !== event.ticket_id &&
  events.some(({name, seq, source_id: source}) => name === 'ticket.released' && seq > event.seq && (source === event.source_id || source === event.comment?.ticket_id));

/** The conversation goes on in another one now, or may. */
const MOVES = ['ticket.merged', 'ticket.unmerged', 'ticket.released'];
/** @param {string} name */
export const isMove = (name) => MOVES.includes(name);

/** Walks `last` over what joins on, and lets each event say what it changed. @param {Thread} thread @param {number} told the sequence the ticket already knows of @returns {Thread} */
function caughtUp(thread, told) {
  let {last, ticket} = thread;
  let {outdated} = thread;
  for (const event of thread.events) {
    if (event.seq !== last + 1) continue;
    last = event.seq;
    outdated ||= isMove(event.name) && event.seq > told;
    if (ticket && event.seq > Math.max(told, ticket.seq)) ticket = changed(ticket, event);
  }
  return {...thread, last, ticket, outdated};
}

/** @param {Ticket} ticket @param {ChatEvent} event @returns {Ticket} */
function changed(ticket, event) {
  const {status, agent} = event.changes ?? {};
  const next = {...ticket, seq: event.seq};
  if (agent) next.agent = agent[1];
  if (status) next.status = status[1];
  if (event.name === 'ticket.ended') next.status = 'ended';
  if (next.status === 'ended' && ticket.status !== 'ended') next.can_reopen = true;
  // Whoever writes into an ended chat has reopened it, even where the staff's status never changed.
  if (event.name === 'comment.created' && event.actor.kind === 'customer' && ticket.status === 'ended') next.status = 'open';
  return next;
}

/** @param {ChatEvent[]} a @param {ChatEvent[]} b the later knowledge @returns {ChatEvent[]} */
function merged(a, b) {
  const newest = a.at(-1)?.seq ?? 0;
  if (b.every((event, i) => event.seq > (b[i - 1]?.seq ?? newest))) return b.length ? [...a, ...b] : a;
  const bySeq = new Map([...a, ...b].map((event) => [event.seq, event]));
  return [...bySeq.values()].sort((one, other) => one.seq - other.seq);
}

/**
 * @param {ReadMarks} a
 * @param {{staff?: {seen?: number, delivered?: number}, customer?: {seen?: number}}} b
 * @returns {ReadMarks}
 */
function laterMarks(a, b) {
  return {
    staff: {
      seen: Math.max(a.staff.seen, b.staff?.seen ?? 0),
      delivered: Math.max(a.staff.delivered ?? 0, b.staff?.delivered ?? 0),
    },
    customer: {seen: Math.max(a.customer.seen, b.customer?.seen ?? 0)},
  };
}
