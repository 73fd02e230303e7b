/** The sentence for an event that is not a message. */

import {dateTime} from '../../shared/time.js';
import {metricName} from '../sla.js';
import {priorityName, statusName, titled, wakeName} from '../words.js';

/**
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').TicketEvent} TicketEvent
 */

/** @param {State} state @param {TicketEvent} event @returns {{sign: string, text: string}} */
export function eventText(state, event) {
  const who = event.actor.kind === 'system' ? 'Parley' : event.actor.id === state.queue.me ? 'You' : event.actor.name;
  const changes = event.changes ?? {};
  switch (event.name) {
    case 'ticket.created': return {sign: 'chat', text: event.actor.kind === 'customer' ? `${who} started the conversation`
      : `${who} opened the ticket`};
    case 'ticket.assigned': return {sign: 'user', text: assigned(state, event, who)};
    case 'ticket.unassigned': return {sign: 'user', text: `${who} unassigned the conversation`};
    case 'ticket.offered': return {sign: 'user', text: `${who} offered this to ${colleague(state, changes.offered_to?.[1])}`};
    case 'ticket.offer_declined': return {sign: 'user', text: declined(state, event, who)};
    case 'ticket.status_changed': return {sign: 'done', text: status(who, event.actor.kind === 'system', changes)};
    case 'ticket.updated': return {sign: 'tag', text: updated(state, who, changes)};
    case 'ticket.tagged': return {sign: 'tag', text: tagged(who, changes.tags)};
    case 'ticket.followed': return {sign: 'eye', text: `${who} follows this`};
    case 'ticket.unfollowed': return {sign: 'eye', text: `${who} no longer follows this`};
    case 'ticket.linked': return {sign: 'link', text: `${who} linked #${changes.link?.[1]?.number}`};
    case 'ticket.unlinked': return {sign: 'link', text: `${who} removed the link to #${changes.link?.[0]?.number}`};
    case 'ticket.deleted': return {sign: 'x', text: `${who} moved this to the trash`};
    case 'ticket.restored': return {sign: 'undo', text: `${who} took this out of the trash`};
    case 'comment.created': return {sign: 'chat', text: event.comment?.kind === 'note' ? `${who} wrote a note` : `${who} wrote`};
    case 'comment.carried': return {sign: 'chat', text: `${who} brought in a message of another ticket`};
    case 'comment.withdrawn': return {sign: 'undo', text: `${who} took a reply back before it was mailed`};
    case 'mail.failed': return {sign: 'alert', text: `No provider took the mail to ${changes.to?.[1]}`};
    case 'mail.bounced': return {sign: 'alert', text: `The mail to ${changes.to?.[1]} came back: ${changes.error?.[1]}`};
    case 'ticket.ended': return {sign: 'chat', text: `${who} ended the chat`};
    case 'ticket.marked_as_spam': return {sign: 'spam', text: `${who} marked this as spam`};
    case 'ticket.unmarked_as_spam': return {sign: 'spam', text: `${who} said this is not spam`};
    case 'ticket.snoozed': return {sign: 'clock', text: `${who} snoozed this ${wakeName(changes.snoozed_until?.[1] ?? null)}`};
    case 'ticket.woken': return {sign: 'clock', text: event.actor.kind === 'system' ? 'The snooze is over'
      : `${who} ended the snooze`};
    case 'ticket.merged': return {sign: 'transfer', text: `${who} merged this into #${changes.merged_into?.[1]}`};
    case 'ticket.unmerged': return {sign: 'undo', text: `${who} took the merge into #${changes.merged_into?.[0]} back`};
    case 'ticket.absorbed': return {sign: 'transfer', text: `${who} merged #${changes.absorbed?.[1]?.number} into this: ${
      changes.absorbed?.[1]?.title}`};
    case 'ticket.released': return {sign: 'undo', text: `${who} took #${changes.absorbed?.[0]?.number} out of this again`};
    case 'ticket.split': return {sign: 'plus', text: `${who} made #${changes.split_into?.[1]?.number} of messages of this`};
    case 'sla.warned': return {sign: 'clock', text: `${metricName(changes.metric?.[1])} is due ${dateTime(changes.due_at?.[1])}`};
    case 'sla.recalculated': return {sign: 'clock', text: recalculated(changes)};
    case 'sla.breached': return {sign: 'alert', text: `${metricName(changes.metric?.[1])} is overdue`};
    case 'ticket.escalated': return {sign: 'up', text: escalated(changes)};
    case 'ticket.tier_changed': return {sign: 'user', text: changes.tier ? `The customer is ${changes.tier[1]} now`
      : 'The customer belongs to another organization now'};
    case 'ticket.customer_changed': return {sign: 'verified', text: 'The visitor was identified'};
    default: return {sign: 'history', text: titled(event.name.replace('.', ' '))};
  }
}

/** @param {import('../types.js').Changes} changes */
function escalated({metric, priority}) {
  const why = metric ? `: ${metricName(metric[1]).toLowerCase()}` : '';
  return `Escalated${why}${priority ? `. Priority ${priorityName(priority[1]).toLowerCase()}` : ''}`;
}

/** @param {State} state @param {string|undefined} id */
const colleague = (state, id) => (id === state.queue.me ? 'you' : (state.people.users[id ?? '']?.name ?? 'somebody'));

/** Whoever was asked said no, or said nothing. @param {State} state @param {TicketEvent} event @param {string} who */
function declined(state, event, who) {
  const asked = event.changes?.offered_to?.[0];
  if (asked === event.actor.id) return `${who} declined the offer`;
  return `The offer to ${colleague(state, asked)} ran out`;
}

/** @param {import('../types.js').Changes} changes by clock: the deadline before and after */
function recalculated(changes) {
  const moved = Object.entries(changes).map(([metric, [, due]]) => `${metricName(metric).toLowerCase()} ${
    typeof due === 'string' ? `is due ${dateTime(due)}` : 'has no deadline'}`);
  return moved.length ? `Recalculated: ${moved.join(', ')}` : 'The deadlines were recalculated';
}

/** @param {State} state @param {TicketEvent} event @param {string} who */
function assigned(state, event, who) {
  const {assigned_agent_id: agent, team_id: team} = event.changes ?? {};
  const to = agent?.[1] ?? null;
  if (to !== null && to === event.actor.id) return `${who} took the conversation`;
  const name = to === state.queue.me ? 'you' : to ? state.people.users[to]?.name ?? 'somebody' : null;
  const group = team?.[1] ? state.people.teams.find((one) => one.id === team[1])?.name ?? 'a team' : null;
  if (!name && !group) return `${who} unassigned the conversation`;
  return `${who} assigned this to ${[name, group].filter(Boolean).join(' in ')}`;
}

/** @param {string} who @param {[string[], string[]]|undefined} change */
function tagged(who, change) {
  const [before = [], after = []] = change ?? [];
  const added = after.filter((name) => !before.includes(name));
  const gone = before.filter((name) => !after.includes(name));
  const parts = [added.length && `added ${added.join(', ')}`, gone.length && `removed ${gone.join(', ')}`].filter(Boolean);
  return parts.length ? `${who} ${parts.join(' and ')}` : `${who} changed the tags`;
}

/** @param {string} who @param {boolean} system @param {import('../types.js').Changes} changes */
function status(who, system, changes) {
  const own = changes.status_id?.[1];
  if (own || !changes.status) return own ? `${who} set the status to ${statusName('', own)}` : `${who} changed the status`;
  const [from, to] = changes.status;
  if ((from === 'resolved' || from === 'closed') && to !== 'closed') return `${who} reopened the conversation`;
  return system ? `Now ${statusName(to).toLowerCase()}` : `${who} set the status to ${statusName(to)}`;
}

/** @param {State} state @param {string} key */
const fieldName = (state, key) => state.people.fields.find((field) => field.key === key)?.label ?? key;

/** @param {State} state @param {string} who @param {import('../types.js').Changes} changes */
function updated(state, who, changes) {
  const parts = [
    changes.priority && `set the priority to ${priorityName(changes.priority[1])}`,
    changes.title && `renamed this to “${changes.title[1]}”`,
    ...Object.keys(changes).filter((name) => name.startsWith('fields.')).map((name) => `changed ${fieldName(state, name.slice(7))}`),
    changes.skills && (changes.skills[1].length ? `said that this needs ${changes.skills[1].join(', ')}` : 'said that this needs no skill'),
    changes.category && (changes.category[1] ? `set the category to ${changes.category[1]}` : 'removed the category'),
  ].filter(Boolean);
  return parts.length ? `${who} ${parts.join(' and ')}` : `${who} changed the ticket`;
}
