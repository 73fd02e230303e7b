/**
 * Socket.IO on one websocket: protocol 5 over Engine.IO 4, one namespace, text only. The official client
 * weighs 13 KB, nearly all of it for transports and reconnecting that we don't use; this is the rest.
 * A socket lives once: `onEnd` is its last word, whether it never connected or was cut.
 */

import {RequestError} from './errors.js';

const ACK_TIMEOUT = 10_000;
const CONNECT_TIMEOUT = 15_000;
/** Engine.IO packets, then Socket.IO packets inside a message. */
const [OPEN, CLOSE, PING, MESSAGE] = ['0', '1', '2', '4'];
const [CONNECT, DISCONNECT, EVENT, ACK, REFUSED] = ['0', '1', '2', '3', '4'];

/** @typedef {{message?: string, data?: any}} Refusal */

/**
 * @param {object} options
 * @param {string} options.namespace
 * @param {() => object | Promise<object>} options.auth
 * @param {() => void} options.onConnect
 * @param {(name: string, body: any) => void} options.onEvent
 * @param {(refusal: Refusal | null) => void} options.onEnd not called after `close()`
 */
export function openSocket({namespace, auth, onConnect, onEvent, onEnd}) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`);
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: RequestError) => void, timer: ReturnType<typeof setTimeout>}>} */
  const asked = new Map();
  let count = 0;
  let connected = false;
  let over = false;
  let heard = Date.now();
  let silence = CONNECT_TIMEOUT;
  const patience = setTimeout(() => end(null), CONNECT_TIMEOUT);

  /** @param {string} kind @param {string} [content] */
  const send = (kind, content = '') => socket.send(`${MESSAGE}${kind}${namespace},${content}`);

  /** @param {Refusal | null} refusal */
  function end(refusal) {
    if (over) return;
    close();
    onEnd(refusal);
  }

  function close() {
    over = true;
    clearTimeout(patience);
    if (connected && socket.readyState === WebSocket.OPEN) send(DISCONNECT);
    connected = false;
    socket.close();
    for (const [id, {reject}] of asked) settle(id, () => reject(new RequestError('offline')));
  }

  /** @param {number} id @param {() => void} how */
  function settle(id, how) {
    clearTimeout(asked.get(id)?.timer);
    asked.delete(id);
    how();
  }

  /** The server's `{sid, pingInterval, pingTimeout}`: it pings, and is gone when it doesn't. @param {{pingInterval: number, pingTimeout: number}} hello */
  async function greet({pingInterval, pingTimeout}) {
    silence = pingInterval + pingTimeout;
    const who = await auth();
    if (!over) send(CONNECT, JSON.stringify(who));
  }

  /** @param {string} packet */
  function understand(packet) {
    const [, kind, id, content] = /^(\d)(?:[^,[{]*,)?(\d*)(.*)$/s.exec(packet) ?? [];
    const body = content ? JSON.parse(content) : null;
    if (kind === CONNECT) {
      connected = true;
      clearTimeout(patience);
      onConnect();
    } else if (kind === EVENT) onEvent(body[0], body[1]);
    else if (kind === ACK) {
      const one = asked.get(Number(id));
      if (one) settle(Number(id), () => one.resolve(body[0]));
    } else if (kind === REFUSED) end(body ?? {});
    else if (kind === DISCONNECT) end(null);
  }

  socket.onmessage = ({data}) => {
    if (over || typeof data !== 'string') return;
    heard = Date.now();
    const [kind, content] = [data[0], data.slice(1)];
    if (kind === OPEN) greet(JSON.parse(content)).catch(() => end(null));
    else if (kind === PING) socket.send('3');
    else if (kind === CLOSE) end(null);
    else if (kind === MESSAGE) understand(content);
  };
  socket.onclose = () => end(null);

  return {
    close,

    /** The line looks open and is dead. */
    get isSilent() {
      return Date.now() - heard > silence;
    },

    /** When something last came. */
    get heard() {
      return heard;
    },

    /**
     * Resolves with the server's acknowledgement.
     * @param {string} name
     * @param {object} payload
     * @returns {Promise<any>}
     */
    request(name, payload) {
      if (!connected) return Promise.reject(new RequestError('offline'));
      const id = (count += 1);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(id, () => reject(new RequestError('timeout'))), ACK_TIMEOUT);
        asked.set(id, {resolve, reject, timer});
        send(EVENT, id + JSON.stringify([name, payload]));
      });
    },

    /** Sends and expects nothing. @param {string} name @param {object} payload */
    notify(name, payload) {
      if (connected) send(EVENT, JSON.stringify([name, payload]));
    },
  };
}

/** @typedef {ReturnType<typeof openSocket>} LiveSocket */
