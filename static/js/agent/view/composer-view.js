/** Where replies and notes are written. */

import {live} from 'lit/directives/live.js';
import {html, nothing} from 'lit/html.js';

import {may, modeOf} from '../app-state.js';
import {dropFile, editAgain, focusComposer, pickFiles, send, sendAnyway, setMode} from '../compose-effects.js';
import {draftKey, draftOf, isDirty} from '../drafts-state.js';
import {othersAt} from '../people-state.js';
import {isActive} from '../queue-state.js';
import {presets} from '../snooze-times.js';
import {setStatus, take} from '../ticket-effects.js';
import {dateTime, size} from '../words.js';
import {avatar, icon, menu, menuItem} from './bits.js';
import {pendingItems} from './pending-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../thread-state.js').Thread} Thread
 * @typedef {import('../types.js').Kind} Kind
 */

/** @param {App} app @param {State} state @param {Thread} thread */
export function composerView(app, state, thread) {
  const {ticket} = thread;
  if (!may(state, 'ticket:reply') && !may(state, 'ticket:note')) return html`<div
    class="composer is-readonly">${icon('eye')}View only</div>`;
  const mode = modeOf(state, ticket.id);
  const draft = draftOf(state.drafts, ticket.id, mode);
  const closed = mode === 'reply' && ticket.status === 'closed';
  return html`<div class="composer" data-mode=${mode} @dragover=${dragOver} @dragleave=${dragLeave}
    @drop=${(/** @type {DragEvent} */ event) => drop(app, event)}>
    ${stale(app, state, thread)}${colleague(state, thread)}${nudge(app, state, thread, mode, draft.content)}
    <div class="composer-box">
      ${tabs(app, state, mode)}
      ${emojiList(app, state, ticket.id, mode)}
      ${closed ? closedLine(app, state, ticket.id) : html`
        ${textarea(app, state, thread, mode, draft.content)}
        ${chips(app, state, draftKey(ticket.id, mode))}
        ${bar(app, state, thread, mode, draft)}`}
    </div>
  </div>`;
}

/** @param {App} app @param {State} state @param {Thread} thread @param {Kind} mode @param {string} content */
function textarea(app, state, thread, mode, content) {
  const {id} = thread.ticket;
  return html`<textarea dir="auto" rows="2" enterkeyhint="enter" placeholder=${placeholder(thread, mode)}
    aria-label=${mode === 'note' ? 'Internal note' : 'Reply'} aria-keyshortcuts=${mode === 'note' ? 'n' : 'r'}
      .value=${live(content)}
    @input=${(/** @type {Event} */ event) => typed(app, id, mode, event)}
    @keydown=${(/** @type {KeyboardEvent} */ event) => pressed(app, state, id, mode, event)}
    @paste=${(/** @type {ClipboardEvent} */ event) => paste(app, event)}
    @blur=${() => left(app)}></textarea>`;
}

/** @param {App} app @param {State} state @param {string} id */
function closedLine(app, state, id) {
  const reopen = html`<button type="button" class="link-btn"
    @click=${() => setStatus(app, id, 'open')}>Reopen it to reply</button>`;
  return html`<div class="composer-closed">This conversation is closed. ${may(state, 'ticket:update') ? reopen : nothing}</div>`;
}

/** @param {Thread} thread @param {Kind} mode */
function placeholder({ticket}, mode) {
  if (mode === 'note') return 'Write a note. Only your colleagues see it.';
  return isActive(ticket) ? `Reply to ${ticket.customer.name}…` : 'Write again…';
}

/** @param {App} app @param {State} state @param {Kind} mode */
function tabs(app, state, mode) {
  const tab = (/** @type {Kind} */ kind, /** @type {string} */ name, /** @type {string} */ key) => html`<button type="button"
    role="tab" id="tab-${kind}" aria-selected=${String(mode === kind)} tabindex=${mode === kind ? 0 : -1}
    aria-keyshortcuts=${key.toLowerCase()} title="${name} (${key})" @click=${() => setMode(app, kind)}>${kind === 'note'
      ? html`${icon('lock', 'is-small')} ` : nothing}${name}</button>`;
  return html`<div class="tabs" role="tablist" aria-label="Kind of message"
    @keydown=${(/** @type {KeyboardEvent} */ event) => (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      && setMode(app, mode === 'note' && may(state, 'ticket:reply') ? 'reply' : 'note')}>
    ${may(state, 'ticket:reply') ? tab('reply', 'Reply', 'R') : nothing}${tab('note', 'Note', 'N')}</div>`;
}

/**
 * @param {App} app
 * @param {State} state
 * @param {Thread} thread
 * @param {Kind} mode
 * @param {import('../drafts-state.js').Draft} draft
 */
function bar(app, state, {ticket}, mode, draft) {
  const key = draftKey(ticket.id, mode);
  const empty = !draft.content.trim() && !(state.ui.files[key] ?? []).length;
  const over = draft.content.length - state.boot.limits.comment_chars;
  return html`<div class="composer-bar">
    <label class="icon-btn is-quiet is-small" title="Attach files">${icon('clip')}<span class="vh">Attach files</span><input
      class="vh" type="file" multiple accept=${state.boot.limits.attachment_types.join(',')}
        @change=${(/** @type {Event} */ event) => chosen(app, event)}></label>
    <button type="button" class="icon-btn is-quiet is-small" aria-label="Insert an emoji" title="Emoji: type : and a name"
      @click=${() => beginEmoji(app, ticket.id, mode)}>${icon('smile')}</button>
    <span class="composer-state" data-over=${over > 0}>${over > -500 ? html`<span class="num">${-over}</span>` : draft.content
      && !isDirty(draft) ? 'Draft saved' : ''}</span>
    <span class="grow"></span>
    ${mode === 'note' ? html`<button type="button" class="btn is-small is-note" ?disabled=${empty}
      @click=${() => send(app)}>Add note</button>` : sendButtons(app, state, empty)}
  </div>`;
}

/** @param {App} app @param {State} state @param {boolean} empty */
function sendButtons(app, state, empty) {
  return html`<span class="btn-group">
    <button type="button" class="btn is-small is-primary" aria-keyshortcuts="Control+Enter" title="Send (Enter)"
      ?disabled=${empty} @click=${() => send(app)}>Send</button>
    ${menu({id: 'menu-send', label: icon('chevron', 'is-small'), name: 'More ways to send',
      classes: 'icon-btn is-small is-primary'}, html`
      ${may(state, 'ticket:update') ? html`${menuItem({label: 'Send & resolve', icon: icon('done'),
        end: html`<kbd>Ctrl ⇧ ↵</kbd>`, run: () => send(app, 'resolved')})}
      ${menuItem({label: 'Send & pending', icon: icon('history'), run: () => send(app, 'pending')})}` : nothing}
      ${may(state, 'ticket:snooze') ? sendAndSnooze(app, state) : nothing}`)}</span>`;
}

/** @param {App} app @param {State} state */
const sendAndSnooze = (app, state) => html`<hr><div role="group" aria-labelledby="send-snooze"><div class="menu-title"
  id="send-snooze">Send & snooze</div>${presets(state.ui.now).map(({label, until}) => menuItem({label, icon: icon('clock'),
    run: () => send(app, {snooze: until?.toISOString() ?? null}), end: until ? html`<span
      class="menu-end faint small">${dateTime(until.toISOString())}</span>` : nothing}))}</div>`;

/**
 * Comments that the sender had not seen: the message waits, nothing is lost.
 * @param {App} app
 * @param {State} state
 * @param {Thread} thread
 */
function stale(app, state, thread) {
  const item = pendingItems(state, thread.ticket.id).find((one) => one.error?.code === 'stale');
  if (!item) return nothing;
  /** @type {import('../types.js').TicketEvent[]} */
  const unseen = item.error?.current?.events ?? [];
  return html`<section class="stale" role="alert" aria-label="Not sent yet">
    <p><b>${unseen.length || 'Something'} new since you started</b></p>
    <ul>${unseen.map(({comment}) => comment && html`<li><b dir="auto">${comment.author.name}</b>${comment.kind === 'note'
      ? ' (note)' : ''}: <span dir="auto">${comment.content}</span></li>`)}</ul>
    <blockquote class="clip-3" dir="auto">${item.payload.content}</blockquote>
    <div class="cluster"><button type="button" class="btn is-small is-primary"
      @click=${() => sendAnyway(app, item)}>Send anyway</button>
      <button type="button" class="btn is-small" @click=${() => editAgain(app, item)}>Edit</button></div></section>`;
}

/** @param {State} state @param {Thread} thread */
function colleague(state, {ticket}) {
  const writing = othersAt(state.people, ticket.id, state.queue.me).filter(({state: doing}) => doing === 'replying'
    || doing === 'noting');
  if (!writing.length) return nothing;
  const names = writing.map(({user}) => user.name.split(' ')[0]);
  const doing = writing.every(({state: one}) => one === 'noting') ? 'writing a note' : 'replying';
  return html`<div class="composer-line"
    role="status">${writing.slice(0, 2).map(({user}) => avatar(user, {size: 's'}))}<span>${names.join(' and ')} ${names.length >
      1 ? 'are' : 'is'} ${doing}</span></div>`;
}

/** @param {App} app @param {State} state @param {Thread} thread @param {Kind} mode @param {string} content */
function nudge(app, state, {ticket}, mode, content) {
  const needed = mode === 'reply' && content.trim() && !ticket.assigned_agent_id && isActive(ticket)
    && may(state, 'ticket:assign');
  return needed ? html`<div class="composer-line"><span>Nobody has this conversation.</span><button type="button"
    class="link-btn" @click=${() => take(app, ticket.id)}>Take it</button></div>` : nothing;
}

/** @param {App} app @param {State} state @param {string} key */
function chips(app, state, key) {
  const files = state.ui.files[key] ?? [];
  return files.length ? html`<div class="files composer-files">${files.map((file) => html`<div class="file">${
    file.preview ? html`<img src=${file.preview} alt="">` : icon('file')}<span class="clip" dir="auto">${file.name}</span><span
      class="file-size num">${size(file.size)}</span><button type="button" class="icon-btn is-quiet is-small"
        aria-label="Remove ${file.name}"
          @click=${() => dropFile(app, key, file.id)}>${icon('x', 'is-small')}</button></div>`)}</div>` : nothing;
}

/** @param {App} app @param {State} state @param {string} id @param {Kind} mode */
function emojiList(app, state, id, mode) {
  const {emoji} = state.ui;
  if (!emoji) return nothing;
  return html`<div class="emoji-list" role="listbox" aria-label="Emoji">${emoji.found.map(([name, sign], i) => html`<button
    type="button" class="menu-item" role="option" tabindex="-1" aria-selected=${String(i === emoji.at)}
      data-active=${i === emoji.at}
    @mousedown=${(/** @type {Event} */ event) => event.preventDefault()} @click=${() => insertEmoji(app, id, mode, sign)}><span
      aria-hidden="true">${sign}</span>${name.replaceAll('_', ' ')}</button>`)}</div>`;
}

/** @param {App} app @param {string} id @param {Kind} mode @param {Event} event */
function typed(app, id, mode, event) {
  const box = /** @type {HTMLTextAreaElement} */ (event.target);
  app.drafts.type(id, mode, box.value);
  app.presence.typed(id, mode, box.value);
  if (/:[\w+]+:?$/.test(box.value.slice(0, box.selectionStart))) void suggest(app, id, mode, box);
  else if (app.store.state.ui.emoji) app.store.dispatch({type: 'ui', ui: {emoji: null}});
}

/** The names of emoji come when the first is begun. @param {App} app @param {string} id @param {Kind} mode @param {HTMLTextAreaElement} box */
async function suggest(app, id, mode, box) {
  const known = await import('../emoji.js').catch(() => null);
  const found = known?.completion(box.value.slice(0, box.selectionStart));
  app.store.dispatch({type: 'ui', ui: {emoji: found ? {from: found.from, found: found.found, at: 0} : null}});
  if (found?.complete) insertEmoji(app, id, mode, /** @type {[string, string]} */ (found.found[0])[1]);
}

/** @param {App} app @param {string} id @param {Kind} mode @param {string} sign */
function insertEmoji(app, id, mode, sign) {
  const box = /** @type {HTMLTextAreaElement|null} */ (document.querySelector('.composer textarea'));
  const from = app.store.state.ui.emoji?.from;
  if (!box || from === undefined) return;
  box.setRangeText(`${sign} `, from, box.selectionStart, 'end');
  app.drafts.type(id, mode, box.value);
  app.store.dispatch({type: 'ui', ui: {emoji: null}});
  box.focus();
}

/** @param {App} app @param {string} id @param {Kind} mode */
function beginEmoji(app, id, mode) {
  const box = /** @type {HTMLTextAreaElement|null} */ (document.querySelector('.composer textarea'));
  if (!box) return;
  box.focus();
  const gap = /(^|\s)$/.test(box.value.slice(0, box.selectionStart)) ? '' : ' ';
  const from = box.selectionStart + gap.length;
  box.setRangeText(`${gap}:`, box.selectionStart, box.selectionEnd, 'end');
  app.drafts.type(id, mode, box.value);
  app.store.dispatch({type: 'ui', ui: {emoji: {from, found: [['smile', '😄'], ['thumbsup', '👍'], ['heart', '❤️'],
    ['tada', '🎉'], ['pray', '🙏'], ['eyes', '👀']], at: 0}}});
}

/** @param {App} app @param {State} state @param {string} id @param {Kind} mode @param {KeyboardEvent} event */
function pressed(app, state, id, mode, event) {
  if (event.isComposing) return;
  if (state.ui.emoji && pickEmoji(app, id, mode, event)) return;
  if (event.key === 'Escape') return /** @type {HTMLElement} */ (event.target).blur();
  if (event.key !== 'Enter') return;
  const command = event.ctrlKey || event.metaKey;
  const byEnter = !event.shiftKey && !event.altKey && matchMedia('(pointer: fine)').matches;
  if (!command && !byEnter) return;
  event.preventDefault();
  event.stopPropagation();
  send(app, command && event.shiftKey ? 'resolved' : null);
  focusComposer(app);
}

/** @param {App} app @param {string} id @param {Kind} mode @param {KeyboardEvent} event */
function pickEmoji(app, id, mode, event) {
  const {emoji} = app.store.state.ui;
  const by = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!emoji || event.ctrlKey || event.metaKey) return false;
  if (by) app.store.dispatch({type: 'ui', ui: {emoji: {...emoji,
    at: (emoji.at + by + emoji.found.length) % emoji.found.length}}});
  else if (event.key === 'Enter' || event.key === 'Tab') insertEmoji(app, id, mode,
    /** @type {[string, string]} */ (emoji.found[emoji.at])[1]);
  else if (event.key === 'Escape') app.store.dispatch({type: 'ui', ui: {emoji: null}});
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

/** @param {App} app */
function left(app) {
  app.presence.stop();
  app.store.dispatch({type: 'ui', ui: {emoji: null}});
  app.drafts.flush();
}

/** @param {App} app @param {Event} event */
function chosen(app, event) {
  const input = /** @type {HTMLInputElement} */ (event.target);
  pickFiles(app, input.files ?? []);
  input.value = '';
  focusComposer(app);
}

/** @param {App} app @param {ClipboardEvent} event */
function paste(app, event) {
  const files = event.clipboardData?.files;
  if (!files?.length) return;
  event.preventDefault();
  pickFiles(app, files);
}

/** @param {DragEvent} event */
const boxOf = (event) =>
  /** @type {HTMLElement|null} */ (/** @type {HTMLElement} */ (event.currentTarget).querySelector('.composer-box'));

/** @param {DragEvent} event */
function dragOver(event) {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  boxOf(event)?.setAttribute('data-drop', 'true');
}

/** @param {DragEvent} event */
function dragLeave(event) {
  boxOf(event)?.removeAttribute('data-drop');
}

/** @param {App} app @param {DragEvent} event */
function drop(app, event) {
  dragLeave(event);
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  pickFiles(app, event.dataTransfer.files);
}
