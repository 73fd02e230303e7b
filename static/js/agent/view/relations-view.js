/** Who follows a ticket, which others belong to it, and who changed what. */

import {html, nothing} from 'lit/html.js';

import {dateTime} from '../../shared/time.js';
import {may} from '../app-state.js';
import {addLink, loadHistory, removeLink, setFollowing} from '../properties-effects.js';
import {titled} from '../words.js';
import {avatar, icon, pill} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 */

/** What the other ticket is to this one. @type {Record<import('../types.js').LinkKind, string>} */
const KIND = {
  related: 'Related',
  parent: 'Parent',
  child: 'Child',
  original: 'Duplicate of',
  duplicate: 'Duplicate',
  followed_up_by: 'Follow-up',
  follow_up: 'Follow-up',
};
const CHOICES = /** @type {const} */ (['related', 'parent', 'child', 'original', 'duplicate']);

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function followersSection(app, state, ticket) {
  const me = state.queue.me;
  const follows = ticket.followers.includes(me);
  return html`<section aria-labelledby="followers-head"><h3 id="followers-head">Followers</h3><div class="cluster">${
    ticket.followers.map((id) => state.people.users[id]).filter((user) => user !== undefined).map((user) =>
      avatar(user, {size: 's', label: user.name}))}<button type="button" class="btn is-quiet is-small" aria-pressed=${String(follows)}
      @click=${() => setFollowing(app, ticket.id, 'me', !follows)}>${icon('eye', 'is-small')}${follows ? 'Unfollow'
        : 'Follow'}</button></div></section>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function linksSection(app, state, ticket) {
  const links = state.ui.links?.id === ticket.id ? state.ui.links.data : [];
  const edits = may(state, 'ticket:update');
  if (!links.length && !edits) return nothing;
  return html`<section aria-labelledby="links-head"><h3 id="links-head">Linked tickets</h3>${links.length ? html`<ul class="link-list">${
    links.map((link) => html`<li><span class="faint small link-kind">${KIND[link.kind]}</span><a class="grow clip" dir="auto"
      href="/agent/v/${state.route.view}/t/${link.ticket.number}" title=${link.ticket.title}>${pill(link.ticket.status,
        link.ticket.status_id)}<span class="clip">#${link.ticket.number} ${link.ticket.title}</span></a>${edits ? html`<button
      type="button" class="icon-btn is-quiet is-small" aria-label="Remove the link to #${link.ticket.number}" title="Remove"
        @click=${() => removeLink(app, ticket.id, link)}>${icon('x', 'is-small')}</button>` : nothing}</li>`)}</ul>` : nothing}${edits
    ? html`<div><button type="button" class="btn is-quiet is-small"
      @click=${() => app.store.dispatch({type: 'ui', ui: {dialog: 'link'}})}>${icon('plus', 'is-small')}Link a
        ticket</button></div>` : nothing}</section>`;
}

/** @param {App} app @param {Ticket} ticket */
export function linkForm(app, ticket) {
  return html`<form class="dialog-form" @submit=${(/** @type {SubmitEvent} */ event) => link(app, ticket, event)}><div class="dialog-body">
    <div class="field"><label for="link-kind">The other ticket is</label><select class="select" id="link-kind" name="kind">${
      CHOICES.map((kind) => html`<option value=${kind}>${{related: 'related to this one', parent: 'the parent of this one',
        child: 'a child of this one', original: 'the original that this one repeats',
        duplicate: 'a duplicate of this one'}[kind]}</option>`)}</select></div>
    <div class="field"><label for="link-ticket">Its number</label><input class="input" id="link-ticket" name="ticket" required
      autofocus inputmode="numeric" autocomplete="off" maxlength="40" placeholder="#"><span class="error" role="alert"></span></div></div>
    <div class="dialog-foot"><button type="button" class="btn"
      @click=${() => app.store.dispatch({type: 'ui', ui: {dialog: null}})}>Cancel</button><button class="btn
        is-primary">Link</button></div></form>`;
}

/** @param {App} app @param {Ticket} ticket @param {SubmitEvent} event */
async function link(app, ticket, event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const data = new FormData(form);
  const number = String(data.get('ticket')).trim().replace(/^#/, '');
  const wrong = await addLink(app, ticket.id, {ticket: number, kind: String(data.get('kind'))});
  if (wrong !== null) /** @type {HTMLElement} */ (form.querySelector('.error')).textContent = wrong;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function historyBody(app, state, ticket) {
  const history = state.ui.history?.id === ticket.id ? state.ui.history : null;
  if (!history) return html`<div class="dialog-body" aria-busy="true"><p class="muted">Loading…</p></div>`;
  const last = history.data.at(-1)?.seq ?? null;
  return html`<div class="dialog-body" tabindex="0" role="region" aria-label="Changes"><ol class="history">${history.data.map((entry) => html`<li><p
    class="history-head"><b dir="auto">${entry.actor.name}</b><span class="faint small">${what(entry.name)}${['mail', 'job',
      'cli'].includes(entry.door) ? ` · ${entry.door}` : nothing}</span><span class="grow"></span><time class="faint small"
        datetime=${entry.at}>${dateTime(entry.at)}</time></p>${entry.changes.length ? html`<dl>${entry.changes.map((change) =>
        html`<div><dt>${change.label}</dt><dd dir="auto">${change.old ? html`<del>${change.old}</del>` : nothing}${change.new
          ? html`<ins>${change.new}</ins>` : html`<span class="faint">–</span>`}</dd></div>`)}</dl>` : nothing}</li>`)}</ol>${
    history.hasMore ? html`<button type="button" class="btn is-small"
      @click=${() => loadHistory(app, ticket.id, last)}>Older changes</button>` : nothing}</div>`;
}

/** "ticket.status_changed" as words. @param {string} name */
const what = (name) => titled(name.split('.').at(-1) ?? name).toLocaleLowerCase();
