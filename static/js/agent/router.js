/** The address is the state: which view, which ticket, which message. */

import {VIEWS} from './queue-state.js';

/**
 * @typedef {import('./app-state.js').Route} Route
 * @typedef {import('./types.js').View} View
 */

/** @param {{pathname: string, hash: string}} address @param {View} [fallback] @returns {Route} */
export function parseRoute({pathname, hash}, fallback = 'mine') {
  const [, view, number] = pathname.match(/^\/agent(?:\/v\/(\w+)(?:\/t\/(\d+))?)?\/?$/) ?? [];
  const [, seq] = hash.match(/^#m(\d+)$/) ?? [];
  const known = VIEWS.find((name) => name === view);
  return {view: known ?? fallback, number: number ? Number(number) : null, seq: seq ? Number(seq) : null};
}

/** @param {Route} route */
export function routePath({view, number, seq}) {
  const ticket = number === null ? '' : `/t/${number}`;
  return `/agent/v/${view}${ticket}${seq === null ? '' : `#m${seq}`}`;
}

/** @param {(route: Route) => void} changed called for every change, also the browser's back and forward */
export function createRouter(changed) {
  addEventListener('popstate', () => changed(parseRoute(location)));
  return {
    /** @param {Route} route @param {{replace?: boolean}} [options] */
    go(route, {replace = false} = {}) {
      const path = routePath(route);
      if (path !== location.pathname + location.hash) history[replace ? 'replaceState' : 'pushState'](null, '', path);
      changed(route);
    },
  };
}
