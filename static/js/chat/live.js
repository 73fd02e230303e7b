/**
 * Keeps the thread in step with the server: takes the state on each connection, applies what is pushed,
 * fetches what is missing, and asks every few seconds where no websocket gets through.
 */

import {asRequestError} from '../shared/errors.js';
import {createTransport} from './transport.js';
import {hasGap} from './thread-state.js';

const BANNER_AFTER = 1_500;
const CONNECTED_FOR = 2_000;
const GIVE_UP_LOADING = 10_000;
const POLL = 4_000;
const RETRY = 3_000;
const PAGE = 50;

/** @typedef {import('../shared/connection.js').ConnectionState} ConnectionState */
/** @typedef {import('../shared/connection.js').ConnectionInfo} ConnectionInfo */
/** @typedef {import('./types.js').ChatEvent} ChatEvent */
/** @typedef {{readonly state: import('./chat-state.js').State, dispatch: (action: import('./chat-state.js').Action) => void}} ChatStore */

/**
 * @param {object} options
 * @param {ChatStore} options.store
 * @param {import('./visitor.js').VisitorIdentity} options.visitor
 * @param {() => import('./types.js').Page} options.page
 * @param {boolean} options.identifiedOnly
 * @param {() => void} options.onReady the line is back: time to send what waits
 */
export function createLive({store, visitor, page, identifiedOnly, onReady}) {
  let filling = false;
  let renewed = 0;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  const timers = {};
  const transport = createTransport({visitor, page, onState, onEvent});
  const {connection} = transport;

  /** @param {string} name @param {() => void} [act] @param {number} [delay] */
  function later(name, act, delay = 0) {
    clearTimeout(timers[name]);
    timers[name] = act && setTimeout(() => {
      timers[name] = undefined;
      act();
    }, delay);
  }

  /** @param {ConnectionState} state @param {ConnectionInfo} info */
  function onState(state, {fallback, error}) {
    if (state === 'online') return cameOnline();
    if (state === 'refused') return refused(error?.code ?? 'forbidden');
    if (state === 'offline' && !timers.banner) later('banner', showTrouble, BANNER_AFTER);
    if (fallback && !timers.poll) later('poll', poll);
    if (store.state.phase === 'loading' && !timers.loading) later('loading', gaveUpLoading, GIVE_UP_LOADING);
  }

  function cameOnline() {
    later('banner');
    later('poll');
    if (store.state.banner) {
      store.dispatch({type: 'banner', banner: 'connected'});
      later('connected', () => store.dispatch({type: 'banner', banner: null}), CONNECTED_FOR);
    }
    void resync().then(onReady);
  }

  /** @param {import('./chat-state.js').Banner} [what] */
  function showTrouble(what = 'reconnecting') {
    if (connection.state === 'online' || (what === 'reconnecting' && timers.poll)) return;
    store.dispatch({type: 'banner', banner: navigator.onLine ? what : 'no_internet'});
  }

  function gaveUpLoading() {
    if (store.state.phase === 'loading') store.dispatch({type: 'phase', phase: 'failed'});
  }

  /** @param {string} code */
  function refused(code) {
    if (code === 'identified_only') return store.dispatch({type: 'phase', phase: 'identify'});
    if (code !== 'unauthenticated' || Date.now() - renewed < 60_000) return store.dispatch({type: 'phase', phase: 'ended'});
    renewed = Date.now();
    visitor.forget();
    start();
  }

  /** @type {Record<string, (body: any) => void>} */
  const heard = {
    'ticket.event': (event) => store.dispatch({type: 'event', event}),
    'ticket.read': ({ticket_id: id, side, seen, delivered}) => store.dispatch({type: 'marks', ticket_id: id, marks: {[side]: {seen, delivered}}}),
    'typing.updated': ({ticket_id: id, name, typing}) => {
      if (id === store.state.thread.ticket?.id) store.dispatch({type: 'typing', name, typing, now: Date.now()});
    },
    'availability.updated': (availability) => store.dispatch({type: 'availability', availability}),
    'queue.updated': (place) => store.dispatch({type: 'place', place}),
    'visitor.ended': () => {
      connection.stop();
      store.dispatch({type: 'phase', phase: 'ended'});
    },
  };

  /** @param {string} name @param {any} body */
  function onEvent(name, body) {
    heard[name]?.(body);
    void catchUp();
  }

  /** @returns {Promise<boolean>} whether the server answered */
  async function resync() {
    try {
      store.dispatch({type: 'snapshot', state: await transport.command('chat.resume')});
      later('loading');
      return await catchUp();
    } catch (error) {
      if (asRequestError(error).code === 'unauthenticated') refused('unauthenticated');
      return false;
    }
  }

  /**
   * Fetches what is missing before the newest event; `all` also what may have come since.
   * @param {boolean} [all]
   * @returns {Promise<boolean>} whether the server answered
   */
  async function catchUp(all = false) {
    if (filling) return true;
    filling = true;
    try {
      for (let more = all; more || store.state.thread.outdated || hasGap(store.state.thread);) {
        const {thread} = store.state;
        if (thread.outdated || !thread.ticket) {
          store.dispatch({type: 'snapshot', state: await transport.command('chat.resume')});
          break;
        }
        const replay = await transport.events({ticket: thread.ticket.id, after: thread.last, limit: PAGE});
        store.dispatch({type: 'replay', replay});
        more = replay.has_more && replay.events.length > 0;
        if (!replay.reset && store.state.thread.last === thread.last) break;
      }
      return true;
    } catch {
      later('again', () => void catchUp(), RETRY);
      return false;
    } finally {
      filling = false;
    }
  }

  async function poll() {
    const reached = store.state.phase === 'ready' ? await catchUp(true) : await resync();
    if (connection.state === 'online') return;
    showTrouble(reached ? 'fallback' : 'failed');
    if (reached) onReady();
    later('poll', poll, POLL);
  }

  async function start() {
    if (identifiedOnly && !visitor.isIdentified) return store.dispatch({type: 'phase', phase: 'identify'});
    if (store.state.phase !== 'ready') store.dispatch({type: 'phase', phase: 'loading'});
    later('loading', gaveUpLoading, GIVE_UP_LOADING);
    try {
      await visitor.token();
    } catch (error) {
      const {passing, code} = asRequestError(error);
      if (!passing) return store.dispatch({type: 'phase', phase: code === 'blocked' ? 'ended' : 'failed'});
    }
    connection.again();
  }

  async function older() {
    const {thread, loadingOlder} = store.state;
    const first = thread.events[0]?.seq;
    if (!thread.ticket || !thread.hasMore || loadingOlder || !first) return;
    store.dispatch({type: 'older_wanted'});
    const page_ = await transport.events({ticket: thread.ticket.id, before: first, limit: PAGE}).catch(() => null);
    store.dispatch({type: 'older', page: page_});
  }

  /** The links to files hold a quarter of an hour. @param {number} seq */
  async function refreshEvent(seq) {
    const {ticket} = store.state.thread;
    if (!ticket) return;
    const answer = await transport.events({ticket: ticket.id, after: seq - 1, limit: 1}).catch(() => null);
    const event = answer?.events.find((one) => one.seq === seq);
    if (event) store.dispatch({type: 'refreshed', event});
  }

  return {transport, start, resync, older, refreshEvent, catchUp, stop: () => connection.stop()};
}

/** @typedef {ReturnType<typeof createLive>} Live */
