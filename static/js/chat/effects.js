/** What follows from the state besides drawing: read marks, badge, sound, announcements, word to the host. */

import {announce} from '../shared/announce.js';
import {setBadge} from '../shared/badge.js';
import {t} from '../shared/i18n.js';
import {createSound} from '../shared/sound.js';
import {createTabs} from '../shared/tabs.js';
import {isLooking, typists, unread} from './chat-state.js';
import {isIncoming} from './thread-state.js';

const READ_AFTER = 300;
const EXPIRY_CHECK = 1_000;
const SPOKEN = 300;
const ARRIVALS = new Set(['event', 'replay', 'snapshot']);

/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./types.js').ChatEvent} ChatEvent */

/**
 * @param {object} options
 * @param {import('./live.js').ChatStore & {watch: (watcher: (state: State, before: State, action: any) => void) => unknown}} options.store
 * @param {import('./transport.js').Transport} options.transport
 * @param {import('./host.js').Host | null} options.host
 * @param {string} options.inboxKey
 */
export function createEffects({store, transport, host, inboxKey}) {
  const sound = createSound(`chat:${inboxKey}`);
  const tabs = createTabs(`parley:chat:${inboxKey}`, ({ticket_id: id, seen}) => store.dispatch({type: 'marks', ticket_id: id, marks: {customer: {seen}}}));
  let delivered = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let readTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let expiry;

  /** Said after a moment, so that a burst is marked once. @param {State} state */
  function markRead(state) {
    const {ticket, last, read} = state.thread;
    if (readTimer || !ticket || last <= read.customer.seen || !isLooking(state)) return;
    readTimer = setTimeout(() => {
      readTimer = undefined;
      if (!isLooking(store.state)) return;
      transport.command('ticket.read', {ticket_id: ticket.id, seen: last}).then(() => {
        store.dispatch({type: 'marks', ticket_id: ticket.id, marks: {customer: {seen: last}}});
        tabs.post({ticket_id: ticket.id, seen: last});
      }, () => {});
    }, READ_AFTER);
  }

  /** @param {State} state @param {ChatEvent[]} fresh */
  function markDelivered(state, fresh) {
    const {ticket, last} = state.thread;
    if (!ticket || !fresh.length || last <= delivered || isLooking(state)) return;
    delivered = last;
    transport.command('ticket.read', {ticket_id: ticket.id, delivered: last}).catch(() => {});
  }

  /** @param {State} state @param {ChatEvent[]} fresh */
  function tell(state, fresh) {
    for (const {comment} of fresh) {
      if (!comment) continue;
      const files = comment.attachments.map(({name}) => name).join(', ');
      const text = (comment.content || files).slice(0, SPOKEN);
      if (state.open) announce(t('says', {name: comment.author.name, text}));
      host?.post({type: 'event', name: 'message', data: {direction: 'received', author: comment.author.name, text}});
    }
    if (fresh.length && !isLooking(state)) sound.play();
  }

  /** @param {State} state @param {State} before */
  function tellTyping(state, before) {
    if (state.typing === before.typing) return;
    const fresh = typists(state).find((name) => !(name in before.typing));
    if (fresh && state.open) announce(t('is_typing', {name: fresh}));
    clearInterval(expiry);
    if (typists(state).length) expiry = setInterval(() => store.dispatch({type: 'expire', now: Date.now()}), EXPIRY_CHECK);
  }

  store.watch((state, before, action) => {
    const fresh = ARRIVALS.has(action.type) && before.phase === 'ready' ? newlyIn(state, before) : [];
    tell(state, fresh);
    tellTyping(state, before);
    markDelivered(state, fresh);
    markRead(state);
    const count = unread(state);
    const loaded = state.phase === 'ready' && before.phase !== 'ready';
    if (loaded || count !== unread(before)) {
      setBadge(count);
      host?.post({type: 'unread', n: count});
    }
    if (loaded || isChatting(state) !== isChatting(before)) host?.post({type: 'open_chat', value: isChatting(state)});
  });

  return {sound};
}

/** @param {State} state @param {State} before @returns {ChatEvent[]} */
function newlyIn(state, before) {
  const known = new Set(before.thread.events.map(({seq}) => seq));
  const sameTicket = state.thread.ticket?.id === before.thread.ticket?.id;
  const top = sameTicket ? before.thread.last : state.thread.read.customer.seen;
  return state.thread.events.filter((event) => isIncoming(event) && event.seq > top && !(sameTicket && known.has(event.seq)));
}

/** @param {State} state */
const isChatting = ({thread}) => thread.ticket !== null && thread.ticket.status !== 'ended';
