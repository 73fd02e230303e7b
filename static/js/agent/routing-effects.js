/** Answering offers, and asking why a ticket went to whom. */

import {asRequestError} from '../shared/errors.js';
import {explain} from './api.js';
import {openThread} from './thread-state.js';
import {failed, toast} from './toasts.js';

/** @typedef {import('./app.js').App} App */

const TELLING = ['ticket.assigned', 'ticket.unassigned', 'ticket.offered', 'ticket.offer_declined'];
const SECOND = 1_000;

/** After a new connection: what is held out now. @param {App} app */
export async function loadOffers(app) {
  if (!app.store.state.boot.permissions.includes('ticket:reply')) return;
  const answer = await app.api.get('/offers').catch(() => null);
  if (answer) app.store.dispatch({type: 'offers/all', offers: answer.data});
}

/** @param {App} app @param {import('./routing-state.js').Offer} offer @param {boolean} accept */
export async function answerOffer(app, offer, accept) {
  app.store.dispatch({type: 'offers/moved', offer: {...offer, state: accept ? 'accepted' : 'declined'}});
  try {
    const {ticket} = await app.api.post(`/offers/${offer.id}/${accept ? 'accept' : 'decline'}`, {});
    app.store.dispatch({type: 'queue/known', row: ticket});
    if (accept) app.go({view: 'mine', number: offer.ticket.number, seq: null});
  } catch (cause) {
    const error = asRequestError(cause);
    if (error.code === 'offer_over') toast(app, `The offer of #${offer.ticket.number} is over`, {kind: 'bad'});
    else failed(app, 'Not answered.', error);
    void loadOffers(app);
  }
}

/** @param {App} app @param {string} id */
async function loadWhy(app, id) {
  const answer = await app.api.get(`/tickets/${id}/routing`).catch(() => null);
  if (answer) app.store.dispatch({type: 'why/loaded', id, decisions: answer.decisions, skills: answer.skills});
}

/** How often it was given or held out, or needed something else. @param {import('./thread-state.js').Thread} thread */
const told = ({events}) => events.filter((event) => TELLING.includes(event.name) || event.changes?.skills).length;

/** @param {App} app @param {string} id @param {string[]} skills @returns {Promise<string|null>} what is wrong */
export async function setSkills(app, id, skills) {
  try {
    const answer = await app.api.put(`/tickets/${id}/skills`, {skill_ids: skills});
    app.store.dispatch({type: 'skills/loaded', id, skills: answer.skills});
    return null;
  } catch (error) {
    return explain(error);
  }
}

/**
 * Holds a ticket out to a colleague; it stays where it is until they accept.
 * @param {App} app
 * @param {string} id
 * @param {string} agent
 * @returns {Promise<import('../shared/errors.js').RequestError|null>} why not
 */
export async function offerTo(app, id, agent) {
  try {
    await app.api.post(`/tickets/${id}/offers`, {agent_id: agent});
    toast(app, `Offered to ${app.store.state.people.users[agent]?.name ?? 'them'}. They are asked now.`);
    return null;
  } catch (error) {
    return asRequestError(error);
  }
}

/** Keeps the reasons of the open ticket fresh, and the offers' clocks running. @param {App} app */
export function watchRouting(app) {
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let ticking;
  const tick = () => app.store.dispatch({type: 'ui', ui: {now: Date.now()}});
  const run = () => {
    clearInterval(ticking);
    if (app.store.state.routing.offers.length) ticking = setInterval(tick, SECOND);
  };
  run();
  app.store.watch((state, before) => {
    if (state.routing.offers !== before.routing.offers) run();
    const now = openThread(state.threads);
    const then = before.threads.open === state.threads.open ? openThread(before.threads) : null;
    if (now && (!then || (now.events !== then.events && told(now) !== told(then)))) void loadWhy(app, now.ticket.id);
  });
}
