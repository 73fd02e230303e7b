import assert from 'node:assert/strict';
import {test} from 'node:test';

import {useStrings} from '../../../../static/js/shared/i18n.js';
import {ago, dayName, daysUntil, sameDay} from '../../../../static/js/shared/time.js';

const NOW = new Date(2026, 2, 12, 10, 0);

test('days have names near today and dates further off', () => {
  useStrings('en', {});
  assert.equal(dayName(new Date(2026, 2, 12, 0, 1), NOW), 'Today');
  assert.equal(dayName(new Date(2026, 2, 11, 23, 59), NOW), 'Yesterday');
  assert.equal(dayName(new Date(2026, 2, 9), NOW), 'Monday');
  assert.equal(dayName(new Date(2026, 1, 1), NOW), 'February 1');
  assert.equal(dayName(new Date(2025, 1, 1), NOW), 'February 1, 2025');
});

test('days are counted by the calendar', () => {
  assert.equal(daysUntil(new Date(2026, 2, 13, 0, 1), new Date(2026, 2, 12, 23, 59)), 1);
  assert.ok(!sameDay(new Date(2026, 2, 13, 0, 1), new Date(2026, 2, 12, 23, 59)));
});

test('what just happened is now', () => {
  useStrings('en', {});
  assert.equal(ago(NOW.getTime() - 20_000, NOW), 'now');
  assert.equal(ago(NOW.getTime() - 5 * 60_000, NOW), '5 min. ago');
});
