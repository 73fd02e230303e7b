/** The bell, and what it opens: what the person was told, by ticket, newest first. */

import {html, nothing} from 'lit/html.js';

import {ago, dateTime} from '../../shared/time.js';
import {grouped} from '../notifications-state.js';
import {icon, place} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 */

/** @type {Record<string, string>} */
const KIND_ICON = {
  assigned_to_me: 'mine', message_in_mine: 'chat', mention: 'user', reply_on_followed: 'eye', new_unassigned: 'unassigned',
  sla_soon: 'clock', sla_breached: 'alert', escalation: 'up', offer: 'transfer', routing_alert: 'alert', job_done: 'done',
  integration_alert: 'alert',
};

/** @param {App} app @param {State} state */
export function bell(app, state) {
  const {unread} = state.notifications;
  const count = unread > 99 ? '99+' : String(unread);
  const name = unread ? `Notifications ${count} unread` : 'Notifications';
  return html`<button type="button" class="nav-button nav-bell" popovertarget="centre" aria-haspopup="dialog" aria-label=${name}
    title="Notifications">${icon('bell')}<span class="nav-name grow">Notifications</span> ${unread
      ? html`<span class="nav-count num" data-loud="true">${count}</span>` : nothing}</button>
    <div class="centre" popover id="centre" role="dialog" aria-label="Notifications" @beforetoggle=${placed} @toggle=${opened}
      @click=${closeOnLink}>${centre(app, state)}</div>`;
}

/** @param {App} app @param {State} state */
function centre(app, {notifications, route, ui}) {
  const {items, unread, cursor, status} = notifications;
  const newest = items[0];
  return html`<div class="centre-head"><h2>Notifications</h2><span class="grow"></span>${unread && newest
    ? html`<button type="button" class="btn is-quiet is-small"
      @click=${() => app.notifications.markRead({up_to: newest.id})}>${icon('check', 'is-small')}Mark all read</button>`
    : nothing}<a class="icon-btn is-quiet is-small" href="/profile/notifications" aria-label="Choose what you are told"
      title="Choose what you are told">${icon('settings')}</a></div>
    ${items.length ? html`<ul class="centre-list">${grouped(items).map((group) => entry(app, group, route.view, ui.now))}</ul>`
      : empty(app, status)}
    ${cursor ? html`<p class="centre-more"><button type="button" class="btn is-quiet is-small"
      @click=${() => app.notifications.more()}>Earlier</button></p>` : nothing}`;
}

/** @param {App} app @param {ReturnType<typeof grouped>[number]} group @param {string} view @param {number} now */
function entry(app, {newest, more, unread}, view, now) {
  const {ticket, data} = newest;
  const link = typeof data.url === 'string' && /^\/[^/\\]/.test(data.url) ? data.url : '/profile/notifications';
  const href = ticket ? `/agent/v/${view}/t/${ticket.number}` : link;
  const read = () => void (unread && app.notifications.markRead(ticket ? {ticket_id: ticket.id} : {ids: [newest.id]}));
  return html`<li><a class="centre-entry" href=${href} data-unread=${String(unread)} data-kind=${newest.kind} @click=${read}>
    ${icon(KIND_ICON[newest.kind] ?? 'bell')}<span class="centre-text"><span class="centre-title"
      dir="auto">${newest.title}</span>${newest.body ? html`<span class="centre-body clip" dir="auto">${newest.body}</span>` : nothing}
      <span class="centre-when"><time datetime=${newest.created_at} title=${dateTime(newest.created_at)}>${
        ago(newest.created_at, Math.max(now, Date.parse(newest.created_at)))}</time>${more ? html` · ${more} more` : nothing}</span></span>${
      unread ? html`<span class="centre-dot"><span class="vh">unread</span></span>` : nothing}</a></li>`;
}

/** @param {App} app @param {import('../notifications-state.js').Notifications['status']} status */
function empty(app, status) {
  if (status === 'error') return html`<div class="centre-empty" role="alert"><p>The notifications could not be loaded.</p>
    <button type="button" class="btn is-small" @click=${() => app.notifications.refresh()}>Retry</button></div>`;
  return html`<div class="centre-empty">${icon('bell')}<p>${status === 'loading' ? 'Loading…'
    : 'Nothing yet. What concerns you will be listed here.'}</p></div>`;
}

/** By the bell; on a phone from edge to edge. @param {ToggleEvent} event */
function placed(event) {
  place(event);
  const {style} = /** @type {HTMLElement} */ (event.currentTarget);
  if (innerWidth < 480) for (const side of ['left', 'right']) style.setProperty(side, '8px');
}

/** @param {ToggleEvent} event */
function opened(event) {
  if (event.newState !== 'open') return;
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  /** @type {HTMLElement|null} */ (box.querySelector('.centre-entry') ?? box.querySelector('a, button'))?.focus();
}

/** @param {Event} event */
function closeOnLink(event) {
  if (/** @type {Element} */ (event.target).closest('a')) /** @type {HTMLElement} */ (event.currentTarget).hidePopover();
}
