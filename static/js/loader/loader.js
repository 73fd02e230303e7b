/// <reference path="./config.d.ts" />
/**
 * What a site includes: one queueing function `parley(command, ...)`, a button, and the chat in a frame that
 * is made when it's first needed. A visitor who never opens it costs this one script.
 */

import {createFrame} from './frame.js';
import {kept, session} from './kept.js';
import {createLauncher} from './launcher.js';
import {texts as textsFor} from './texts.js';

/** @typedef {{(command: string, ...more: any[]): void, q?: ArrayLike<any>[], loaded?: boolean}} Parley */

const w = /** @type {Window & {parley?: Parley, navigation?: EventTarget}} */ (window);

function start() {
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const settings = script ? script.dataset : {};
  const texts = textsFor(settings.locale);
  const view = window.visualViewport;
  const phone = matchMedia('(max-width:600px)');
  /** @type {Record<string, ((data: any) => void)[]>} */
  const listeners = {};
  /** @type {import('./frame.js').Frame | null} */
  let frame = null;
  let isOpen = false;
  /** @type {any} */
  let identity = null;
  /** @type {Element | null} */
  let opener = null;
  /** @type {string | null} the page's own, while it is locked */
  let overflow = null;

  const launcher = createLauncher(texts, settings, toggle);

  /** @param {string} name @param {any} [data] */
  function emit(name, data) {
    for (const listener of listeners[name] || []) listener(data);
    dispatchEvent(new CustomEvent(`parley:${name}`, {detail: data}));
  }

  const page = () => ({url: location.href, title: document.title, referrer: document.referrer});

  function hello() {
    const fresh = kept('reset') === '1';
    kept('reset', null);
    return {token: identity ? null : kept('token'), page: page(), settings: {open: isOpen, identity, fresh}};
  }

  function mount() {
    if (frame) return frame;
    frame = createFrame({texts, hello, heard});
    launcher.box.prepend(frame.element);
    return frame;
  }

  /** @param {{n: number}} message */
  function unread({n}) {
    launcher.count(n);
    emit('unread', n);
  }

  /** @type {Record<string, (message: any) => void>} */
  const hears = {
    ready: () => emit('ready'),
    token: ({value}) => kept('token', value),
    unread,
    close: () => close(),
    open_chat: ({value}) => kept('open', value ? '1' : null),
    event({name, data}) {
      if (name === 'message' && data.direction === 'received') launcher.preview(data);
      emit(name, data);
    },
    error: ({value}) => emit('error', value),
  };

  /** @param {import('./frame.js').Message} message */
  function heard(message) {
    const hear = hears[message.type];
    if (hear) hear(message);
  }

  /** Full-screen on a phone: the page behind must not scroll, the frame ends above the keyboard. */
  function fit() {
    const page = document.documentElement.style;
    const full = isOpen && phone.matches;
    if (full === (overflow === null)) {
      const before = overflow;
      overflow = full ? page.overflow : null;
      page.overflow = full ? 'hidden' : before || '';
    }
    if (!view || !frame) return;
    const {style} = frame.element;
    style.setProperty('--height', `${view.height}px`);
    style.setProperty('--top', `${view.offsetTop}px`);
  }

  /** @param {{quietly?: boolean}} [how] quietly: the reader didn't ask, so the focus stays */
  function open({quietly = false} = {}) {
    if (isOpen) return;
    isOpen = true;
    opener = quietly || document.activeElement === launcher.host ? null : document.activeElement;
    const {element, post} = mount();
    element.hidden = false;
    launcher.expand(true);
    session('shown', '1');
    fit();
    post({type: 'open', quietly});
    if (!quietly) element.focus();
    emit('open');
  }

  function close() {
    if (!isOpen || !frame) return;
    isOpen = false;
    frame.element.hidden = true;
    frame.post({type: 'close'});
    launcher.expand(false);
    session('shown', null);
    fit();
    const back = opener instanceof HTMLElement && opener !== document.body && opener.isConnected ? opener : launcher.button;
    back.focus();
    emit('close');
  }

  function toggle() {
    if (isOpen) close();
    else open();
  }

  /** @type {Record<string, (...more: any[]) => void>} */
  const commands = {
    open: () => open(),
    close,
    toggle,
    show() {
      launcher.button.hidden = false;
    },
    hide() {
      close();
      launcher.button.hidden = true;
    },
    on(name, listener) {
      (listeners[name] = listeners[name] || []).push(listener);
    },
    off(name, listener) {
      listeners[name] = (listeners[name] || []).filter((one) => listener && one !== listener);
    },
    identify(value) {
      if (!value) return commands.reset && commands.reset();
      identity = value;
      if (frame) frame.post({type: 'identify', value});
      else if (kept('open')) whenIdle(mount);
    },
    reset() {
      identity = null;
      kept('token', null);
      kept('open', null);
      // The frame has a copy of its own, which it drops now or when it's next made.
      kept('reset', '1');
      if (frame) frame.post({type: 'reset'});
      launcher.count(0);
      emit('reset');
    },
  };

  /** @type {Parley} */
  const parley = (command, ...more) => {
    const act = commands[command];
    if (act) act(...more);
    else console.warn(`parley: no command "${command}"`);
  };

  /** A chat is going on: is there anything new in it? */
  async function catchUp() {
    const token = kept('token');
    if (!token || identity || frame) return;
    try {
      const answer = await fetch(`${PARLEY_CONFIG.base}/api/v1/chat/unread`, {headers: {Authorization: `Bearer ${token}`}, credentials: 'omit'});
      const {unread: n, open: going} = await answer.json();
      if (!answer.ok) return;
      unread({n});
      if (going) mount();
      else kept('open', null);
    } catch (offline) { /* the next page view asks again */ }
  }

  /** Some sites swap the whole document: we come back. The frame isn't moved otherwise, that would reload it. */
  function stay() {
    if (!launcher.host.isConnected) document.documentElement.append(launcher.host);
  }

  const moved = () => frame && frame.post({type: 'page', page: page()});

  /** @param {Event} event */
  function clicked(event) {
    const target = /** @type {Element} */ (event.target).closest('[data-parley-open]');
    if (!target) return;
    event.preventDefault();
    open();
    opener = target;
  }

  const {q} = w.parley || {};
  parley.loaded = true;
  w.parley = parley;
  stay();
  const observer = new MutationObserver(() => {
    observer.observe(document.documentElement, {childList: true});
    stay();
  });
  observer.observe(document, {childList: true});
  observer.observe(document.documentElement, {childList: true});
  document.addEventListener('click', clicked);
  launcher.box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  if (w.navigation) w.navigation.addEventListener('currententrychange', () => setTimeout(moved));
  else addEventListener('popstate', moved);
  phone.addEventListener('change', fit);
  if (view) for (const name of ['resize', 'scroll']) view.addEventListener(name, fit);
  for (const call of q || []) parley(.../** @type {[string]} */ (Array.from(call)));
  if (session('shown') && !phone.matches) open({quietly: true});
  else if (kept('open')) whenIdle(catchUp);
}

/** @param {() => unknown} act */
function whenIdle(act) {
  if ('requestIdleCallback' in window) requestIdleCallback(act);
  else setTimeout(act, 1500);
}

if (!w.parley || !w.parley.loaded) start();
