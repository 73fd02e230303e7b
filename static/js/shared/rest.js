/** JSON over fetch: resolves with the answer's body, rejects with a RequestError. */

import {errorFrom, RequestError} from './errors.js';

const TIMEOUT = 15_000;

/**
 * @param {string} method
 * @param {string} url
 * @param {{body?: unknown, headers?: Record<string, string>, cookies?: boolean, signal?: AbortSignal, keepalive?: boolean}} [options]
 * @returns {Promise<any>}
 */
export async function rest(method, url, {body, headers = {}, cookies = true, signal, keepalive} = {}) {
  const response = await send(url, {
    method,
    keepalive,
    credentials: cookies ? 'same-origin' : 'omit',
    cache: 'no-store',
    headers: {Accept: 'application/json', ...(body === undefined ? {} : {'Content-Type': 'application/json'}), ...headers},
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: signal ?? AbortSignal.timeout(TIMEOUT),
  });
  const answer = response.status === 204 ? {} : await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  throw errorFrom(answer, {status: response.status, retryAfter});
}

/** @param {string} url @param {RequestInit} init */
async function send(url, init) {
  try {
    return await fetch(url, init);
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    throw new RequestError(name === 'TimeoutError' ? 'timeout' : name === 'AbortError' ? 'cancelled' : 'offline');
  }
}
