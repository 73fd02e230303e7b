/**
 * What can go wrong with a request, whichever way it went: `code` is the server's own, or
 * `offline`, `timeout`, `cancelled` when no answer came.
 */

/** @typedef {{loc: (string | number)[], msg: string, type: string}} ErrorDetail */

/** Codes after which the same request may well succeed later, unchanged. */
const PASSING = new Set(['offline', 'timeout', 'unavailable', 'internal', 'unauthenticated', 'csrf_failed']);

export class RequestError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {{detail?: ErrorDetail[], current?: any, status?: number, retryAfter?: number}} [more]
   */
  constructor(code, message = code, more = {}) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.detail = more.detail ?? [];
    this.current = more.current ?? null;
    this.status = more.status ?? 0;
    this.retryAfter = more.retryAfter ?? null;
  }

  /** Worth trying again later, unchanged. */
  get passing() {
    return PASSING.has(this.code);
  }
}

/**
 * @param {any} body the error object of an answer, possibly of another server's making
 * @param {{status?: number, retryAfter?: number}} [more]
 */
export function errorFrom(body, more = {}) {
  const code = typeof body?.code === 'string' ? body.code : codeOf(more.status ?? 0);
  return new RequestError(code, typeof body?.message === 'string' ? body.message : code, {
    ...more,
    detail: Array.isArray(body?.detail) ? body.detail : [],
    current: body?.current ?? null,
  });
}

/** @param {unknown} error @returns {RequestError} */
export function asRequestError(error) {
  if (error instanceof RequestError) return error;
  return new RequestError('internal', error instanceof Error ? error.message : String(error));
}

/** A proxy's own error page has a status and nothing else. @param {number} status */
function codeOf(status) {
  /** @type {Record<number, string>} */
  const known = {401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 413: 'too_large', 415: 'unsupported_media_type', 422: 'invalid', 429: 'rate_limited'};
  return known[status] ?? (status >= 500 || status === 0 ? 'unavailable' : 'invalid');
}
