/** Views with their counts, and the own menu. */

import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {VIEWS} from '../queue-state.js';
import {saveSettings, setAvailability} from '../ticket-effects.js';
import {AVAILABILITIES, titled, VIEW_NAME} from '../words.js';
import {avatar, icon, menu, menuItem} from './bits.js';
import {bell} from './notifications-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 */

const VIEW_ICON = {mine: 'mine', unassigned: 'unassigned', all: 'all', waiting: 'history', risk: 'bell', breached: 'alert',
  snoozed: 'clock', done: 'done', trash: 'x'};
/** @type {Partial<Record<import('../types.js').View, string>>} */
const VIEW_KEY = {mine: 'g m', unassigned: 'g u', all: 'g a', risk: 'g s', snoozed: 'g h', done: 'g d'};
/** Shown while something lies there. @type {import('../types.js').View[]} */
const QUIET = ['waiting', 'risk', 'breached', 'snoozed'];
const THEMES = /** @type {const} */ (['system', 'light', 'dark']);

/** @param {App} app @param {State} state */
export function navView(app, state) {
  return html`<nav class="nav" aria-label="Views">
    <div class="nav-brand">${icon('mark', 'nav-mark')}<b class="clip"
      dir="auto">${state.boot.workspace.name}</b></div>
    <ul class="nav-views">${VIEWS.filter((view) => isShown(state, view)).map((view) => viewLink(state, view))}
      <li><a class="nav-link" href="/customers" title="Customers">${icon('users')}<span class="nav-name">Customers</span></a></li>
    </ul>
    <div class="nav-foot">${availability(app, state)}${bell(app, state)}${ownMenu(app, state)}</div>
  </nav>`;
}

/** @param {State} state @param {import('../types.js').View} view */
function isShown(state, view) {
  if (view === 'trash') return may(state, 'ticket:restore');
  return !QUIET.includes(view) || state.route.view === view || state.queue.counts[/** @type {'risk'} */ (view)] > 0;
}

/** @param {State} state @param {import('../types.js').View} view */
function viewLink({queue, route}, view) {
  const count = view === 'done' || view === 'trash' ? 0 : queue.counts[view];
  const key = VIEW_KEY[view];
  return html`<li><a class="nav-link" href="/agent/v/${view}" aria-current=${route.view === view ? 'page' : nothing}
    aria-keyshortcuts=${key ?? nothing} data-quiet=${QUIET.includes(view) || view === 'trash'}
    title=${key ? `${VIEW_NAME[view]} (${key.toUpperCase()})` : VIEW_NAME[view]}>${icon(VIEW_ICON[view])}<span
      class="nav-name">${view === 'waiting' ? 'Waiting' : VIEW_NAME[view]}</span>${
    count ? html`<span class="nav-count num" data-loud=${view === 'mine' || view === 'breached'}>${count > 999 ? '999+' : count}</span>`
      : nothing}</a></li>`;
}

/** @param {App} app @param {State} state */
function availability(app, {boot, routing}) {
  const {availability: now, reason} = boot.me;
  const shown = reason ? `${titled(now)}: ${reason}` : titled(now);
  const label = html`<span class="presence" data-state=${now}></span><span
    class="nav-name grow clip" dir="auto">${shown}</span>${icon('chevron', 'is-small nav-name')}`;
  const item = (/** @type {import('../types.js').Availability} */ state, why = '') => menuItem({
    label: why ? html`<span dir="auto">${why}</span>` : titled(state), checked: state === now && why === (reason ?? ''),
      icon: html`<span class="presence" data-state=${state}></span>`, run: () => setAvailability(app, state, why),
  });
  return menu({id: 'menu-availability', label, name: `Availability: ${shown}`, classes: 'nav-button'}, html`
    ${AVAILABILITIES.map((state) => item(state))}${routing.reasons.length ? html`<hr><div class="menu-title">Or for a reason</div>
    ${routing.reasons.map((why) => item(why.counts_as, why.name))}` : nothing}`);
}

/** @param {App} app @param {State} state */
function ownMenu(app, state) {
  const {me, csrf} = state.boot;
  const label = html`${avatar(me, {state: me.availability})}<span class="nav-name grow clip" dir="auto">${me.name}</span>`;
  return menu({id: 'menu-me', label, name: `${me.name}, your menu`, classes: 'nav-button'}, html`
    <div class="menu-title clip">${me.email}</div>
    <a class="menu-item" role="menuitem" tabindex="-1" href="/profile">${icon('user')}Profile</a>
    ${may(state, 'inbox:manage') ? html`<a class="menu-item" role="menuitem" tabindex="-1"
      href="/settings/inboxes">${icon('inbox')}Inboxes</a>` : nothing}
    ${may(state, 'user:manage') ? html`<a class="menu-item" role="menuitem" tabindex="-1"
      href="/settings/people">${icon('users')}People</a>` : nothing}
    <hr>
    ${menuItem({label: app.notices.sound.muted ? 'Turn sound on' : 'Turn sound off', icon: icon(app.notices.sound.muted ? 'bell'
      : 'bell-off'), run: () => toggleSound(app)})}
    ${menuItem({label: me.settings.narrow_nav ? 'Views with names' : 'Views without names', icon: icon('panel'), end: html`<kbd>[</kbd>`,
      run: () => saveSettings(app, {narrow_nav: !me.settings.narrow_nav})})}
    ${menuItem({label: 'Keyboard shortcuts', icon: icon('keyboard'), end: html`<kbd>?</kbd>`,
      run: () => app.store.dispatch({type: 'ui', ui: {dialog: 'keys'}})})}
    <div class="menu-title" id="theme-title">Theme</div>
    <div class="segments" role="group" aria-labelledby="theme-title">${THEMES.map((theme) => themeItem(app, state, theme))}</div>
    <hr>
    <form method="post" action="/sign-out"><input type="hidden" name="csrf_token" value=${csrf}>
      <button class="menu-item" role="menuitem" tabindex="-1">${icon('logout')}Sign out</button></form>`);
}

/** @param {App} app */
function toggleSound(app) {
  app.notices.sound.mute(!app.notices.sound.muted);
  app.store.dispatch({type: 'ui', ui: {now: Date.now()}});
}

/** @param {App} app @param {State} state @param {typeof THEMES[number]} theme */
function themeItem(app, state, theme) {
  const checked = (state.boot.me.settings.theme ?? 'system') === theme;
  return html`<button type="button" class="segment" role="menuitemradio" tabindex="-1" aria-checked=${String(checked)}
    @click=${() => setTheme(app, theme)}>${titled(theme)}</button>`;
}

/** @param {App} app @param {typeof THEMES[number]} theme */
function setTheme(app, theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  void saveSettings(app, {theme});
}
