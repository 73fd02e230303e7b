/** From events and waiting messages to the lines of the log: day lines, system lines, grouped messages. */

import {sameDay} from '../shared/time.js';
import {isCarried, isGone, isMove} from './thread-state.js';

/** @typedef {import('./types.js').ChatEvent} ChatEvent */
/** @typedef {import('./types.js').OutboxItem} OutboxItem */
/** @typedef {import('./thread-state.js').Thread} Thread */
/** @typedef {'sending' | 'failed' | 'sent' | 'delivered' | 'seen'} MessageState */
/**
 * @typedef {object} MessageItem
 * @property {'message'} kind
 * @property {string} key
 * @property {boolean} mine
 * @property {string} author
 * @property {string | number} at
 * @property {boolean} first of its group
 * @property {boolean} last of its group
 * @property {MessageState | null} state of own messages
 * @property {boolean} tellsState it is the last own one
 * @property {ChatEvent | null} event
 * @property {OutboxItem | null} pending
 */
/** @typedef {{kind: 'day', key: string, at: string | number}} DayItem */
/** @typedef {{kind: 'system', key: string, text: string, values: Record<string, string>, at: string}} SystemItem */
/** @typedef {MessageItem | DayItem | SystemItem} LogItem */

const GROUP_WITHIN = 5 * 60_000;

/**
 * @param {Thread} thread
 * @param {OutboxItem[]} pending
 * @returns {LogItem[]}
 */
export function logItems(thread, pending) {
  /** @type {LogItem[]} */
  const items = [];
  /** @type {Set<string>} */
  const arrived = new Set();
  for (const event of inTime(thread.events)) {
    if (event.comment?.client_id) arrived.add(event.comment.client_id);
    push(items, event.comment ? fromEvent(event, thread.read.staff) : systemLine(event));
  }
  for (const item of pending) if (!arrived.has(item.client_id)) push(items, fromPending(item));
  return told(items);
}

/** What was said in a conversation that was merged into this one stands where it was said. @param {ChatEvent[]} events */
function inTime(events) {
  if (!events.some(isCarried)) return events;
  const moment = (/** @type {ChatEvent} */ event) => +new Date((isCarried(event) && event.comment?.created_at) || event.at);
  return events.filter((event) => !isGone(event, events)).sort((a, b) => moment(a) - moment(b));
}

/** @param {LogItem[]} items @param {MessageItem | SystemItem | null} item */
function push(items, item) {
  if (!item) return;
  const before = items.at(-1);
  if (!before || !sameDay(before.at, item.at)) items.push({kind: 'day', key: `day-${new Date(item.at).toDateString()}`, at: item.at});
  if (item.kind === 'message' && before?.kind === 'message' && items.at(-1) === before && together(before, item)) {
    before.last = false;
    item.first = false;
  }
  items.push(item);
}

/** @param {MessageItem} a @param {MessageItem} b */
const together = (a, b) => a.mine === b.mine && a.author === b.author && Math.abs(+new Date(b.at) - +new Date(a.at)) < GROUP_WITHIN;

/** @param {ChatEvent} event @param {{seen: number, delivered?: number}} staff @returns {MessageItem | null} */
function fromEvent(event, staff) {
  const {comment} = event;
  if (!comment) return null;
  const mine = comment.author.kind === 'customer';
  return {
    kind: 'message',
    key: comment.client_id ?? comment.id,
    mine,
    author: comment.author.name,
    at: comment.created_at,
    first: true,
    last: true,
    state: mine ? stateOf(event.seq, staff) : null,
    tellsState: false,
    event,
    pending: null,
  };
}

/** @param {OutboxItem} item @returns {MessageItem} */
const fromPending = (item) => ({
  kind: 'message',
  key: item.client_id,
  mine: true,
  author: '',
  at: item.at,
  first: true,
  last: true,
  state: item.state,
  tellsState: item.state === 'failed',
  event: null,
  pending: item,
});

/** @param {number} seq @param {{seen: number, delivered?: number}} staff @returns {MessageState} */
function stateOf(seq, {seen, delivered = 0}) {
  if (seq <= seen) return 'seen';
  return seq <= delivered ? 'delivered' : 'sent';
}

/** What happened, in the customer's words; null when there's nothing to tell. @param {ChatEvent} event @returns {SystemItem | null} */
function systemLine(event) {
  const line = lineOf(event);
  return line && {kind: 'system', key: `event-${event.seq}`, at: event.at, text: line[0], values: line[1] ?? {}};
}

/** @param {ChatEvent} event @returns {[string, Record<string, string>?] | null} */
function lineOf({name, actor, changes}) {
  if (isMove(name)) return null;
  const [from, to] = changes?.agent ?? [null, null];
  if (from && to) return ['now_chatting_with', {name: to.name}];
  if (to) return ['agent_joined', {name: to.name}];
  if (from) return ['agent_left', {name: from.name}];
  if (name === 'ticket.ended') return [actor.kind === 'customer' ? 'you_ended' : 'chat_ended'];
  const [before, after] = changes?.status ?? [null, null];
  if (after === 'ended' && before !== 'ended') return ['chat_ended'];
  if (before === 'ended' && after && after !== 'ended') return ['chat_reopened'];
  return null;
}

/** Marks the last own message as the one that tells its state. @param {LogItem[]} items */
function told(items) {
  const mine = items.filter((item) => item.kind === 'message' && item.mine);
  const last = /** @type {MessageItem | undefined} */ (mine.at(-1));
  if (last) last.tellsState = true;
  return items;
}
