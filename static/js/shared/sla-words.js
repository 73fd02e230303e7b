/** Service levels in few words: what a promise is called, and how long a time is. */

/** @type {Record<string, string>} */
const METRICS = {
  time_to_assignment: 'Time to assignment',
  first_response: 'First response',
  next_response: 'Next response',
  periodic_update: 'Periodic update',
  pausable_update: 'Pausable update',
  requester_wait: 'Requester wait time',
  agent_work: 'Agent work time',
  total: 'Total resolution time',
};
export const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** So near its deadline a clock shows seconds. */
export const NEAR = 2 * MINUTE;

/** @param {string} metric */
export const metricName = (metric) => METRICS[metric] ?? metric;

/** "3d", "5h", "1h 20m", "12m", "1:42": a length of time in the least room. @param {number} length in milliseconds */
export function brief(length) {
  const left = Math.abs(length);
  if (left >= 2 * DAY) return `${Math.floor(left / DAY)}d`;
  if (left >= 10 * HOUR) return `${Math.floor(left / HOUR)}h`;
  const minutes = Math.floor(left / MINUTE);
  if (left >= HOUR) return minutes % 60 ? `${Math.floor(minutes / 60)}h ${minutes % 60}m` : `${minutes / 60}h`;
  if (left >= NEAR) return `${minutes}m`;
  return `${minutes}:${String(Math.floor(left / SECOND) % 60).padStart(2, '0')}`;
}
