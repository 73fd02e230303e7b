/** The search box and what it found. Pure. */

/**
 * @typedef {import('./types.js').Row} Row
 * @typedef {import('./types.js').Customer} Customer
 * @typedef {'tickets'|'customers'} Scope
 * @typedef {{text: string, hit: boolean}} Part
 * @typedef {{ticket: Row, title: Part[], text: Part[], kind: 'ticket'|'reply'|'note', author: string|null, at: string, seq: number|null,
 *   count: number}} TicketHit
 * @typedef {{customer: Customer & {company: string|null}, title: Part[], text: Part[]}} CustomerHit
 * @typedef {{open: boolean, text: string, scope: Scope, status: 'idle'|'loading'|'done'|'error', tickets: TicketHit[],
 *   customers: CustomerHit[], cursor: string|null, problem: {message: string, part: string}|null}} Search
 *
 * @typedef {{type: 'search/open'} | {type: 'search/close'}
 *   | {type: 'search/ask', text: string, scope: Scope}
 *   | {type: 'search/more'}
 *   | {type: 'search/found', text: string, scope: Scope, data: any[], cursor: string|null, append: boolean}
 *   | {type: 'search/failed', text: string, problem: {message: string, part: string}|null}} SearchAction
 */

/** @returns {Search} */
export const newSearch = () => ({
  open: false,
  text: '',
  scope: 'tickets',
  status: 'idle',
  tickets: [],
  customers: [],
  cursor: null,
  problem: null,
});

/** @param {Search} search @param {SearchAction} action @returns {Search} */
export function reduceSearch(search, action) {
  switch (action.type) {
    case 'search/open':
      return {...search, open: true};
    case 'search/close':
      return {...search, open: false};
    case 'search/ask':
      return asked(search, action);
    case 'search/more':
      return {...search, status: 'loading'};
    case 'search/found':
      return action.text === search.text && action.scope === search.scope ? found(search, action) : search;
    case 'search/failed':
      return action.text === search.text ? {...search, status: 'error', problem: action.problem} : search;
    default:
      return search;
  }
}

/** @param {Search} search @param {{text: string, scope: Scope}} question @returns {Search} */
function asked(search, {text, scope}) {
  if (!text.trim()) return {...newSearch(), open: true, text, scope};
  return {...search, text, scope, status: 'loading', problem: null, ...(scope === search.scope ? {} : {cursor: null})};
}

/** A ticket may come again in a later page, by an older message. @param {Search} search
 * @param {{data: any[], cursor: string|null, append: boolean}} page @returns {Search} */
function found(search, {data, cursor, append}) {
  const {scope} = search;
  const before = append ? search[scope] : [];
  const known = new Set(before.map(idOf));
  const hits = [...before, ...data.filter((hit) => !known.has(idOf(hit)))];
  return {...search, [scope]: hits, cursor, status: 'done', problem: null};
}

/** @param {any} hit @returns {string} */
const idOf = (hit) => (hit.ticket ?? hit.customer).id;
