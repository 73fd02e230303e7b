import assert from 'node:assert/strict';
import {test} from 'node:test';

import {logItems} from '../../../../static/js/chat/log-items.js';
import {emptyThread, withMarks, withSnapshot} from '../../../../static/js/chat/thread-state.js';
import {ANA, at, event, ME, said, stateOf, waiting} from './helpers.js';

const items = (events, pending = [], marks = {}) => logItems(withMarks(withSnapshot(emptyThread, stateOf(events)), marks), pending);
const messages = (list) => list.filter(({kind}) => kind === 'message');

test('each day has its line', () => {
  const list = items([said(1), said(2, ANA, {created_at: '2026-03-14T10:00:00Z'}), said(3, ANA, {created_at: '2026-03-14T10:01:00Z'})]);
  assert.deepEqual(list.map(({kind}) => kind), ['day', 'message', 'day', 'message', 'message']);
});

test('one author within five minutes is a group', () => {
  const list = messages(items([said(1), said(2), said(3, ME), said(4, ANA, {created_at: at(4)}), said(5, ANA, {created_at: at(400)})]));
  assert.deepEqual(list.map(({first, last}) => [first, last]), [[true, false], [false, true], [true, true], [true, true], [true, true]]);
});

test('a system line parts a group', () => {
  const list = items([said(1), event(2, {name: 'ticket.assigned', changes: {agent: [null, {name: 'Ben'}]}}), said(3)]);
  assert.deepEqual(list.map(({kind}) => kind), ['day', 'message', 'system', 'message']);
  assert.ok(list[1].last && list[3].first);
});

test('the customer is told who joined, took over and left, and how the chat ended', () => {
  const told = (more) => items([event(1, more)]).find(({kind}) => kind === 'system')?.text ?? null;
  const [ana, ben] = [{name: 'Ana'}, {name: 'Ben'}];
  assert.equal(told({name: 'ticket.assigned', changes: {agent: [null, ana]}}), 'agent_joined');
  assert.equal(told({name: 'ticket.assigned', changes: {agent: [ana, ben]}}), 'now_chatting_with');
  assert.equal(told({name: 'ticket.unassigned', changes: {agent: [ana, null]}}), 'agent_left');
  assert.equal(told({name: 'ticket.ended', actor: ME}), 'you_ended');
  assert.equal(told({changes: {status: ['open', 'ended']}}), 'chat_ended');
  assert.equal(told({changes: {status: ['ended', 'open']}}), 'chat_reopened');
  assert.equal(told({changes: {status: ['open', 'waiting']}}), null);
  assert.equal(told({name: 'ticket.created'}), null);
});

test('waiting messages come last and give way to their own arrival', () => {
  const list = messages(items([said(1), said(2, ME)], [waiting('client-2'), waiting('client-9')]));
  assert.deepEqual(list.map(({key, state}) => [key.startsWith('client') ? key : 'c', state]), [['c', null], ['client-2', 'sent'], ['client-9', 'sending']]);
});

test('a message keeps its key from sending to arrival', () => {
  assert.equal(messages(items([], [waiting('client-1')]))[0].key, messages(items([said(1, ME)]))[0].key);
});

test('only the last own message tells its state, and each that failed', () => {
  const list = messages(items([said(1, ME), said(2, ME), said(3)], [waiting('a', {state: 'failed'}), waiting('b')], {staff: {seen: 1, delivered: 2}}));
  assert.deepEqual(list.filter(({mine}) => mine).map(({state, tellsState}) => [state, tellsState]), [['seen', false], ['delivered', false], ['failed', true], ['sending', true]]);
});
