/** The times that a conversation is usually put off to, in the reader's own zone. Pure. */

const MORNING = 9;

/** @param {Date} from @param {number} days @returns {Date} nine in the morning, so many days on */
function morning(from, days) {
  const day = new Date(from);
  day.setDate(day.getDate() + days);
  day.setHours(MORNING, 0, 0, 0);
  return day;
}

/** @param {Date} from the same day of the next month, or its last */
function nextMonth(from) {
  const last = new Date(from.getFullYear(), from.getMonth() + 2, 0).getDate();
  return new Date(from.getFullYear(), from.getMonth() + 1, Math.min(from.getDate(), last), MORNING);
}

/** @param {number} now @returns {{label: string, until: Date|null}[]} */
export function presets(now) {
  const from = new Date(now);
  return [
    {label: 'Until they reply', until: null},
    {label: 'In 1 hour', until: new Date(now + 3_600_000)},
    {label: 'In 3 hours', until: new Date(now + 3 * 3_600_000)},
    {label: 'Tomorrow, 9:00', until: morning(from, 1)},
    {label: 'Next Monday', until: morning(from, ((8 - from.getDay()) % 7 || 7))},
    {label: 'Next month', until: nextMonth(from)},
  ];
}

/** What a `datetime-local` field shows for a moment. @param {Date} moment */
export function localValue(moment) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
