/** The list of a view. */

import {guard} from 'lit/directives/guard.js';
import {repeat} from 'lit/directives/repeat.js';
import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {draftText} from '../drafts-state.js';
import {othersAt} from '../people-state.js';
import {focusRow, loadMore, loadView, showPending} from '../queue-effects.js';
import {setSort} from '../lifecycle-effects.js';
import {belongs, exportPath, isSortable, pendingUpdates, SORTS} from '../queue-state.js';
import {ago} from '../../shared/time.js';
import {openSearch} from '../search-effects.js';
import {chipText} from '../sla.js';
import {openThread} from '../thread-state.js';
import {channelName, SORT_NAME, span, spanInWords, statusName, VIEW_NAME, wakeName} from '../words.js';
import {avatar, channelIcon, icon, menu, menuItem, priority, skeletonRows, tierChip} from './bits.js';
import {rowChip, serverNow} from './sla-view.js';
import {rowTags} from './tags-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Row} Row
 */

/** @param {App} app @param {State} state */
export function queueView(app, state) {
  const {view, lists} = state.queue;
  const list = lists[view];
  return html`<section class="queue" aria-label="Queue">
    <header class="pane-head">
      <h2 class="pane-title">${VIEW_NAME[view]}</h2>
      ${view === 'done' ? nothing : html`<span class="faint num">${state.queue.counts[view]}<span
        class="vh"> ${state.queue.counts[view] === 1 ? 'conversation' : 'conversations'}</span></span>`}
      <span class="grow"></span>
      ${sortMenu(app, state)}
      <button type="button" class="icon-btn is-quiet is-small" id="search-open" aria-label="Search" title="Search (/)"
        aria-keyshortcuts="/" @click=${() => openSearch(app)}>${icon('search')}</button>
      ${may(state, 'ticket:create') ? html`<button type="button" class="icon-btn is-quiet is-small" aria-label="New ticket"
        title="New ticket (C)" aria-keyshortcuts="c"
        @click=${() => app.store.dispatch({type: 'ui', ui: {dialog: 'new'}})}>${icon('plus')}</button>` : nothing}
    </header>
    ${updatesPill(app, state)}
    <div class="queue-list" tabindex="-1" data-stale=${list.status === 'loading' && list.order.length > 0}
      @scroll=${(/** @type {Event} */ event) => scrolled(app, event)} @keydown=${arrows}>
      ${listBody(app, state)}
    </div>
  </section>`;
}

/** @param {App} app @param {State} state */
function sortMenu(app, state) {
  const {view, sort} = state.queue;
  const exports = may(state, 'ticket:export') && view !== 'trash';
  const exporting = html`<a class="menu-item" role="menuitem" tabindex="-1" href=${exportPath(view)}>${icon('file')}Export…</a>`;
  if (!isSortable(view)) return exports ? menu({id: 'menu-queue', label: icon('more'), name: 'More of this list',
    classes: 'icon-btn is-quiet is-small'}, exporting) : nothing;
  return menu({id: 'menu-sort', label: html`<span class="small faint clip">${SORT_NAME[sort]}</span>${icon('chevron',
    'is-small')}`, name: `Order: ${SORT_NAME[sort]}`}, html`${SORTS.map((one) => menuItem({label: SORT_NAME[one],
      checked: one === sort, run: () => setSort(app, one)}))}${exports ? html`<hr>${exporting}` : nothing}`);
}

/** @param {App} app @param {State} state */
function updatesPill(app, state) {
  const updates = state.ui.calm ? 0 : pendingUpdates(state.queue);
  if (!updates) return nothing;
  return html`<button type="button" class="updates-pill" aria-keyshortcuts="." title="Put the list in order (.)"
    @click=${() => showPending(app)}>
    ${icon('up', 'is-small')}<span>${updates} ${updates === 1 ? 'update' : 'updates'}</span><b>Show</b></button>`;
}

/** @param {App} app @param {State} state */
function listBody(app, state) {
  const {view, lists, counts} = state.queue;
  const {order, status, more} = lists[view];
  if (!order.length && status === 'loading') return skeletonRows(8);
  if (!order.length && status === 'error') return failure(app, state);
  if (!order.length) return nothingHere(state);
  const label = view === 'done' ? VIEW_NAME[view] : `${VIEW_NAME[view]}, ${counts[view]}`;
  return html`${status === 'error' ? html`<div class="list-error" role="alert">Could not refresh. <button type="button"
    class="link-btn" @click=${() => loadView(app, view)}>Retry</button></div>` : nothing}
    <ul aria-label=${label}>${repeat(order, (id) => id, (id) => guardedRow(state, id))}</ul>
    ${more === 'loading' ? skeletonRows(2) : nothing}
    ${more === 'error' ? html`<div class="list-error" role="alert">More could not be loaded. <button type="button"
      class="link-btn" @click=${() => loadMore(app)}>Retry</button></div>` : nothing}`;
}

/** @param {App} app @param {State} state */
function failure(app, {queue, link}) {
  const offline = link.banner === 'offline' || link.banner === 'reconnecting';
  return html`<div class="empty" role="alert">${icon(offline ? 'offline' : 'alert')}<h3>${offline ? 'No connection'
    : 'The list could not be loaded'}</h3>
    <p>${offline ? 'It comes back by itself when the connection does.' : 'The server did not answer.'}</p>
    <button type="button" class="btn is-small" @click=${() => loadView(app, queue.view)}>Retry</button></div>`;
}

/** @param {State} state */
function nothingHere({queue}) {
  const next = queue.view === 'mine' && queue.counts.unassigned ? 'unassigned' : queue.view === 'unassigned' && queue.counts.mine
    ? 'mine' : null;
  return html`<div class="empty">${icon(queue.view === 'done' ? 'done' : 'inbox')}<h3>${queue.view === 'done'
    ? 'Nothing done yet' : 'Nothing waiting'}</h3>
    <p>${queue.view === 'done' ? 'Resolved and closed conversations stand here.'
      : 'New conversations appear here by themselves.'}</p>
    ${next ? html`<a class="btn is-small" href="/agent/v/${next}"
      data-view=${next}>${VIEW_NAME[next]} (${queue.counts[next]})</a>` : nothing}</div>`;
}

/** A row is drawn again only when something it shows has changed. @param {State} state @param {string} id */
function guardedRow(state, id) {
  const row = /** @type {Row} */ (state.queue.rows[id]);
  const thread = state.threads.open === id ? openThread(state.threads) : null;
  const typing = thread?.typing.some((entry) => entry.actor.kind === 'customer') ?? false;
  const draft = draftText(state.drafts, id);
  const selected = state.route.number === row.number;
  const viewers = state.people.viewers[id];
  const assignee = row.assigned_agent_id ? state.people.users[row.assigned_agent_id] : undefined;
  const gone = belongs(state.queue.view, row, state.queue.me, state.queue.now) ? '' : whyGone(state, row);
  return html`<li class="row-item"
    data-id=${id}>${guard([row, typing, draft, selected, viewers, assignee, gone, state.queue.view,
      state.people.tags, Math.floor(state.ui.now / 60_000), row.sla && chipText(row.sla, serverNow(state))],
    () => rowView(state, row, {typing, draft, selected, gone}))}</li>`;
}

/** @param {State} state @param {Row} row @param {{typing: boolean, draft: string, selected: boolean, gone: string}} more */
function rowView(state, row, {typing, draft, selected, gone}) {
  const assignee = row.assigned_agent_id ? state.people.users[row.assigned_agent_id] : null;
  return html`<a class="row" href="/agent/v/${state.queue.view}/t/${row.number}" data-number=${row.number}
    aria-current=${selected ? 'true' : nothing}
      data-unread=${row.unread > 0} data-gone=${gone !== ''}>
    <span class="row-marks">${priority(row.priority)}<span class="faint"
      title=${channelName(row.channel)}>${icon(channelIcon(row.channel), 'is-small')}<span
        class="vh">${channelName(row.channel)}</span></span></span>
    <span class="row-body">
      <span class="row-top"><span class="row-name"
        dir="auto">${row.customer.name}</span>${tierChip(row.customer.tier)}${repeats(row) && !gone ? nothing
          : html`<span class="row-title" dir="auto">${row.title}</span>`}</span>
      <span class="row-preview" dir="auto">${rowTags(state, row.tags)}${gone ? html`<em>${gone}</em>` : preview(state, row, typing, draft)}</span>
    </span>
    <span class="row-end">
      <span class="row-due">${rowChip(row.sla, serverNow(state))}${waiting(row, state.ui.now)}</span>
      <span class="row-people">${viewing(state, row)}${row.unread
        ? html`<span class="badge" title="${row.unread} unread">${row.unread > 99 ? '99+' : row.unread}<span
          class="vh"> unread</span></span>` : nothing}${
        state.queue.view === 'mine' || state.queue.view === 'unassigned' ? nothing : assignee
          ? avatar(assignee, {size: 's', label: `Assigned to ${assignee.name}`}) : html`<span class="avatar is-empty"
            data-size="s" role="img" aria-label="Nobody assigned" title="Nobody assigned"></span>`}</span>
    </span></a>`;
}

/** A chat is named by its first message; saying that twice in a row helps nobody. @param {Row} row */
const repeats = ({title, last_comment: last}) => !!last && last.preview.startsWith(title.replace(/…$/, ''));

/** @param {State} state @param {Row} row @param {boolean} typing @param {string} draft */
function preview(state, row, typing, draft) {
  if (typing) return html`<i class="row-typing">typing…</i>`;
  if (draft) return html`<b class="row-draft">Draft:</b> ${draft.slice(0, 120)}`;
  const last = row.last_comment;
  if (!last) return html`<span class="faint">${row.title}</span>`;
  const by = last.author.kind === 'customer' ? '' : last.author.id === state.queue.me ? 'You: '
    : `${(last.author.name ?? '').split(' ')[0]}: `;
  return html`${last.kind === 'note' ? html`${icon('lock', 'is-small')}<span class="vh">Internal note, </span>`
    : nothing}${by}${last.preview}`;
}

/** @param {Row} row @param {number} now */
function waiting(row, now) {
  if (row.shelf === 'snoozed' && row.snoozed_until) {
    const words = `Snoozed ${wakeName(row.snoozed_until)}`;
    return html`<span class="row-time" title=${words}>${icon('clock', 'is-small')}<span class="vh">${words}</span></span>`;
  }
  const since = row.waiting_since;
  const at = since ?? row.last_comment?.at ?? row.updated_at;
  const words = since ? `Waiting for ${spanInWords(at, now)}` : `Last message ${ago(at, now)}`;
  return html`<time class="row-time num" datetime=${at} data-waiting=${since !== null} title=${words}><span
    aria-hidden="true">${span(at, now)}</span><span class="vh">${words}</span></time>`;
}

/** @param {State} state @param {Row} row */
function viewing(state, row) {
  const others = othersAt(state.people, row.id, state.queue.me).slice(0, 2);
  return others.map(({user, state: doing}) => html`<span class="viewer"
    data-doing=${doing}>${avatar(user, {size: 's', label: `${user.name} is ${doing === 'viewing' ? 'viewing'
      : 'replying'}`})}</span>`);
}

/** Why a row that is still shown does not belong here any more. @param {State} state @param {Row} row */
function whyGone(state, row) {
  const by = lastActor(state, row);
  if (row.merged_into !== null) return `Merged into #${row.merged_into}${by}`;
  if (row.spam) return `Marked as spam${by}`;
  if (row.shelf === 'trash') return `Deleted${by}`;
  if (state.queue.view === 'snoozed' && row.shelf === 'queue') return 'Awake again';
  if (row.status === 'resolved' || row.status === 'closed') return `${statusName(row.status)}${by}`;
  if (state.queue.view === 'done') return `Reopened${by}`;
  if (row.shelf === 'snoozed') return `Snoozed ${wakeName(row.snoozed_until)}`;
  if (state.queue.view === 'waiting') return 'Not waiting for them any more';
  if (state.queue.view === 'risk' || state.queue.view === 'breached') return 'The deadline has changed';
  const agent = row.assigned_agent_id ? state.people.users[row.assigned_agent_id] : null;
  if (row.assigned_agent_id === state.queue.me) return 'Taken by you';
  return agent ? `Assigned to ${agent.name}${by}` : `Not assigned to you any more${by}`;
}

/** @param {State} state @param {Row} row */
function lastActor(state, row) {
  const events = state.threads.byId[row.id]?.events ?? [];
  const actor = [...events].reverse().find((event) => !event.comment)?.actor;
  if (!actor || actor.kind === 'system') return '';
  return actor.id === state.queue.me ? ' by you' : ` by ${actor.name}`;
}

/** @param {App} app @param {Event} event */
function scrolled(app, event) {
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  if (box.scrollHeight - box.scrollTop - box.clientHeight < 600) void loadMore(app);
}

/** @param {KeyboardEvent} event */
function arrows(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  event.preventDefault();
  focusRow(event.key === 'ArrowDown' ? 1 : -1);
}
