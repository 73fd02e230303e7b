import assert from 'node:assert/strict';
import {test} from 'node:test';

import {belongs, countsDelta, exportPath, newQueue, pendingUpdates, reduceQueue, wantedOrder} from '../../../../static/js/agent/queue-state.js';
import {at, counts, ME, page, row} from './helpers.js';

const order = (queue) => queue.lists[queue.view].order;
const ready = (rows, more = {}, view = 'unassigned') => reduceQueue(newQueue(ME, view), {type: 'queue/page', view, page: page(rows, more)});
let feed = 100;
const change = (fields, before = {assigned_agent_id: null, shelf: 'queue', pending_on: null}, workspace_seq = (feed += 1)) => ({type: 'queue/row', change: {row: fields, before, workspace_seq}});

test('a page is shown as it comes, with its counts', () => {
  const queue = ready([row('t1'), row('t2')]);
  assert.deepEqual(order(queue), ['t1', 't2']);
  assert.deepEqual(queue.counts, counts({mine: 0, unassigned: 2, all: 2}));
});

test('which rows belong to which view', () => {
  const cases = [
    [row('t1'), ['unassigned', 'all']],
    [row('t1', {assigned_agent_id: ME}), ['mine', 'all']],
    [row('t1', {assigned_agent_id: 'ben'}), ['all']],
    [row('t1', {status: 'resolved', assigned_agent_id: ME}), ['done']],
    [row('t1', {spam: true}), ['done']],
  ];
  for (const [one, views] of cases) assert.deepEqual(['mine', 'unassigned', 'all', 'done'].filter((view) => belongs(view, one, ME, 0)), views);
});

test('a field changes at once, the order waits until it is settled', () => {
  let queue = ready([row('t1'), row('t2'), row('t3')]);
  queue = reduceQueue(queue, change(row('t1', {seq: 2, title: 'New words', waiting_since: at(60)})));
  assert.equal(queue.rows.t1.title, 'New words');
  assert.deepEqual(order(queue), ['t1', 't2', 't3']);
  assert.ok(pendingUpdates(queue) > 0);
  queue = reduceQueue(queue, {type: 'queue/settle'});
  assert.deepEqual(order(queue), ['t2', 't3', 't1']);
  assert.equal(pendingUpdates(queue), 0);
});

test('the pill counts the tickets that would come, go or move', () => {
  let queue = ready([row('t1'), row('t2')]);
  queue = reduceQueue(queue, change(row('t3'), null));
  queue = reduceQueue(queue, change(row('t4'), null));
  queue = reduceQueue(queue, change(row('t2', {seq: 2, title: 'Only words'})));
  assert.equal(pendingUpdates(queue), 2);
});

test('a change that moves nothing is no update', () => {
  const queue = reduceQueue(ready([row('t1'), row('t2')]), change(row('t2', {seq: 2, unread: 3})));
  assert.equal(pendingUpdates(queue), 0);
});

test('the selected row neither moves nor vanishes, and goes when it is left', () => {
  let queue = reduceQueue(ready([row('t1'), row('t2'), row('t3')]), {type: 'queue/select', id: 't2'});
  queue = reduceQueue(queue, change(row('t2', {seq: 2, status: 'resolved'})));
  queue = reduceQueue(queue, {type: 'queue/settle'});
  assert.deepEqual(order(queue), ['t1', 't2', 't3']);
  queue = reduceQueue(queue, {type: 'queue/select', id: 't3'});
  assert.deepEqual(order(queue), ['t1', 't2', 't3']);
  queue = reduceQueue(queue, {type: 'queue/settle'});
  assert.deepEqual(order(queue), ['t1', 't3']);
});

test('the selected row also stays when the list is fetched again', () => {
  let queue = reduceQueue(ready([row('t1'), row('t2')]), {type: 'queue/select', id: 't2'});
  queue = reduceQueue(queue, {type: 'queue/page', view: 'unassigned', page: page([row('t1'), row('t3')])});
  assert.deepEqual(order(queue), ['t1', 't2', 't3']);
});

test('with more pages to come, a row beyond the last loaded one is not put in', () => {
  let queue = ready([row('t1'), row('t5')], {next_cursor: 'more'});
  queue = reduceQueue(queue, change(row('t9'), null));
  queue = reduceQueue(queue, change(row('t3'), null));
  assert.deepEqual(wantedOrder(queue), ['t1', 't3', 't5']);
});

test('waiting longest first, then those who wait for us no more, by their age', () => {
  const rows = [row('t1', {waiting_since: null, created_at: at(5)}), row('t2', {waiting_since: at(9)}), row('t3', {waiting_since: at(3)}), row('t4', {waiting_since: null, created_at: at(1)})];
  assert.deepEqual(wantedOrder(ready(rows)), ['t3', 't2', 't4', 't1']);
});

test('done is in the order of the numbers, newest first', () => {
  const rows = [row('t1', {status: 'closed'}), row('t3', {status: 'resolved'}), row('t2', {spam: true})];
  assert.deepEqual(wantedOrder(ready(rows, {}, 'done')), ['t3', 't2', 't1']);
});

test('counts go by the difference of before and after', () => {
  const cases = [
    [{row: row('t1'), before: null}, counts({mine: 0, unassigned: 1, all: 1})],
    [{row: row('t1', {assigned_agent_id: ME}), before: {assigned_agent_id: null, shelf: 'queue', pending_on: null}}, counts({mine: 1, unassigned: -1, all: 0})],
    [{row: row('t1', {assigned_agent_id: 'ben'}), before: {assigned_agent_id: ME, shelf: 'queue', pending_on: null}}, counts({mine: -1, unassigned: 0, all: 0})],
    [{row: row('t1', {status: 'closed', assigned_agent_id: ME}), before: {assigned_agent_id: ME, shelf: 'queue', pending_on: null}}, counts({mine: -1, unassigned: 0, all: -1})],
    [{row: row('t1', {spam: true}), before: {assigned_agent_id: null, shelf: 'queue', pending_on: null}}, counts({mine: 0, unassigned: -1, all: -1})],
    [{row: row('t1'), before: {assigned_agent_id: null, shelf: 'done', pending_on: null}}, counts({mine: 0, unassigned: 1, all: 1})],
  ];
  for (const [one, expected] of cases) assert.deepEqual(countsDelta({...one, workspace_seq: 1}, ME), expected);
});

test('the same change twice counts once', () => {
  const news = change(row('t3'), null, 50);
  const queue = reduceQueue(reduceQueue(ready([row('t1')]), news), news);
  assert.deepEqual(queue.counts, counts({mine: 0, unassigned: 2, all: 2}));
});

test('a change that the page knew already is not counted again', () => {
  const queue = reduceQueue(ready([row('t1')], {workspace_seq: 60}), change(row('t1'), null, 60));
  assert.equal(queue.counts.all, 1);
});

test('what came while a page was on its way is counted on top of it', () => {
  let queue = reduceQueue(ready([row('t1')]), change(row('t3'), null, 30));
  queue = reduceQueue(queue, {type: 'queue/page', view: 'unassigned', page: page([row('t1')], {workspace_seq: 20})});
  assert.equal(queue.counts.all, 2);
  queue = reduceQueue(queue, {type: 'queue/page', view: 'unassigned', page: page([row('t1'), row('t3')], {workspace_seq: 30})});
  assert.equal(queue.counts.all, 2);
});

test('an old page does not bring back old fields', () => {
  let queue = reduceQueue(ready([row('t1')]), change(row('t1', {seq: 5, title: 'Newest'})));
  queue = reduceQueue(queue, {type: 'queue/page', view: 'unassigned', page: page([row('t1', {seq: 2, title: 'Old'})])});
  assert.equal(queue.rows.t1.title, 'Newest');
});

test('a late row does not undo a newer one', () => {
  let queue = reduceQueue(ready([row('t1')]), change(row('t1', {seq: 5, title: 'Newest'})));
  queue = reduceQueue(queue, change(row('t1', {seq: 4, title: 'Old'})));
  assert.equal(queue.rows.t1.title, 'Newest');
});

test('the next page is put behind, each row once', () => {
  let queue = ready([row('t1'), row('t2')], {next_cursor: 'two'});
  queue = reduceQueue(queue, {type: 'queue/page', view: 'unassigned', append: true, page: page([row('t2'), row('t3')])});
  assert.deepEqual(order(queue), ['t1', 't2', 't3']);
  assert.equal(queue.lists.unassigned.cursor, null);
});

test('each view keeps its own list', () => {
  let queue = ready([row('t1')]);
  queue = reduceQueue(queue, {type: 'queue/view', view: 'mine'});
  assert.deepEqual(order(queue), []);
  assert.deepEqual(order(reduceQueue(queue, {type: 'queue/view', view: 'unassigned'})), ['t1']);
});

test('each order is the server’s', () => {
  const rows = [
    row('t1', {next_due_at: at(90), priority: 'low', updated_at: at(3)}),
    row('t2', {next_due_at: null, priority: 'critical', updated_at: at(1)}),
    row('t3', {next_due_at: at(-5), waiting_since: null, updated_at: at(2)}),
    row('t4', {next_due_at: null, waiting_since: null, updated_at: at(9)}),
  ];
  const cases = {
    due: ['t3', 't1', 't2', 't4'],
    waiting: ['t1', 't2', 't3', 't4'],
    priority: ['t2', 't3', 't4', 't1'],
    newest_activity: ['t4', 't1', 't3', 't2'],
    oldest_activity: ['t2', 't3', 't1', 't4'],
    newest: ['t4', 't3', 't2', 't1'],
    oldest: ['t1', 't2', 't3', 't4'],
  };
  for (const [sort, wanted] of Object.entries(cases)) {
    let queue = reduceQueue(newQueue(ME, 'all', {sort}), {type: 'queue/page', view: 'all', page: page(rows)});
    queue = reduceQueue(reduceQueue(queue, change(row('t1', {...rows[0], seq: 2}))), {type: 'queue/settle'});
    assert.deepEqual(order(queue), wanted, sort);
  }
});

test('a snoozed ticket leaves the queue, and counts where it lies', () => {
  const queue = reduceQueue(ready([row('t1')]), change(row('t1', {seq: 2, shelf: 'snoozed', snoozed_until: at(600)})));
  assert.deepEqual(queue.counts, counts({snoozed: 1}));
  assert.deepEqual(wantedOrder(queue), []);
  assert.deepEqual(wantedOrder(reduceQueue(queue, {type: 'queue/view', view: 'snoozed'})), ['t1']);
});

test('a deadline comes near and passes by the clock alone', () => {
  const now = Date.parse(at(0));
  let queue = reduceQueue(newQueue(ME, 'risk', {now}), {type: 'queue/page', view: 'risk', page: page([row('t1', {next_due_at: at(20)})])});
  assert.deepEqual(wantedOrder(queue), ['t1']);
  queue = reduceQueue(queue, {type: 'queue/now', now: now + 21 * 60_000});
  assert.deepEqual(order(queue), ['t1'], 'nothing moves under the hand');
  assert.equal(pendingUpdates(queue), 1);
  assert.deepEqual(order(reduceQueue(queue, {type: 'queue/settle'})), []);
});

test('counts that were asked for keep what was pushed since', () => {
  const queue = reduceQueue(ready([row('t1')]), change(row('t3'), null, 30));
  const told = reduceQueue(queue, {type: 'queue/counts', counts: counts({unassigned: 1, all: 1, breached: 4}), workspace_seq: 20});
  assert.deepEqual(told.counts, counts({unassigned: 2, all: 2, breached: 4}));
});

test('an export is asked for with what its page knows of the view', () => {
  const asked = (view) => exportPath(view).split('?')[1];
  assert.deepEqual(['mine', 'all', 'waiting', 'done'].map(asked), ['status=active&agent=me', 'status=active', 'status=pending', 'status=ended']);
});
