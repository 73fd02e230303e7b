/** The board, drawn: the same for a desk and, bigger and without anything to press, for a wall. */

import {html, nothing} from 'lit/html.js';

import {brief, metricName, SECOND} from '../shared/sla-words.js';
import {clock} from '../shared/time.js';
import {badge} from './badge.js';
import {serverNow} from './now-state.js';

/**
 * @typedef {import('./now-state.js').State} State
 * @typedef {import('./types.js').Boot} Boot
 * @typedef {import('./types.js').Row} Row
 */

const RISKS = /** @type {const} */ ([5, 15, 30, 60]);
/** So many people have room on a wall. */
const MOST_AGENTS = 9;

/** @param {Boot} boot @param {State} state */
export function boardView(boot, state) {
  const {board} = state;
  return html`${head(boot, state)}
    <div class="now-tiles">
      ${tile(boot, 'open', board.open, 'Open')}
      ${tile(boot, 'unassigned', board.unassigned, 'Unassigned')}
      ${tile(boot, 'waiting', board.waiting, 'Waiting for us')}
      ${longest(boot, state)}
      ${tile(boot, 'breached', board.breached, 'Breached', board.breached ? 'bad' : null)}
      ${tile(boot, 'chats_active', board.chats_active, 'Chats in progress')}
      ${tile(boot, 'chats_queued', board.chats_queued, 'Chats queued', board.chats_queued ? 'warn' : null)}
      ${response(boot, board.response)}
    </div>
    ${risks(boot, state)}
    <div class="now-lists">
      ${list(boot, state, 'next', 'Next to breach', 'Nothing comes due.')}
      ${list(boot, state, 'late', 'Breached and unsolved', 'No promise is broken.')}
      ${agents(boot, state)}
    </div>`;
}

/** @param {Boot} boot @param {State} state */
function head(boot, state) {
  return html`<header class="now-head">
    ${boot.tv ? html`<h1>Now <span class="now-where" dir="auto">${boot.screen ?? boot.workspace}</span></h1>` : html`<h2>Now</h2>`}
    ${badge(boot, state)}
    ${boot.tv ? html`<time class="now-clock num">${clock(serverNow(state))}</time>` : html`<div class="now-acts">
      <a class="btn" href="/admin/live?tv=1">Full screen</a>
      ${boot.shares ? html`<a class="btn" href="/settings/wallboards">Show on a TV</a>` : nothing}</div>`}
  </header>`;
}

/** A number with what it counts, and the way to those tickets. @param {Boot} boot @param {string} of @param {unknown} value @param {string} label @param {string|null} [mood] */
function tile(boot, of, value, label, mood = null) {
  const inside = html`<b class="now-value num">${value}</b><span class="now-label">${label}</span>`;
  return boot.screen ? html`<div class="now-tile" data-of=${of} data-mood=${mood ?? nothing}>${inside}</div>`
    : html`<a class="now-tile" href="/admin/live/tickets?of=${of}" data-of=${of} data-mood=${mood ?? nothing}>${inside}</a>`;
}

/** @param {Boot} boot @param {State} state */
function longest(boot, state) {
  const since = state.board.waiting_since;
  const value = since ? brief(Math.max(0, serverNow(state) - Date.parse(since))) : '–';
  const inside = html`<b class="now-value num" data-long=${value.length > 4}>${value}</b><span class="now-label">Longest wait</span>`;
  return boot.screen || !since ? html`<div class="now-tile" data-of="longest">${inside}</div>`
    : html`<a class="now-tile" href="/admin/live/tickets?of=waiting" data-of="longest">${inside}</a>`;
}

/** @param {Boot} boot @param {import('./types.js').Response} response */
function response(boot, {median_seconds: median, n, target_seconds: target}) {
  const mood = median !== null && target !== null && median > target ? 'bad' : nothing;
  const value = median === null ? '–' : brief(median * SECOND);
  const inside = html`<b class="now-value num" data-long=${value.length > 4}>${value}</b>
    <span class="now-label">First response today<span class="now-more num">${n ? `median of ${n}` : 'none yet'}${target === null ? nothing
      : `, promised ${brief(target * SECOND)}`}</span></span>`;
  return boot.screen || !n ? html`<div class="now-tile" data-of="response" data-mood=${mood}>${inside}</div>`
    : html`<a class="now-tile" href="/admin/reports/tickets?metric=first_response_median&range=today" data-of="response"
        data-mood=${mood}>${inside}</a>`;
}

/** @param {Boot} boot @param {State} state */
function risks(boot, {board}) {
  return html`<section class="now-risks" aria-labelledby="risks-head"><h2 id="risks-head">Due in the next</h2>
    ${RISKS.map((minutes) => {
      const value = board[/** @type {'risk_5'} */ (`risk_${minutes}`)];
      return tile(boot, `risk_${minutes}`, value, minutes === 60 ? 'hour' : `${minutes} minutes`, value && minutes <= 15 ? 'warn' : null);
    })}</section>`;
}

/** @param {Boot} boot @param {State} state @param {'next'|'late'} of @param {string} title @param {string} empty */
function list(boot, state, of, title, empty) {
  const rows = listed(state, of);
  return html`<section class="now-list" data-list=${of} aria-labelledby="${of}-head"><h2 id="${of}-head">${title}</h2>
    ${rows.length ? html`<ol>${rows.map((row) => line(boot, state, row))}</ol>` : html`<p class="now-empty">${empty}</p>`}</section>`;
}

/** Time passes between two words of the server: what fell due meanwhile has changed lists. @param {State} state @param {'next'|'late'} of */
function listed(state, of) {
  const now = serverNow(state);
  const {next, late} = state.board;
  const passed = next.filter((row) => Date.parse(row.due_at) <= now);
  return of === 'next' ? next.filter((row) => !passed.includes(row)) : [...late, ...passed].slice(0, 10);
}

/** @param {Boot} boot @param {State} state @param {Row} row */
function line(boot, state, row) {
  const left = Date.parse(row.due_at) - serverNow(state);
  const name = html`<span class="now-number num">#${row.number}</span>${row.title === null ? nothing
    : html` <span class="now-title clip" dir="auto">${row.title}</span>`}`;
  return html`<li class="now-row" data-titled=${row.title !== null} data-mood=${left <= 0 ? 'bad' : left < 15 * 60 * SECOND ? 'warn' : nothing}>
    ${boot.screen ? html`<span class="now-name">${name}</span>`
      : html`<a class="now-name" href="/agent/v/all/t/${row.number}">${name}</a>`}
    <span class="now-what clip"><span class="now-metric">${row.metric ? `${metricName(row.metric)} · ` : ''}</span><span
      dir="auto">${row.agent ?? 'nobody'}</span></span>
    <b class="now-left num">${brief(left)}${left <= 0 ? html`<span class="now-over"> over</span>` : nothing}</b></li>`;
}

/** @param {Boot} boot @param {State} state */
function agents(boot, {board}) {
  const most = boot.tv ? MOST_AGENTS : board.agents.length;
  const online = board.agents.filter((agent) => agent.state === 'online').length;
  const more = board.agents.length - most;
  return html`<section class="now-list" data-list="agents" aria-labelledby="agents-head"><h2 id="agents-head">Agents
    <span class="now-count num">${online} online, ${board.agents.length - online} away${board.agents_offline ? `, ${board.agents_offline} offline` : ''}</span></h2>
    ${board.agents.length ? html`<ul>${board.agents.slice(0, most).map(person)}</ul>${more > 0 ? html`<p class="now-empty">and ${more} more</p>` : nothing}`
      : html`<p class="now-empty">Nobody is here.</p>`}</section>`;
}

/** @param {import('./types.js').Agent} agent */
function person({name, state, load, capacity}) {
  const share = capacity ? Math.min(1, load / capacity) : 0;
  return html`<li class="now-agent"><span class="presence" data-state=${state}></span><span class="now-who clip" dir="auto">${name}<span
    class="vh">, ${state}</span></span><svg class="now-load" viewBox="0 0 100 8" preserveAspectRatio="none" role="img"
    aria-label="${load} of ${capacity} points in hand" data-full=${share >= 1}><rect class="now-load-all" width="100" height="8"></rect><rect
    class="now-load-part" width=${share * 100} height="8"></rect></svg><span class="now-points num" aria-hidden="true">${load}/${capacity}</span></li>`;
}
