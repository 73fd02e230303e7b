/** The log: what was said, with the greeting above and who is typing below. */

import {html, nothing} from 'lit/html.js';
import {guard} from 'lit/directives/guard.js';
import {repeat} from 'lit/directives/repeat.js';

import {t} from '../shared/i18n.js';
import {placeOf, typists} from './chat-state.js';
import {logItems} from './log-items.js';
import {line} from './view-message.js';
import {avatar, icon} from './view-parts.js';

/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./log-items.js').LogItem} LogItem */
/** @typedef {import('./ui.js').Ui} Ui */

/** @type {{on: unknown[], items: LogItem[]}} */
let kept = {on: [], items: []};

/** Made anew only when the thread or the outbox changed. @param {State} state */
function itemsOf({thread, pending}) {
  const on = [thread.events, thread.read, pending, new Date().toDateString()];
  if (on.some((value, i) => value !== kept.on[i])) kept = {on, items: logItems(thread, pending)};
  return kept.items;
}

/** @param {State} state @param {Ui} ui @param {boolean} welcoming the greeting stands in the header then */
export function log(state, ui, welcoming) {
  const {thread} = state;
  return html`<div class="log" role="log" aria-live="off" aria-busy=${state.loadingOlder} tabindex="0"
      aria-label=${t('conversation_with', {name: ui.boot.inbox.name})} @scroll=${ui.scrolled}>
    ${thread.hasMore ? older(state, ui) : welcoming ? nothing : greeting(ui)}
    <ol>${repeat(itemsOf(state), (item) => item.key, (item) => guard(facts(item, state, ui), () => line(item, state.progress, ui)))}</ol>
    ${queuePlace(state)}
    ${typing(typists(state))}
  </div>
  ${state.atEnd ? nothing : jump(state, ui)}`;
}

/** What a line is drawn from. @param {LogItem} item @param {State} state @param {Ui} ui */
function facts(item, {progress}, ui) {
  if (item.kind !== 'message') return [item.key];
  const {event, pending, first, last, state, tellsState} = item;
  return [event, pending, first, last, state, tellsState, pending?.files.map((file) => `${progress[file.id]} ${ui.previewOf(file.id)}`).join()];
}

/** @param {State} state @param {Ui} ui */
function older(state, ui) {
  return html`<p class="older">${state.loadingOlder
    ? html`<span class="spinner" aria-hidden="true"></span>`
    : html`<button type="button" class="quiet" @click=${ui.live.older}>${t('show_older')}</button>`}</p>`;
}

/** @param {Ui} ui */
function greeting({boot: {inbox}}) {
  if (!inbox.greeting) return nothing;
  return html`<div class="message greeting" data-side="in" data-first data-last>
    ${avatar(inbox.name)}
    <div class="body"><span class="who"><bdi>${inbox.name}</bdi></span><div class="bubble" dir="auto">${inbox.greeting}</div></div>
  </div>`;
}

/** Their place, said again whenever it changes. @param {State} state */
function queuePlace(state) {
  const place = placeOf(state);
  const [from, to] = place?.wait ?? [];
  return html`<div class="place" role="status">${place ? html`<p><b>${place.position === 1 ? t('place_next') : t('place', {n: place.position})}</b>${from
    ? html` <span>${t('place_wait', {from, n: to ?? from})}</span>` : nothing}</p>${state.later ? html`<p>${t('place_later')}</p>` : nothing}` : nothing}</div>`;
}

/** @param {string[]} names */
function typing(names) {
  const [name] = names;
  if (!name) return nothing;
  return html`<div class="message typing" data-side="in" data-first data-last>
    ${avatar(name)}
    <div class="body"><span class="vh">${t('is_typing', {name})}</span><div class="bubble" aria-hidden="true"><i></i><i></i><i></i></div></div>
  </div>`;
}

/** @param {State} state @param {Ui} ui */
function jump({below}, ui) {
  return html`<button type="button" class="jump" @click=${() => ui.toEnd()} aria-label=${below ? nothing : t('to_newest')}>
    ${below ? html`<span>${t('new_below', {n: below})}</span>` : nothing}${icon('down')}
  </button>`;
}
