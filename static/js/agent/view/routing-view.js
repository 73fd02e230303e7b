/** Offers with the time that is left, and why a ticket went to whom. */

import {html, nothing} from 'lit/html.js';

import {dateTime} from '../../shared/time.js';
import {answerOffer, offerTo} from '../routing-effects.js';
import {couldBeAsked, secondsLeft} from '../routing-state.js';
import {channelName} from '../words.js';
import {icon, priority} from './bits.js';
import {foot, submit} from './lifecycle-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../routing-state.js').Offer} Offer
 * @typedef {import('../routing-state.js').Decision} Decision
 */

const SHOWN = 3;

/** @param {App} app @param {State} state */
export function offersView(app, state) {
  const {offers} = state.routing;
  return html`<section class="offers" aria-label="Offers" aria-live="polite">${offers.slice(0, SHOWN).map((offer) =>
    offerCard(app, offer, state.ui.now))}${offers.length > SHOWN ? html`<p class="offer small">and ${offers.length - SHOWN}
    more</p>` : nothing}</section>`;
}

/** @param {App} app @param {Offer} offer @param {number} now */
function offerCard(app, offer, now) {
  const {ticket} = offer;
  const left = secondsLeft(offer, now);
  return html`<article class="offer" aria-label="Offer of #${ticket.number}">
    <p class="offer-head">${priority(ticket.priority)}<b class="grow clip" dir="auto">${ticket.customer}</b><span
      class="offer-left num" aria-hidden="true" data-late=${left <= 10}>${left} s</span></p>
    <p class="clip" dir="auto">${ticket.title}</p>
    <p class="faint small clip">#${ticket.number} · ${channelName(ticket.channel)} · ${offer.reason}</p>
    <p class="cluster"><button type="button" class="btn is-primary is-small"
      @click=${() => answerOffer(app, offer, true)}>Accept<span class="vh"> #${ticket.number}</span></button><button
      type="button" class="btn is-small" @click=${() => answerOffer(app, offer, false)}>Decline<span
      class="vh"> #${ticket.number}</span></button></p>
  </article>`;
}

/** @param {App} app @param {State} state @param {import('../types.js').Ticket} ticket */
export function offerForm(app, state, ticket) {
  const users = couldBeAsked(Object.values(state.people.users), [state.queue.me, ticket.assigned_agent_id]);
  const act = (/** @type {FormData} */ data) => {
    const agent = String(data.get('agent') ?? '');
    return agent ? offerTo(app, ticket.id, agent) : 'Choose whom to ask.';
  };
  return html`<form class="dialog-form" novalidate @submit=${(/** @type {SubmitEvent} */ event) => submit(app, event, act)}><div
    class="dialog-body"><p class="error" role="alert"></p>
    <p class="muted">They are asked whether they take it. Until they accept, it stays where it is.</p>
    <div class="field"><label for="offer-to">Colleague</label><select class="select" id="offer-to" name="agent" required autofocus>
      <option value="">Choose…</option>${users.map((user) => html`<option value=${user.id}>${user.name}${user.online
        ? user.availability === 'online' ? '' : ` (${user.availability})` : ' (offline)'}</option>`)}</select></div></div>
    ${foot(app, 'Offer')}</form>`;
}

/** What a person did by hand needs no reason. @param {State} state @param {import('../types.js').Ticket} ticket */
export function whyView(state, {id, assigned_agent_id: agent}) {
  const decisions = state.routing.why[id] ?? [];
  const [last] = decisions;
  if (!last) return nothing;
  const name = agent && last.agent_id === agent ? (state.people.users[agent]?.name ?? 'them') : null;
  const question = agent ? 'Routing, before it was given by hand' : 'Why nobody yet?';
  return html`<section class="why"><h3><span>${name ? html`Why <bdi>${name}</bdi>?` : question}</span></h3>
    <p>${last.reason}</p>
    <details><summary class="small">How it was decided</summary>
      <ol class="why-list">${decisions.map(decisionView)}</ol></details></section>`;
}

/** @param {Decision} decision */
function decisionView(decision) {
  return html`<li><p class="small"><time class="faint" datetime=${decision.at}>${dateTime(decision.at)}</time> ${decision.reason}</p>
    ${decision.candidates.length ? html`<ul>${decision.candidates.map((one) => html`<li class="why-one small"
      data-chosen=${one.id === decision.agent_id}>${icon(one.id === decision.agent_id ? 'check' : 'user', 'is-small')}<span
      class="grow clip" dir="auto">${one.name}</span><span class="faint">${one.excluded ?? html`<span
      class="num">${one.load}/${one.capacity}</span> points`}</span></li>`)}</ul>` : nothing}</li>`;
}
