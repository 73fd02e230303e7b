/** What is held out to me, and why tickets went to whom. Pure. */

/**
 * @typedef {{id: string, state: 'pending'|'accepted'|'declined'|'expired'|'withdrawn', agent_id: string, offered_by_id: string|null,
 *   reason: string, expires_at: string, ticket: {id: string, number: number, title: string, priority: string, channel: string,
 *   customer: string}}} Offer
 * @typedef {{id: string, name: string, load: number, capacity: number, excluded: string|null}} Candidate
 * @typedef {{id: string, at: string, trigger: string, strategy: string, agent_id: string|null, reason: string,
 *   candidates: Candidate[]}} Decision
 * @typedef {{id: string, name: string, level: number}} NeededSkill
 * @typedef {{name: string, counts_as: import('./types.js').Availability, takes_tickets: boolean}} Reason
 * @typedef {{reasons: Reason[], offers: Offer[], why: Record<string, Decision[]>, skills: Record<string, NeededSkill[]>}} Routing
 *
 * @typedef {{type: 'offers/all', offers: Offer[]}
 *   | {type: 'offers/moved', offer: Offer}
 *   | {type: 'why/loaded', id: string, decisions: Decision[], skills: NeededSkill[]}
 *   | {type: 'skills/loaded', id: string, skills: NeededSkill[]}} RoutingAction
 */

/** @param {{reasons: Reason[], offers: Offer[]}|undefined} boot @returns {Routing} */
export const newRouting = (boot) => ({reasons: boot?.reasons ?? [], offers: boot?.offers ?? [], why: {}, skills: {}});

/** @param {Routing} routing @param {{id: string, skills: NeededSkill[]}} ticket @returns {Routing} */
const needs = (routing, {id, skills}) => ({...routing, skills: {...routing.skills, [id]: skills}});

/** @param {Routing} routing @param {RoutingAction} action @returns {Routing} */
export function reduceRouting(routing, action) {
  switch (action.type) {
    case 'offers/all':
      return {...routing, offers: action.offers};
    case 'offers/moved': {
      const others = routing.offers.filter((offer) => offer.id !== action.offer.id);
      return {...routing, offers: action.offer.state === 'pending' ? [...others, action.offer] : others};
    }
    case 'why/loaded':
      return needs({...routing, why: {...routing.why, [action.id]: action.decisions}}, action);
    case 'skills/loaded':
      return needs(routing, action);
    default:
      return routing;
  }
}

/** Whole seconds that are left to answer. @param {Offer} offer @param {number} now */
export const secondsLeft = (offer, now) => Math.max(0, Math.ceil((Date.parse(offer.expires_at) - now) / 1_000));

/**
 * Whom a ticket can be held out to: whoever answers, those who are there first.
 * @param {import('./types.js').Colleague[]} users
 * @param {(string|null)[]} without
 */
export const couldBeAsked = (users, without) =>
  users
    .filter((user) => user.answers && !without.includes(user.id))
    .sort((a, b) => Number(b.online) - Number(a.online) || a.name.localeCompare(b.name));
