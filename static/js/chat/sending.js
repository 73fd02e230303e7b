/** Writing: drafts, files, the outbox, the form before the first message, typing. */

import {asRequestError} from '../shared/errors.js';
import {t} from '../shared/i18n.js';
import {createOutbox} from '../shared/outbox.js';
import {readJson, watch, writeJson} from '../shared/storage.js';
import {uuid} from '../shared/uuid.js';
import {acceptable, readableSize} from './files.js';
import {asksForEmail, checkForm, errorsByField, formFields} from './form-rules.js';

const DRAFT_AFTER = 500;
const TYPING_EVERY = 2_000;
const PARALLEL = 2;

/** @typedef {import('./types.js').Boot} Boot */
/** @typedef {import('./types.js').OutboxItem} OutboxItem */

/**
 * @param {object} options
 * @param {import('./live.js').ChatStore} options.store
 * @param {import('./live.js').Live} options.live
 * @param {Boot} options.boot
 * @param {(body: {direction: string, text: string}) => void} options.onSent
 */
export function createSending({store, live, boot, onSent}) {
  const {transport} = live;
  const draftKey = `parley:draft:chat:${boot.inbox.key}`;
  /** @type {Map<string, Blob>} */
  const blobs = new Map();
  /** @type {Map<string, {done: Promise<any>, cancel: () => void}>} */
  const uploads = new Map();
  /** @type {Set<string>} */
  const tried = new Set();
  let formId = uuid();
  let typedAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let draftTimer;

  const outbox = createOutbox({
    key: `chat:${boot.inbox.key}`,
    send: deliver,
    upload: (file, blob) => uploaded(file, blob),
    onChange: (items) => store.dispatch({type: 'pending', items}),
    onSent(item, result) {
      store.dispatch({type: 'event', ...result});
      void live.catchUp();
      onSent({direction: 'sent', text: item.payload.content});
    },
  });
  store.dispatch({type: 'pending', items: outbox.items()});
  restoreDraft();
  watch(draftKey, () => document.hasFocus() || restoreDraft());

  /** @param {OutboxItem} item @param {string[]} attachmentIds */
  async function deliver(item, attachmentIds) {
    const ticketId = item.payload.ticket_id ?? openTicket();
    try {
      return await transport.command('comment.create', {...item.payload, ticket_id: ticketId, client_id: item.client_id, attachment_ids: attachmentIds});
    } catch (cause) {
      const error = asRequestError(cause);
      if (error.code === 'invalid' && takeBack(item, errorsByField(error.detail))) outbox.remove(item.client_id);
      throw error;
    }
  }

  /**
   * The inbox asks for something that it didn't when the page was opened: the words go back to where they can be completed.
   * @param {OutboxItem} item
   * @param {Record<string, string>} errors
   */
  function takeBack(item, errors) {
    const asked = Object.keys(errors).filter((name) => name === 'consent' || name === 'email' || boot.inbox.prechat.some((field) => field.name === name));
    if (!asked.length) return false;
    void live.resync();
    if (asked.some((name) => name !== 'email' || boot.inbox.prechat.some((field) => field.name === 'email'))) {
      store.dispatch({type: 'form_needed', message: item.payload.content});
      store.dispatch({type: 'form_errors', errors});
    } else {
      store.dispatch({type: 'visitor', visitor: {email: null}});
      store.dispatch({type: 'draft', text: item.payload.content});
      store.dispatch({type: 'notice', text: errors.email});
    }
    return true;
  }

  function openTicket() {
    const {ticket} = store.state.thread;
    return ticket && (ticket.status !== 'ended' || ticket.can_reopen) ? ticket.id : null;
  }

  function restoreDraft() {
    const kept = readJson(draftKey);
    store.dispatch({type: 'draft', text: kept?.text ?? ''});
    if (kept?.message) store.dispatch({type: 'form_message', text: kept.message});
    for (const [name, value] of Object.entries(kept?.values ?? {})) store.dispatch({type: 'form_value', name, value});
  }

  function keepDraft() {
    clearTimeout(draftTimer);
    draftTimer = setTimeout(() => {
      const {draft, form} = store.state;
      const empty = !draft && !form.message && !Object.keys(form.values).length;
      writeJson(draftKey, empty ? null : {text: draft, message: form.message, values: form.values});
    }, DRAFT_AFTER);
  }

  /** @param {boolean} typing */
  function tellTyping(typing) {
    const ticketId = openTicket();
    if (!ticketId || (typing ? Date.now() - typedAt < TYPING_EVERY : !typedAt)) return;
    typedAt = typing ? Date.now() : 0;
    transport.notify('typing.update', {ticket_id: ticketId, typing});
  }

  /** @param {{id: string, name: string}} file @param {Blob} blob */
  function uploaded(file, blob) {
    let running = uploads.get(file.id);
    if (!running) {
      const started = transport.upload(file, blob, (share) => store.dispatch({type: 'progress', file: file.id, share}));
      running = {done: started.then(({done}) => done), cancel: () => void started.then(({cancel}) => cancel())};
      uploads.set(file.id, running);
      running.done.then(() => {}, () => uploads.delete(file.id));
    }
    return running.done;
  }

  /** Two at a time, in the order picked, each once: what has no luck goes with its message, later. */
  function uploadNext() {
    const waiting = store.state.files.filter((file) => !file.attachment && !file.error);
    const running = waiting.filter((file) => uploads.has(file.id)).length;
    for (const file of waiting.filter((one) => !tried.has(one.id)).slice(0, PARALLEL - running)) {
      const blob = blobs.get(file.id);
      if (!blob) continue;
      tried.add(file.id);
      uploaded(file, blob).then(
        (attachment) => store.dispatch({type: 'file_done', file: file.id, attachment}),
        (error) => asRequestError(error).passing || store.dispatch({type: 'file_failed', file: file.id, error: asRequestError(error).message}),
      ).finally(uploadNext);
    }
  }

  return {
    outbox,
    tellTyping,

    /** @param {string} text */
    type(text) {
      store.dispatch({type: 'draft', text});
      keepDraft();
      tellTyping(text.trim() !== '');
    },

    /** @param {Iterable<File>} picked */
    addFiles(picked) {
      const {fit, refused} = acceptable([...picked], store.state.files.length, boot.limits);
      for (const file of fit) blobs.set(file.id, file.blob);
      store.dispatch({type: 'files_added', files: fit.map(({blob: _, ...file}) => file)});
      const why = refused[0];
      if (why) store.dispatch({type: 'notice', text: t(why.reason, {name: why.name, size: readableSize(boot.limits.attachment_bytes), n: boot.limits.attachments_per_comment})});
      uploadNext();
    },

    /** @param {string} id */
    removeFile(id) {
      uploads.get(id)?.cancel();
      uploads.delete(id);
      blobs.delete(id);
      store.dispatch({type: 'file_removed', file: id});
    },

    /** @returns {boolean} whether it went into the outbox */
    send() {
      const {draft, files, email} = store.state;
      const content = draft.trim();
      if (!content && !files.length) return false;
      const problem = files.some((file) => file.error) ? t('remove_failed_files') : content.length > boot.limits.comment_chars ? t('too_long', {n: boot.limits.comment_chars}) : null;
      const wantsEmail = asksForEmail(store.state);
      if (problem || (wantsEmail && !/^\S+@\S+\.\S+$/.test(email.trim()))) {
        store.dispatch({type: 'notice', text: problem ?? t('email_needed')});
        return false;
      }
      for (const file of files) {
        const blob = blobs.get(file.id);
        if (blob && !file.attachment) void outbox.keepFile(file.id, blob);
      }
      if (wantsEmail) store.dispatch({type: 'visitor', visitor: {email: email.trim()}});
      store.dispatch({type: 'composed'});
      keepDraft();
      tellTyping(false);
      outbox.add({
        client_id: uuid(),
        payload: {ticket_id: openTicket(), content, ...(wantsEmail ? {prechat: {email: email.trim()}} : {})},
        files: files.map(({id, name, size, type, attachment}) => ({id, name, size, type, attachment})),
      });
      return true;
    },

    /** @param {string} name @param {string | boolean} value */
    fill(name, value) {
      store.dispatch({type: 'form_value', name, value});
      keepDraft();
    },

    /** @param {string} text */
    fillMessage(text) {
      store.dispatch({type: 'form_message', text});
      keepDraft();
    },

    /** The form before the first message. @returns {Promise<boolean>} whether the chat has begun */
    async begin() {
      const {form} = store.state;
      if (form.sending) return false;
      const fields = formFields(boot.inbox.prechat, store.state);
      const errors = checkForm(fields, form, boot.inbox.consent !== null, t);
      if (Object.keys(errors).length) {
        store.dispatch({type: 'form_errors', errors});
        return false;
      }
      store.dispatch({type: 'form_sending'});
      const answers = Object.fromEntries(fields.filter(({name}) => form.values[name] !== undefined).map(({name}) => [name, form.values[name]]));
      try {
        const result = await transport.command('comment.create', {
          ticket_id: null, client_id: formId, content: form.message.trim(), attachment_ids: [], prechat: answers,
          ...(boot.inbox.consent ? {consent: form.values.consent === true} : {}),
        });
        begun(result, form.message.trim(), typeof answers.email === 'string' ? answers.email : null);
        return true;
      } catch (cause) {
        return refusedForm(asRequestError(cause));
      }
    },
  };

  /** @param {any} result @param {string} text @param {string | null} email */
  function begun(result, text, email) {
    formId = uuid();
    store.dispatch({type: 'form_done'});
    if (email) store.dispatch({type: 'visitor', visitor: {email}});
    store.dispatch({type: 'event', ...result});
    keepDraft();
    void live.catchUp();
    onSent({direction: 'sent', text});
  }

  /** @param {import('../shared/errors.js').RequestError} error */
  function refusedForm(error) {
    // An earlier try did arrive, with other words: the chat has begun.
    if (error.code === 'client_id_reused') {
      formId = uuid();
      void live.resync();
    }
    const errors = errorsByField(error.detail);
    const known = Object.keys(errors).length > 0;
    store.dispatch({type: 'form_errors', errors, failure: known ? null : error.passing ? t('form_not_sent') : error.message});
    return false;
  }
}

/** @typedef {ReturnType<typeof createSending>} Sending */
