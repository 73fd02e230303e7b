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
