/** When somebody will answer, said honestly. DOM-free. */

import {clock, dayName, daysUntil, formatter} from '../shared/time.js';

/** @typedef {import('./types.js').Availability} Availability */
/** @typedef {import('../shared/i18n.js').Translate} Translate */

/** @param {Availability} availability @param {Translate} t @param {number} [now] @returns {string} */
export function availabilityLine({state, back_at: backAt, reply_minutes: minutes}, t, now = Date.now()) {
  if (state === 'online') return minutes === null ? t('we_are_online') : replyTime(minutes, t);
  if (backAt && Date.parse(backAt) > now) return backLine(backAt, t, now);
  return t(state === 'nobody' ? 'nobody_here' : 'we_are_away');
}

/** @param {number} minutes @param {Translate} t */
function replyTime(minutes, t) {
  if (minutes < 1) return t('replies_at_once');
  return minutes < 90 ? t('replies_in_minutes', {n: Math.round(minutes)}) : t('replies_in_hours', {n: Math.round(minutes / 60)});
}

/** In the visitor's own zone. @param {string} at @param {Translate} t @param {number} now */
function backLine(at, t, now) {
  const days = daysUntil(at, now);
  const time = clock(at);
  if (days <= 0) return t('back_today', {time});
  if (days === 1) return t('back_tomorrow', {time});
  if (days < 7) return t('back_on', {day: formatter({weekday: 'long'}).format(new Date(at)), time});
  return t('back_on', {day: dayName(at, now), time});
}
