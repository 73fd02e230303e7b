/** The chat page, on its own or in the widget's frame. */

import {render} from 'lit/html.js';

import {setTitle} from '../shared/badge.js';
import {regional, t, useStrings} from '../shared/i18n.js';
import {createStore} from '../shared/store.js';
import {initialState, reduce} from './chat-state.js';
import {createEffects} from './effects.js';
import {findHost, ownPage, pageOf} from './host.js';
import {createLive} from './live.js';
import {createScroll} from './scroll.js';
import {createSending} from './sending.js';
import {createUi} from './ui.js';
import {page} from './view-page.js';
import {createVisitor} from './visitor.js';

/** @typedef {import('./types.js').Boot} Boot */

const boot = /** @type {Boot} */ (JSON.parse(document.querySelector('#boot')?.textContent ?? '{}'));
const root = /** @type {HTMLElement} */ (document.querySelector('#chat'));

async function start() {
  const {inbox, locale, strings, availability, origins} = boot;
  useStrings(regional(locale), strings);
  document.documentElement.style.setProperty('--brand', inbox.colour);
  document.documentElement.style.setProperty('--brand-on', inbox.on_colour);
  const host = await findHost(origins);
  let where = host?.page ?? ownPage();
  const embedded = host !== null;
  document.documentElement.toggleAttribute('data-embedded', embedded);
  const store = createStore(reduce, initialState({availability, open: !embedded || host.settings.open === true, visible: document.visibilityState === 'visible'}));
  const visitor = createVisitor({inboxKey: inbox.key, locale, host, page: () => where});
  const live = createLive({store, visitor, page: () => where, identifiedOnly: inbox.identified_only, onReady: () => void sending.outbox.flush()});
  const sending = createSending({store, live, boot, onSent: (data) => host?.post({type: 'event', name: 'message', data})});
  const effects = createEffects({store, transport: live.transport, host, inboxKey: inbox.key});
  const scroll = createScroll(store, () => void live.older());
  const ui = createUi({store, boot, live, sending, effects, scroll, host, redraw: draw});
  let waitsForOpening = false;
  setTitle(inbox.name, 0);

  function draw() {
    ui.noteAges();
    scroll.keep(() => render(page(store.state, ui), root));
    grow();
  }

  store.subscribe(draw);
  draw();
  listen(store, ui, sending);
  host?.listen(async ({type, ...body}) => {
    if (type === 'open') {
      store.dispatch({type: 'open', open: true});
      if (waitsForOpening) await live.start();
      waitsForOpening = false;
      if (!body.quietly) requestAnimationFrame(ui.focusComposer);
    } else if (type === 'close') store.dispatch({type: 'open', open: false});
    else if (type === 'page') {
      where = pageOf(body.page);
      live.transport.notify('page.update', {url: where.url, title: where.title});
    } else if (type === 'identify') await identify(body.value);
    else if (type === 'reset') await reset();
  });

  /** @param {any} identity */
  async function identify(identity) {
    try {
      store.dispatch({type: 'visitor', visitor: await visitor.identify(identity)});
      host?.post({type: 'event', name: 'identify', data: {}});
    } catch (error) {
      host?.post({type: 'error', value: error instanceof Error ? error.message : String(error)});
    }
    await live.start();
  }

  async function reset() {
    live.stop();
    visitor.reset();
    for (const item of sending.outbox.items()) sending.outbox.remove(item.client_id);
    store.dispatch({type: 'new_chat'});
    sending.type('');
    // Nobody knows yet whether the next person will want to chat.
    waitsForOpening = !store.state.open;
    if (store.state.open) await live.start();
  }

  const link = host ? null : location.hash.match(/^#continue=(.+)/)?.[1];
  if (link) {
    history.replaceState(null, '', location.pathname);
    await visitor.goOn(decodeURIComponent(link)).catch(() => store.dispatch({type: 'notice', text: t('link_expired')}));
  }
  host?.post({type: 'ready'});
  if (host?.settings.identity) await identify(host.settings.identity);
  else await live.start();
}

/** @param {() => void} act */
const afterDrawing = (act) => requestAnimationFrame(() => requestAnimationFrame(act));

/** Browsers without `field-sizing` need telling how tall the text is. */
function grow() {
  if (CSS.supports('field-sizing', 'content')) return;
  const area = /** @type {HTMLTextAreaElement | null} */ (document.querySelector('#composer'));
  if (!area) return;
  area.style.setProperty('block-size', 'auto');
  area.style.setProperty('block-size', `${area.scrollHeight}px`);
}

/**
 * @param {import('./live.js').ChatStore & {watch: (watcher: (state: any, before: any) => void) => unknown}} store
 * @param {import('./ui.js').Ui} ui
 * @param {import('./sending.js').Sending} sending
 */
function listen(store, ui, sending) {
  document.addEventListener('visibilitychange', () => store.dispatch({type: 'visible', visible: document.visibilityState === 'visible'}));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.isComposing) return;
    if (store.state.completion) store.dispatch({type: 'completion', completion: null});
    else if (store.state.popup) {
      ui.popup(store.state.popup);
      ui.focusComposer();
    } else ui.close();
  });
  document.addEventListener('pointerdown', ({target}) => {
    const {popup} = store.state;
    if (popup && !(target instanceof Element && target.closest('[data-popup]'))) ui.popup(popup);
  });
  store.watch((state, before) => {
    if (state.phase === 'ready' && before.phase !== 'ready' && state.open && document.hasFocus()) afterDrawing(ui.focusComposer);
    if (state.popup && state.popup !== before.popup) afterDrawing(() => /** @type {HTMLElement | null} */ (root.querySelector('[data-popup] [data-focus], [data-popup].menu button'))?.focus());
  });
  listenForFiles(store, sending);
}

/** Files may be dropped anywhere on the page. @param {import('./live.js').ChatStore} store @param {import('./sending.js').Sending} sending */
function listenForFiles(store, sending) {
  const canTake = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') && document.querySelector('#composer') !== null;
  document.addEventListener('dragover', (event) => {
    if (!canTake(event)) return;
    event.preventDefault();
    store.dispatch({type: 'dragging', dragging: true});
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) store.dispatch({type: 'dragging', dragging: false});
  });
  document.addEventListener('drop', (event) => {
    if (!canTake(event)) return;
    event.preventDefault();
    store.dispatch({type: 'dragging', dragging: false});
    sending.addFiles(event.dataTransfer?.files ?? []);
  });
}

void start();
