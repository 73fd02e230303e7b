/**
 * Drafts go to the server half a second after the last key, one write at a time per draft, and at once when the page is hidden.
 * What does not get there waits in this browser.
 */

import {keys, read, write} from '../shared/storage.js';
import {dirtyDrafts, draftKey} from './drafts-state.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Kind} Kind
 */

const AFTER_KEY = 500;
const AFTER_FAILURE = 5_000;

/** @param {App} app */
export function createDraftSaver(app) {
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  const timers = new Map();
  const kept = `parley:agent:${app.store.state.boot.me.id}:draft:`;

  /** What the server did not get outlives the page here. */
  function keep() {
    for (const key of dirtyDrafts(app.store.state.drafts)) write(kept + key, app.store.state.drafts[key]?.content ?? null);
  }

  function restore() {
    for (const name of keys(kept)) {
      const key = name.slice(kept.length);
      const [id, kind] = /** @type {[string, Kind]} */ (key.split(':'));
      app.store.dispatch({type: 'draft/typed', id, kind, content: read(name) ?? ''});
      later(key, AFTER_KEY);
    }
  }

  /** @param {string} key @param {number} delay */
  function later(key, delay) {
    clearTimeout(timers.get(key));
    timers.set(
      key,
      setTimeout(() => void save(key), delay),
    );
  }

  /** @param {string} key @param {boolean} [leaving] */
  async function save(key, leaving = false) {
    clearTimeout(timers.get(key));
    const draft = app.store.state.drafts[key];
    if (!draft || (draft.saving && !leaving) || draft.content === (draft.saved ?? '')) return;
    const [id, kind] = /** @type {[string, Kind]} */ (key.split(':'));
    const {content} = draft;
    app.store.dispatch({type: 'draft/saving', id, kind});
    try {
      await app.api.put(`/tickets/${id}/drafts/${kind}`, {content}, leaving);
      app.store.dispatch({type: 'draft/saved', id, kind, content});
      write(kept + key, null);
      if (app.store.state.drafts[key]?.content !== content) later(key, 0);
    } catch {
      app.store.dispatch({type: 'draft/unsaved', id, kind});
      keep();
      if (app.store.state.link.ended === null) later(key, AFTER_FAILURE);
    }
  }

  const flush = (leaving = false) => dirtyDrafts(app.store.state.drafts).forEach((key) => void save(key, leaving));
  document.addEventListener('visibilitychange', () => document.hidden && flush(true));
  addEventListener('pagehide', keep);

  return {
    flush,
    keep,
    restore,
    /** @param {string} id @param {Kind} kind @param {string} content */
    type(id, kind, content) {
      app.store.dispatch({type: 'draft/typed', id, kind, content});
      later(draftKey(id, kind), AFTER_KEY);
    },
  };
}
