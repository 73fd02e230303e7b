/** Colleagues: who there is, who is available, who looks at or writes in which ticket. Pure. */

/**
 * @typedef {import('./types.js').Directory} Directory
 * @typedef {import('./types.js').Colleague} Colleague
 * @typedef {import('./types.js').Presence} Presence
 * @typedef {import('./types.js').Availability} Availability
 *
 * @typedef {{state: Presence, until: number}} Viewer
 * @typedef {{users: Record<string, Colleague>, teams: {id: string, name: string}[], inboxes: {id: string, name: string}[],
 *   tags: import('./types.js').Tag[], fields: import('./types.js').Field[], statuses: import('./types.js').OwnStatus[],
 *   skills: {id: string, name: string}[],
 *   viewers: Record<string, Record<string, Viewer>>}} People
 *
 * @typedef {{type: 'people/directory', directory: Directory}
 *   | {type: 'people/presence', user: string, availability: Availability, reason: string|null, online: boolean}
 *   | {type: 'people/viewers', ticket: string, viewers: {user_id: string, state: Presence}[], now: number}
 *   | {type: 'people/viewing', ticket: string, user: string, state: Presence, now: number}
 *   | {type: 'people/expire', now: number}} PeopleAction
 */

export const VIEWING_FOR = 60_000;

/** @param {Directory} directory @returns {People} */
export const newPeople = (directory) => ({...named(directory), viewers: {}});

/** @param {Directory} directory */
const named = ({users, ...others}) => ({
  ...{tags: [], fields: [], statuses: [], skills: []},
  ...others,
  users: Object.fromEntries(users.map((user) => [user.id, user])),
});

/** Who else has a ticket open. @param {People} people @param {string} ticket @param {string} me */
export function othersAt(people, ticket, me) {
  return Object.entries(people.viewers[ticket] ?? {})
    .filter(([user]) => user !== me && people.users[user])
    .map(([user, viewer]) => ({user: /** @type {Colleague} */ (people.users[user]), state: viewer.state}));
}

/** @param {People} people @param {Extract<PeopleAction, {type: 'people/viewing'}>} action @returns {People} */
function view(people, {ticket, user, state, now}) {
  const {[user]: _, ...others} = people.viewers[ticket] ?? {};
  const there = state === 'left' ? others : {...others, [user]: {state, until: now + VIEWING_FOR}};
  return {...people, viewers: {...people.viewers, [ticket]: there}};
}

/** @param {People} people @param {number} now @returns {People} */
function expire(people, now) {
  const past = Object.values(people.viewers).some((viewers) => Object.values(viewers).some((viewer) => viewer.until <= now));
  if (!past) return people;
  const kept = Object.entries(people.viewers).map(([ticket, viewers]) => [
    ticket,
    Object.fromEntries(Object.entries(viewers).filter(([, viewer]) => viewer.until > now)),
  ]);
  return {...people, viewers: Object.fromEntries(kept)};
}

/**
 * @param {People} people
 * @param {PeopleAction} action
 * @returns {People}
 */
export function reducePeople(people, action) {
  switch (action.type) {
    case 'people/directory':
      return {...people, ...named(action.directory)};
    case 'people/presence': {
      const known = people.users[action.user];
      if (!known) return people;
      return {
        ...people,
        users: {...people.users, [action.user]: {...known, availability: action.availability, reason: action.reason, online: action.online}},
      };
    }
    case 'people/viewers':
      return action.viewers.reduce(
        (next, {user_id, state}) =>
          view(next, {type: 'people/viewing', ticket: action.ticket, user: user_id, state, now: action.now}),
        {...people, viewers: {...people.viewers, [action.ticket]: {}}},
      );
    case 'people/viewing':
      return view(people, action);
    case 'people/expire':
      return expire(people, action.now);
    default:
      return people;
  }
}
