/** What a clock says at a moment: pure, ticking by itself from absolute times. */

import {brief, metricName, NEAR, SECOND} from '../shared/sla-words.js';

export {brief, metricName};

/**
 * @typedef {import('./types.js').Chip} Chip
 * @typedef {'ok'|'soon'|'late'|'paused'|'met'|'missed'} Mood
 */

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
