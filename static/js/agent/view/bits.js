/** The small parts that everything else is made of. */

import {html, nothing} from 'lit/html.js';

import {hue, initials, priorityName, statusName} from '../words.js';

/** A menu is hardly wider. */
const WIDEST = 300;

/** @param {string} name @param {string} [classes] */
export const icon = (name, classes = '') => html`<svg class="icon ${classes}" aria-hidden="true"><use
  href="#i-${name}"></use></svg>`;

/**
 * @param {{id: string, name: string}} person
 * @param {{size?: 's'|'m'|'l'|'xl', state?: string|null, label?: string|null}} [options] without a label it is decoration
 */
export function avatar({id, name}, {size = 'm', state = null, label = null} = {}) {
  return html`<span class="avatar" data-size=${size} data-hue=${hue(id)} role=${label ? 'img' : nothing}
    aria-label=${label ?? nothing}
    aria-hidden=${label ? nothing : 'true'} title=${label ?? nothing} data-initials=${initials(name)}>${state
      ? html`<span class="presence" data-state=${state}></span>` : nothing}</span>`;
}

/** @param {string} status @param {string|null} [own] the workspace's own status inside it */
export const pill = (status, own) => html`<span class="pill" data-status=${status}>${statusName(status, own)}</span>`;

/** @param {string} priority @param {boolean} [named] with hidden text */
export const priority = (priority, named = true) => html`<span class="prio" data-priority=${priority}
  title=${named ? `Priority: ${priorityName(priority)}` : nothing}
  >${icon(`prio-${priority}`)}${named ? html`<span class="vh">${priorityName(priority)} priority</span>` : nothing}</span>`;

/** @param {string} channel */
export const channelIcon = (channel) => (({chat: 'chat', email: 'mail', web: 'form', form: 'form',
  api: 'code'})[channel] ?? 'chat');

/** @param {string|null} tier */
export function tierChip(tier) {
  if (!tier || tier === 'basic' || tier === 'free') return nothing;
  return html`<span class="chip" data-kind=${tier === 'enterprise' ? 'accent'
    : nothing}>${tier.charAt(0).toUpperCase() + tier.slice(1)}</span>`;
}

/** @param {number} count */
export const skeletonRows = (count) => html`<div aria-hidden="true">${Array.from({length: count}, (_, i) => html`
  <div class="row is-skeleton"><span class="skeleton"></span><span class="row-body"><span class="skeleton"
    data-width=${i % 3}></span><span class="skeleton" data-width=${(i + 1) % 3}></span></span></div>`)}</div>`;

/**
 * A button that opens a menu; the browser does the rest (Escape, a click beside it, the focus back).
 * @param {{id: string, label: unknown, name: string, classes?: string, keys?: string, disabled?: boolean, title?: string}} button
 * @param {unknown} items
 */
export function menu({id, label, name, classes = 'btn is-quiet is-small', keys, title}, items) {
  return html`<button type="button" class=${classes} popovertarget=${id} aria-haspopup="menu" aria-label=${name}
    aria-keyshortcuts=${keys ?? nothing} title=${title ?? name}>${label}</button>
    <div class="menu" popover id=${id} role="menu" aria-label=${name} @beforetoggle=${place} @toggle=${focusFirst}
      @keydown=${arrows} @click=${closeMenu}>${items}</div>`;
}

/** @param {{label: unknown, run: () => void, icon?: unknown, end?: unknown, checked?: boolean|null, danger?: boolean}} item */
export function menuItem({label, run, icon: sign, end, checked = null, danger = false}) {
  return html`<button type="button" class="menu-item ${danger ? 'is-danger' : ''}" role=${checked === null ? 'menuitem'
    : 'menuitemradio'} aria-checked=${checked === null ? nothing : String(checked)}
    tabindex="-1" @click=${run}>${sign ?? nothing}${label}${checked ? html`<span class="menu-end">${icon('check')}</span>`
      : (end ?? nothing)}</button>`;
}

/** Under its button, or above it where there is more room. @param {ToggleEvent} event */
export function place(event) {
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  const button = document.querySelector(`[popovertarget="${box.id}"]`);
  if (event.newState !== 'open' || !button) return;
  const {top, bottom, left, right} = button.getBoundingClientRect();
  const above = top > innerHeight - bottom && innerHeight - bottom < 300;
  box.style.setProperty('inset', 'auto');
  box.style.setProperty('margin', '0');
  box.style.setProperty(above ? 'bottom' : 'top', `${above ? innerHeight - top + 4 : bottom + 4}px`);
  const [toEnd, toStart] = [left + WIDEST > innerWidth, right < WIDEST];
  if (toEnd && !toStart) box.style.setProperty('right', `${Math.max(8, innerWidth - right)}px`);
  else box.style.setProperty('left', `${toEnd ? 8 : left}px`);
}

/** @param {ToggleEvent} event */
export function focusFirst(event) {
  if (event.newState !== 'open') return;
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  const first = box.querySelector('[autofocus]') ?? box.querySelector('[aria-checked="true"]') ??
    box.querySelector('[role^="menuitem"], [role="option"]');
  /** @type {HTMLElement|null} */ (first)?.focus();
}

/** @param {Event} event */
function closeMenu(event) {
  const item = /** @type {Element} */ (event.target).closest('[role^="menuitem"]');
  if (item) /** @type {HTMLElement} */ (event.currentTarget).hidePopover();
}

/** @param {KeyboardEvent} event */
export function arrows(event) {
  const by = {ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity}[event.key];
  if (by === undefined) return;
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...box.querySelectorAll('[role^="menuitem"], [role="option"]')]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const next = by === Infinity ? items.length - 1 : by === -Infinity ? 0 : (at + by + items.length) % items.length;
  items[next]?.focus();
  event.preventDefault();
}
