/**
 * The socket of a surface, with our own way of coming back: 1 s, then half as long again each time up to
 * 30 s, jittered so that a restarted server isn't met by everybody at once, and at once when the
 * computer wakes, the network returns or the reader looks at the tab.
 */

import {io as socketIo} from 'socket.io-client';

import {backoff} from './backoff.js';
import {errorFrom, RequestError} from './errors.js';

const ACK_TIMEOUT = 10_000;
/** The server pings every 15 s and waits 10: hearing nothing for longer means the line is dead. */
const SILENCE = 28_000;
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
 * @param {typeof socketIo} [options.io]
 */
export function connect({namespace, auth = () => ({}), onState, onEvent, io = socketIo}) {
  const socket = io(namespace, {
    transports: ['websocket'],
    reconnection: false,
    autoConnect: false,
    forceNew: true,
    auth: (give) => void Promise.resolve(auth()).then(give, () => give({})),
  });
  /** @type {ConnectionState} */
  let state = 'idle';
  /** @type {RequestError | null} */
  let error = null;
  let failures = 0;
  let heard = 0;
  let stopped = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let checks;

  /** @param {ConnectionState} next @param {RequestError | null} [why] */
  function become(next, why = null) {
    state = next;
    error = why;
    onState(state, {fallback: failures >= ATTEMPTS_BEFORE_FALLBACK, error});
  }

  function attempt() {
    clearTimeout(timer);
    if (stopped || state === 'online' || state === 'connecting') return;
    become('connecting');
    socket.connect();
  }

  function retryLater() {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(attempt, backoff(failures));
  }

  /** The line may look open and be dead: begin anew rather than wait for a time-out. */
  function restart() {
    if (stopped) return;
    socket.disconnect();
    state = 'offline';
    attempt();
  }

  function wake() {
    if (stopped || state === 'refused') return;
    if (state === 'online' && Date.now() - heard > SILENCE) restart();
    else if (state === 'offline') attempt();
  }

  function lookAgain() {
    if (document.visibilityState === 'visible') wake();
  }

  function listen() {
    addEventListener('online', wake);
    addEventListener('focus', wake);
    document.addEventListener('visibilitychange', lookAgain);
    checks = setInterval(() => state === 'online' && wake(), CHECK);
  }

  socket.on('connect', () => {
    failures = 0;
    heard = Date.now();
    socket.io.engine?.on('packet', () => {
      heard = Date.now();
    });
    become('online');
  });
  socket.on('connect_error', (why) => {
    const refusal = refusalOf(why);
    failures += 1;
    socket.disconnect();
    if (refusal && !PASSING.has(refusal.code)) return become('refused', refusal);
    become('offline', refusal);
    retryLater();
  });
  socket.on('disconnect', (reason) => {
    if (stopped || reason === 'io client disconnect') return;
    become('offline');
    retryLater();
  });
  socket.onAny((name, body) => onEvent(name, body));

  return {
    get state() {
      return state;
    },

    start() {
      if (!stopped) return;
      stopped = false;
      listen();
      attempt();
    },

    /** After `refused`: with a new token, say. */
    again() {
      failures = 0;
      if (stopped) return this.start();
      restart();
    },

    stop() {
      stopped = true;
      clearTimeout(timer);
      clearInterval(checks);
      removeEventListener('online', wake);
      removeEventListener('focus', wake);
      document.removeEventListener('visibilitychange', lookAgain);
      socket.disconnect();
      if (state !== 'idle') become('idle');
    },

    /**
     * Sends a command; resolves with the answer's data, rejects with a RequestError.
     * @param {string} name
     * @param {object} [payload]
     * @returns {Promise<any>}
     */
    request(name, payload = {}) {
      if (!socket.connected) return Promise.reject(new RequestError('offline'));
      const asked = Date.now();
      return new Promise((resolve, reject) => {
        socket.timeout(ACK_TIMEOUT).emit(name, payload, (/** @type {Error | null} */ failure, /** @type {any} */ answer) => {
          if (answer?.ok) return resolve(answer.data);
          if (!failure) return reject(errorFrom(answer?.error));
          reject(new RequestError(socket.connected ? 'timeout' : 'offline'));
          if (socket.connected && heard < asked) restart();
        });
      });
    },

    /** Sends what is worthless later (typing); dropped when there's no line. @param {string} name @param {object} payload */
    notify(name, payload) {
      if (socket.connected) socket.volatile.emit(name, payload);
    },
  };
}

/** @typedef {ReturnType<typeof connect>} Connection */

/**
 * What the server said no with; null when it said nothing, because the network failed.
 * @param {Error & {type?: string, data?: any}} why
 */
function refusalOf(why) {
  if (why.type === 'TransportError' || why.message === 'timeout' || why.message === 'websocket error') return null;
  return errorFrom(why.data ?? {code: 'forbidden', message: why.message});
}
