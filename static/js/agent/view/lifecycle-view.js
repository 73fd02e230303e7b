/** Snooze, merge and split: their menu and their dialogs. */

import {html, nothing} from 'lit/html.js';

import {dateTime} from '../../shared/time.js';
import {may} from '../app-state.js';
import {explain} from '../api.js';
import {snooze, snoozeNow, split, unmerge, wake} from '../lifecycle-effects.js';
import {openMerge} from '../merge-effects.js';
import {isActive} from '../queue-state.js';
import {localValue, presets} from '../snooze-times.js';
import {wakeName} from '../words.js';
import {icon, menu, menuItem} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 * @typedef {import('../thread-state.js').Thread} Thread
 */

/** @param {App} app @param {import('../app-state.js').Dialog|null} dialog */
export const open = (app, dialog) => app.store.dispatch({type: 'ui', ui: {dialog}});

/** Where it lies besides its status, and the way back. @param {App} app @param {State} state @param {Ticket} ticket */
export function standing(app, state, ticket) {
  if (ticket.merged_into !== null) return html`<div class="thread-line">${icon('transfer', 'is-small')}<a class="small"
    href="/agent/v/${state.route.view}/t/${ticket.merged_into}">Merged into #${ticket.merged_into}</a><span
      class="grow"></span>${may(state, 'ticket:merge') ? html`<button type="button" class="btn is-small"
        @click=${() => unmerge(app, ticket.id)}>${icon('undo')}Unmerge</button>` : nothing}</div>`;
  if (ticket.snoozed_until === null) return nothing;
  return html`<div class="thread-line"><span class="chip is-long" data-kind="accent">${icon('clock', 'is-small')}Snoozed ${
    wakeName(ticket.snoozed_until)}</span><span class="grow"></span>${may(state, 'ticket:snooze') ? html`<button type="button"
      class="btn is-small" @click=${() => wake(app, ticket.id)}>Wake</button>` : nothing}</div>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function snoozeField(app, state, ticket) {
  if (!may(state, 'ticket:snooze') || !isActive(ticket) || ticket.snoozed_until !== null) return nothing;
  const item = (/** @type {{label: string, until: Date|null}} */ {label, until}) => menuItem({label, run: () => snoozeNow(app,
    ticket.id, until), end: until ? html`<span class="menu-end faint small">${dateTime(until.toISOString())}</span>` : nothing});
  return menu({id: 'menu-snooze', label: html`${icon('clock')}<span class="main-label is-second">Snooze</span>`, name: 'Snooze', keys: 'h',
    title: 'Snooze (H)'}, html`${presets(state.ui.now).map(item)}<hr>${menuItem({label: 'Another time…', icon: icon('clock'),
      run: () => open(app, 'snooze')})}`);
}

/** Entries of the menu of a thread. @param {App} app @param {State} state @param {Ticket} ticket */
export function mergeItems(app, state, ticket) {
  if (!may(state, 'ticket:merge') || ticket.merged_into !== null || ticket.spam) return nothing;
  return html`<hr>${menuItem({label: 'Merge into another…', icon: icon('transfer'), run: () => void openMerge(app, ticket)})}
    ${menuItem({label: 'Split into a new ticket…', icon: icon('plus'), run: () => open(app, 'split')})}`;
}

/** @param {App} app @param {string} label */
export const foot = (app, label) => html`<div class="dialog-foot"><button type="button" class="btn"
  @click=${() => open(app, null)}>Cancel</button><button class="btn is-primary">${label}</button></div>`;

/**
 * Sends a form; what is wrong is said in it.
 * @param {App} app
 * @param {SubmitEvent} event
 * @param {(data: FormData) => Promise<import('../../shared/errors.js').RequestError|null>|string} act a text: what is wrong
 */
export async function submit(app, event, act) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const outcome = act(new FormData(form));
  const error = typeof outcome === 'string' ? outcome : await outcome;
  const place = form.querySelector('[role="alert"]');
  if (place) place.textContent = error === null ? '' : typeof error === 'string' ? error : explain(error);
  if (error === null) open(app, null);
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function snoozeForm(app, state, ticket) {
  const soon = new Date(state.ui.now + 3_600_000);
  const act = (/** @type {FormData} */ data) => {
    const until = new Date(String(data.get('until')));
    return Number.isNaN(until.getTime()) ? 'Choose a day and a time.' : snooze(app, ticket.id, until, {wakes: data.get('wakes')
      !== null});
  };
  return html`<form class="dialog-form" novalidate @submit=${(/** @type {SubmitEvent} */ event) => submit(app, event, act)}><div
    class="dialog-body"><p class="error" role="alert"></p>
    <div class="field"><label for="snooze-until">Until</label><input class="input" id="snooze-until" name="until"
      type="datetime-local" required autofocus min=${localValue(new Date(state.ui.now))} value=${localValue(soon)}></div>
    <label class="check"><input type="checkbox" name="wakes" checked><span>Sooner, if the customer writes</span></label></div>
    ${foot(app, 'Snooze')}</form>`;
}

/** @param {App} app @param {Thread} thread */
export function splitForm(app, {ticket, events}) {
  const own = events.flatMap(({name, comment}) => (name === 'comment.created' && comment ? [comment] : []));
  const act = (/** @type {FormData} */ data) => {
    const chosen = data.getAll('comment').map(String);
    const title = String(data.get('title')).trim();
    if (!title) return 'A title is needed.';
    return chosen.length ? split(app, ticket, title, chosen) : 'Choose the messages that belong there.';
  };
  return html`<form class="dialog-form" novalidate @submit=${(/** @type {SubmitEvent} */ event) => submit(app, event, act)}><div
    class="dialog-body"><p class="error" role="alert"></p>
    <div class="field"><label for="split-title">Title of the new ticket</label><input class="input" id="split-title" name="title"
      dir="auto" maxlength="200" required autofocus autocomplete="off"></div>
    <fieldset class="stack"><legend>Messages that it takes along</legend>${own.map((comment) => html`<label class="check"><input
      type="checkbox" name="comment" value=${comment.id}><span class="clip" dir="auto"><b>${comment.author.name}</b>
        ${comment.content.slice(0, 140) || comment.attachments[0]?.name || ''}</span></label>`)}</fieldset></div>
    ${foot(app, 'Make the ticket')}</form>`;
}
