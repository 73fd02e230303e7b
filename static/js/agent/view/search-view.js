/** The search box over the queue, and what it found. */

import {repeat} from 'lit/directives/repeat.js';
import {html, nothing} from 'lit/html.js';

import {ago} from '../../shared/time.js';
import {focusRow} from '../queue-effects.js';
import {ask, closeSearch, findMore} from '../search-effects.js';
import {span} from '../words.js';
import {avatar, channelIcon, icon, pill, skeletonRows, tierChip} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../search-state.js').Part} Part
 * @typedef {import('../search-state.js').Search} Search
 */

const SCOPES = /** @type {const} */ ([['tickets', 'Conversations'], ['customers', 'Customers']]);
const HINTS = [
  ['refund late', 'both words, in titles, messages or notes'],
  ['"order was late"', 'just these words in this order'],
  ['priority>=high assignee:me', 'fields of a ticket'],
  ['status:pending -tag:vip created<7d', 'what is left out, and ages'],
  ['#1042', 'a number'],
];

/** @param {App} app @param {State} state */
export function searchView(app, state) {
  const {search} = state;
  return html`<section class="queue" aria-label="Search" @keydown=${(/** @type {KeyboardEvent} */ event) => keys(app, event)}>
    <header class="pane-head search-head">
      <label class="vh" for="search-box">Search conversations and customers</label>
      <span class="search-field">${icon('search', 'faint')}<input class="input" id="search-box" type="search" maxlength="500"
        autocomplete="off" spellcheck="false" placeholder="Search" .value=${search.text} aria-describedby="search-problem"
        aria-invalid=${search.problem ? 'true' : nothing}
        @input=${(/** @type {any} */ event) => ask(app, event.target.value, search.scope)}></span>
      <button type="button" class="icon-btn is-quiet is-small" aria-label="Close the search" title="Close (Esc)"
        @click=${() => closeSearch(app)}>${icon('x')}</button>
    </header>
    <div class="segments search-scopes" role="group" aria-label="Search in">${SCOPES.map(([scope, name]) => html`<button
      type="button" class="segment" aria-pressed=${String(scope === search.scope)}
      @click=${() => ask(app, search.text, scope, {now: true})}>${name}</button>`)}</div>
    <p class="search-problem" id="search-problem" role="alert">${search.problem ? html`${search.problem.part
      ? html`<mark dir="auto">${search.problem.part}</mark> ` : nothing}${search.problem.message}` : nothing}</p>
    <div class="queue-list" tabindex="-1" data-stale=${search.status === 'loading' && search[search.scope].length > 0}
      @scroll=${(/** @type {any} */ event) => scrolled(app, event.currentTarget)}>
      <p class="vh" role="status">${saying(search)}</p>
      ${results(app, state)}
    </div>
  </section>`;
}

/** @param {Search} search */
function saying(search) {
  if (search.status !== 'done') return '';
  const count = search[search.scope].length;
  return count ? `${count}${search.cursor ? ' or more' : ''} found` : 'Nothing found';
}

/** @param {App} app @param {State} state */
function results(app, state) {
  const {search} = state;
  const {status, scope} = search;
  if (!search.text.trim()) return hints(app, search);
  if (status === 'error' && !search.problem) return html`<div class="empty" role="alert">${icon('alert')}<h3>The search did
    not answer</h3><button type="button" class="btn is-small"
      @click=${() => ask(app, search.text, scope, {now: true})}>Retry</button></div>`;
  if (!search[scope].length && status === 'loading') return skeletonRows(5);
  if (!search[scope].length && status === 'done') return html`<div class="empty">${icon('search')}<h3>Nothing found</h3>
    <p>Every word must stand in one title, description or message. Try fewer words, or their beginnings.</p></div>`;
  return html`<ul aria-label="Found">${scope === 'tickets'
    ? repeat(search.tickets, (hit) => hit.ticket.id, (hit) => ticketHit(state, hit))
    : repeat(search.customers, (hit) => hit.customer.id, customerHit)}</ul>
    ${search.cursor ? html`<p class="search-more"><button type="button" class="btn is-small"
      @click=${() => findMore(app)}>More</button></p>` : nothing}`;
}

/** @param {App} app @param {Search} search */
function hints(app, search) {
  if (search.scope === 'customers') return html`<div class="empty">${icon('users')}<p>A name, an address or a company. Also
    tier:premium or organization:acme.</p><a class="btn is-small" href="/customers">All customers</a></div>`;
  return html`<div class="search-hints"><p class="faint">For example</p><ul>${HINTS.map(([text, says]) => html`<li><button
    type="button" class="link-btn" @click=${() => ask(app, text ?? '', 'tickets', {now: true})}>${text}</button>
    <span class="faint">${says}</span></li>`)}</ul></div>`;
}

/** @param {Part[]} parts */
const texts = (parts) => parts.map(({text, hit}) => (hit ? html`<mark>${text}</mark>` : text));

/** @param {State} state @param {import('../search-state.js').TicketHit} hit */
function ticketHit(state, {ticket, title, text, kind, author, at, seq, count}) {
  const place = seq === null ? '' : `#m${seq}`;
  return html`<li class="row-item"><a class="row is-found" href="/agent/v/${state.queue.view}/t/${ticket.number}${place}"
    aria-current=${state.route.number === ticket.number ? 'true' : nothing}>
    <span class="row-marks"><span class="faint">${icon(kind === 'note' ? 'lock' : channelIcon(ticket.channel),
      'is-small')}${kind === 'note' ? html`<span class="vh">Internal note</span>` : nothing}</span></span>
    <span class="row-body">
      <span class="found-title" dir="auto">${texts(title)}</span>
      <span class="found-text" dir="auto">${author ? html`<b>${author}:</b> ` : nothing}${texts(text)}</span>
      <span class="found-foot faint"><span class="num">#${ticket.number}</span> <span class="clip"
        dir="auto">${ticket.customer.name}</span> ${pill(ticket.status)} ${count > 1 ? html`<span
          class="num">${count} matches</span>` : nothing}</span>
    </span>
    <span class="row-end"><time class="row-time num" datetime=${at} title=${ago(at, state.ui.now)}>${span(at,
      state.ui.now)}</time></span></a></li>`;
}

/** @param {import('../search-state.js').CustomerHit} hit */
function customerHit({customer, title, text}) {
  return html`<li class="row-item"><a class="row is-found" href="/customers/${customer.id}">
    <span class="row-marks">${avatar(customer, {size: 's'})}</span>
    <span class="row-body"><span class="row-top"><span class="found-title" dir="auto">${texts(title)}</span>${customer.verified
      ? html`<span class="verified" title="Verified">${icon('verified', 'is-small')}<span class="vh">Verified</span></span>`
      : nothing}${tierChip(customer.tier)}</span>
      <span class="found-text" dir="auto">${texts(text)}</span></span></a></li>`;
}

/** @param {App} app @param {HTMLElement} box */
function scrolled(app, box) {
  if (box.scrollHeight - box.scrollTop - box.clientHeight < 400) findMore(app);
}

/** @param {App} app @param {KeyboardEvent} event */
function keys(app, event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (event.key === 'Escape') closeSearch(app);
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') focusRow(event.key === 'ArrowDown' ? 1 : -1);
  else return;
  event.preventDefault();
}
