/** What CRM and billing know of the customer at hand. A part of its own: it comes where a workspace is connected. */

import {accountsView, borrow} from './view/accounts-view.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {Pick<typeof import('lit/html.js'), 'html' | 'nothing'> & Pick<typeof import('./view/bits.js'), 'icon'>
 *   & Pick<typeof import('../shared/time.js'), 'ago' | 'dateTime' | 'formatter'> & Pick<typeof import('./words.js'), 'titled'>
 *   & Pick<typeof import('../shared/linkify.js'), 'safeUrl'> & Pick<typeof import('../shared/i18n.js'), 'locale'>
 *   & Pick<typeof import('./thread-state.js'), 'openThread'>} Kit
 * @typedef {{kind: string, label: string, crm_id: string|null, url: string|null, problem: string|null, tier: string|null,
 *   sync_status: 'none'|'waiting'|'synced'|'failed'|'gone', support_plan: string|null, as_of: string|null}} Contact
 * @typedef {{status: string|null, plan: string, amount: number, currency: string|null, interval: string|null, until: string|null,
 *   ends: boolean}} Subscription
 * @typedef {{number: string, status: string|null, total: number, currency: string|null, at: string|null, due_at: string|null,
 *   url: string|null}} Invoice
 * @typedef {{label: string, known: boolean, as_of: string|null, url: string|null, problem: string|null, delinquent: boolean,
 *   balance: number, currency: string|null, subscriptions: Subscription[], invoices: Invoice[]}} Billing
 * @typedef {{crm: Contact|null, billing: Billing|null, asking: boolean}} Answer
 * @typedef {{customer: string, status: 'loading'|'idle'|'error', answer: Answer|null}} Accounts
 */

/** When to look for what is being asked for meanwhile. */
const LOOKS = [2_000, 4_000, 8_000];

/** The last answers of this session, so that going back shows something at once. @type {Map<string, Answer>} */
const known = new Map();

/** Asks whenever another customer is at hand. @param {App} app @param {Kit} kit @returns what draws the answers */
export function watchAccounts(app, kit) {
  borrow(kit);
  const look = () => {
    const customer = kit.openThread(app.store.state.threads)?.ticket.customer.id;
    if (customer && customer !== app.store.state.ui.accounts?.customer) void ask(app, customer);
  };
  app.store.watch(look);
  look();
  return accountsView;
}

/** @param {App} app */
export function askAnew(app) {
  const now = app.store.state.ui.accounts;
  if (now && now.status !== 'loading') void ask(app, now.customer, {anew: 'true'});
}

/** @param {App} app @param {string} customer @param {Record<string, string>} [query] @param {number} [looks] had so far */
async function ask(app, customer, query = {}, looks = 0) {
  const show = (/** @type {Accounts['status']} */ status) =>
    app.store.dispatch({type: 'ui', ui: {accounts: {customer, status, answer: known.get(customer) ?? null}}});
  const isHere = () => app.store.state.ui.accounts?.customer === customer;
  if (looks === 0) show('loading');
  try {
    const answer = await app.api.get(`/customers/${customer}/accounts`, query);
    known.set(customer, answer);
    if (isHere()) show('idle');
    const pause = answer.asking ? LOOKS[looks] : undefined;
    if (pause) setTimeout(() => isHere() && ask(app, customer, {}, looks + 1), pause);
  } catch {
    if (isHere()) show('error');
  }
}
