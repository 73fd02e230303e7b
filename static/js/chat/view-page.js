/** The page as a whole: which of its faces is shown. */

import {html, nothing} from 'lit/html.js';

import {t} from '../shared/i18n.js';
import {composer} from './view-composer.js';
import {form} from './view-form.js';
import {banner, header} from './view-header.js';
import {log} from './view-log.js';
import {icon} from './view-parts.js';

/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./ui.js').Ui} Ui */

/** @param {State} state @param {Ui} ui */
export function page(state, ui) {
  const welcoming = state.phase !== 'ready' || (!state.thread.ticket && !state.pending.length);
  return html`${header(state, ui, welcoming)}${banner(state, ui)}
    <main class="main" ?data-welcoming=${welcoming}>${face(state, ui, welcoming)}</main>
    ${state.dragging ? html`<div class="drop" aria-hidden="true"><p>${icon('attach')}${t('drop_here')}</p></div>` : nothing}`;
}

/** @param {State} state @param {Ui} ui @param {boolean} welcoming */
function face(state, ui, welcoming) {
  if (state.phase === 'loading') return skeleton();
  if (state.phase === 'failed') return trouble('could_not_load', html`<button type="button" class="primary" @click=${ui.live.start}>${t('try_again')}</button>`);
  if (state.phase === 'identify') return trouble('sign_in_first');
  if (state.phase === 'ended') return trouble('not_available');
  if (welcoming && state.needsPrechat) return html`<div class="sheet">${form(state, ui)}</div>`;
  return html`<div class="log-place">${log(state, ui, welcoming)}</div>${composer(state, ui)}`;
}

/** @param {string} text @param {unknown} [action] */
const trouble = (text, action = nothing) => html`<div class="trouble">${icon('alert')}<p>${t(text)}</p>${action}</div>`;

const skeleton = () => html`<div class="skeleton" aria-busy="true"><span class="vh">${t('loading')}</span><i></i><i></i><i></i></div>`;
