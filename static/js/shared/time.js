/** Times in the reader's own zone and language. Formatters are kept: making one costs more than using it a hundred times. */

import {locale} from './i18n.js';

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
/** @type {Map<string, Intl.RelativeTimeFormat>} */
const relatives = new Map();

/** @typedef {Date | string | number} Moment */

/** @param {Intl.DateTimeFormatOptions} options @returns {Intl.DateTimeFormat} */
export function formatter(options) {
  const key = locale() + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) formats.set(key, found = new Intl.DateTimeFormat(locale(), options));
  return found;
}

/** @param {Moment} at */
const date = (at) => (at instanceof Date ? at : new Date(at));

/** 14:05 @param {Moment} at */
export const clock = (at) => formatter({hour: 'numeric', minute: '2-digit'}).format(date(at));

/** 3 Mar 2026, 14:05 @param {Moment} at */
export const dateTime = (at) => formatter({dateStyle: 'medium', timeStyle: 'short'}).format(date(at));

/** @param {Moment} a @param {Moment} b */
export const sameDay = (a, b) => date(a).toDateString() === date(b).toDateString();

/** Days from `now` to `at` by the calendar, not by 24 hours. @param {Moment} at @param {Moment} now */
export function daysUntil(at, now) {
  const [to, from] = [date(at), date(now)];
  return Math.round((Date.UTC(to.getFullYear(), to.getMonth(), to.getDate()) - Date.UTC(from.getFullYear(), from.getMonth(), from.getDate())) / 86_400_000);
}

/** Today, Yesterday, Monday, 3 March, 3 March 2025. @param {Moment} at @param {Moment} [now] */
export function dayName(at, now = Date.now()) {
  const days = daysUntil(at, now);
  if (days === 0 || days === -1 || days === 1) return capital(relativeFormat('auto').format(days, 'day'));
  if (days < 0 && days > -7) return capital(formatter({weekday: 'long'}).format(date(at)));
  const thisYear = date(at).getFullYear() === date(now).getFullYear();
  return formatter(thisYear ? {day: 'numeric', month: 'long'} : {day: 'numeric', month: 'long', year: 'numeric'}).format(date(at));
}

/** "3 min ago", "in 2 hr": short, and rounded towards now. @param {Moment} at @param {Moment} [now] */
export function ago(at, now = Date.now()) {
  const seconds = (date(at).getTime() - date(now).getTime()) / 1000;
  const size = Math.abs(seconds);
  const format = relativeFormat('auto', 'short');
  if (size < 45) return format.format(0, 'second');
  if (size < 3_600) return format.format(Math.trunc(seconds / 60) || Math.sign(seconds), 'minute');
  if (size < 86_400) return format.format(Math.trunc(seconds / 3_600), 'hour');
  if (size < 30 * 86_400) return format.format(Math.trunc(seconds / 86_400), 'day');
  return dayName(at, now);
}

/** @param {'auto' | 'always'} numeric @param {'long' | 'short'} [style] */
function relativeFormat(numeric, style = 'long') {
  const key = `${locale()} ${numeric} ${style}`;
  let found = relatives.get(key);
  if (!found) relatives.set(key, found = new Intl.RelativeTimeFormat(locale(), {numeric, style}));
  return found;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1);
