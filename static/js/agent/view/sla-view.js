/** A ticket's clocks: a chip in the row and the head, and behind it the account of each. */

import {html, nothing} from 'lit/html.js';

import {dateTime} from '../../shared/time.js';
import {loadClocks} from '../sla-effects.js';
import {chipText, chipWords, metricName, mood} from '../sla.js';
import {icon, place} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Chip} Chip
 * @typedef {import('../types.js').Account} Account
 * @typedef {import('../types.js').Ticket} Ticket
 */

/** Of the account, as sla.css has it. */
const WIDTH = 384;
const MARGIN = 8;
const SIGNS = {ok: 'clock', soon: 'clock', late: 'alert', paused: 'pause', met: 'check', missed: 'alert'};

/** @param {State} state */
export const serverNow = (state) => state.ui.now + state.boot.skew;

/** @param {Chip} chip @param {number} now @param {boolean} [spoken] whether it says all of it by itself */
export function slaChip(chip, now, spoken = true) {
  const how = mood(chip, now);
  const words = chipWords(chip, now, chip.due_at ? dateTime(chip.due_at) : '');
  return html`<span class="sla" data-mood=${how} title=${words}>${icon(SIGNS[how], 'is-small')}<span
    aria-hidden=${spoken ? 'true' : nothing} class="num">${chipText(chip, now)}</span>${spoken ? html`<span
      class="vh">${words}</span>` : nothing}</span>`;
}

/** In the queue: what is still owed. @param {Chip|null} chip @param {number} now */
export const rowChip = (chip, now) => (chip && (chip.state === 'active' || chip.state === 'paused') ? slaChip(chip, now) : nothing);

/** In the head: a button, and the account behind it. @param {App} app @param {State} state @param {Ticket} ticket */
export function slaField(app, state, ticket) {
  const chip = ticket.sla;
  if (!chip) return nothing;
  const now = serverNow(state);
  const words = chipWords(chip, now, chip.due_at ? dateTime(chip.due_at) : '');
  return html`<button type="button" class="btn is-quiet is-small sla-button" popovertarget="sla-account" aria-haspopup="dialog"
    title=${words}><span class="vh">Service levels: </span>${slaChip(chip, now, false)}<span class="vh">${words}</span></button>
    <div class="menu sla-account" popover id="sla-account" role="dialog" aria-label="Service levels" tabindex="-1"
      @beforetoggle=${placeWide} @toggle=${(/** @type {ToggleEvent} */ event) => opened(app, ticket, event)}>${accounts(app, state, ticket)}</div>`;
}

/** Under its button, as far to the side as the window allows. @param {ToggleEvent} event */
function placeWide(event) {
  place(event);
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  const button = document.querySelector(`[popovertarget="${box.id}"]`);
  if (event.newState !== 'open' || !button) return;
  const width = Math.min(WIDTH, innerWidth - 2 * MARGIN);
  const left = Math.max(MARGIN, Math.min(button.getBoundingClientRect().left, innerWidth - width - MARGIN));
  box.style.setProperty('right', 'auto');
  box.style.setProperty('left', `${left}px`);
}

/** @param {App} app @param {Ticket} ticket @param {ToggleEvent} event */
function opened(app, ticket, event) {
  if (event.newState !== 'open') return;
  /** @type {HTMLElement} */ (event.currentTarget).focus();
  void loadClocks(app, ticket.id);
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function accounts(app, state, ticket) {
  const {id, status, clocks} = state.ui.clocks;
  const head = html`<h3 class="sla-title">Service levels</h3>`;
  if (id !== ticket.id || (!clocks.length && status === 'loading')) return html`${head}<p class="sla-note">Loading…</p>`;
  if (status === 'error') return html`${head}<p class="sla-note" role="alert">The clocks could not be loaded. <button type="button"
    class="link-btn" @click=${() => loadClocks(app, ticket.id)}>Retry</button></p>`;
  if (!clocks.length) return html`${head}<p class="sla-note">Nothing is promised for this ticket.</p>`;
  return html`${head}<ol class="sla-list">${clocks.map((clock) => account(clock, serverNow(state)))}</ol>`;
}

/** @param {Account} clock @param {number} now */
function account(clock, now) {
  const again = clock.instance > 1 ? html` <span class="faint">no. ${clock.instance}</span>` : nothing;
  return html`<li class="sla-item">
    <div class="sla-line"><b>${metricName(clock.metric)}${again}</b><span class="grow"></span>${clock.state === 'dropped'
      ? html`<span class="sla" data-mood="paused">No longer owed</span>` : slaChip(clock, now)}</div>
    <p class="sla-sentence">${clock.sentence}.</p>
    <p class="sla-note">Target ${clock.target}${clock.business ? ' of business hours' : ''} · ${clock.policy}</p>
  </li>`;
}
