/** Asking while somebody types: one question at a time, the last one counts. */

import {RequestError} from '../shared/errors.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./search-state.js').Scope} Scope
 */

const PAUSE = 180;
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

/** @param {App} app */
export function openSearch(app) {
  app.store.dispatch({type: 'search/open'});
  app.draw();
  const box = /** @type {HTMLInputElement|null} */ (document.getElementById('search-box'));
  box?.focus();
  box?.select();
}

/** @param {App} app */
export function closeSearch(app) {
  clearTimeout(timer);
  app.store.dispatch({type: 'search/close'});
  app.draw();
  document.getElementById('search-open')?.focus();
}

/** @param {App} app @param {string} text @param {Scope} scope @param {{now?: boolean}} [options] */
export function ask(app, text, scope, {now = false} = {}) {
  clearTimeout(timer);
  app.store.dispatch({type: 'search/ask', text, scope});
  if (!text.trim()) return;
  if (now) void fetchPage(app, null);
  else timer = setTimeout(() => void fetchPage(app, null), PAUSE);
}

/** @param {App} app */
export function findMore(app) {
  const {cursor, status} = app.store.state.search;
  if (!cursor || status === 'loading') return;
  app.store.dispatch({type: 'search/more'});
  void fetchPage(app, cursor);
}

/** @param {App} app @param {string|null} cursor */
async function fetchPage(app, cursor) {
  const {text, scope} = app.store.state.search;
  try {
    const page = await app.api.get('/search', {q: text, scope, cursor});
    app.store.dispatch({type: 'search/found', text, scope, data: page.data, cursor: page.next_cursor, append: cursor !== null});
  } catch (error) {
    app.store.dispatch({type: 'search/failed', text, problem: problemOf(text, error)});
  }
}

/** What of the text was not understood. @param {string} text @param {unknown} error */
function problemOf(text, error) {
  const detail = error instanceof RequestError && error.code === 'invalid' ? error.detail[0] : undefined;
  if (!detail) return null;
  const [, , from, to] = /** @type {any[]} */ (detail.loc);
  return {message: detail.msg, part: Number.isInteger(from) ? [...text.normalize('NFC')].slice(from, to).join('') : ''};
}
