/**
 * A surface's line to the server, with its way of coming back: 1 s, then half as long again each time up to
 * 30 s, jittered so that a restarted server isn't met by everybody at once, and at once when the
 * computer wakes, the network returns or the reader looks at the tab.
 */

import {backoff} from './backoff.js';
import {errorFrom, RequestError} from './errors.js';
import {openSocket} from './socket.js';

const CHECK = 10_000;
/** A network that lets no websocket through fails at once and always; after this many the surface uses REST. */
const ATTEMPTS_BEFORE_FALLBACK = 3;
/** Refusals that pass by themselves. */
const PASSING = new Set(['unavailable', 'rate_limited', 'internal']);

/** @typedef {'idle' | 'connecting' | 'online' | 'offline' | 'refused'} ConnectionState */
/** @typedef {{fallback: boolean, error: RequestError | null}} ConnectionInfo */

/**
 * @param {object} options
 * @param {string} options.namespace `/chat` or `/agent`
 * @param {() => object | Promise<object>} [options.auth] asked before each attempt
 * @param {(state: ConnectionState, info: ConnectionInfo) => void} options.onState
 * @param {(name: string, body: any) => void} options.onEvent every event the server pushes
 */
export function connect({namespace, auth = () => ({}), onState, onEvent}) {
  /** @type {import('./socket.js').LiveSocket | null} */
  let socket = null;
  /** @type {ConnectionState} */
  let state = 'idle';
  let failures = 0;
  /** @type {number | null} when a restarting server wants us back, in milliseconds */
  let invited = null;
  let stopped = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let checks;

  /** @param {ConnectionState} next @param {RequestError | null} [error] */
  function become(next, error = null) {
    state = next;
    onState(state, {fallback: failures >= ATTEMPTS_BEFORE_FALLBACK, error});
  }

  function attempt() {
    clearTimeout(timer);
    if (stopped || state === 'online' || state === 'connecting') return;
    become('connecting');
    socket = openSocket({namespace, auth, onConnect: connected, onEvent: heard, onEnd: ended});
  }

  function connected() {
    failures = 0;
    become('online');
  }

  /** @param {string} name @param {any} body */
  function heard(name, body) {
    if (name === 'server.restarting') invited = body.retry_in * 1000;
    else onEvent(name, body);
  }

  /** @param {import('./socket.js').Refusal | null} refusal */
  function ended(refusal) {
    const error = refusal && errorFrom(refusal.data ?? {code: 'forbidden', message: refusal.message});
    if (state !== 'online') failures += 1;
    if (error && !PASSING.has(error.code)) return become('refused', error);
    become('offline', error);
    timer = setTimeout(attempt, invited ?? backoff(failures));
    invited = null;
  }

  /** Begins anew rather than wait for a time-out. */
  function restart() {
    if (stopped) return;
    socket?.close();
    state = 'offline';
    attempt();
  }

  function wake() {
    if (state === 'online' && socket?.isSilent) restart();
    else if (state === 'offline') attempt();
  }

  function lookAgain() {
    if (document.visibilityState === 'visible') wake();
  }

  /** @param {typeof addEventListener | typeof removeEventListener} change */
  function listen(change) {
    change('online', wake);
    change('focus', wake);
    change('visibilitychange', lookAgain, true);
  }

  function start() {
    if (!stopped) return;
    stopped = false;
    listen(addEventListener);
    checks = setInterval(() => state === 'online' && wake(), CHECK);
    attempt();
  }

  return {
    get state() {
      return state;
    },

    start,

    /** After `refused`: with a new token, say. */
    again() {
      failures = 0;
      if (stopped) start();
      else restart();
    },

    stop() {
      stopped = true;
      clearTimeout(timer);
      clearInterval(checks);
      listen(removeEventListener);
      socket?.close();
      if (state !== 'idle') become('idle');
    },

    /**
     * Sends a command; resolves with the answer's data, rejects with a RequestError.
     * @param {string} name
     * @param {object} [payload]
     * @returns {Promise<any>}
     */
    async request(name, payload = {}) {
      if (!socket) throw new RequestError('offline');
      const [line, asked] = [socket, Date.now()];
      const answer = await line.request(name, payload).catch((error) => {
        if (error.code === 'timeout' && line === socket && line.heard < asked) restart();
        throw error;
      });
      if (answer?.ok) return answer.data;
      throw errorFrom(answer?.error);
    },

    /** Sends what is worthless later (typing); dropped when there's no line. @param {string} name @param {object} payload */
    notify(name, payload) {
      socket?.notify(name, payload);
    },
  };
}

/** @typedef {ReturnType<typeof connect>} Connection */
