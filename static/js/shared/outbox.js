/**
 * What was written and isn't yet known to have arrived. Each item has its own key in localStorage, so
 * tabs never overwrite one another's. Items go in order, one at a time, in one tab at a time, always
 * with the same `client_id`, so that sending twice is the same as sending once.
 */

import {backoff} from './backoff.js';
import {dropBlob, getBlob, putBlob} from './blobs.js';
import {asRequestError, RequestError} from './errors.js';
import {keys, readJson, watch, writeJson} from './storage.js';
import {exclusively} from './tabs.js';

/** A server that fails on one message must not hold up the others for ever. */
const MAX_INTERNAL = 5;

/** @typedef {{id: string, name: string, size: number, type: string, attachment: any | null}} OutboxFile */
/**
 * @typedef {object} OutboxItem
 * @property {string} client_id
 * @property {number} at when it was written, ms
 * @property {'sending' | 'failed'} state
 * @property {{code: string, message: string, detail: any[], current: any} | null} error why it failed
 * @property {any} payload the command's body, without `client_id` and `attachment_ids`
 * @property {OutboxFile[]} files in order; those with an `attachment` are uploaded
 */

/**
 * @param {object} options
 * @param {string} options.key the surface's and the person's: `chat:<inbox>:<visitor>`
 * @param {(item: OutboxItem, attachmentIds: string[]) => Promise<any>} options.send
 * @param {(file: OutboxFile, blob: Blob, onProgress: (share: number) => void) => Promise<any>} [options.upload] gives the Attachment
 * @param {(items: OutboxItem[]) => void} options.onChange
 * @param {(item: OutboxItem, result: any) => void} options.onSent called before the item leaves the list
 * @param {(clientId: string, fileId: string, share: number) => void} [options.onProgress]
 * @param {(items: OutboxItem[]) => OutboxItem[]} [options.ready] which may go now; all by default
 */
export function createOutbox({key, send, upload, onChange, onSent, onProgress, ready = (items) => items}) {
  const prefix = `parley:outbox:${key}:`;
  let flushing = false;
  let again = false;
  let stopped = false;
  let failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Map<string, number>} */
  const internal = new Map();

  /** @returns {OutboxItem[]} */
  const items = () => keys(prefix).map(readJson).filter(Boolean).sort((a, b) => a.at - b.at);
  const changed = () => onChange(items());
  const unwatch = watch(prefix, changed);

  /** @param {OutboxItem} item */
  function save(item) {
    writeJson(prefix + item.client_id, item);
    changed();
  }

  /** @param {OutboxItem} item */
  function forget(item) {
    writeJson(prefix + item.client_id, null);
    internal.delete(item.client_id);
    for (const file of item.files) void dropBlob(file.id);
    changed();
  }

  /** @param {string} clientId @returns {OutboxItem | null} */
  const find = (clientId) => readJson(prefix + clientId);
  const next = () => ready(items().filter((item) => item.state === 'sending'))[0];

  /** @param {OutboxItem} item */
  async function deliver(item) {
    for (const file of item.files) {
      if (file.attachment) continue;
      const blob = await getBlob(file.id);
      if (!blob || !upload) throw new RequestError('file_lost');
      file.attachment = await upload(file, blob, (share) => onProgress?.(item.client_id, file.id, share));
      if (find(item.client_id)) writeJson(prefix + item.client_id, item);
    }
    return send(item, item.files.map((file) => file.attachment.id));
  }

  /** One item, to its end. @param {OutboxItem} item @returns {Promise<boolean>} whether to go on with the next */
  async function settle(item) {
    try {
      const result = await deliver(item);
      failures = 0;
      onSent(item, result);
      forget(item);
      return true;
    } catch (cause) {
      return refused(item, asRequestError(cause));
    }
  }

  /** @param {OutboxItem} item @param {RequestError} error */
  function refused(item, error) {
    const tries = (internal.get(item.client_id) ?? 0) + (error.code === 'internal' ? 1 : 0);
    internal.set(item.client_id, tries);
    if (error.passing && tries < MAX_INTERNAL) {
      failures += 1;
      return false;
    }
    const {code, message, detail, current} = error;
    // Deleted meanwhile: nothing to show.
    if (find(item.client_id)) save({...item, state: 'failed', error: {code, message, detail, current}});
    return true;
  }

  async function drain() {
    for (let item = next(); item && !stopped; item = next()) {
      if (!(await settle(item))) return false;
    }
    return true;
  }

  async function flush() {
    clearTimeout(timer);
    if (flushing) {
      again = true;
      return;
    }
    if (stopped || !next()) return;
    flushing = true;
    let done = false;
    await exclusively(`parley:outbox:${key}`, async () => {
      done = await drain();
    }).finally(() => {
      flushing = false;
    });
    if (again) {
      again = false;
      return flush();
    }
    if (!done && !stopped) timer = setTimeout(flush, backoff(failures));
  }

  return {
    items,

    /**
     * @param {{client_id: string, payload: any, files?: OutboxFile[]}} message
     */
    add({client_id, payload, files = []}) {
      const last = items().at(-1)?.at ?? 0;
      save({client_id, at: Math.max(Date.now(), last + 1), state: 'sending', error: null, payload, files});
      void flush();
    },

    /** Sends a failed item again. @param {string} clientId @param {any} [payload] changed, if it was stale */
    retry(clientId, payload) {
      const item = find(clientId);
      if (!item) return;
      internal.delete(clientId);
      save({...item, state: 'sending', error: null, payload: payload ?? item.payload});
      void flush();
    },

    /** @param {string} clientId */
    remove(clientId) {
      const item = find(clientId);
      if (item) forget(item);
    },

    /** Keeps a picked file until it is uploaded. */
    keepFile: putBlob,

    /** The line is back, or there's another reason to try at once. */
    flush,

    stop() {
      stopped = true;
      clearTimeout(timer);
      unwatch();
    },
  };
}

/** @typedef {ReturnType<typeof createOutbox>} Outbox */
