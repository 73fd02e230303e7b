/** Sending: the outbox of the workspace, files before they are sent, and what follows a sent reply. */

import {createOutbox} from '../shared/outbox.js';
import {uuid} from '../shared/uuid.js';
import {modeOf} from './app-state.js';
import {draftKey, draftOf} from './drafts-state.js';
import {snoozeNow} from './lifecycle-effects.js';
import {offerUndo} from './mail-effects.js';
import {catchUp, seenSeq} from './thread-effects.js';
import {openThread} from './thread-state.js';
import {setStatus} from './ticket-effects.js';
import {nextAfter} from './queue-effects.js';
import {toast} from './toasts.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Kind} Kind
 * @typedef {import('../shared/outbox.js').OutboxItem} OutboxItem
 * @typedef {{ticket_id: string, kind: Kind, content: string, seen_seq: number|null, then: Then|null}} Payload
 * @typedef {'resolved'|'pending'|{snooze: string|null}} Then what is done once it is sent; a snooze without a time ends when they write
 */

const MEGABYTE = 1024 * 1024;

/** @param {App} app */
export function makeOutbox(app) {
  return createOutbox({
    key: `agent:${app.store.state.boot.me.id}`,
    send: (item, attachmentIds) => deliver(app, item, attachmentIds),
    upload: (file, blob, onProgress) => {
      const {ticket_id, kind} = payloadOf(file.id);
      return app.api.upload(`/tickets/${ticket_id}/attachments`, blob, {
        name: file.name,
        fields: {client_id: file.id, kind},
        onProgress,
      });
    },
    onChange: (items) => app.store.dispatch({type: 'outbox', items}),
    onSent: (item, result) => arrived(app, item.payload, result),
    onProgress: (_, fileId, share) => app.store.dispatch({type: 'progress', file: fileId, share}),
  });

  /** @param {string} fileId @returns {Payload} */
  function payloadOf(fileId) {
    const item = app.outbox.items().find((one) => one.files.some((file) => file.id === fileId));
    return item?.payload;
  }
}

/** @param {App} app @param {OutboxItem} item @param {string[]} attachment_ids */
function deliver(app, {client_id, payload}, attachment_ids) {
  const {ticket_id, kind, content, seen_seq} = /** @type {Payload} */ (payload);
  const body = {client_id, content, kind, seen_seq, attachment_ids};
  if (app.connection.state === 'online') return app.connection.request('comment.create', {ticket_id, ...body});
  return app.api.post(`/tickets/${ticket_id}/comments`, body);
}

/** @param {App} app @param {Payload} payload @param {{event?: import('./types.js').TicketEvent}} result */
function arrived(app, payload, {event}) {
  if (event) app.store.dispatch({type: 'thread/events', id: payload.ticket_id, events: [event]});
  else void catchUp(app, payload.ticket_id);
  if (event?.comment?.kind === 'reply') offerUndo(app, event.comment);
  if (payload.then) void follow(app, payload.ticket_id, payload.then);
}

/** @param {App} app @param {string} id @param {Then} then */
function follow(app, id, then) {
  if (typeof then === 'string') return setStatus(app, id, then);
  return snoozeNow(app, id, then.snooze === null ? null : new Date(then.snooze));
}

/** Sends what stands in the box. @param {App} app @param {Then|null} [then] */
export function send(app, then = null) {
  const {state} = app.store;
  const thread = openThread(state.threads);
  if (!thread) return;
  const {id, seq} = thread.ticket;
  const kind = modeOf(state, id);
  const key = draftKey(id, kind);
  const content = draftOf(state.drafts, id, kind).content.trim();
  const picked = state.ui.files[key] ?? [];
  if (!content && !picked.length) return;
  if (content.length > state.boot.limits.comment_chars)
    return toast(app, `At most ${state.boot.limits.comment_chars} characters fit in one message.`, {kind: 'bad'});
  const files = picked.map(({id: fileId, name, size, type}) => ({id: fileId, name, size, type, attachment: null}));
  const payload = {ticket_id: id, kind, content, seen_seq: seenSeq(id, seq), then: kind === 'reply' ? then : null};
  app.presence.stop();
  app.drafts.type(id, kind, '');
  app.store.dispatch({type: 'files', key, files: []});
  app.store.dispatch({type: 'ui', ui: {atEnd: true, below: 0, emoji: null}});
  app.outbox.add({client_id: uuid(), payload, files});
  if (payload.then && payload.then !== 'pending') nextAfter(app, id);
}

/** @param {App} app @param {OutboxItem} item */
export function sendAnyway(app, item) {
  const known = Math.max(
    item.payload.seen_seq ?? 0,
    ...(item.error?.current?.events ?? []).map((/** @type {{seq: number}} */ event) => event.seq),
  );
  const seq = app.store.state.threads.byId[item.payload.ticket_id]?.ticket.seq ?? 0;
  app.outbox.retry(item.client_id, {...item.payload, seen_seq: Math.max(known, seq)});
}

/** Back into the box, before whatever was begun since. @param {App} app @param {OutboxItem} item */
export function editAgain(app, item) {
  const {ticket_id, kind, content} = /** @type {Payload} */ (item.payload);
  const begun = draftOf(app.store.state.drafts, ticket_id, kind).content;
  const key = draftKey(ticket_id, kind);
  const files = item.files.map(({id, name, size, type}) => ({id, name, size, type, preview: null}));
  app.store.dispatch({type: 'mode', id: ticket_id, kind});
  app.store.dispatch({type: 'files', key, files: [...files, ...(app.store.state.ui.files[key] ?? [])]});
  app.drafts.type(ticket_id, kind, begun ? `${content}\n\n${begun}` : content);
  app.outbox.remove(item.client_id);
  focusComposer(app);
}

/** Whether the server would take it; says so if not. @param {App} app @param {File} file */
function fits(app, {name, size}) {
  const {attachment_bytes, attachment_types} = app.store.state.boot.limits;
  const extension = name.match(/\.\w+$/)?.[0].toLowerCase() ?? '';
  const why =
    size > attachment_bytes
      ? `“${name}” is larger than ${Math.floor(attachment_bytes / MEGABYTE)} MB.`
      : name.includes('.') && !attachment_types.includes(extension)
        ? `Files of the type ${extension} cannot be sent.`
        : '';
  if (why) toast(app, why, {kind: 'bad'});
  return !why;
}

/** @param {App} app @param {Iterable<File>} files */
export function pickFiles(app, files) {
  const {state} = app.store;
  const thread = openThread(state.threads);
  if (!thread) return;
  const key = draftKey(thread.ticket.id, modeOf(state, thread.ticket.id));
  const {attachments_per_comment} = state.boot.limits;
  const before = state.ui.files[key] ?? [];
  const good = [...files].filter((file) => fits(app, file));
  const added = good.slice(0, Math.max(0, attachments_per_comment - before.length));
  if (added.length < good.length) toast(app, `Up to ${attachments_per_comment} files fit in one message.`, {kind: 'bad'});
  const picked = added.map((file) => {
    const id = uuid();
    void app.outbox.keepFile(id, file);
    return {
      id,
      name: file.name || 'file',
      size: file.size,
      type: file.type,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null,
    };
  });
  app.store.dispatch({type: 'files', key, files: [...before, ...picked]});
}

/** @param {App} app @param {string} key @param {string} id */
export function dropFile(app, key, id) {
  const files = app.store.state.ui.files[key] ?? [];
  const gone = files.find((file) => file.id === id);
  if (gone?.preview) URL.revokeObjectURL(gone.preview);
  app.store.dispatch({type: 'files', key, files: files.filter((file) => file !== gone)});
}

/** @param {App} app @param {Kind} kind */
export function setMode(app, kind) {
  const thread = openThread(app.store.state.threads);
  if (!thread) return;
  app.presence.stop();
  app.store.dispatch({type: 'mode', id: thread.ticket.id, kind});
  focusComposer(app);
}

/** Draws first, so that what is typed next goes where it is shown to go. @param {App} app */
export function focusComposer(app) {
  app.draw();
  const box = /** @type {HTMLTextAreaElement|null} */ (document.querySelector('.composer textarea'));
  box?.focus();
  box?.setSelectionRange(box.value.length, box.value.length);
}
