/** A board's line to the server: the whole once, then what changes; nothing is asked for again and again. */

import {connect} from '../shared/connection.js';
import {RequestError} from '../shared/errors.js';
import {createStore} from '../shared/store.js';
import {newState, reduce} from './now-state.js';
import {isHidden} from './screen.js';

/**
 * @typedef {import('./now-state.js').State} State
 * @typedef {import('./now-state.js').Action} Action
 */

/**
 * Watches the board of that name; its store.
 *
 * @param {object} options
 * @param {'now' | 'health'} options.name
 * @param {any} options.boot its first data
 * @param {(whole: any) => void} [options.onWhole]
 * @param {string | null} [options.token] of a screen's link, where nobody is signed in
 */
export function watchBoard({name, boot, onWhole = () => {}, token = null}) {
  const store = /** @type {ReturnType<typeof createStore<State, Action>>} */ (createStore(reduce, newState(boot, Date.now())));
  const connection = connect({
    namespace: token === null ? '/agent' : '/tv',
    auth: () => (token === null ? {} : {token}),
    onState: linked,
    onEvent: hear,
  });

  /** @param {import('../shared/connection.js').ConnectionState} state */
  function linked(state) {
    if (state === 'refused') return end(token === null ? null : 'revoked');
    store.dispatch({type: 'link', link: state === 'online' ? 'online' : state === 'connecting' ? 'connecting' : 'offline'});
    if (state === 'online' && !isHidden()) void watch();
  }

  /** @param {string|null} reason */
  const end = (reason) => store.dispatch({type: 'link', link: 'ended', reason});

  /** @param {string} said @param {any} body */
  function hear(said, body) {
    if (said === `${name}.updated`) store.dispatch({type: 'update', update: body, at: Date.now()});
    if (said === 'session.ended' || said === 'wallboard.ended') {
      end(body.reason);
      connection.stop();
    }
  }

  /** Asks for the whole board; what changes from then on is pushed. */
  async function watch() {
    store.dispatch({type: 'asked'});
    try {
      const whole = await connection.request(`${name}.watch`);
      store.dispatch({type: 'whole', whole, at: Date.now()});
      onWhole(whole);
      if (isHidden()) leave(); // hidden while it was asked for: the server may have heard of that first
    } catch (error) {
      // A line that was cut asks again once it is back; a role that allows it no more is the end.
      if (error instanceof RequestError && error.code === 'forbidden') end('forbidden');
    }
  }

  const leave = () => connection.notify(`${name}.leave`, {});

  /** Nobody looks: the server need not tell. Shown again, it catches up. */
  function look() {
    store.dispatch({type: 'paused', paused: isHidden(), at: Date.now()});
    if (connection.state !== 'online') return;
    if (isHidden()) leave();
    else void watch();
  }

  store.watch((state, before) => {
    if (state.gap && !before.gap) void watch();
  });
  setInterval(() => {
    if (!isHidden()) store.dispatch({type: 'tick', at: Date.now()});
  }, 1000);
  document.addEventListener('visibilitychange', look);
  connection.start();
  return store;
}
