import assert from 'node:assert/strict';
import {test} from 'node:test';

import {applyEvent, newThreads, openThread, reduceThreads, TYPING_FOR} from '../../../../static/js/agent/thread-state.js';
import {ANA, BEN, event, MARIA, row, said, snapshot} from './helpers.js';

const seqs = (threads) => openThread(threads).events.map((one) => one.seq);
const all = (threads, ...actions) => actions.reduce(reduceThreads, threads);
const opened = (...args) => all(newThreads(), {type: 'thread/wanted', number: 1}, {type: 'thread/snapshot', snapshot: snapshot(...args)});
const came = (...events) => ({type: 'thread/events', id: 't1', events});

test('a thread is opened by its snapshot', () => {
  const threads = opened([event(1), said(2)]);
  assert.deepEqual([threads.open, threads.status, seqs(threads)], ['t1', 'idle', [1, 2]]);
});

test('the next event is appended', () => {
  const threads = all(opened([said(1)]), came(said(2, ANA)));
  assert.deepEqual(seqs(threads), [1, 2]);
  assert.deepEqual([openThread(threads).ticket.seq, openThread(threads).gap], [2, false]);
});

test('what the answer and the broadcast both bring is there once', () => {
  const mine = said(2, ANA, {client_id: 'same'});
  assert.deepEqual(seqs(all(opened([said(1)]), came(mine), came(mine))), [1, 2]);
});

test('a hole is marked, what lies ahead waits, and both are shown in order once it is filled', () => {
  let threads = all(opened([said(1)]), came(said(4)), came(said(3)));
  assert.deepEqual([seqs(threads), openThread(threads).gap], [[1], true]);
  threads = all(threads, came(said(2), said(3)));
  assert.deepEqual([seqs(threads), openThread(threads).gap], [[1, 2, 3, 4], false]);
});

test('what comes before the snapshot is shown after it, once', () => {
  const wanted = all(newThreads(), {type: 'thread/wanted', number: 1}, came(said(2), said(3)));
  const threads = all(wanted, {type: 'thread/snapshot', snapshot: snapshot([said(1), said(2)])});
  assert.deepEqual([seqs(threads), openThread(threads).gap], [[1, 2, 3], false]);
  assert.deepEqual(threads.early, []);
});

test('events of a thread that is never opened touch no other and do not pile up', () => {
  const other = (/** @type {number} */ seq) => ({type: 'thread/events', id: 'other', events: [{...said(seq), ticket_id: 'other'}]});
  const threads = all(opened([said(1)]), ...Array.from({length: 300}, (_, index) => other(index + 2)));
  assert.deepEqual(seqs(all(threads, {type: 'thread/snapshot', snapshot: snapshot([said(1)])})), [1]);
  assert.ok(threads.early.length <= 100);
});

test('older pages go in front, each event once', () => {
  const threads = all(opened([said(5), said(6)], {}, true), {type: 'thread/older', id: 't1', events: [said(3), said(4), said(5)], hasMore: false});
  assert.deepEqual([seqs(threads), openThread(threads).hasMore], [[3, 4, 5, 6], false]);
});

test('a new snapshot keeps the older pages and what came meanwhile', () => {
  let threads = all(opened([said(5), said(6)], {}, true), {type: 'thread/older', id: 't1', events: [said(3), said(4)], hasMore: true});
  threads = all(threads, came(said(7), said(8)), {type: 'thread/snapshot', snapshot: snapshot([said(5), said(6), said(7)], {}, true)});
  assert.deepEqual(seqs(threads), [3, 4, 5, 6, 7, 8]);
  assert.equal(openThread(threads).ticket.seq, 8);
});

test('a snapshot far ahead of what is known takes its place', () => {
  const threads = all(opened([said(1), said(2)]), {type: 'thread/snapshot', snapshot: snapshot([said(90), said(91)], {}, true)});
  assert.deepEqual([seqs(threads), openThread(threads).hasMore], [[90, 91], true]);
});

test('a thread that was open before is shown from memory', () => {
  let threads = all(opened([said(1)]), {type: 'thread/wanted', number: null});
  assert.equal(threads.open, null);
  threads = all(threads, {type: 'thread/wanted', number: 1});
  assert.deepEqual([threads.open, threads.status], ['t1', 'idle']);
});

test('thirty threads are kept', () => {
  let threads = newThreads();
  for (let i = 1; i <= 35; i += 1) threads = all(threads, {type: 'thread/snapshot', snapshot: snapshot([said(1)], {id: `t${i}`, number: i})});
  assert.equal(Object.keys(threads.byId).length, 30);
  assert.ok(threads.byId.t35 && !threads.byId.t5);
});

test('a late answer does not open what is not wanted any more', () => {
  const threads = all(newThreads(), {type: 'thread/wanted', number: 2}, {type: 'thread/snapshot', snapshot: snapshot([said(1)])});
  assert.deepEqual([threads.open, threads.status], [null, 'loading']);
});

test('read marks only go forward, and what is seen is delivered', () => {
  const mark = (fields) => ({type: 'thread/read', id: 't1', ...fields});
  let threads = all(opened([said(1)]), mark({side: 'customer', delivered: 3}), mark({side: 'customer', seen: 2}), mark({side: 'customer', seen: 1, delivered: 1}));
  assert.deepEqual(openThread(threads).ticket.read.customer, {delivered: 3, seen: 2});
  threads = all(threads, mark({side: 'customer', seen: 5}), mark({side: 'staff', seen: 4}));
  assert.deepEqual(openThread(threads).ticket.read, {customer: {delivered: 5, seen: 5}, staff: {seen: 4}});
});

test('the "New" line is at the first comment that nobody has read, and gone at the next visit', () => {
  let threads = opened([said(1), said(2), said(3)], {read: {customer: {delivered: 0, seen: 0}, staff: {seen: 1}}});
  assert.equal(openThread(threads).newFrom, 2);
  threads = all(threads, came(said(4)));
  assert.equal(openThread(threads).newFrom, 2);
  threads = all(threads, {type: 'thread/wanted', number: null}, {type: 'thread/wanted', number: 1});
  assert.equal(openThread(threads).newFrom, null);
});

test('typing ends by itself, when it is said, and with the message', () => {
  const typing = (fields = {}) => ({type: 'thread/typing', id: 't1', actor: MARIA, kind: 'reply', typing: true, now: 1_000, ...fields});
  const threads = all(opened([said(1)]), typing());
  assert.equal(openThread(threads).typing.length, 1);
  assert.equal(reduceThreads(threads, {type: 'thread/expire', now: 1_000 + TYPING_FOR - 1}), threads);
  assert.equal(openThread(all(threads, {type: 'thread/expire', now: 1_000 + TYPING_FOR})).typing.length, 0);
  assert.equal(openThread(all(threads, typing({typing: false}))).typing.length, 0);
  assert.equal(openThread(all(threads, came(said(2, MARIA)))).typing.length, 0);
  assert.equal(openThread(all(threads, came(said(2, BEN)))).typing.length, 1);
});

test('a row brings what events do not carry, and nothing else', () => {
  const threads = all(opened([said(1)]), {type: 'thread/row', row: row('t1', {seq: 9, status: 'closed', unread: 4, customer: {...row('t1').customer, name: 'Maria L.'}})});
  const {ticket} = openThread(threads);
  assert.deepEqual([ticket.seq, ticket.status, ticket.unread, ticket.customer.name], [1, 'open', 4, 'Maria L.']);
});

test('new addresses of files replace the old events', () => {
  const again = {...said(2), comment: {...said(2).comment, attachments: [{id: 'a', url: '/new'}]}};
  const threads = all(opened([said(1), said(2)]), {type: 'thread/refreshed', id: 't1', events: [again]});
  assert.equal(openThread(threads).events[1].comment.attachments[0].url, '/new');
});

test('the customer comes and goes on every thread of theirs', () => {
  const threads = all(opened([said(1)]), {type: 'thread/online', customer: 'maria', online: true, page: {url: 'https://x.example/a', title: 'A'}});
  assert.deepEqual([openThread(threads).ticket.customer_online, openThread(threads).ticket.page.title], [true, 'A']);
});

test('an applied event makes the snapshot that a fresh one would be', () => {
  const before = snapshot([event(1)], {status: 'open', public_seq: 0});
  const after = [
    event(2, {name: 'ticket.assigned', public_seq: 1, changes: {assigned_agent_id: [null, 'me'], team_id: [null, 'billing'], status: ['open', 'assigned']}}),
    event(3, {changes: {title: ['Ticket t1', 'Better'], priority: ['medium', 'high'], category: [null, 'Delivery']}}),
    said(4, ANA, {kind: 'note'}),
    event(5, {name: 'ticket.marked_as_spam', changes: {spam: [false, true], status: ['assigned', 'closed']}}),
  ].reduce(applyEvent, before);
  const {status, title, priority, category, assigned_agent_id, team_id, spam, seq, public_seq} = after.ticket;
  assert.deepEqual({status, title, priority, category, assigned_agent_id, team_id, spam, seq, public_seq}, {
    status: 'closed', title: 'Better', priority: 'high', category: 'Delivery', assigned_agent_id: 'me', team_id: 'billing', spam: true, seq: 5, public_seq: 1,
  });
  assert.deepEqual(after.events.map((one) => one.seq), [1, 2, 3, 4, 5]);
});

test('an event that a snapshot has already changes nothing', () => {
  const before = snapshot([event(1), said(2)]);
  assert.equal(applyEvent(before, said(2)), before);
});
