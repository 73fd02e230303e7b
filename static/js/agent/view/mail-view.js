/** What became of a reply's mail, below the message. */

import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {sendAgain} from '../mail-effects.js';
import {icon} from './bits.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../types.js').Delivery} Delivery
 * @typedef {import('../types.js').Comment} Comment
 */

/** The newest mail of a comment. @param {Delivery[]|undefined} deliveries @param {string} comment */
export const mailOf = (deliveries, comment) => deliveries?.filter((one) => one.comment_id === comment).at(-1) ?? null;

/** Of a message that came by mail: what it quotes, whose it is, who was in copy, and where all of it is. @param {App} app @param {import('../types.js').MailIn} mail */
export function cameIn(app, {id, sender, is_verified: proved, is_other: other, cc, is_folded: folded, left}) {
  const said = [other && `Not the customer: ${sender}`, cc.length && `Cc ${cc.join(', ')}`, left.length && `Not taken: ${left.join(', ')}`];
  const fetch = async (/** @type {Event} */ {currentTarget: box}) => (await import('../quoted.js')).fill(app, id, box);
  return html`${folded ? html`<details class="quoted" @toggle=${fetch}><summary>Quoted text</summary><p
    dir="auto">…</p></details>` : nothing}<span class="msg-meta">${proved ? nothing : html`<b class="is-bad">${icon('alert', 'is-small')}Unverified sender</b>`}
    <span dir="auto">${said.filter(Boolean).join(' · ')}</span>
    <a href="/mail/${id}" target="_blank" rel="noopener">Whole mail</a></span>`;
}

/** @param {App} app @param {Comment} comment @param {Delivery|null} mail */
export function mailMark(app, comment, mail) {
  if (comment.withdrawn) return html`<span class="msg-meta">${icon('undo', 'is-small')}Taken back, not sent</span>`;
  if (!mail) return nothing;
  if (mail.status === 'queued')
    return html`<span class="msg-meta">${icon('clock', 'is-small')}${mail.error ? 'Not mailed yet; it is tried again'
      : 'To be mailed'}</span>`;
  if (mail.status === 'sent') return html`<span class="msg-meta" title=${mail.to}>${icon('mail', 'is-small')}Mailed</span>`;
  if (mail.status === 'suppressed')
    return html`<span class="msg-meta">${icon('alert', 'is-small')}Not mailed: ${mail.to} gets no mail</span>`;
  if (mail.status === 'bounced')
    return html`<span class="msg-meta is-bad">${icon('alert', 'is-small')}Came back from ${mail.to}</span>`;
  if (mail.status !== 'failed') return nothing;
  return html`<span class="msg-meta is-bad">${icon('alert', 'is-small')}Not mailed: no provider took it ${
    may(app.store.state, 'ticket:reply') ? html`<button type="button" class="link-btn"
      @click=${() => sendAgain(app, mail)}>Retry</button>` : nothing}</span>`;
}
