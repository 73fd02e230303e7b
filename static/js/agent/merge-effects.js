/** Finding the ticket that another one is merged into: by number or text, one question at a time. */

import {numberIn} from './merge-state.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Row} Row
 * @typedef {import('./merge-state.js').Finding} Finding
 */

const PAUSE = 180;
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

/** @param {App} app @param {Partial<Finding>} change */
function set(app, change) {
  const {finding} = app.store.state.ui;
  if (finding) app.store.dispatch({type: 'ui', ui: {finding: {...finding, ...change}}});
}

/** Opens the dialog with what the customer has besides. @param {App} app @param {import('./types.js').Ticket} ticket */
export async function openMerge(app, ticket) {
  const finding = /** @type {Finding} */ ({id: ticket.id, text: '', status: 'loading', own: [], found: []});
  app.store.dispatch({type: 'ui', ui: {dialog: 'merge', finding}});
  const {tickets} = await app.api.get(`/customers/${ticket.customer.id}`).catch(() => ({tickets: []}));
  if (app.store.state.ui.finding?.id === ticket.id) set(app, {own: tickets, status: app.store.state.ui.finding.text ? 'loading' : 'done'});
}

/** @param {App} app @param {string} text */
export function findTarget(app, text) {
  clearTimeout(timer);
  set(app, {text, status: text.trim() ? 'loading' : 'done', found: []});
  if (text.trim()) timer = setTimeout(() => void look(app, text), PAUSE);
}

/** @param {App} app @param {string} text */
async function look(app, text) {
  const isMeant = () => app.store.state.ui.finding?.text === text;
  try {
    const found = await rows(app, text);
    if (isMeant()) set(app, {found, status: 'done'});
  } catch {
    if (isMeant()) set(app, {status: 'error'});
  }
}

/** By its number a ticket is found wherever it lies; what is typed else is searched for. @param {App} app @param {string} text @returns {Promise<Row[]>} */
async function rows(app, text) {
  const number = numberIn(text);
  const {data} = await app.api.get('/search', {q: number ? `#${number}` : text, scope: 'tickets'});
  if (data.length || !number) return data.map((/** @type {{ticket: Row}} */ hit) => hit.ticket);
  const snapshot = await app.api.get(`/tickets/${number}`).catch(() => null);
  return snapshot ? [snapshot.ticket] : [];
}
