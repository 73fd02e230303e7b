/** Tags: chips, and the list to choose them from. */

import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {setTag} from '../properties-effects.js';
import {arrows, focusFirst, icon, place} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 */

/** @param {State} state @param {string} name @param {unknown} [end] */
export function tagChip(state, name, end = nothing) {
  const colour = state.people.tags.find((tag) => tag.name === name)?.colour ?? 'grey';
  return html`<span class="chip tag" data-colour=${colour}><span class="clip" dir="auto">${name}</span>${end}</span>`;
}

/** As many as a row has room for. @param {State} state @param {string[]} tags */
export function rowTags(state, tags) {
  if (!tags.length) return nothing;
  const [first = '', ...rest] = tags;
  return html`<span class="row-tags" title=${tags.join(', ')}>${tagChip(state, first)}${rest.length
    ? html`<span class="faint small num">+${rest.length}</span>` : nothing}</span>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function tagsSection(app, state, ticket) {
  const edits = may(state, 'ticket:update');
  if (!edits && !ticket.tags.length) return nothing;
  const off = (/** @type {string} */ name) => html`<button type="button" class="tag-off" aria-label="Remove the tag ${name}"
    title="Remove" @click=${() => setTag(app, ticket.id, name, false)}>${icon('x', 'is-small')}</button>`;
  return html`<section aria-labelledby="tags-head"><h3 id="tags-head">Tags</h3><div class="cluster tag-list">${
    ticket.tags.map((name) => tagChip(state, name, edits ? off(name) : nothing))}${edits ? picker(app, state, ticket)
      : nothing}</div></section>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function picker(app, state, ticket) {
  return html`<button type="button" class="btn is-quiet is-small" popovertarget="menu-tags" aria-haspopup="dialog"
    aria-keyshortcuts="l" aria-label="Add a tag" title="Tags (L)">${icon('plus', 'is-small')}Tag</button>
    <div class="menu assign" popover id="menu-tags" role="dialog" aria-label="Tags" @beforetoggle=${opened} @toggle=${focusFirst}
      @keydown=${arrows}><input class="input" type="search" placeholder="Find a tag…" aria-label="Find a tag" autofocus
      autocomplete="off" maxlength="40" @input=${() => narrow()}
        @keydown=${(/** @type {KeyboardEvent} */ event) => pick(app, state, ticket, event)}>
    <div role="listbox" aria-multiselectable="true" aria-label="Tags">${state.people.tags.map((tag) =>
      tagItem(app, state, ticket, tag.name))}</div>
    <p class="menu-note faint small" data-none hidden>${may(state, 'tag:edit') ? 'Enter makes a new tag'
      : 'There is no such tag; a senior agent can make it'}</p></div>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket @param {string} name */
function tagItem(app, state, ticket, name) {
  const on = ticket.tags.includes(name);
  return html`<button type="button" class="menu-item" role="option" tabindex="-1" aria-selected=${String(on)}
    data-name=${name.toLocaleLowerCase()} @click=${() => setTag(app, ticket.id, name, !on)}>${tagChip(state, name)}${on
      ? html`<span class="menu-end">${icon('check')}</span>` : nothing}</button>`;
}

const box = () => /** @type {HTMLElement} */ (document.getElementById('menu-tags'));

/** @param {ToggleEvent} event */
function opened(event) {
  place(event);
  const input = box().querySelector('input');
  if (event.newState !== 'open' || !input) return;
  input.value = '';
  narrow();
}

/** Shows the tags that hold the text. */
function narrow() {
  const wanted = (box().querySelector('input')?.value ?? '').trim().toLocaleLowerCase();
  const items = /** @type {HTMLElement[]} */ ([...box().querySelectorAll('[data-name]')]);
  for (const item of items) item.hidden = !(item.dataset.name ?? '').includes(wanted);
  /** @type {HTMLElement} */ (box().querySelector('[data-none]')).hidden = !wanted || items.some((item) => !item.hidden);
}

/** Enter takes the first that fits, or makes one. @param {App} app @param {State} state @param {Ticket} ticket @param {KeyboardEvent} event */
function pick(app, state, ticket, event) {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (event.target);
  const typed = input.value.trim();
  const first = /** @type {HTMLElement|null} */ (box().querySelector('[role="option"]:not([hidden])'));
  if (typed && first) first.click();
  else if (typed && may(state, 'tag:edit')) void setTag(app, ticket.id, typed, true);
  input.value = '';
  narrow();
}
