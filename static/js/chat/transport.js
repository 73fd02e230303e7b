/** Commands by the socket while there is one, by REST where a network lets no websocket through. */

import {connect} from '../shared/connection.js';
import {RequestError} from '../shared/errors.js';
import {rest} from '../shared/rest.js';
import {upload} from '../shared/upload.js';

const API = '/api/v1/chat';
/** @type {Record<string, [string, string]>} */
const ROUTES = {
  'chat.resume': ['GET', '/state'],
  'comment.create': ['POST', '/comments'],
  'ticket.read': ['POST', '/read'],
  'typing.update': ['POST', '/typing'],
  'ticket.end': ['POST', '/end'],
};

/** @typedef {import('./visitor.js').VisitorIdentity} VisitorIdentity */
/** @typedef {import('./types.js').Page} Page */

/**
 * @param {object} options
 * @param {VisitorIdentity} options.visitor
 * @param {() => Page} options.page
 * @param {Parameters<typeof connect>[0]['onState']} options.onState
 * @param {Parameters<typeof connect>[0]['onEvent']} options.onEvent
 */
export function createTransport({visitor, page, onState, onEvent}) {
  let fallback = false;
  const connection = connect({
    namespace: '/chat',
    auth: async () => ({token: await visitor.token(), page: page()}),
    onState(state, info) {
      fallback = info.fallback;
      onState(state, info);
    },
    onEvent,
  });

  /** @param {string} method @param {string} path @param {object} [body] */
  async function call(method, path, body) {
    return rest(method, API + path, {body, headers: await visitor.headers(), cookies: false});
  }

  return {
    connection,

    /** @param {string} name @param {object} [payload] @returns {Promise<any>} */
    async command(name, payload = {}) {
      if (connection.state === 'online') return connection.request(name, payload);
      const route = ROUTES[name];
      if (!fallback || !route) throw new RequestError('offline');
      return route[0] === 'GET' ? call('GET', route[1]) : call('POST', route[1], payload);
    },

    /** For what is worthless later: never fails. @param {string} name @param {object} payload */
    notify(name, payload) {
      if (connection.state === 'online') connection.notify(name, payload);
      else if (fallback && ROUTES[name]) call('POST', /** @type {[string, string]} */ (ROUTES[name])[1], payload).catch(() => {});
    },

    /** @param {Record<string, string | number>} query @returns {Promise<import('./types.js').Replay>} */
    events: (query) => call('GET', `/events?${new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))}`),

    /** @param {string} ticket_id */
    mailTranscript: (ticket_id) => call('POST', '/transcript', {ticket_id}),

    /**
     * @param {{id: string, name: string}} file
     * @param {Blob} blob
     * @param {(share: number) => void} onProgress
     */
    async upload(file, blob, onProgress) {
      return upload(`${API}/attachments`, blob, {name: file.name, fields: {client_id: file.id}, headers: await visitor.headers(), onProgress});
    },
  };
}

/** @typedef {ReturnType<typeof createTransport>} Transport */
