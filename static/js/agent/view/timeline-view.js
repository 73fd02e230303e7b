/** What was said and done in a ticket, in order. */

import {guard} from 'lit/directives/guard.js';
import {repeat} from 'lit/directives/repeat.js';
import {html, nothing} from 'lit/html.js';

import {linkify, safeUrl} from '../../shared/linkify.js';
import {clock, dateTime, dayName} from '../../shared/time.js';
import {loadOlder, refreshFiles} from '../thread-effects.js';
import {receipts, timeline} from '../timeline-state.js';
import {size} from '../words.js';
import {avatar, icon} from './bits.js';
import {eventText} from './event-text.js';
import {cameIn, mailMark, mailOf} from './mail-view.js';
import {pendingView} from './pending-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../thread-state.js').Thread} Thread
 * @typedef {import('../timeline-state.js').Item} Item
 * @typedef {import('../timeline-state.js').MessageItem} MessageItem
 */

/** @type {{events: unknown, newFrom: unknown, expanded: unknown, items: Item[]}} */
let last = {events: null, newFrom: null, expanded: null, items: []};

/**
 * The items of the thread on screen, made anew only when it changes.
 * @param {Thread['events']} events
 * @param {number|null} newFrom
 * @param {Record<string, boolean>} expanded
 */
function itemsOf(events, newFrom, expanded) {
  if (last.events !== events || last.newFrom !== newFrom || last.expanded !== expanded) last = {events, newFrom, expanded,
    items: timeline(events, {newFrom, expanded})};
  return last.items;
}

/** @param {App} app @param {State} state @param {Thread} thread */
export function timelineView(app, state, thread) {
  const {events, newFrom, ticket} = thread;
  const items = itemsOf(events, newFrom, state.ui.expanded);
  const marks = receipts(events, ticket.read.customer);
  const day = new Date(state.ui.now).toDateString();
  return html`<ol class="timeline" aria-label="Conversation with ${ticket.customer.name}"
    aria-busy=${String(thread.older === 'loading')}>
    ${older(app, thread)}
    ${repeat(items, (item) => item.key, (item) => itemView(app, state, thread, item, marks, day))}
    ${pendingView(app, state, thread)}
    ${typingLine(thread)}
  </ol>`;
}

/** @param {App} app @param {Thread} thread */
function older(app, thread) {
  if (thread.older === 'loading') return html`<li class="timeline-older"><span class="spinner" role="img"
    aria-label="Loading older messages"></span></li>`;
  if (thread.older === 'error') return html`<li class="timeline-older" role="alert">Older messages could not be loaded. <button
    type="button" class="link-btn" @click=${() => loadOlder(app)}>Retry</button></li>`;
  if (thread.hasMore) return html`<li class="timeline-older"><button type="button" class="link-btn"
    @click=${() => loadOlder(app)}>Older messages</button></li>`;
  return beginning(thread);
}

/** What the ticket was opened with, where that is not a message. @param {Thread} thread */
function beginning({ticket, events}) {
  if (!ticket.description || events.some((event) => event.comment?.content === ticket.description)) return nothing;
  return html`<li class="timeline-opening"><div class="card"><h3 class="small faint">Description</h3><p class="opening-text"
    dir="auto">${linkify(ticket.description)}</p></div></li>`;
}

/**
 * @param {App} app
 * @param {State} state
 * @param {Thread} thread
 * @param {Item} item
 * @param {{seen: number|null, delivered: number|null}} marks
 * @param {string} day
 */
function itemView(app, state, thread, item, marks, day) {
  if (item.type === 'day') return html`<li class="day-line"><time
    datetime=${item.at}>${guard([item.at, day], () => dayName(item.at, state.ui.now))}</time></li>`;
  if (item.type === 'new') return html`<li class="new-line" id="first-new">New</li>`;
  if (item.type === 'run') return runLine(app, item);
  if (item.type === 'event') return html`<li
    class="event-line">${guard([item.event, state.people.users], () => eventLine(state, item.event))}</li>`;
  const {seq} = item.event;
  const mark = marks.seen === seq ? 'Seen' : marks.delivered === seq ? 'Delivered' : '';
  const mail = mailOf(thread.ticket.deliveries, item.comment.id);
  return html`<li class="message-item" id="m${seq}" data-first=${item.first}
    data-target=${state.ui.highlight === seq}>${guard([item.event, item.first, mark, mail, thread.ticket.customer.name],
      () => message(app, item, mark, mail, nameOf(state, thread, item)))}</li>`;
}

/** @param {App} app @param {Extract<Item, {type: 'run'}>} item */
function runLine(app, item) {
  const toggle = () => app.store.dispatch({type: 'ui', ui: {expanded: {...app.store.state.ui.expanded, [item.key]: !item.open}}});
  return html`<li class="event-line"><button type="button" class="run-button" aria-expanded=${String(item.open)}
    @click=${toggle}>${item.events.length} events${icon('chevron', 'is-small')}</button></li>`;
}

/** @param {State} state @param {import('../types.js').TicketEvent} event */
function eventLine(state, event) {
  const {sign, text} = eventText(state, event);
  return html`${icon(sign)}<span dir="auto">${text}</span><time datetime=${event.at}
    title=${dateTime(event.at)}>${clock(event.at)}</time>`;
}

/**
 * The name somebody has now: a visitor may have said it after writing.
 * @param {State} state
 * @param {Thread} thread
 * @param {MessageItem} item
 */
function nameOf(state, {ticket}, {comment: {author}}) {
  if (author.id !== null && author.id === state.queue.me) return 'You';
  return author.id === ticket.customer.id ? ticket.customer.name : author.name;
}

/**
 * @param {App} app
 * @param {MessageItem} item
 * @param {string} mark
 * @param {import('../types.js').Delivery|null} mail
 * @param {string} name
 */
function message(app, {event, comment, first}, mark, mail, name) {
  const {author} = comment;
  const side = author.kind === 'customer' ? 'in' : 'out';
  return html`<article class="msg" data-side=${side} data-kind=${comment.kind}
    data-withdrawn=${comment.withdrawn ? 'yes' : nothing} aria-label="${comment.kind === 'note'
    ? 'Internal note by ' : ''}${name}, ${clock(comment.created_at)}">
    ${first ? messageHead(comment, event.seq, side, name) : nothing}
    ${comment.content ? html`<div class="bubble" dir="auto"
      title=${first ? nothing : dateTime(comment.created_at)}>${linkify(comment.content)}</div>` : nothing}
    ${comment.attachments.length ? attachments(app, comment, event) : nothing}
    ${comment.mail ? cameIn(app, comment.mail) : nothing}
    ${mailMark(app, comment, mail)}
    ${mark ? html`<span class="msg-meta">${icon('check', 'is-small')}${mark}</span>` : nothing}
  </article>`;
}

/** @param {import('../types.js').Comment} comment @param {number} seq @param {'in'|'out'} side @param {string} name */
function messageHead(comment, seq, side, name) {
  const person = {id: comment.author.id ?? name, name};
  const time = html`<a class="msg-time" href="#m${seq}" title="${dateTime(comment.created_at)}: link to this message"><time
    datetime=${comment.created_at}>${clock(comment.created_at)}</time></a>`;
  const note = comment.kind === 'note' ? html`<span class="note-mark">${icon('lock', 'is-small')}Internal note</span>` : nothing;
  return html`<header class="msg-head">${side === 'in' ? avatar(person, {size: 's'}) : nothing}<b
    dir="auto">${name}</b>${note}${time}</header>`;
}

/** @param {App} app @param {import('../types.js').Comment} comment @param {import('../types.js').TicketEvent} event */
function attachments(app, comment, event) {
  return html`<div class="files">${comment.attachments.map((file) => {
    const again = () => refreshFiles(app, event.ticket_id, event.seq);
    return file.is_image
      ? html`<a class="file-image" href=${safeUrl(absolute(file.url))} target="_blank" rel="noopener"><img class="bubble-image"
        src=${safeUrl(absolute(file.url))} alt=${file.name} loading="lazy" decoding="async"
          width=${file.width ?? nothing} height=${file.height ?? nothing} @error=${once(again)}></a>`
      : html`<a class="file" href=${safeUrl(absolute(file.url))} download=${file.name}>${icon('file')}<span class="clip"
        dir="auto">${file.name}</span><span class="file-size num">${size(file.size_bytes)}</span></a>`;
  })}</div>`;
}

/** @param {string} url */
const absolute = (url) => new URL(url, location.href).href;

/** A broken picture is asked for again one time, not for ever. @param {() => void} again */
const once = (again) => (/** @type {Event} */ event) => {
  const image = /** @type {HTMLImageElement} */ (event.currentTarget);
  if (image.dataset.again) return;
  image.dataset.again = 'yes';
  again();
};

/** @param {Thread} thread */
function typingLine({ticket, typing}) {
  const isWriting = typing.some((entry) => entry.actor.kind === 'customer');
  return html`<li class="typing-line" aria-live="off">${isWriting
    ? html`<span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span><span
      class="faint small">${ticket.customer.name} is typing…</span>` : nothing}</li>`;
}
