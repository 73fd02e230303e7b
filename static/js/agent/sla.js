/** What a clock says at a moment: pure, ticking by itself from absolute times. */

/**
 * @typedef {import('./types.js').Chip} Chip
 * @typedef {'ok'|'soon'|'late'|'paused'|'met'|'missed'} Mood
 */

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
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** So near its deadline a clock shows seconds. */
const NEAR = 2 * MINUTE;

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

/** How a clock stands. @param {Chip} chip @param {number} now @returns {Mood} */
export function mood({state, due_at: due, soon_at: soon}, now) {
  if (state === 'paused') return 'paused';
  if (state === 'met') return 'met';
  if (state === 'breached') return 'missed';
  if (due && now > Date.parse(due)) return 'late';
  return soon && now >= Date.parse(soon) ? 'soon' : 'ok';
}

/** Its text in the chip. @param {Chip} chip @param {number} now */
export function chipText(chip, now) {
  const due = Date.parse(chip.due_at ?? '');
  switch (mood(chip, now)) {
    case 'paused': return 'Paused';
    case 'met': return 'Met';
    case 'missed': return `${brief(Date.parse(chip.ended_at ?? '') - due)} late`;
    case 'late': return `${brief(now - due)} over`;
    default: return brief(due - now);
  }
}

/** The whole of it, for a tooltip and for those who don't see it. @param {Chip} chip @param {number} now @param {string} due in the reader's words */
export function chipWords(chip, now, due) {
  const hours = chip.business ? ' (business hours)' : '';
  const name = metricName(chip.metric);
  switch (mood(chip, now)) {
    case 'paused': return `${name}: paused, ${brief((chip.remaining_seconds ?? 0) * SECOND)} left${hours}`;
    case 'met': return `${name}: met in time`;
    case 'missed': return `${name}: met too late, it was due ${due}${hours}`;
    case 'late': return `${name}: overdue since ${due}${hours}`;
    default: return `${name}: due ${due}${hours}`;
  }
}

/** Whether any of these changes every second. @param {(Chip|null)[]} chips @param {number} now */
export const anyNear = (chips, now) =>
  chips.some((chip) => chip?.state === 'active' && Math.abs(Date.parse(chip.due_at ?? '') - now) < NEAR + 15 * SECOND);
