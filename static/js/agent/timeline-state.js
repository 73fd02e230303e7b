/**
 * From the events of a thread to what the timeline shows: messages in groups, day lines, the "New" line, collapsed runs. Pure.
 */

/**
 * @typedef {import('./types.js').TicketEvent} TicketEvent
 * @typedef {import('./types.js').Comment} Comment
 *
 * @typedef {{type: 'day', key: string, at: string}} DayItem
 * @typedef {{type: 'new', key: string}} NewItem
 * @typedef {{type: 'message', key: string, event: TicketEvent, comment: Comment, first: boolean}} MessageItem
 * @typedef {{type: 'event', key: string, event: TicketEvent}} EventItem
 * @typedef {{type: 'run', key: string, events: TicketEvent[], open: boolean}} RunItem
 * @typedef {DayItem|NewItem|MessageItem|EventItem|RunItem} Item
 */

const GROUP_MS = 5 * 60_000;
const RUN = 4;
const AT_ONCE = 2_000;

/** @param {string} at */
const localDay = (at) => new Date(at).toDateString();

/** @param {TicketEvent} event @param {TicketEvent|undefined} before */
function continues(event, before) {
  const [now, then] = [event.comment, before?.comment];
  return (
    !!now &&
    !!then &&
    now.kind === then.kind &&
    now.author.id === then.author.id &&
    now.author.kind === then.author.kind &&
    Date.parse(now.created_at) - Date.parse(then.created_at) < GROUP_MS
  );
}

/**
 * What a reply does to the status by itself needs no line of its own.
 * @param {TicketEvent} event
 * @param {TicketEvent|undefined} before
 */
function follows(event, before) {
  return (
    event.name === 'ticket.status_changed' &&
    !!before?.comment &&
    event.actor.id === before.actor.id &&
    event.changes?.status?.[1] === 'in_progress' &&
    Date.parse(event.at) - Date.parse(before.at) < AT_ONCE
  );
}

/**
 * What came from another ticket stands where it was said, and is gone when the merge was undone.
 * @param {TicketEvent[]} events
 */
function inTime(events) {
  if (!events.some(isCarried)) return events;
  const released = events.filter(({name}) => name === 'ticket.released');
  const gone = (/** @type {TicketEvent} */ {seq, subject_id, ticket_id, comment}) =>
    subject_id !== ticket_id &&
    released.some((one) => one.seq > seq && (one.subject_id === subject_id || one.subject_id === comment?.ticket_id));
  const moment = (/** @type {TicketEvent} */ event) => Date.parse((isCarried(event) && event.comment?.created_at) || event.at);
  return events.filter((event) => !isCarried(event) || !gone(event)).sort((a, b) => moment(a) - moment(b));
}

/** @param {TicketEvent} event */
const isCarried = ({name}) => name === 'comment.carried';

/** @param {TicketEvent[]} run @param {Record<string, boolean>} expanded @returns {Item[]} */
function lines(run, expanded) {
  const key = `run-${run[0]?.seq}`;
  if (run.length < RUN) return run.map((event) => ({type: 'event', key: `e${event.seq}`, event}));
  const open = expanded[key] ?? false;
  /** @type {Item[]} */
  const shown = open ? run.map((event) => ({type: 'event', key: `e${event.seq}`, event})) : [];
  return [{type: 'run', key, events: run, open}, ...shown];
}

/**
 * @param {TicketEvent[]} events ascending
 * @param {{newFrom?: number|null, expanded?: Record<string, boolean>}} [options]
 * @returns {Item[]}
 */
export function timeline(events, {newFrom = null, expanded = {}} = {}) {
  /** @type {Item[]} */
  const items = [];
  /** @type {TicketEvent[]} */
  let run = [];
  /** @type {TicketEvent|undefined} */
  let before;
  let marked = newFrom === null;
  let day = '';
  const flush = () => {
    items.push(...lines(run, expanded));
    if (run.length) before = undefined;
    run = [];
  };
  for (const event of inTime(events)) {
    if (follows(event, before)) continue;
    const newDay = localDay(event.at) !== day;
    const isNew = !marked && (event.public_seq ?? -1) >= (newFrom ?? 0) && event.comment?.author.kind === 'customer';
    if (newDay || isNew || event.comment) flush();
    if (newDay) items.push({type: 'day', key: `d${event.seq}`, at: event.at});
    if (isNew) items.push({type: 'new', key: 'new'});
    marked ||= isNew;
    day = localDay(event.at);
    if (!event.comment) {
      run.push(event);
      continue;
    }
    const first = newDay || isNew || !continues(event, before);
    items.push({type: 'message', key: `m${event.comment.client_id ?? event.comment.id}`, event, comment: event.comment, first});
    before = event;
  }
  flush();
  return items;
}

/**
 * The replies that "Seen" and "Delivered" stand under: the last of ours that the customer has read, has got.
 * @param {TicketEvent[]} events
 * @param {{seen: number, delivered: number}} read
 */
export function receipts(events, read) {
  const ours = events.filter(
    (event) => event.comment?.author.kind !== 'customer' && event.comment?.kind === 'reply' && event.public_seq !== null,
  );
  const last = (/** @type {number} */ mark) => ours.filter((event) => (event.public_seq ?? 0) <= mark).at(-1)?.seq ?? null;
  const seen = last(read.seen);
  const delivered = last(Math.max(read.delivered, read.seen));
  return {seen, delivered: delivered === seen ? null : delivered};
}
