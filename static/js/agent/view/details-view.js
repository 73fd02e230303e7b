/** What a ticket is about and who it is for: channel, inbox, team, category, skills; the last three are changed in place. */

import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {setProperty} from '../properties-effects.js';
import {setSkills} from '../routing-effects.js';
import {channelName, dateTime} from '../words.js';
import {channelIcon, icon} from './bits.js';
import {editField, shutField} from './fields-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 * @typedef {{key: string, name: string, value: unknown, input: unknown, save: (data: FormData) => Promise<string|null>}} Detail
 */

/** @param {string} name @param {unknown} value */
const pair = (name, value) => html`<div class="context-pair"><dt>${name}</dt><dd class="clip" dir="auto">${value}</dd></div>`;

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function detailsSection(app, state, ticket) {
  const inbox = state.people.inboxes.find((one) => one.id === ticket.inbox_id);
  return html`<section><h3>Conversation</h3><dl>
    ${pair('Channel', html`${icon(channelIcon(ticket.channel), 'is-small')} ${channelName(ticket.channel)}`)}
    ${inbox ? pair('Inbox', inbox.name) : nothing}
    ${details(state, ticket, app).map((detail) => detailView(app, state, detail))}
    ${pair('Created', html`<time datetime=${ticket.created_at}>${dateTime(ticket.created_at)}</time>`)}</dl></section>`;
}

/** What can be changed here; what nobody set up is left out. @param {State} state @param {Ticket} ticket @param {App} app @returns {Detail[]} */
function details(state, ticket, app) {
  const {teams, skills} = state.people;
  const found = [category(app, state, ticket)];
  if (teams.length) found.unshift(team(app, state, ticket));
  if (skills.length) found.push(needs(app, state, ticket));
  return found;
}

/** @param {App} app @param {State} state @param {Detail} detail */
function detailView(app, state, detail) {
  const {key, name, value, input} = detail;
  if (!may(state, 'ticket:update')) return value ? pair(name, value) : nothing;
  const shown = html`<button type="button" class="field-edit clip" title="Change"
    aria-label="Change ${name.toLowerCase()}${value ? `: ${value}` : ''}" data-field=${key} @click=${() => editField(app, key)}>${value || html`<span class="faint">–</span>`}</button>`;
  return html`<div class="context-pair"><dt>${name}</dt><dd dir="auto">${state.ui.editingField !== key ? shown
    : html`<form class="field-form" @submit=${(/** @type {SubmitEvent} */ event) => save(app, detail, event)}
      @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && editField(app, null)}>${input}<span
        class="error" role="alert"></span><span class="cluster"><button class="btn is-small is-primary">Save</button><button
        type="button" class="btn is-small" @click=${() => editField(app, null)}>Cancel</button></span></form>`}</dd></div>`;
}

/** @param {App} app @param {Detail} detail @param {SubmitEvent} event */
async function save(app, detail, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const wrong = await detail.save(new FormData(form));
  if (wrong === null) return shutField(app, detail.key);
  /** @type {HTMLElement} */ (form.querySelector('.error')).textContent = wrong;
}

/** @param {App} app @param {State} state @param {Ticket} ticket @returns {Detail} */
function team(app, state, {id, team_id: now}) {
  const {teams} = state.people;
  return {key: ':team', name: 'Team', value: teams.find((one) => one.id === now)?.name,
    input: html`<select class="select" name="team" aria-label="Team"><option value="">No team</option>${teams.map((one) => html`<option
      value=${one.id} ?selected=${one.id === now}>${one.name}</option>`)}</select>`,
    save: (data) => setProperty(app, id, {team_id: data.get('team') || null})};
}

/** Any text; those of the tickets at hand are proposed. @param {App} app @param {State} state @param {Ticket} ticket @returns {Detail} */
function category(app, state, {id, category: now}) {
  const known = [...new Set(Object.values(state.queue.rows).flatMap((row) => row.category ?? []))].sort();
  return {key: ':category', name: 'Category', value: now,
    input: html`<input class="input" name="category" aria-label="Category" maxlength="60" autocomplete="off" dir="auto"
      list="categories" .value=${now ?? ''}><datalist id="categories">${known.map((one) => html`<option value=${one}></option>`)}</datalist>`,
    save: (data) => setProperty(app, id, {category: String(data.get('category') ?? '').trim() || null})};
}

/** What the rules ask for besides is not listed. @param {App} app @param {State} state @param {Ticket} ticket @returns {Detail} */
function needs(app, state, {id}) {
  const wanted = state.routing.skills[id] ?? [];
  return {key: ':skills', name: 'Needs', value: wanted.map((skill) => skill.name).join(', '),
    input: html`<fieldset class="stack"><legend class="vh">Skills that this needs</legend>${state.people.skills.map((skill) => html`<label
      class="check"><input type="checkbox" name="skill" value=${skill.id}
        ?checked=${wanted.some((one) => one.id === skill.id)}><span dir="auto">${skill.name}</span></label>`)}</fieldset>`,
    save: (data) => setSkills(app, id, data.getAll('skill').map(String))};
}
