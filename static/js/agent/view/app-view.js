/** The four panes, the banner over them and what lies above. */

import {guard} from 'lit/directives/guard.js';
import {html, nothing} from 'lit/html.js';

import {unsent} from '../app-state.js';
import {restoreTicket} from '../properties-effects.js';
import {scrolled, toEnd} from '../scroll.js';
import {showThread} from '../thread-effects.js';
import {openThread} from '../thread-state.js';
import {icon} from './bits.js';
import {composerView} from './composer-view.js';
import {contextView} from './context-view.js';
import {dialogsView} from './dialogs-view.js';
import {headerView} from './header-view.js';
import {navView} from './nav-view.js';
import {offersView} from './routing-view.js';
import {queueView} from './queue-view.js';
import {searchView} from './search-view.js';
import {timelineView} from './timeline-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 */

/** @param {App} app @param {State} state */
export function appView(app, state) {
  const known = openThread(state.threads);
  const thread = known?.ticket.shelf === 'trash' ? null : known;
  const pane = state.route.number === null ? 'queue' : 'thread';
  return html`<div class="app" data-pane=${pane} data-context=${state.ui.context ?? nothing}
    data-nav=${state.boot.me.settings.narrow_nav ? 'narrow' : nothing}>
    ${guard([state.queue.counts, state.route.view, state.boot, state.ui.now, state.notifications], () => navView(app, state))}
    <main class="panes"><h1 class="vh">${state.boot.workspace.name}</h1>${state.search.open ? searchView(app, state)
      : queueView(app, state)}
    <section class="thread" aria-label="Conversation">${banner(app, state)}${thread ? html`
      ${headerView(app, state, thread.ticket)}
      <div class="thread-scroll" tabindex="0" role="region" aria-label="Messages"
        @scroll=${() => scrolled(app)}>${timelineView(app, state, thread)}</div>
      ${jump(app, state)}
      ${composerView(app, state, thread)}` : noThread(app, state)}</section></main>
    ${thread ? contextView(app, state, thread.ticket) : html`<aside class="context is-empty"
      aria-label="Customer and details"></aside>`}
  </div>
  ${dialogsView(app, state)}
  ${offersView(app, state)}
  ${toasts(app, state)}`;
}

/** @param {App} app @param {State} state */
function banner(app, state) {
  const words = {reconnecting: 'Reconnecting…', offline: 'No internet connection', back: 'Connected',
    fallback: 'Live connection blocked: updates come every few seconds'};
  const {banner: shown} = state.link;
  const left = shown && shown !== 'back' ? unsent(state) : 0;
  return html`<div role="status" class="banner-place">${shown ? html`<div class="banner" data-kind=${shown === 'back' ? 'ok'
    : 'warn'}>${icon(shown === 'back' ? 'check' : 'offline')}<span>${words[shown]}</span>${
    left ? html`<b class="num">${left} unsent</b>` : nothing}<span class="grow"></span>${
    shown === 'reconnecting' || shown === 'offline' ? html`<button type="button" class="link-btn"
      @click=${() => app.connection.again()}>Try now</button>` : nothing}</div>` : nothing}</div>`;
}

/** @param {App} app @param {State} state */
function jump(app, {ui}) {
  if (ui.atEnd) return nothing;
  return html`<div class="jump"><button type="button" class="jump-button"
    @click=${() => toEnd(app)}>${icon('down', 'is-small')}${ui.below ? html`${ui.below} new` : 'Latest'}</button></div>`;
}

/** @param {App} app @param {State} state */
function noThread(app, {threads, queue, route}) {
  const trashed = Object.values(queue.rows).find((row) => row.number === route.number && row.shelf === 'trash');
  if (trashed) return html`<div class="empty">${icon('x')}<h2>#${route.number} is in the trash</h2>
    <p>${trashed.title}</p><button type="button" class="btn is-small is-primary"
      @click=${() => restoreTicket(app, trashed)}>${icon('undo')}Restore</button></div>`;
  if (threads.status === 'loading') return threadSkeleton();
  if (threads.status === 'missing') return html`<div
    class="empty">${icon('alert')}<h2>#${route.number} was not found</h2><p>It may have been deleted, or belong to another
      workspace.</p><a class="btn is-small" href="/agent/v/${route.view}">Back to the list</a></div>`;
  if (threads.status === 'error') return html`<div class="empty"
    role="alert">${icon('offline')}<h2>The conversation could not be loaded</h2><button type="button" class="btn is-small"
      @click=${() => showThread(app, route.number)}>Retry</button></div>`;
  return html`<div class="empty thread-none">${icon('chat')}<h2>No conversation selected</h2><p>Choose one from the list, or
    press <kbd>J</kbd></p></div>`;
}

const threadSkeleton = () => html`<div class="thread-skeleton" role="group" aria-busy="true" aria-label="Loading the conversation">
  ${[0, 1, 0, 0, 1].map((side, i) => html`<span class="skeleton" data-side=${side ? 'out' : 'in'}
    data-width=${i % 3}></span>`)}</div>`;

/** @param {App} app @param {State} state */
function toasts(app, {ui}) {
  return html`<div class="toasts"><div
    role="status">${ui.toasts.filter((one) => one.kind !== 'bad').map((one) => toastView(app, one))}</div>
    <div role="alert">${ui.toasts.filter((one) => one.kind === 'bad').map((one) => toastView(app, one))}</div></div>`;
}

/** @param {App} app @param {import('../app-state.js').Toast} toast */
function toastView(app, {id, kind, text, action}) {
  const close = () => app.store.dispatch({type: 'untoast', id});
  const act = () => {
    close();
    action?.run();
  };
  return html`<div class="toast" data-kind=${kind}><span class="grow">${text}</span>${action
    ? html`<button type="button" class="btn is-small" @click=${act}>${action.label}</button>` : nothing}<button type="button"
      class="icon-btn is-small" aria-label="Dismiss" @click=${close}>${icon('x', 'is-small')}</button></div>`;
}
