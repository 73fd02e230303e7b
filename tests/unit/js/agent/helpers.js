/** Rows, events and snapshots for the tests of the agent's reducers. */

export const ME = 'me';
export const MARIA = {kind: 'customer', id: 'maria', name: 'Maria'};
export const ANA = {kind: 'user', id: ME, name: 'Ana'};
export const BEN = {kind: 'user', id: 'ben', name: 'Ben'};
const START = Date.parse('2026-11-20T09:00:00Z');

/** @param {number} minutes after the start */
export const at = (minutes) => new Date(START + minutes * 60_000).toISOString();

/** @param {string} id @param {object} [fields] */
export function row(id, fields = {}) {
  const number = Number(id.slice(1));
  return {
    id, number, title: `Ticket ${id}`, status: 'open', priority: 'medium', channel: 'chat', inbox_id: null, category: null, spam: false,
    customer: {id: 'maria', name: 'Maria', email: null, claimed_email: null, verified: false, tier: 'basic', blocked: false},
    assigned_agent_id: null, team_id: null, unread: 0, waiting_since: at(number), last_comment: null, created_at: at(number), updated_at: at(number),
    seq: 1, public_seq: 1, shelf: fields.spam || ['resolved', 'closed'].includes(fields.status) ? 'done' : 'queue', pending_on: null,
    snoozed_until: null, merged_into: null, next_due_at: null, ...fields,
  };
}

const NONE = {mine: 0, unassigned: 0, all: 0, waiting: 0, risk: 0, breached: 0, snoozed: 0, trash: 0};
/** Counts of the views, nothing in those not named. @param {object} some */
export const counts = (some) => ({...NONE, ...some});

/** @param {object[]} data @param {object} [more] */
export const page = (data, more = {}) => ({data, next_cursor: null, counts: counts({unassigned: data.length, all: data.length}), workspace_seq: 10, ...more});

/** An event without a comment. @param {number} seq @param {object} [fields] */
export const event = (seq, fields = {}) => ({
  id: `e${seq}`, name: 'ticket.updated', ticket_id: 't1', workspace_seq: seq, seq, public_seq: null, at: at(seq), actor: ANA, changes: {}, ...fields,
});

/** A comment's event. @param {number} seq @param {object} [author] @param {object} [fields] */
export const said = (seq, author = MARIA, fields = {}) => {
  const kind = fields.kind ?? 'reply';
  const public_seq = kind === 'note' ? null : fields.public_seq ?? seq;
  const comment = {id: `c${seq}`, ticket_id: 't1', client_id: fields.client_id ?? `k${seq}`, kind, content: `Text ${seq}`, author, seq, public_seq, created_at: fields.at ?? at(seq), attachments: []};
  return event(seq, {name: 'comment.created', actor: author, public_seq, at: comment.created_at, comment});
};

/** @param {object[]} events @param {object} [ticket] @param {boolean} [has_more] */
export function snapshot(events, ticket = {}, has_more = false) {
  const seq = Math.max(0, ...events.map((one) => one.seq));
  const public_seq = Math.max(0, ...events.map((one) => one.public_seq ?? 0));
  const details = {description: null, page: null, client: null, read: {customer: {delivered: 0, seen: 0}, staff: {seen: public_seq}}, drafts: {reply: null, note: null}, earlier: [], customer_online: false, viewers: []};
  return {ticket: {...row('t1'), ...details, seq, public_seq, ...ticket}, events, has_more};
}
