/**
 * Where the thread is scrolled to: at the end while its end is in view, still where it was when older pages come in front,
 * and at the linked or the first new message when it is opened.
 */

import {loadOlder, noteSeen} from './thread-effects.js';
import {openThread} from './thread-state.js';

const NEAR_END = 100;
const NEAR_START = 240;

/** @typedef {import('./app.js').App} App */

const box = () => /** @type {HTMLElement|null} */ (document.querySelector('.thread-scroll'));

/** @param {App} app */
export function toEnd(app) {
  const element = box();
  if (element) element.scrollTop = element.scrollHeight;
  app.store.dispatch({type: 'ui', ui: {atEnd: true, below: 0}});
}

/** @param {App} app */
export function scrolled(app) {
  const element = box();
  if (!element) return;
  const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight <= NEAR_END;
  app.store.dispatch({type: 'ui', ui: atEnd ? {atEnd, below: 0} : {atEnd}});
  if (atEnd) noteSeen(app);
  if (element.scrollTop < NEAR_START) void loadOlder(app);
}

/** Draws through `draw` and puts the scroll position where it belongs. @param {App} app @param {() => void} draw */
export function createScroller(app, draw) {
  /** @type {string|null} */
  let shown = null;
  let first = 0;
  let linked = /** @type {number|null} */ (null);
  const grown = new ResizeObserver(() => {
    const element = box();
    if (element && app.store.state.ui.atEnd) element.scrollTop = element.scrollHeight;
  });

  /** @param {HTMLElement} element */
  function arrive(element) {
    const mark = document.getElementById('first-new');
    if (mark && element.scrollHeight - mark.offsetTop > element.clientHeight) {
      element.scrollTop = mark.offsetTop - element.clientHeight / 4;
      scrolled(app);
    } else element.scrollTop = element.scrollHeight;
  }

  return () => {
    const before = box();
    const height = before?.scrollHeight ?? 0;
    const top = before?.scrollTop ?? 0;
    draw();
    const element = box();
    const {threads, ui} = app.store.state;
    const thread = openThread(threads);
    if (!element || !thread) {
      shown = null;
      return;
    }
    const firstSeq = thread.events[0]?.seq ?? 0;
    const target = ui.highlight === null ? null : document.getElementById(`m${ui.highlight}`);
    if (shown !== thread.ticket.id) {
      grown.disconnect();
      for (const part of [element, ...element.children]) grown.observe(part);
      arrive(element);
    } else if (firstSeq < first && !ui.atEnd) element.scrollTop = top + element.scrollHeight - height;
    else if (ui.atEnd && element.scrollHeight !== height) element.scrollTop = element.scrollHeight;
    if (target && linked !== ui.highlight) {
      linked = ui.highlight;
      app.store.dispatch({type: 'ui', ui: {atEnd: false}});
      target.scrollIntoView({block: 'center'});
    } else if (ui.highlight === null) linked = null;
    shown = thread.ticket.id;
    first = firstSeq;
  };
}
