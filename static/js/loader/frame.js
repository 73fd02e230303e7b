/// <reference path="./config.d.ts" />
/** The frame with the chat, and the port to it. Only our own origin, and only this frame, is listened to. */

import {make} from './launcher.js';

/** @typedef {{type: string, [more: string]: any}} Message */

/**
 * @param {object} options
 * @param {import('./texts.js').Texts} options.texts
 * @param {() => object} options.hello token, page and settings at the moment of the handshake
 * @param {(message: Message) => void} options.heard
 */
export function createFrame({texts, hello, heard}) {
  const origin = new URL(PARLEY_CONFIG.base).origin;
  const frame = /** @type {HTMLIFrameElement} */ (make('iframe', {
    id: 'parley-frame',
    class: 'frame',
    title: texts.t('title'),
    allow: 'clipboard-write',
    src: `${PARLEY_CONFIG.base}/chat/${PARLEY_CONFIG.key}?locale=${texts.locale}`,
  }));
  frame.hidden = true;
  /** @type {MessagePort | null} */
  let port = null;
  let ready = false;
  /** @type {Message[]} */
  let waiting = [];

  /** @param {MessageEvent} event */
  function listening(event) {
    if (event.source !== frame.contentWindow || event.origin !== origin || !event.data || event.data.type !== 'parley:listening') return;
    // A frame that was moved in the page loads again and says so again.
    if (port) port.close();
    const channel = new MessageChannel();
    port = channel.port1;
    ready = false;
    port.onmessage = ({data}) => {
      if (data && data.type === 'ready') {
        ready = true;
        for (const message of waiting.splice(0)) post(message);
      }
      if (data && typeof data.type === 'string') heard(data);
    };
    /** @type {Window} */ (frame.contentWindow).postMessage({type: 'parley:hello', ...hello()}, origin, [channel.port2]);
  }
  window.addEventListener('message', listening);

  /** @param {Message} message */
  function post(message) {
    if (ready && port) port.postMessage(message);
    else waiting.push(message);
  }

  return {element: frame, post};
}

/** @typedef {ReturnType<typeof createFrame>} Frame */
