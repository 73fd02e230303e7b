/** Who the customer is, where they are, and what went before. */

import {html, nothing} from 'lit/html.js';

import {safeUrl} from '../../shared/linkify.js';
import {dateTime, dayName} from '../../shared/time.js';
import {may} from '../app-state.js';
import {copy, unblockCustomer} from '../ticket-effects.js';
import {statusName} from '../words.js';
import {avatar, icon, pill, tierChip} from './bits.js';
import {detailsSection} from './details-view.js';
import {fieldsSection} from './fields-view.js';
import {followersSection, linksSection} from './relations-view.js';
import {tagsSection} from './tags-view.js';
import {whyView} from './routing-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 */

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function contextView(app, state, ticket) {
  return html`<aside class="context" aria-label="Customer and details" data-open=${state.ui.context ?? nothing}>
    <button type="button" class="icon-btn is-quiet is-small context-close" aria-label="Close details" title="Close (])"
      @click=${() => app.store.dispatch({type: 'ui', ui: {context: false}})}>${icon('x')}</button>
    ${who(app, state, ticket)}
    ${app.accounts?.(app, state, ticket)}
    ${visit(ticket)}
    ${client(ticket)}
    ${tagsSection(app, state, ticket)}
    ${fieldsSection(app, state, ticket)}
    ${detailsSection(app, state, ticket)}
    ${linksSection(app, state, ticket)}
    ${followersSection(app, state, ticket)}
    ${whyView(state, ticket)}
    ${earlier(state, ticket)}
  </aside>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function who(app, state, {customer, customer_online: online}) {
  return html`<section class="context-who">
    ${avatar(customer, {size: 'xl', state: online ? 'online' : 'offline'})}
    <div class="grow">
      <h2 class="context-name break" dir="auto">${customer.name}</h2>
      <p class="cluster context-marks">${customer.verified
        ? html`<span class="chip" data-kind="ok">${icon('verified', 'is-small')}Verified</span>`
        : html`<span class="chip" data-kind="warn"
          title="Nobody has checked who this is">Unverified</span>`}${tierChip(customer.tier)}${customer.blocked
            ? html`<span class="chip" data-kind="bad">${icon('block', 'is-small')}Blocked</span>` : nothing}</p>
    </div>
    ${addresses(app, customer)}
    ${customer.blocked && may(state, 'customer:block') ? html`<button type="button" class="btn is-small"
      @click=${() => unblockCustomer(app, customer.id)}>Unblock</button>` : nothing}
  </section>`;
}

/** An unverified person's address is unverified: said once. @param {App} app @param {Ticket['customer']} customer */
function addresses(app, {email, claimed_email: claimed, verified}) {
  const line = (/** @type {string} */ address, /** @type {unknown} */ mark) => html`<div
    class="context-line">${icon('mail')}<span class="clip" title=${address}>${address}</span>${mark}<button type="button"
      class="icon-btn is-quiet is-small" aria-label="Copy ${address}" title="Copy"
        @click=${() => copy(app, address, 'Address copied')}>${icon('copy', 'is-small')}</button></div>`;
  if (!email && !claimed) return nothing;
  return html`<div class="context-addresses">${email ? line(email, nothing) : nothing}${claimed && claimed !== email
    ? line(claimed, verified ? html`<span class="chip" data-kind="warn" title="Typed, not checked">unverified</span>` : nothing)
      : nothing}</div>`;
}

/** @param {Ticket} ticket */
function visit({page, customer_online: online}) {
  if (!page && !online) return nothing;
  return html`<section><h3>${online ? html`<span class="presence" data-state="online"></span>Online now` : 'Last page'}</h3>
    ${page ? html`<div class="context-line is-top">${icon('globe')}<span class="grow"><a class="clip context-page"
      href=${safeUrl(page.url, ['http:', 'https:'])} target="_blank" rel="noopener noreferrer nofollow" title=${page.url}
        dir="auto">${page.title || path(page.url)}</a>
      <span class="clip faint small context-page">${path(page.url)}</span></span></div>
      ${page.referrer ? html`<div class="context-line"><span class="context-label">Came from</span><span class="clip"
        title=${page.referrer}>${host(page.referrer)}</span></div>` : nothing}` : nothing}</section>`;
}

/** @param {string} url */
function path(url) {
  try {
    const {hostname, pathname, search} = new URL(url);
    return hostname + pathname + search;
  } catch {
    return url;
  }
}

/** @param {string} url */
const host = (url) => path(url).split('/')[0];

/** @param {Ticket} ticket */
function client({client: seen}) {
  if (!seen) return nothing;
  const device = [seen.browser, seen.os].filter(Boolean).join(' · ');
  return html`<section><h3>Device</h3>
    ${device ? html`<div class="context-line">${icon('device')}<span class="clip">${device}</span></div>` : nothing}
    ${seen.locale ? html`<div class="context-line">${icon('speech')}<span class="clip">${language(seen.locale)}</span></div>`
      : nothing}
    ${seen.address ? html`<div class="context-line">${icon('pin')}<span class="clip num">${seen.address}</span></div>`
      : nothing}</section>`;
}

/** @param {string} locale */
function language(locale) {
  try {
    return new Intl.DisplayNames(['en'], {type: 'language'}).of(locale) ?? locale;
  } catch {
    return locale;
  }
}

/** @param {State} state @param {Ticket} ticket */
function earlier(state, {earlier: tickets}) {
  if (!tickets.length) return nothing;
  return html`<section><h3>Earlier <span class="faint num">${tickets.length}</span></h3><ul
    class="context-earlier">${tickets.map((one) => html`<li><a href="/agent/v/${state.route.view}/t/${one.number}"
      title="${statusName(one.status)}, ${dateTime(one.created_at)}">
    ${pill(one.status)}<span class="grow clip" dir="auto">${one.title}</span><span
      class="faint small">${dayName(one.created_at)}</span></a></li>`)}</ul></section>`;
}
