/** The number in the tab's title, the sound, and the one announcement at most every ten seconds. */

import {announce} from '../shared/announce.js';
import {setTitle} from '../shared/badge.js';
import {createSound} from '../shared/sound.js';
import {openThread} from './thread-state.js';
import {VIEW_NAME} from './words.js';
import {unreadCount} from './app-state.js';
import {belongs, countsDelta} from './queue-state.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').RowChange} RowChange
 * @typedef {import('./types.js').Row} Row
 */

const ANNOUNCE_EVERY = 10_000;
const SOUND_EVERY = 5_000;

/** @param {App} app */
export function createNotices(app) {
  const sound = createSound('agent');
  let sounded = 0;
  let fresh = {unassigned: 0, mine: 0, messages: 0};
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  function speak() {
    timer = undefined;
    const {unassigned, mine, messages} = fresh;
    fresh = {unassigned: 0, mine: 0, messages: 0};
    const parts = [
      unassigned && `${unassigned} new ${unassigned === 1 ? 'conversation' : 'conversations'} in Unassigned`,
      mine && `${mine} new in Mine`,
      messages && `${messages} new ${messages === 1 ? 'message' : 'messages'}`,
    ].filter(Boolean);
    if (parts.length) announce(parts.join(', '));
  }

  /** @param {string|null} ticket whoever looks at it needs no sound */
  function ring(ticket) {
    const looking = document.hasFocus() && ticket !== null && app.store.state.threads.open === ticket;
    if (looking || Date.now() - sounded < SOUND_EVERY) return;
    sounded = Date.now();
    sound.play();
  }

  function retitle() {
    const {threads, queue, boot} = app.store.state;
    const ticket = openThread(threads)?.ticket;
    const page = ticket ? `#${ticket.number} ${ticket.customer.name}` : VIEW_NAME[queue.view];
    setTitle(`${page} · ${boot.workspace.name}`, unreadCount(app.store.state));
  }

  app.store.watch((state, before) => {
    if (
      state.queue.rows !== before.queue.rows ||
      state.threads.open !== before.threads.open ||
      state.queue.view !== before.queue.view ||
      state.notifications.unread !== before.notifications.unread
    )
      retitle();
  });
  retitle();

  return {
    sound,
    ring,
    /** @param {RowChange} change @param {Row|undefined} known */
    row(change, known) {
      const {row} = change;
      const {me} = app.store.state.queue;
      const delta = countsDelta(change, me);
      const said =
        row.last_comment?.author.kind === 'customer' && row.last_comment.at !== known?.last_comment?.at && row.unread > 0;
      if (delta.unassigned > 0) fresh.unassigned += 1;
      else if (delta.mine > 0) fresh.mine += 1;
      else if (said && belongs('mine', row, me, 0) && app.store.state.threads.open !== row.id) fresh.messages += 1;
      timer ??= setTimeout(speak, ANNOUNCE_EVERY);
    },
  };
}
