/** The REST interface as staff use it, and the choice between it and the socket. */

import {errorFrom, RequestError} from '../shared/errors.js';
import {rest} from '../shared/rest.js';
import {upload} from '../shared/upload.js';

/** @param {{csrf: string, onEnded: () => void}} options */
export function createApi({csrf, onEnded}) {
  /** @param {string} method @param {string} path @param {unknown} [body] @param {boolean} [keepalive] @returns {Promise<any>} */
  async function call(method, path, body, keepalive) {
    try {
      return await rest(method, `/api/v1${path}`, {body, keepalive, headers: method === 'GET' ? {} : {'X-CSRF-Token': csrf}});
    } catch (error) {
      if (error instanceof RequestError && (error.code === 'unauthenticated' || error.code === 'csrf_failed')) onEnded();
      throw error;
    }
  }

  return {
    /** @param {string} path @param {Record<string, string | number | null | undefined>} [query] @returns {Promise<any>} */
    get(path, query = {}) {
      const given = Object.entries(query).flatMap(([key, value]) =>
        value === null || value === undefined ? [] : [[key, String(value)]],
      );
      return call('GET', given.length ? `${path}?${new URLSearchParams(given)}` : path);
    },
    /** @param {string} path @param {unknown} body @returns {Promise<any>} */
    post: (path, body) => call('POST', path, body),
    /** @param {string} path @param {unknown} body @returns {Promise<any>} */
    patch: (path, body) => call('PATCH', path, body),
    /**
     * @param {string} path
     * @param {unknown} body
     * @param {boolean} [keepalive] lives on when the page goes
     * @returns {Promise<any>}
     */
    put: (path, body, keepalive) => call('PUT', path, body, keepalive),
    /** @param {string} path @returns {Promise<any>} */
    remove: (path) => call('DELETE', path),
    /**
     * @param {string} path
     * @param {Blob} blob
     * @param {{name: string, fields: Record<string, string>, onProgress: (share: number) => void}} options
     */
    upload: (path, blob, options) => upload(`/api/v1${path}`, blob, {...options, headers: {'X-CSRF-Token': csrf}}).done,
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

/** What went wrong, for people. @param {unknown} error */
export function explain(error) {
  const {code, message, detail} = error instanceof RequestError ? error : errorFrom(null);
  if (code === 'offline' || code === 'timeout') return 'No connection to the server.';
  if (code === 'unavailable' || code === 'internal') return 'The server could not do that just now.';
  if (code === 'rate_limited') return 'Too fast. Try again in a moment.';
  if (code === 'invalid' && detail[0]) return detail[0].msg;
  return message === code ? `That did not work (${code}).` : message;
}
