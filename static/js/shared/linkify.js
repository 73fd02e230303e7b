/** Plain text to templates with links. Only http, https and mailto are ever linked; nothing is parsed as HTML. */

import {html} from 'lit/html.js';

/** @typedef {{text: string, href?: string}} Segment */

const CANDIDATE = /\bhttps?:\/\/[^\s<>"']+|\bmailto:[^\s<>"']+|\bwww\.[^\s<>"']+\.[^\s<>"']+|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b/gi;
const TRAILING = /[.,;:!?'"…»”’。，、！？；：]+$/;
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
  let label = raw;
  for (;;) {
    const last = label.at(-1) ?? '';
    const opener = PAIRS[last];
    if (opener && count(label, last) > count(label, opener)) label = label.slice(0, -1);
    else if (TRAILING.test(label)) label = label.replace(TRAILING, '');
    else return label;
  }
}

/** @param {string} text @param {string} sign */
const count = (text, sign) => text.split(sign).length - 1;

/** @param {string} label @returns {string | null} */
function target(label) {
  const address = /^(https?:\/\/|mailto:)/i.test(label) ? label : /^www\./i.test(label) ? `https://${label}` : `mailto:${label}`;
  const url = safeUrl(address);
  if (url === 'about:blank') return null;
  // A user name before the host hides where the link really goes.
  if (/^https?:/.test(url) && new URL(url).username) return null;
  return url;
}
