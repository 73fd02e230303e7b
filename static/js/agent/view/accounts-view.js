/** CRM and billing beside the conversation: plan, subscription, invoices, each with its age. */

import {askAnew} from '../accounts.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../accounts.js').Contact} Contact
 * @typedef {import('../accounts.js').Billing} Billing
 * @typedef {import('../accounts.js').Subscription} Subscription
 * @typedef {import('../accounts.js').Invoice} Invoice
 * @typedef {import('../accounts.js').Kit} Kit
 */

/** Of the workspace: what is imported in two files is cut out into a third, and the workspace would grow. @type {Kit} */
let kit;
/** @type {Kit['html']} */
let html;
/** @type {Kit['nothing']} */
let nothing;

/** @param {Kit} lent */
export const borrow = (lent) => ({html, nothing} = kit = lent);

/** Whose smallest unit Stripe counts in hundredths, though they have none any more. */
const HUNDREDTHS = ['isk', 'ugx'];
const NEAR = 300 * 86_400_000;
const KINDS = {active: 'ok', paid: 'ok', trialing: 'accent', past_due: 'bad', unpaid: 'bad', overdue: 'bad', uncollectible: 'bad',
  open: 'warn', incomplete: 'warn', paused: 'warn'};
/** What has happened between us and the CRM, where it is not the usual. */
const SYNC = {none: 'Not there yet', waiting: 'A change waits to be told', failed: 'They refuse the last change', gone: 'Deleted there',
  synced: ''};

/** @param {App} app @param {State} state @param {import('../types.js').Ticket} ticket */
export function accountsView(app, state, {customer}) {
  const accounts = state.ui.accounts;
  if (!accounts || accounts.customer !== customer.id) return nothing;
  const {answer, status} = accounts;
  const now = state.ui.now + state.boot.skew;
  const busy = status === 'loading';
  if (!answer) return html`<section aria-label="CRM and billing" aria-busy=${String(busy)}>${busy
    ? html`<span class="skeleton"></span><span class="skeleton"></span>`
    : html`<p class="small muted">CRM and billing did not answer. ${again(app, busy)}</p>`}</section>`;
  const how = {now, busy, failed: status === 'error' ? 'The server did not answer.' : null, found: Boolean(customer.email)};
  return html`${answer.crm ? crm(app, answer.crm, how) : nothing}${answer.billing ? billing(app, answer.billing, how) : nothing}`;
}

/** @typedef {{now: number, busy: boolean, failed: string|null, found: boolean}} How found: there is an address to look for */

/** @param {App} app @param {Contact} contact @param {How} how */
function crm(app, contact, how) {
  return html`<section aria-labelledby="crm-head">${head(app, 'crm-head', contact, how.busy)}
    <dl>${contact.tier ? pair('Tier', kit.titled(contact.tier)) : nothing}${contact.support_plan
      ? pair('Plan', contact.support_plan) : nothing}${SYNC[contact.sync_status]
      ? pair('State', SYNC[contact.sync_status]) : nothing}</dl>${age(contact, how)}</section>`;
}

/** @param {App} app @param {Billing} found @param {How} how */
function billing(app, found, how) {
  const {subscriptions, invoices, balance, currency} = found;
  return html`<section aria-labelledby="billing-head">${head(app, 'billing-head', found, how.busy,
    found.delinquent ? chip('past_due', 'Payment overdue') : nothing)}
    ${found.known ? nothing : found.as_of ? html`<p class="small muted">Nobody with this address is there.</p>` : nothing}
    ${found.known && !subscriptions.length ? html`<p class="small muted">No subscription.</p>` : nothing}
    ${subscriptions.map((one) => subscription(one, how.now))}
    ${balance ? html`<dl>${pair(balance < 0 ? 'Credit' : 'Owes', money(Math.abs(balance), currency))}</dl>` : nothing}
    ${invoices.length ? html`<ul aria-label="Last invoices">${invoices.map((one) => invoice(one,
      how.now))}</ul>` : nothing}
    ${age(found, how)}</section>`;
}

/** @param {App} app @param {string} id @param {{label: string, url: string|null}} of @param {boolean} busy @param {unknown} [mark] */
const head = (app, id, {label, url}, busy, mark = nothing) => html`<h3 id=${id}><span>${label}</span>${mark}<span
  class="grow"></span>${url ? html`<a class="icon-btn is-quiet is-small" href=${kit.safeUrl(url, ['https:', 'http:'])} target="_blank"
    rel="noopener noreferrer" aria-label="Open in ${label}" title="Open in ${label}">${kit.icon('external', 'is-small')}</a>`
  : nothing}<button type="button" class="icon-btn is-quiet is-small" aria-label="Ask ${label} again" title="Ask again"
    aria-disabled=${String(busy)} @click=${() => askAnew(app)}>${kit.icon('history', 'is-small')}</button></h3>`;

/** @param {App} app @param {boolean} busy */
const again = (app, busy) => html`<button type="button" class="btn is-small" aria-disabled=${String(busy)}
  @click=${() => askAnew(app)}>Ask again</button>`;

/** How old it is, and why it is not newer. @param {{as_of: string|null, problem: string|null}} of @param {How} how */
function age({as_of: at, problem}, {now, busy, failed, found}) {
  const said = failed ?? problem;
  const when = at ? html`<time datetime=${at} title=${kit.dateTime(at)}>${kit.ago(at, now)}</time>` : nothing;
  return html`<p class="small ${said ? 'context-line is-top' : 'faint'}" role="status">${said
    ? html`${kit.icon('alert', 'is-small')}<span>${sentence(said)} ${at ? html`Last known, ${when}.` : nothing}</span>`
    : busy ? 'Asking…' : at ? html`As of ${when}` : found ? 'Not asked yet' : 'Nobody is looked for without a verified address.'}</p>`;
}

/** @param {string} said */
const sentence = (said) => (/[.!?]$/.test(said) ? said : `${said}.`);

/** @param {string} name @param {unknown} value */
const pair = (name, value) => html`<div class="context-pair"><dt>${name}</dt><dd class="break" dir="auto">${value}</dd></div>`;

/** @param {string} status @param {string} [name] */
const chip = (status, name = kit.titled(status)) => html`<span class="chip"
  data-kind=${/** @type {Record<string, string>} */ (KINDS)[status] ?? nothing}>${name}</span>`;

/** @param {Subscription} one @param {number} now */
function subscription({plan, amount, currency, interval, until, ends, status}, now) {
  const over = status === 'canceled';
  return html`<div class="cluster small"><span class="break" dir="auto">${plan || 'Subscription'}</span>${status ? chip(status)
    : nothing}<span class="faint">${money(amount, currency)}${interval ? ` a ${interval}` : ''}${until && !over
      ? ` · ${ends ? 'ends' : 'renews'} ${day(until, now)}` : ''}</span></div>`;
}

/** @param {Invoice} one @param {number} now */
function invoice({number, status, total, currency, at, due_at: due, url}, now) {
  const late = status === 'open' && due !== null && Date.parse(due) < now;
  const name = number || 'Invoice';
  return html`<li class="context-line"><span class="grow clip">${url ? html`<a href=${kit.safeUrl(url, ['https:'])} target="_blank"
    rel="noopener noreferrer">${name}</a>` : name}</span><span class="faint small">${at ? day(at, now) : nothing}</span><span
    class="num">${money(total, currency)}</span>${status ? chip(late ? 'overdue' : status) : nothing}</li>`;
}

/** In the least room: "14 Oct", "Oct 2024". @param {string} at @param {number} now */
const day = (at, now) => kit.formatter(Math.abs(Date.parse(at) - now) < NEAR ? {day: 'numeric', month: 'short'}
  : {month: 'short', year: 'numeric'}).format(new Date(at));

/** @param {number} amount in the smallest unit @param {string|null} currency */
function money(amount, currency) {
  if (!currency) return String(amount);
  const format = new Intl.NumberFormat(kit.locale(), {style: 'currency', currency: currency.toUpperCase()});
  const digits = HUNDREDTHS.includes(currency) ? 2 : (format.resolvedOptions().maximumFractionDigits ?? 2);
  return format.format(amount / 10 ** digits);
}
