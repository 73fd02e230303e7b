import assert from 'node:assert/strict';
import {test} from 'node:test';

import {grouped, newNotifications, reduceNotifications} from '../../../../static/js/agent/notifications-state.js';

const ticket = (number) => ({id: `t${number}`, number, title: `Ticket ${number}`});
const told = (id, fields = {}) => ({
  id, kind: 'mention', title: `Told ${id}`, body: '', actor: 'Ben', ticket: ticket(1), data: {}, sound: true, push: true,
  created_at: '2026-11-20T09:00:00Z', read_at: null, ...fields,
});
const READ_AT = '2026-11-20T10:00:00Z';
const page = (data, unread = data.filter((one) => !one.read_at).length, next_cursor = null) => ({
  type: 'notifications/page', page: {data, unread, next_cursor},
});
const run = (...actions) => actions.reduce(reduceNotifications, newNotifications(3));
const created = (one) => ({type: 'notifications/created', notification: one});
const read = (ids, up_to = null) => ({type: 'notifications/read', ids, up_to, read_at: READ_AT});

test('what is told counts once, however often it is heard', () => {
  const state = run(page([told('b')]), created(told('c')), created(told('c')), created(told('b')));
  assert.deepEqual(state.items.map((one) => one.id), ['c', 'b']);
  assert.equal(state.unread, 2);
});

test('what was heard before the page came is not lost from the count that the page brings', () => {
  const state = run(created(told('c')), page([told('c'), told('b')], 2));
  assert.equal(state.unread, 2);
  assert.equal(run(created(told('c'))).unread, 4);
});

test('reading lowers the count by what was unread, also what is on no page here', () => {
  const start = run(page([told('d'), told('c', {read_at: READ_AT})], 5));
  assert.equal(reduceNotifications(start, read(['d'])).unread, 4);
  assert.equal(reduceNotifications(start, read(['c'])).unread, 5);
  assert.equal(reduceNotifications(start, read(['a'])).unread, 4);
  assert.equal(reduceNotifications(start, read(['d'])).items[0].read_at, READ_AT);
  assert.equal([read(['d']), read(['d'])].reduce(reduceNotifications, start).unread, 4);
});

test('reading all up to one leaves what came after it', () => {
  const state = run(page([told('c'), told('b')], 40), created(told('d')), read([], 'c'));
  assert.equal(state.unread, 1);
  assert.deepEqual(state.items.map((one) => one.read_at), [null, READ_AT, READ_AT]);
});

test('the next page joins on, without repeating what is there', () => {
  const state = run(page([told('d'), told('c')], 4, 'c'), {...page([told('c'), told('b')], 4), append: true});
  assert.deepEqual(state.items.map((one) => one.id), ['d', 'c', 'b']);
  assert.equal(state.cursor, null);
});

test('a failure keeps what is shown', () => {
  const state = run(page([told('b')]), {type: 'notifications/loading'}, {type: 'notifications/failed'});
  assert.deepEqual([state.items.length, state.status], [1, 'error']);
});

test('everything about one ticket is one entry, where its newest stands', () => {
  const groups = grouped([
    told('e'), told('d', {ticket: ticket(2), read_at: READ_AT}), told('c', {read_at: READ_AT}), told('b', {ticket: null}), told('a', {ticket: null}),
  ]);
  assert.deepEqual(groups.map((one) => [one.key, one.newest.id, one.more, one.unread]), [
    ['t1', 'e', 1, true], ['t2', 'd', 0, false], ['b', 'b', 0, true], ['a', 'a', 0, true],
  ]);
  assert.equal(grouped([told('b', {read_at: READ_AT}), told('a')])[0].unread, true);
});
