/**
 * Who the visitor is: a token that goes with every request, no cookie. It is kept here and by the host
 * page, since either storage may be refused or forgotten. An identified person's token is kept nowhere:
 * the host identifies them anew on each page.
 */

import {rest} from '../shared/rest.js';
import {read, write} from '../shared/storage.js';

/** @typedef {import('./host.js').Host} Host */
/** @typedef {import('./types.js').Page} Page */

/**
 * @param {{inboxKey: string, locale: string, host: Host | null, page: () => Page}} options
 */
export function createVisitor({inboxKey, locale, host, page}) {
  const key = `parley:${inboxKey}:token`;
  // After `reset` on another page of the site the copy kept here is somebody else's.
  let anonymous = host?.token ?? (host?.settings.fresh ? null : read(key));
  if (host?.settings.fresh) write(key, null);
  /** @type {string | null} */
  let identified = null;
  /** @type {Promise<string> | null} */
  let asking = null;

  /** @param {string | null} token */
  function keep(token) {
    anonymous = token;
    write(key, token);
    host?.post({type: 'token', value: token});
  }
  if (anonymous) keep(anonymous);

  async function register() {
    const {token} = await rest('POST', '/api/v1/chat/visitors', {body: {inbox_key: inboxKey, locale, page: page()}, cookies: false});
    keep(token);
    return token;
  }

  const visitor = {
    get isIdentified() {
      return identified !== null;
    },

    /** @returns {Promise<string>} */
    async token() {
      if (identified ?? anonymous) return /** @type {string} */ (identified ?? anonymous);
      asking ??= register().finally(() => {
        asking = null;
      });
      return asking;
    },

    async headers() {
      return {Authorization: `Bearer ${await visitor.token()}`};
    },

    /** The link in a mail goes on with a chat in this browser. @param {string} link its token */
    async goOn(link) {
      const {token} = await rest('POST', '/api/v1/chat/continue', {body: {token: link}, cookies: false});
      keep(token);
    },

    /** The server knows the token no more. */
    forget() {
      if (identified) identified = null;
      else keep(null);
    },

    /** What the host's server signed: `{jwt}` or `{identifier, hash, email?, name?}`. @param {any} identity */
    async identify(identity) {
      const token = identified ?? anonymous;
      const answer = await rest('POST', '/api/v1/chat/identify', {
        body: {...identity, inbox_key: inboxKey},
        headers: token ? {Authorization: `Bearer ${token}`} : {},
        cookies: false,
      });
      // The anonymous token is revoked by this: its chats are the person's now.
      if (anonymous) keep(null);
      identified = answer.token;
      return answer.visitor;
    },

    /** Somebody else sits here now. */
    reset() {
      identified = null;
      keep(null);
    },
  };
  return visitor;
}

/** @typedef {ReturnType<typeof createVisitor>} VisitorIdentity */
