import assert from 'node:assert/strict';
import {test} from 'node:test';

import {localValue, presets} from '../../../../static/js/agent/snooze-times.js';

/** @param {string} local a local time */
const times = (local) => Object.fromEntries(presets(+new Date(local)).map(({label, until}) => [label, until && localValue(until)]));

test('the usual times are in the reader’s own zone', () => {
  assert.deepEqual(times('2026-11-20T16:30'), {
    'Until they reply': null,
    'In 1 hour': '2026-11-20T17:30',
    'In 3 hours': '2026-11-20T19:30',
    'Tomorrow, 9:00': '2026-11-21T09:00',
    'Next Monday': '2026-11-23T09:00',
    'Next month': '2026-12-20T09:00',
  });
});

test('on a Monday the next one is a week away, and January’s last day has no February', () => {
  assert.equal(times('2026-11-23T08:00')['Next Monday'], '2026-11-30T09:00');
  assert.equal(times('2027-01-31T08:00')['Next month'], '2027-02-28T09:00');
});
