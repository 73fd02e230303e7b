/** Replies that go by mail: taking one back, sending a failed one again, transcripts. */

import {asRequestError} from '../shared/errors.js';
import {draftOf} from './drafts-state.js';
import {catchUp} from './thread-effects.js';
import {failed, toast} from './toasts.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Comment} Comment
 * @typedef {import('./types.js').Delivery} Delivery
 */

const LEAST = 1_000;
const MOST = 30_000;

/** A reply that waits for its mail can be taken back. @param {App} app @param {Comment} comment */
export function offerUndo(app, comment) {
  const mail = app.store.state.threads.byId[comment.ticket_id]?.ticket.deliveries?.find((one) => one.comment_id === comment.id);
  const left = mail?.status === 'queued' ? Math.min(Date.parse(mail.send_at) - Date.now(), MOST) : 0;
  if (left < LEAST) return;
  const seconds = Math.round(left / 1000);
  toast(app, `It goes out by mail in ${seconds} s`, {action: {label: 'Undo', run: () => void withdraw(app, comment)}, lasts: left});
}

/** Takes one's own reply back: its words return to the box. @param {App} app @param {Comment} comment */
export async function withdraw(app, comment) {
  const {id, ticket_id: ticket, content} = comment;
  try {
    await app.api.post(`/tickets/${ticket}/comments/${id}/withdraw`, {});
    const begun = draftOf(app.store.state.drafts, ticket, 'reply').content;
    app.drafts.type(ticket, 'reply', begun ? `${content}\n\n${begun}` : content);
    toast(app, 'Taken back. It was not sent.');
  } catch (error) {
    const late = asRequestError(error).code === 'already_sent';
    if (late) toast(app, 'Too late: it has been sent.', {kind: 'bad'});
    else failed(app, 'Not taken back.', error);
  }
  if (app.connection.state !== 'online') void catchUp(app, ticket);
}

/** @param {App} app @param {Delivery} delivery */
export async function sendAgain(app, delivery) {
  try {
    const answer = await app.api.post(`/deliveries/${delivery.id}/retry`, {});
    app.store.dispatch({type: 'thread/delivery', delivery: answer.delivery});
    toast(app, 'It goes again.');
  } catch (error) {
    failed(app, 'Not sent.', error);
  }
}

/** @param {App} app @param {string} ticket */
export async function mailTranscript(app, ticket) {
  try {
    const {delivery} = await app.api.post(`/tickets/${ticket}/transcript`, {});
    toast(app, `The transcript goes to ${delivery.to}`);
  } catch (error) {
    failed(app, 'Not sent.', error);
  }
}

/** @param {string} ticket @param {'txt'|'html'} format */
export function saveTranscript(ticket, format) {
  location.assign(`/api/v1/tickets/${ticket}/transcript?format=${format}`);
}

/** What undoes the last thing done, while it is on offer. @param {App} app */
export function undoLast(app) {
  const last = app.store.state.ui.toasts.filter((one) => one.action?.label === 'Undo').at(-1);
  if (!last) return;
  app.store.dispatch({type: 'untoast', id: last.id});
  last.action?.run();
}
