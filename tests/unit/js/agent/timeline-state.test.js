import assert from 'node:assert/strict';
import {test} from 'node:test';

import {receipts, timeline} from '../../../../static/js/agent/timeline-state.js';
import {ANA, at, BEN, event, MARIA, said} from './helpers.js';

const shape = (items) => items.map((item) => item.type);
const withoutDays = (items) => items.filter((item) => item.type !== 'day');

test('messages of one author within five minutes make a group', () => {
  const items = withoutDays(timeline([said(1), said(2), said(9), said(10, BEN), said(11, BEN, {kind: 'note'})]));
  assert.deepEqual(items.map((item) => item.first), [true, false, true, true, true]);
});

test('a line for each day', () => {
  assert.deepEqual(shape(timeline([said(1), said(2, MARIA, {at: at(26 * 60)})])), ['day', 'message', 'day', 'message']);
});

test('up to three events stand for themselves, more collapse and open again', () => {
  assert.deepEqual(shape(withoutDays(timeline([event(1), event(2), event(3), said(4)]))), ['event', 'event', 'event', 'message']);
  const run = [event(1), event(2), event(3), event(4)];
  const [item, ...rest] = withoutDays(timeline(run));
  assert.deepEqual([item.type, item.events.length, rest.length], ['run', 4, 0]);
  assert.deepEqual(shape(withoutDays(timeline(run, {expanded: {[item.key]: true}}))), ['run', 'event', 'event', 'event', 'event']);
});

test('an event between two messages ends the group', () => {
  assert.deepEqual(withoutDays(timeline([said(1), event(2), said(3)])).map((item) => item.first), [true, undefined, true]);
});

test('the "New" line stands before the first unread message of the customer, once', () => {
  const items = withoutDays(timeline([said(1), said(2, ANA), said(3), said(4)], {newFrom: 3}));
  assert.deepEqual(shape(items), ['message', 'message', 'new', 'message', 'message']);
});

test('what a reply does to the status by itself has no line', () => {
  const follows = (seconds) => event(2, {name: 'ticket.status_changed', at: new Date(Date.parse(at(1)) + seconds * 1_000).toISOString(), changes: {status: ['assigned', 'in_progress']}});
  assert.deepEqual(shape(withoutDays(timeline([said(1, ANA), follows(0)]))), ['message']);
  assert.deepEqual(shape(withoutDays(timeline([said(1, ANA), follows(30)]))), ['message', 'event']);
});

test('"Seen" and "Delivered" stand under the last reply of each', () => {
  const events = [said(1, ANA), said(2, ANA), said(3), said(4, ANA), said(5, ANA, {kind: 'note'})];
  assert.deepEqual(receipts(events, {seen: 3, delivered: 4}), {seen: 2, delivered: 4});
  assert.deepEqual(receipts(events, {seen: 4, delivered: 4}), {seen: 4, delivered: null});
  assert.deepEqual(receipts(events, {seen: 0, delivered: 0}), {seen: null, delivered: null});
});

test('keys hold when a message gets its place among others', () => {
  const key = (events) => timeline(events).find((item) => item.type === 'message' && item.comment.client_id === 'k3').key;
  assert.equal(key([said(3)]), key([said(1), said(2), said(3)]));
});

test('what was merged in stands where it was said, and is gone when the merge was taken back', () => {
  const carried = said(3, MARIA, {at: at(0)});
  const merged = {...carried, name: 'comment.carried', subject_id: 'other', at: at(30)};
  const events = [said(1, MARIA, {at: at(10)}), event(2, {name: 'ticket.absorbed', at: at(30)}), merged];
  const texts = (list) => timeline(list).flatMap((item) => (item.type === 'message' ? [item.comment.content] : []));
  assert.deepEqual(texts(events), ['Text 3', 'Text 1']);
  assert.deepEqual(texts([...events, event(4, {name: 'ticket.released', subject_id: 'other'})]), ['Text 1']);
});
