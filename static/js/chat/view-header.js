/** The header: who one is talking to and when they answer; menu and close. And the line about the connection. */

import {html, nothing} from 'lit/html.js';

import {t} from '../shared/i18n.js';
import {availabilityLine} from './availability.js';
import {avatar, icon} from './view-parts.js';

/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./ui.js').Ui} Ui */

/** @param {State} state @param {Ui} ui @param {boolean} welcoming nothing was said yet */
export function header(state, ui, welcoming) {
  const {inbox} = ui.boot;
  const agent = state.thread.ticket?.agent ?? null;
  return html`<header class="head" ?data-welcoming=${welcoming}>
    <div class="bar">
      ${avatar(agent?.name ?? inbox.name)}
      <div class="titles">
        <h1 tabindex="-1"><bdi>${agent?.name ?? inbox.name}</bdi></h1>
        <p class="availability" data-state=${state.availability.state}><span>${availabilityLine(state.availability, t)}</span></p>
      </div>
      <button type="button" class="round" data-popup aria-expanded=${state.popup === 'menu'} aria-controls="menu" aria-label=${t('menu')} @click=${() => ui.popup('menu')}>${icon('more')}</button>
      ${ui.host ? html`<button type="button" class="round" aria-label=${t('close')} @click=${ui.close}>${icon('close')}</button>` : nothing}
    </div>
    ${welcoming && inbox.greeting ? html`<p class="greeting-text" dir="auto">${inbox.greeting}</p>` : nothing}
    ${state.popup === 'menu' ? menu(state, ui) : nothing}
  </header>`;
}

/** @param {State} state @param {Ui} ui */
function menu(state, ui) {
  const {ticket} = state.thread;
  const {sound} = ui.effects;
  return html`<div class="popup menu" id="menu" data-popup>
    <button type="button" aria-pressed=${!sound.muted} @click=${ui.toggleSound}>${icon(sound.muted ? 'sound-off' : 'sound')}${t(sound.muted ? 'sound_off' : 'sound_on')}</button>
    ${ticket && ticket.status !== 'ended' ? html`<button type="button" @click=${() => ui.popup('end')}>${icon('end')}${t('end_chat')}</button>` : nothing}
    ${ticket && state.visitor?.email ? html`<button type="button" @click=${ui.mailTranscript}>${icon('mail')}${t('transcript')}</button>` : nothing}
    ${ticket?.status === 'ended' ? html`<button type="button" @click=${ui.newChat}>${icon('plus')}${t('new_chat')}</button>` : nothing}
  </div>`;
}

/** @param {State} state @param {Ui} ui */
export function banner({banner: what}, ui) {
  return html`<div class="banner-place" role="status">${what
    ? html`<p class="banner" data-kind=${what}>${what === 'reconnecting' ? html`<span class="spinner" aria-hidden="true"></span>` : nothing}
        <span>${t(`banner_${what}`)}</span>
        ${what === 'failed' ? html`<button type="button" @click=${ui.live.start}>${t('try_again')}</button>` : nothing}</p>`
    : nothing}</div>`;
}
