/** The log's scrolling: it stays at the end while one is there, and in place when older pages are put on top. */

const NEAR = 100;
const LOAD_WITHIN = 120;

/** @typedef {import('./live.js').ChatStore} ChatStore */

/** @param {ChatStore} store @param {() => void} wantOlder */
export function createScroll(store, wantOlder) {
  let height = 0;
  let top = 0;
  /** @type {number | undefined} */
  let first;
  /** @type {Element | null} */
  let watched = null;
  const observer = new ResizeObserver(() => settle());

  const log = () => document.querySelector('.log');

  function settle() {
    const box = log();
    if (box && store.state.atEnd) box.scrollTop = box.scrollHeight;
  }

  return {
    /** Around each drawing. @param {() => void} draw */
    keep(draw) {
      const before = log();
      height = before?.scrollHeight ?? 0;
      top = before?.scrollTop ?? 0;
      draw();
      const box = log();
      const {thread, atEnd} = store.state;
      const oldest = thread.events[0]?.seq;
      if (box && atEnd) box.scrollTop = box.scrollHeight;
      else if (box && first !== undefined && oldest !== undefined && oldest < first) box.scrollTop = top + box.scrollHeight - height;
      first = oldest;
      if (box === watched) return;
      observer.disconnect();
      watched = box;
      if (box) for (const part of [box, ...box.children]) observer.observe(part);
    },

    scrolled() {
      const box = log();
      if (!box) return;
      store.dispatch({type: 'scrolled', atEnd: box.scrollHeight - box.scrollTop - box.clientHeight <= NEAR});
      if (box.scrollTop < LOAD_WITHIN && store.state.thread.hasMore) wantOlder();
    },

    toEnd() {
      const box = log();
      if (!box) return;
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      box.scrollTo({top: box.scrollHeight, behavior: calm ? 'auto' : 'smooth'});
    },
  };
}
