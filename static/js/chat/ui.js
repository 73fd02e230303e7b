/** What the views' handlers do. */

import {t} from '../shared/i18n.js';
import {getBlob} from '../shared/blobs.js';
import {completionAt} from './emoji.js';

/** @typedef {import('./types.js').Boot} Boot */
/** @typedef {import('./types.js').ChatEvent} ChatEvent */
/** @typedef {ReturnType<typeof createUi>} Ui */

const COLUMNS = 8;
const RENEW_EVERY = 60_000;

/**
 * @param {object} parts
 * @param {import('./live.js').ChatStore} parts.store
 * @param {Boot} parts.boot
 * @param {import('./live.js').Live} parts.live
 * @param {import('./sending.js').Sending} parts.sending
 * @param {ReturnType<typeof import('./effects.js').createEffects>} parts.effects
 * @param {ReturnType<typeof import('./scroll.js').createScroll>} parts.scroll
 * @param {import('./host.js').Host | null} parts.host
 * @param {() => void} parts.redraw
 */
export function createUi({store, boot, live, sending, effects, scroll, host, redraw}) {
  /** @type {Map<string, string | null>} */
  const previews = new Map();
  /** @type {WeakMap<ChatEvent, number>} */
  const seen = new WeakMap();
  /** @type {Map<number, number>} */
  const renewed = new Map();

  const box = () => /** @type {HTMLTextAreaElement | null} */ (document.querySelector('#composer'));

  function focusComposer() {
    const target = box();
    if (target && matchMedia('(pointer: fine)').matches) target.focus();
    else document.querySelector('h1')?.focus();
  }

  /** The thumbnails of the chips are those of the bubbles. */
  function submit() {
    for (const file of store.state.files) previews.set(file.id, file.preview);
    return sending.send();
  }

  /** @param {string} text @param {number} from @param {number} to */
  function replace(text, from, to) {
    const area = box();
    if (!area) return;
    area.setRangeText(text, from, to, 'end');
    sending.type(area.value);
    area.focus();
  }

  function complete(/** @type {Event} */ event, /** @type {number} */ index) {
    event.preventDefault();
    const area = box();
    const {completion} = store.state;
    const sign = completion?.matches[index]?.[1];
    if (!area || !completion || !sign) return;
    replace(`${sign} `, completion.from, area.selectionStart);
    store.dispatch({type: 'completion', completion: null});
  }

  /** Arrows, Enter and Tab choose among the shortcodes while they're listed. @param {KeyboardEvent} event */
  function chooses(event) {
    const {completion} = store.state;
    if (!completion || completion.chosen < 0) return false;
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) {
      const chosen = (completion.chosen + step + completion.matches.length) % completion.matches.length;
      store.dispatch({type: 'completion', completion: {...completion, chosen}});
      event.preventDefault();
    } else if (event.key === 'Enter' || event.key === 'Tab') complete(event, completion.chosen);
    else return false;
    return true;
  }

  /** Links hold a quarter of an hour: an old one is renewed, then followed. @param {MouseEvent} event @param {number} seq @param {string} id @param {number} holds */
  async function openFile(event, seq, id, holds) {
    const found = store.state.thread.events.find((one) => one.seq === seq);
    if (!found || Date.now() - (seen.get(found) ?? 0) < holds) return;
    event.preventDefault();
    await live.refreshEvent(seq);
    const file = store.state.thread.events.find((one) => one.seq === seq)?.comment?.attachments.find((one) => one.id === id);
    if (file) window.open(file.url, '_blank', 'noopener');
  }

  return {
    boot,
    live,
    sending,
    effects,
    host,
    complete,
    openFile,
    focusComposer,
    scrolled: scroll.scrolled,

    /** Remembers when each event's links were given. */
    noteAges() {
      for (const event of store.state.thread.events) if (!seen.has(event)) seen.set(event, Date.now());
    },

    /** @param {number} seq */
    imageFailed(seq) {
      if (Date.now() - (renewed.get(seq) ?? 0) < RENEW_EVERY) return;
      renewed.set(seq, Date.now());
      void live.refreshEvent(seq);
    },

    /** A thumbnail of a file that is still on its way. @param {string} id @returns {string | null} */
    previewOf(id) {
      if (previews.has(id)) return previews.get(id) ?? null;
      previews.set(id, null);
      void getBlob(id).then((blob) => {
        if (!blob || !/^image\/(png|jpeg|gif|webp|avif)$/.test(blob.type)) return;
        previews.set(id, URL.createObjectURL(blob));
        redraw();
      });
      return null;
    },

    toEnd() {
      store.dispatch({type: 'scrolled', atEnd: true});
      scroll.toEnd();
    },

    /** @param {'menu' | 'emoji' | 'end'} popup */
    popup(popup) {
      store.dispatch({type: 'popup', popup});
    },

    close() {
      host?.post({type: 'close'});
    },

    toggleSound() {
      effects.sound.mute(!effects.sound.muted);
      redraw();
    },

    /** @param {Event} event */
    send(event) {
      event.preventDefault();
      if (submit()) box()?.focus();
      else if (store.state.notice && document.querySelector('#email')) /** @type {HTMLElement} */ (document.querySelector('#email')).focus();
    },

    /** @param {SubmitEvent} event */
    async begin(event) {
      event.preventDefault();
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (await sending.begin()) return requestAnimationFrame(focusComposer);
      requestAnimationFrame(() => /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid=true]'))?.focus());
    },

    /** @param {InputEvent & {target: HTMLTextAreaElement}} event */
    typed({target}) {
      sending.type(target.value);
      const completion = completionAt(target.value, target.selectionStart);
      const [only] = completion?.chosen === -1 ? completion.matches : [];
      if (completion && only) replace(only[1], completion.from, target.selectionStart);
      store.dispatch({type: 'completion', completion: only ? null : completion});
    },

    /** @param {KeyboardEvent} event */
    keyed(event) {
      if (event.isComposing || chooses(event)) return;
      // Where one types with a thumb, Enter is a new line and the button sends.
      if (event.key !== 'Enter' || event.shiftKey || !matchMedia('(pointer: fine)').matches) return;
      event.preventDefault();
      submit();
    },

    blurred() {
      sending.tellTyping(false);
      store.dispatch({type: 'completion', completion: null});
    },

    /** @param {ClipboardEvent} event */
    pasted(event) {
      const files = event.clipboardData?.files;
      if (!files?.length) return;
      event.preventDefault();
      sending.addFiles(files);
    },

    pickFiles() {
      /** @type {HTMLInputElement | null} */ (document.querySelector('#files'))?.click();
    },

    /** @param {Event & {target: HTMLInputElement}} event */
    picked({target}) {
      sending.addFiles(target.files ?? []);
      target.value = '';
      box()?.focus();
    },

    /** @param {{target: HTMLInputElement}} event */
    emailTyped({target}) {
      store.dispatch({type: 'email', text: target.value});
    },

    /** @param {string} sign */
    insert(sign) {
      const area = box();
      if (area) replace(sign, area.selectionStart, area.selectionEnd);
      store.dispatch({type: 'popup', popup: null});
    },

    /** @param {KeyboardEvent} event */
    pickerKeyed(event) {
      const buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.picker button')]);
      const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      const forward = document.dir === 'rtl' ? -1 : 1;
      const step = {ArrowRight: forward, ArrowLeft: -forward, ArrowDown: COLUMNS, ArrowUp: -COLUMNS, Home: -at, End: buttons.length - 1 - at}[event.key];
      if (step === undefined) return;
      event.preventDefault();
      buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
    },

    mailTranscript() {
      const {thread, visitor} = store.state;
      store.dispatch({type: 'popup', popup: null});
      const say = (/** @type {string} */ text) => store.dispatch({type: 'notice', text});
      void live.transport.mailTranscript(thread.ticket?.id ?? '').then(
        () => say(t('transcript_sent', {email: visitor?.email ?? ''})),
        () => say(t('transcript_failed')),
      );
    },

    async endChat() {
      const {ticket} = store.state.thread;
      store.dispatch({type: 'popup', popup: null});
      if (!ticket) return;
      await live.transport.command('ticket.end', {ticket_id: ticket.id}).then(() => live.catchUp(true), (error) => store.dispatch({type: 'notice', text: error.message}));
    },

    newChat() {
      store.dispatch({type: 'new_chat'});
      requestAnimationFrame(focusComposer);
    },
  };
}
