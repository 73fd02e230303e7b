/// <reference path="./config.d.ts" />
/** The frame with the chat, and the port to it. Only our own origin, and only this frame, is listened to. */

import {make} from './launcher.js';

/** @typedef {{type: string, [more: string]: any}} Message */

/**
 * @param {object} options
 * @param {import('./texts.js').Texts} options.texts
 * @param {() => object} options.hello token, page and settings: all that was said before the handshake
 * @param {(message: Message) => void} options.heard
 */
export function createFrame({texts, hello, heard}) {
  const {base, key} = PARLEY_CONFIG;
  const {origin} = new URL(base);
  const frame = /** @type {HTMLIFrameElement} */ (make('iframe', {
    id: 'parley-frame',
    class: 'frame',
    title: texts.t('title'),
    hidden: '',
    src: `${base}/chat/${key}?l=${texts.locale}`,
  }));
  /** @type {MessagePort | null} */
  let port = null;

  // A frame that was moved in the page loads again, and says again that it listens.
  addEventListener('message', ({source, origin: sender, data}) => {
    if (source !== frame.contentWindow || sender !== origin || !data || data.type !== 'parley:listening') return;
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = (event) => heard(event.data);
    /** @type {Window} */ (frame.contentWindow).postMessage({type: 'parley:hello', ...hello()}, origin, [channel.port2]);
  });

  return {
    element: frame,
    /** @param {Message} message */
    post: (message) => port && port.postMessage(message),
  };
}

/** @typedef {ReturnType<typeof createFrame>} Frame */
