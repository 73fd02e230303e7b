/** Short messages at the foot of the page: they go by themselves, errors stay until they are closed. */

import {uuid} from '../shared/uuid.js';
import {explain} from './api.js';

const SHOWN = 6_000;
const WITH_ACTION = 10_000;

/**
 * @param {import('./app.js').App} app
 * @param {string} text
 * @param {{kind?: 'info'|'ok'|'bad', action?: {label: string, run: () => void}, lasts?: number}} [options]
 */
export function toast(app, text, {kind = 'info', action, lasts} = {}) {
  const id = uuid();
  app.store.dispatch({type: 'toast', toast: {id, kind, text, action: action ?? null, sticky: kind === 'bad'}});
  if (kind !== 'bad') setTimeout(() => app.store.dispatch({type: 'untoast', id}), lasts ?? (action ? WITH_ACTION : SHOWN));
}

/** @param {import('./app.js').App} app @param {string} what was tried @param {unknown} error */
export function failed(app, what, error) {
  toast(app, `${what} ${explain(error)}`, {kind: 'bad'});
}
