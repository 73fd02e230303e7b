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
  const settings = Object.assign({}, script ? script.dataset : {});
  const texts = textsFor(settings.locale);
  const phone = window.matchMedia('(max-width:600px)');
  /** @type {Record<string, ((data: any) => void)[]>} */
  const listeners = {};
  /** @type {import('./frame.js').Frame | null} */
  let frame = null;
  let isOpen = false;
  /** @type {any} */
  let identity = null;
  /** @type {Element | null} */
  let opener = null;
  let overflow = '';

  const launcher = createLauncher(texts, settings, {toggle: () => (isOpen ? close() : open()), open: () => open()});

  /** @param {string} name @param {any} [data] */
  function emit(name, data) {
    for (const listener of listeners[name] || []) listener(data);
    window.dispatchEvent(new CustomEvent(`parley:${name}`, {detail: data}));
  }

  const page = () => ({url: location.href, title: document.title, referrer: document.referrer});

  function hello() {
    const fresh = kept.get('reset') === '1';
    kept.set('reset', null);
    return {token: identity ? null : kept.get('token'), page: page(), settings: {open: isOpen, identity, fresh}};
  }

  function mount() {
    if (frame) return frame;
    frame = createFrame({texts, hello, heard});
    launcher.box.prepend(frame.element);
    return frame;
  }

  /** @type {Record<string, (message: any) => void>} */
  const hears = {
    ready: () => emit('ready'),
    token: ({value}) => kept.set('token', value),
    unread({n}) {
      launcher.show({unread: n});
      emit('unread', n);
    },
    close: () => close(),
    open_chat: ({value}) => kept.set('open', value ? '1' : null),
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
    const view = window.visualViewport;
    const root = document.documentElement.style;
    const full = isOpen && phone.matches;
    if (full && root.overflow !== 'hidden') {
      overflow = root.overflow;
      root.setProperty('overflow', 'hidden');
    } else if (!full && root.overflow === 'hidden') root.setProperty('overflow', overflow);
    if (!view || !frame) return;
    frame.element.style.setProperty('--height', `${view.height}px`);
    frame.element.style.setProperty('--top', `${view.offsetTop}px`);
  }

  /** @param {{quietly?: boolean}} [how] quietly: the reader didn't ask, so the focus stays */
  function open({quietly = false} = {}) {
    if (isOpen) return;
    isOpen = true;
    if (!quietly) opener = document.activeElement;
    const {element, post} = mount();
    element.hidden = false;
    launcher.show({expanded: true});
    session.set('shown', '1');
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
    launcher.show({expanded: false});
    session.set('shown', null);
    fit();
    const back = opener instanceof HTMLElement && opener !== document.body && opener !== launcher.host && opener.isConnected ? opener : launcher.button;
    back.focus();
    emit('close');
  }

  /** @type {Record<string, (...more: any[]) => void>} */
  const commands = {
    open: () => open(),
    close,
    toggle: () => (isOpen ? close() : open()),
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
      else if (kept.get('open')) whenIdle(mount);
    },
    reset() {
      identity = null;
      kept.set('token', null);
      kept.set('open', null);
      if (frame) frame.post({type: 'reset'});
      else kept.set('reset', '1');
      launcher.show({unread: 0});
      emit('reset');
    },
  };

  /** @type {Parley} */
  const parley = (command, ...more) => {
    const act = commands[command];
    if (act) act(...more);
    else console.warn(`parley: there is no command "${command}"`);
  };

  /** A chat is going on: is there anything new in it? */
  async function catchUp() {
    const token = kept.get('token');
    if (!token || identity || frame) return;
    try {
      const answer = await fetch(`${PARLEY_CONFIG.base}/api/v1/chat/unread`, {headers: {Authorization: `Bearer ${token}`}, credentials: 'omit'});
      if (!answer.ok) return;
      const {unread, open: going} = await answer.json();
      launcher.show({unread});
      if (unread) emit('unread', unread);
      if (going) mount();
      else kept.set('open', null);
    } catch (offline) { /* the next page view asks again */ }
  }

  /** Some sites swap the whole document: we come back. The frame isn't moved otherwise, that would reload it. */
  function stay() {
    if (!launcher.host.isConnected) document.documentElement.append(launcher.host);
  }

  const moved = () => frame && frame.post({type: 'page', page: page()});

  /** @param {MouseEvent} event */
  function clicked(event) {
    const target = event.target instanceof Element ? event.target.closest('[data-parley-open]') : null;
    if (!target) return;
    event.preventDefault();
    open();
    opener = target;
  }

  const waiting = (w.parley && w.parley.q) || [];
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
  else for (const name of ['popstate', 'hashchange']) window.addEventListener(name, moved);
  phone.addEventListener('change', fit);
  for (const name of ['resize', 'scroll']) window.visualViewport && window.visualViewport.addEventListener(name, fit);
  for (const call of Array.from(waiting)) parley(.../** @type {[string]} */ (Array.from(call)));
  if (session.get('shown') && !phone.matches) open({quietly: true});
  else if (kept.get('open')) whenIdle(catchUp);
}

/** @param {() => unknown} act */
function whenIdle(act) {
  if (window.requestIdleCallback) window.requestIdleCallback(act, {timeout: 5000});
  else setTimeout(act, 1500);
}

if (!w.parley || !w.parley.loaded) start();
