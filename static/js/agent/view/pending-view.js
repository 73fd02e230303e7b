/** Messages on their way: sending, waiting for the connection, or refused. */

import {html, nothing} from 'lit/html.js';

import {RequestError} from '../../shared/errors.js';
import {linkify} from '../../shared/linkify.js';
import {explain} from '../api.js';
import {editAgain} from '../compose-effects.js';
import {size} from '../words.js';
import {icon} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../../shared/outbox.js').OutboxItem} OutboxItem
 */

/** @param {State} state @param {string} id items of a ticket that its thread does not show yet */
export function pendingItems(state, id) {
  const known = new Set(state.threads.byId[id]?.events.map((event) => event.comment?.client_id));
  return state.outbox.filter((item) => item.payload.ticket_id === id && !known.has(item.client_id));
}

/** @param {App} app @param {State} state @param {import('../thread-state.js').Thread} thread */
export function pendingView(app, state, thread) {
  return pendingItems(state, thread.ticket.id)
    .filter((item) => item.error?.code !== 'stale')
    .map((item) => pending(app, state, item));
}

/** @param {App} app @param {State} state @param {OutboxItem} item */
function pending(app, state, item) {
  const {kind, content} = item.payload;
  const waits = item.state === 'sending' && (state.link.banner === 'offline' || state.link.banner === 'reconnecting');
  return html`<li class="message-item" data-first="true"><article class="msg" data-side="out" data-kind=${kind}
    data-state=${item.state === 'failed' ? 'failed' : 'pending'} aria-label="Your message, ${item.state === 'failed' ? 'not sent'
      : 'sending'}">
    ${kind === 'note' ? html`<header class="msg-head"><b>You</b><span
      class="note-mark">${icon('lock', 'is-small')}Internal note</span></header>` : nothing}
    ${content ? html`<div class="bubble" dir="auto">${linkify(content)}</div>` : nothing}
    ${item.files.length ? html`<div class="files">${item.files.map((file) => html`<div class="file"
      data-state=${item.state === 'failed' ? 'failed' : nothing}>${icon('file')}<span class="clip"
        dir="auto">${file.name}</span><span class="file-size num">${size(file.size)}</span>${
      item.state === 'sending' ? html`<progress class="progress" max="1" value=${file.attachment ? 1
        : (state.progress[file.id] ?? 0)} aria-label="Upload of ${file.name}"></progress>` : nothing}</div>`)}</div>` : nothing}
    ${item.state === 'failed' ? refusal(app, item) : html`<span class="msg-meta">${waits
      ? html`${icon('clock', 'is-small')}Waiting for connection` : 'Sending…'}</span>`}
  </article></li>`;
}

/** @param {App} app @param {OutboxItem} item */
function refusal(app, item) {
  const {code = '', message = '', detail = []} = item.error ?? {};
  const why = code === 'file_lost' ? 'A file is no longer there.' : explain(new RequestError(code, message, {detail}));
  return html`<span class="msg-meta" role="alert">${icon('alert', 'is-small')}<span>Not sent. ${why}</span>
    <button type="button" class="link-btn is-bad" @click=${() => app.outbox.retry(item.client_id)}>Retry</button>
    <button type="button" class="link-btn is-bad" @click=${() => editAgain(app, item)}>Edit</button>
    <button type="button" class="link-btn is-bad" @click=${() => app.outbox.remove(item.client_id)}>Delete</button></span>`;
}
