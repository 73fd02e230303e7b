/**
 * Keeps the list from moving under somebody's hand: while the pointer is over it, the focus in it, a menu open or a key
 * just pressed, new order waits; then it is shown with a short glide.
 */

import {pendingUpdates} from './queue-state.js';

const AFTER_KEY = 2_000;
const AFTER_TOUCH = 1_500;
const GLIDE = 150;

/** @param {import('./app.js').App} app */
export function keepCalm(app) {
  let over = false;
  let until = 0;

  const list = () => document.querySelector('.queue-list');
  const holds = (/** @type {EventTarget|null} */ target) => target instanceof Node && !!list()?.contains(target);
  const busy = () =>
    over || Date.now() < until || !!document.querySelector('.queue-list :focus-visible, [popover]:popover-open, dialog[open]');

  function look() {
    const {queue, ui} = app.store.state;
    const waiting = queue.changed.length > 0;
    if (waiting && !busy()) glide(() => app.store.dispatch({type: 'queue/settle'}));
    const calm = !waiting || pendingUpdates(app.store.state.queue) === 0;
    if (calm !== ui.calm) app.store.dispatch({type: 'ui', ui: {calm}});
  }

  addEventListener('pointerover', (event) => {
    if (event.pointerType === 'mouse') over = holds(event.target);
  });
  document.documentElement.addEventListener('pointerleave', () => {
    over = false;
  });
  addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'mouse' && holds(event.target)) until = Date.now() + AFTER_TOUCH;
  });
  addEventListener(
    'keydown',
    () => {
      until = Math.max(until, Date.now() + AFTER_KEY);
    },
    true,
  );
  list()?.addEventListener('scroll', () => {
    until = Math.max(until, Date.now() + AFTER_TOUCH);
  });
  let queued = false;
  app.store.watch((state, before) => {
    if (state.queue.changed === before.queue.changed || queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      look();
    });
  });
  setInterval(look, 400);
}

/** Rows that change place slide there. @param {() => void} change */
function glide(change) {
  const rows = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.queue-list .row-item')]);
  if (matchMedia('(prefers-reduced-motion: reduce)').matches || document.hidden) return change();
  const before = new Map(rows().map((row) => [row.dataset.id, row.offsetTop]));
  change();
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      for (const row of rows()) {
        const from = before.get(row.dataset.id);
        const shift = from === undefined ? 0 : from - row.offsetTop;
        if (shift && Math.abs(shift) < 2_000)
          row.animate([{transform: `translateY(${shift}px)`}, {transform: 'none'}], {duration: GLIDE, easing: 'ease-out'});
        else if (from === undefined) row.animate([{opacity: 0}, {opacity: 1}], {duration: GLIDE});
      }
    }),
  );
}
