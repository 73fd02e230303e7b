/** Plain text to templates with links. Only http, https and mailto are ever linked; nothing is parsed as HTML. */

import {html} from 'lit/html.js';

/** @typedef {{text: string, href?: string}} Segment */

// Each part is bounded or runs straight on, so that no text takes long, whatever its author had in mind.
const CANDIDATE = /\bhttps?:\/\/[^\s<>"']+|\bmailto:[^\s<>"']+|\bwww\.[^\s<>"']+|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[a-z]{2,24}\b/gi;
const TRAILING = '.,;:!?\'"…»”’。，、！？；：';
/** @type {Record<string, string>} */
const PAIRS = {')': '(', ']': '[', '}': '{', '）': '（', '】': '【'};

/**
 * @param {string} text
 * @returns {Segment[]}
 */
export function segments(text) {
  /** @type {Segment[]} */
  const found = [];
  let from = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const label = trimmed(match[0]);
    const href = target(label);
    if (!href) continue;
    if (match.index > from) found.push({text: text.slice(from, match.index)});
    found.push({text: label, href});
    from = match.index + label.length;
  }
  if (from < text.length) found.push({text: text.slice(from)});
  return found;
}

/** @param {string} text */
export function linkify(text) {
  return segments(text).map(({text: label, href}) => (href
    ? html`<a href=${safeUrl(href)} target="_blank" rel="noopener noreferrer nofollow ugc">${label}</a>`
    : label));
}

/**
 * The address if it may stand in an `href`, else `about:blank`.
 * @param {string} address
 * @param {string[]} [schemes]
 */
export function safeUrl(address, schemes = ['http:', 'https:', 'mailto:']) {
  try {
    const url = new URL(address);
    return schemes.includes(url.protocol) ? url.href : 'about:blank';
  } catch {
    return 'about:blank';
  }
}

/** Closing punctuation belongs to the sentence, a bracket to whoever opened it. @param {string} raw */
function trimmed(raw) {
  /** @type {Record<string, number>} */
  const count = {};
  for (const sign of raw) count[sign] = (count[sign] ?? 0) + 1;
  let end = raw.length;
  for (; end > 0; end -= 1) {
    const last = raw.charAt(end - 1);
    const opener = PAIRS[last];
    const unopened = opener !== undefined && (count[last] ?? 0) > (count[opener] ?? 0);
    if (!unopened && !TRAILING.includes(last)) break;
    count[last] = (count[last] ?? 0) - 1;
  }
  return raw.slice(0, end);
}

/** @param {string} label @returns {string | null} */
function target(label) {
  const web = /^www\./i.test(label);
  if (web && !/^www\.[^.]+\../i.test(label)) return null;
  const address = /^(https?:\/\/|mailto:)/i.test(label) ? label : web ? `https://${label}` : `mailto:${label}`;
  const url = safeUrl(address);
  if (url === 'about:blank') return null;
  // A user name before the host hides where the link really goes.
  if (/^https?:/.test(url) && new URL(url).username) return null;
  return url;
}
