/** How live a board is, in words: the same for Now, for a wall and for Health. */

import {html} from 'lit/html.js';

import {clock} from '../shared/time.js';
import {isStale} from './now-state.js';

/**
 * @typedef {import('./now-state.js').State} State
 * @typedef {{screen?: string|null}} Where `screen`: nobody is signed in there
 */

/** How sure we are of what is shown. @param {Where} boot @param {State} state */
export function badge(boot, state) {
  const [kind, words] = standing(boot, state);
  return html`<p class="now-badge" data-kind=${kind} role="status"><span class="now-dot" aria-hidden="true"></span>${words}</p>`;
}

/** @param {Where} boot @param {State} state */
function ended(boot, {reason}) {
  if (boot.screen != null) return 'This screen was switched off';
  return reason === 'forbidden' ? 'Your role does not show this any more' : html`Signed out. <a href="">Sign in again</a>`;
}

/** @param {Where} boot @param {State} state @returns {[string, unknown]} */
function standing(boot, state) {
  if (state.link === 'ended') return ['stale', ended(boot, state)];
  if (isStale(state)) return ['stale', `Not live: from ${clock(state.heard)}`];
  if (state.paused) return ['idle', 'Paused'];
  return state.link === 'online' ? ['live', 'Live'] : ['idle', 'Connecting'];
}
