/** The dialog that merges a ticket into another one. */

import {repeat} from 'lit/directives/repeat.js';
import {html, nothing} from 'lit/html.js';

import {merge} from '../lifecycle-effects.js';
import {findTarget} from '../merge-effects.js';
import {choices} from '../merge-state.js';
import {statusName} from '../words.js';
import {foot, submit} from './lifecycle-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 * @typedef {import('../merge-state.js').Finding} Finding
 */

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function mergeForm(app, state, ticket) {
  const {finding} = state.ui;
  if (finding?.id !== ticket.id) return nothing;
  const offered = choices(ticket, finding);
  const act = (/** @type {FormData} */ data) => {
    const into = String(data.get('into') ?? '');
    return into ? merge(app, ticket, into) : 'Choose the ticket that it goes into.';
  };
  return html`<form class="dialog-form" novalidate @submit=${(/** @type {SubmitEvent} */ event) => submit(app, event, act)}><div
    class="dialog-body"><p class="error" role="alert"></p>
    <p class="muted">#${ticket.number} is closed, and the other ticket shows its messages and gets what ${ticket.customer.name}
      writes. You can undo this.</p>
    <div class="field"><label for="merge-find">Find by number or text</label><input class="input" id="merge-find" type="search"
      dir="auto" maxlength="200" autocomplete="off" placeholder="#12, or words" autofocus
        @input=${(/** @type {InputEvent} */ event) => findTarget(app, /** @type {HTMLInputElement} */ (event.target).value)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && event.preventDefault()}></div>
    <p class="small muted" role="status">${said(finding, offered.length, ticket)}</p>
    ${offered.length ? html`<fieldset class="stack merge-list"><legend class="vh">Tickets</legend>${repeat(offered,
      ({row}) => row.id, (choice) => choiceView(ticket, choice))}</fieldset>` : nothing}</div>
    ${foot(app, 'Merge')}</form>`;
}

/** @param {Finding} finding @param {number} count @param {Ticket} ticket */
function said({text, status}, count, {customer}) {
  if (status === 'error') return 'That could not be searched for. Try a number or plain words.';
  if (status === 'loading' && !count) return 'Looking…';
  if (!text.trim()) return count ? `Open tickets of ${customer.name}` : `${customer.name} has no other open ticket.`;
  return count ? `${count} found` : 'There is no such ticket.';
}

/** @param {Ticket} source @param {import('../merge-state.js').Choice} choice */
function choiceView(source, {row, why}) {
  const name = row.customer.id === source.customer.id ? nothing : html` <span class="faint small" dir="auto">${row.customer.name}</span>`;
  return html`<label class="check merge-choice"><input type="radio" name="into" value=${row.id} ?disabled=${why !== null}><span
    dir="auto"><span class="num">#${row.number}</span> ${row.title} <span
      class="faint small">${statusName(row.status, row.status_id)}</span>${name}${why === null ? nothing
      : html`<span class="merge-why small">${why}</span>`}</span></label>`;
}
