import assert from 'node:assert/strict';
import {test} from 'node:test';

import {anyNear, brief, chipText, chipWords, metricName, mood} from '../../../../static/js/agent/sla.js';
import {newThreads, openThread, reduceThreads} from '../../../../static/js/agent/thread-state.js';
import {at, row, said, snapshot} from './helpers.js';

const MINUTE = 60_000;
const now = Date.parse(at(0));
const chip = (fields = {}) => ({
  metric: 'first_response', state: 'active', due_at: at(60), soon_at: at(45), ended_at: null, target_seconds: 3600, remaining_seconds: null, business: false, ...fields,
});

test('a length of time takes the least room', () => {
  const lengths = {'0:00': 0, '0:09': 9_000, '1:59': 119_999, '2m': 2 * MINUTE, '59m': 59.9 * MINUTE, '1h': 60 * MINUTE, '1h 20m': 80 * MINUTE, '12h': 750 * MINUTE, '47h': 47.5 * 60 * MINUTE, '3d': 80 * 60 * MINUTE};
  for (const [text, length] of Object.entries(lengths)) assert.equal(brief(length), text);
  assert.equal(brief(-5 * MINUTE), '5m');
});

test('a clock goes from fine to near to late by itself', () => {
  const seen = [0, 45, 60, 61, 72].map((minutes) => [mood(chip(), now + minutes * MINUTE), chipText(chip(), now + minutes * MINUTE)]);
  assert.deepEqual(seen, [['ok', '1h'], ['soon', '15m'], ['soon', '0:00'], ['late', '1:00 over'], ['late', '12m over']]);
});

test('a clock that does not run says how it stands', () => {
  const paused = chip({state: 'paused', due_at: null, soon_at: null, remaining_seconds: 1800, business: true});
  assert.deepEqual([mood(paused, now), chipText(paused, now)], ['paused', 'Paused']);
  assert.equal(chipWords(paused, now, ''), 'First response: paused, 30m left (business hours)');
  const missed = chip({state: 'breached', ended_at: at(90)});
  assert.deepEqual([mood(missed, now), chipText(missed, now)], ['missed', '30m late']);
  assert.match(chipWords(missed, now, 'at ten'), /too late, it was due at ten$/);
  assert.deepEqual([mood(chip({state: 'met'}), now), chipText(chip({state: 'met'}), now)], ['met', 'Met']);
  assert.equal(chipWords(chip({state: 'met'}), now, ''), 'First response: met in time');
});

test('its words name the deadline by the reader\'s clock', () => {
  assert.equal(chipWords(chip({business: true}), now, 'Mon 10:15'), 'First response: due Mon 10:15 (business hours)');
  assert.equal(chipWords(chip(), now + 61 * MINUTE, 'Mon 10:15'), 'First response: overdue since Mon 10:15');
  assert.equal(metricName('of_tomorrow'), 'of_tomorrow');
});

test('only a running clock near its deadline ticks every second', () => {
  assert.equal(anyNear([null, chip(), chip({state: 'paused', due_at: null})], now), false);
  assert.equal(anyNear([null, chip()], now + 58 * MINUTE), true);
  assert.equal(anyNear([chip({state: 'met'})], now + 60 * MINUTE), false);
});

test('an open thread takes its clock from the row that is pushed', () => {
  const opened = reduceThreads({...newThreads(), wanted: 1}, {type: 'thread/snapshot', snapshot: snapshot([said(1)], {sla: chip()})});
  const met = chip({state: 'met'});
  const threads = reduceThreads(opened, {type: 'thread/row', row: row('t1', {sla: met})});
  assert.deepEqual(openThread(threads).ticket.sla, met);
});
