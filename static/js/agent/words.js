/** The words for what the server names by codes, and short spans of time. */

import {dateTime} from '../shared/time.js';

/** @typedef {import('./types.js').Status} Status */

/** @type {Record<string, string>} */
const STATUS = {
  open: 'Open',
  assigned: 'Assigned',
  in_progress: 'In progress',
  pending: 'Pending',
  resolved: 'Resolved',
  closed: 'Closed',
};
/** @type {Record<string, string>} */
const PRIORITY = {low: 'Low', medium: 'Medium', high: 'High', critical: 'Critical'};
/** @type {Record<string, string>} */
const CHANNEL = {chat: 'Chat', email: 'E-mail', web: 'Web form', form: 'Web form', api: 'API'};

export const VIEW_NAME = {
  mine: 'Mine',
  unassigned: 'Unassigned',
  all: 'All',
  waiting: 'Waiting on customer',
  risk: 'At risk',
  breached: 'Breached',
  snoozed: 'Snoozed',
  done: 'Done',
  trash: 'Trash',
};
export const SORT_NAME = {
  due: 'Next deadline',
  waiting: 'Waiting longest',
  priority: 'Priority',
  newest_activity: 'Newest activity',
  oldest_activity: 'Oldest activity',
  newest: 'Newest first',
  oldest: 'Oldest first',
  snooze: 'Wakes next',
};
export const PRIORITIES = /** @type {const} */ (['low', 'medium', 'high', 'critical']);
export const AVAILABILITIES = /** @type {const} */ (['online', 'busy', 'away', 'offline']);

/** @param {string} code */
const spelled = (code) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');
/** What the workspace calls its statuses, by code and by id; the page learns it with the directory. @type {Record<string, string>} */
let named = {};
/** @param {import('./types.js').OwnStatus[]} statuses */
export const nameStatuses = (statuses) => {
  named = Object.fromEntries(statuses.map(({id, code, label}) => [id ?? code, label]));
};
/** @param {string} status @param {string|null} [own] the workspace's own one inside it */
export const statusName = (status, own) => (own && named[own]) || (named[status] ?? STATUS[status] ?? spelled(status));
/** @param {string} priority */
export const priorityName = (priority) => PRIORITY[priority] ?? spelled(priority);
/** @param {string} channel */
export const channelName = (channel) => CHANNEL[channel] ?? spelled(channel);
/** @param {string} word */
export const titled = (word) => spelled(word);

/** "4m", "2h", "3d": how long, in the least room. @param {string} since @param {number} now */
export function span(since, now) {
  const minutes = Math.floor(Math.max(0, now - Date.parse(since)) / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes}m`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h`;
  if (minutes < 30 * 24 * 60) return `${Math.floor(minutes / (24 * 60))}d`;
  return `${Math.floor(minutes / (30 * 24 * 60))}mo`;
}

/** @param {string} since @param {number} now */
export function spanInWords(since, now) {
  const short = span(since, now);
  if (short === 'now') return 'less than a minute';
  /** @type {Record<string, string>} */
  const units = {m: 'minute', h: 'hour', d: 'day', mo: 'month'};
  const [, n = '', unit = ''] = short.match(/^(\d+)(\w+)$/) ?? [];
  return `${n} ${units[unit]}${n === '1' ? '' : 's'}`;
}

/** Until when something is put off. @param {string|null} until */
export const wakeName = (until) => (until === null || until.startsWith('9999') ? 'until they reply' : `until ${dateTime(until)}`);

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MB`;
}

/** @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '?')][0]?.toLocaleUpperCase()).join('');
}

/** The same hue for the same person. @param {string} id */
export function hue(id) {
  let sum = 0;
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 9_973;
  return String(sum % 7);
}

/**
 * Whether a customer wrote from where nobody else could.
 * @param {{verified: boolean, email: string|null, claimed_email: string|null}} customer
 */
export const addressOf = (customer) => customer.email ?? customer.claimed_email;

export {dateTime};
