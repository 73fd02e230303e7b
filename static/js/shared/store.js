/**
 * One plain store for a surface: a pure reducer makes the next state, views are drawn once per
 * animation frame however many actions came in between.
 */

/**
 * @template S, A
 * @param {(state: S, action: A) => S} reduce
 * @param {S} initial
 */
export function createStore(reduce, initial) {
  let state = initial;
  let queued = false;
  /** @type {Set<(state: S) => void>} */
  const views = new Set();
  /** @type {Set<(state: S, before: S, action: A) => void>} */
  const watchers = new Set();

  function draw() {
    queued = false;
    for (const view of views) view(state);
  }

  return {
    get state() {
      return state;
    },

    /** @param {A} action */
    dispatch(action) {
      const before = state;
      state = reduce(state, action);
      if (state === before) return;
      for (const watcher of watchers) watcher(state, before, action);
      if (queued) return;
      queued = true;
      nextFrame(draw);
    },

    /** Draws on the next frame after a change. @param {(state: S) => void} view @returns {() => void} */
    subscribe(view) {
      views.add(view);
      return () => views.delete(view);
    },

    /**
     * Hears every change at once, in hidden tabs too: for effects, not for drawing.
     * @param {(state: S, before: S, action: A) => void} watcher
     * @returns {() => void}
     */
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/** @param {() => void} callback */
function nextFrame(callback) {
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(callback);
  else setTimeout(callback, 0);
}
