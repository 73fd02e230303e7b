/** Small builders for the tests of the chat. */

export const ANA = {kind: 'user', name: 'Ana'};
export const ME = {kind: 'customer', name: 'You'};

let ids = 0;

export function ticketOf(more = {}) {
  return {id: 't1', number: 7, status: 'open', agent: null, created_at: at(0), seq: 0, unread: 0, ...more};
}

export const at = (seconds) => new Date(Date.UTC(2026, 2, 12, 10, 0, seconds)).toISOString();

export function event(seq, more = {}) {
  return {name: 'ticket.status_changed', ticket_id: 't1', seq, at: at(seq), actor: ANA, ...more};
}

export function said(seq, author = ANA, more = {}) {
  const comment = {id: `c${(ids += 1)}`, ticket_id: 't1', client_id: author.kind === 'customer' ? `client-${seq}` : null, content: `no. ${seq}`, author, seq, created_at: at(seq), attachments: [], ...more};
  return event(seq, {name: 'comment.created', actor: author, comment});
}

export function stateOf(events, more = {}) {
  return {
    visitor: {name: null, email: null, verified: false},
    ticket: ticketOf({seq: events.at(-1)?.seq ?? 0}),
    events,
    has_more: false,
    epoch: 0,
    read: {staff: {seen: 0, delivered: 0}, customer: {seen: 0}},
    availability: {state: 'online', back_at: null, reply_minutes: null},
    known: [],
    needs_prechat: false,
    ...more,
  };
}

export const waiting = (clientId, more = {}) => ({client_id: clientId, at: Date.parse(at(30)), state: 'sending', error: null, payload: {content: 'waiting'}, files: [], ...more});

/** A generator of the same random numbers for the same seed. */
export function randomly(seed) {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
