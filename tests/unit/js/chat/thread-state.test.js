import assert from 'node:assert/strict';
import {test} from 'node:test';

import {emptyThread, hasGap, unreadOf, withEvent, withMarks, withOlder, withRefreshed, withReplay, withSnapshot} from '../../../../static/js/chat/thread-state.js';
import {ANA, event, ME, randomly, said, stateOf, ticketOf} from './helpers.js';

const seqs = (thread) => thread.events.map(({seq}) => seq);
const from = (events, more) => withSnapshot(emptyThread, stateOf(events, more));

test('a live event is appended and moves the mark of completeness', () => {
  const thread = withEvent(from([said(1), said(2)]), said(3));
  assert.deepEqual([seqs(thread), thread.last, hasGap(thread)], [[1, 2, 3], 3, false]);
});

test('the same event twice is there once', () => {
  const one = said(2);
  const thread = withEvent(withEvent(from([said(1)]), one), one);
  assert.deepEqual(seqs(thread), [1, 2]);
});

test('answer and broadcast give one comment, whichever comes first', () => {
  const own = said(2, ME);
  const begun = from([said(1)]);
  const answerFirst = withEvent(withEvent(begun, own, ticketOf({seq: 2})), own);
  const broadcastFirst = withEvent(withEvent(begun, own), own, ticketOf({seq: 2}));
  assert.deepEqual(seqs(answerFirst), [1, 2]);
  assert.deepEqual(answerFirst, broadcastFirst);
});

test('an event beyond a gap is shown, and the gap known until it is filled', () => {
  const ahead = withEvent(from([said(1)]), said(4));
  assert.deepEqual([seqs(ahead), ahead.last, hasGap(ahead)], [[1, 4], 1, true]);
  const filled = withReplay(ahead, {events: [said(2), said(3)], has_more: false, reset: false, epoch: 0});
  assert.deepEqual([seqs(filled), filled.last, hasGap(filled)], [[1, 2, 3, 4], 4, false]);
});

test('the first answer of a new chat begins the thread, its opening events are fetched', () => {
  const thread = withEvent(emptyThread, said(2, ME), ticketOf({seq: 2}));
  assert.equal(thread.ticket.id, 't1');
  assert.ok(hasGap(thread));
  assert.deepEqual(seqs(withReplay(thread, {events: [event(1), said(2, ME)], has_more: false, reset: false, epoch: 0})), [1, 2]);
});

test('an event of another ticket, or one before any ticket, makes the state outdated', () => {
  assert.ok(withEvent(from([said(1)]), {...said(5), ticket_id: 't2'}).outdated);
  assert.ok(withEvent(emptyThread, said(1)).outdated);
});

test('a reset asks for the state again, which then stands alone', () => {
  const outdated = withReplay(from([said(1), said(2)]), {events: [], has_more: false, reset: true, epoch: 0});
  assert.ok(outdated.outdated);
  const fresh = withSnapshot(outdated, stateOf([said(600), said(601)], {has_more: true}));
  assert.deepEqual([seqs(fresh), fresh.last, fresh.hasMore, fresh.outdated], [[600, 601], 601, true, false]);
});

test('after a backup was restored nothing of before is kept, though its sequences join on', () => {
  const known = from([said(1), said(2), said(3)]);
  const restored = stateOf([said(1), said(2)], {epoch: 5});
  assert.deepEqual(seqs(withSnapshot(known, restored)), [1, 2]);
  assert.equal(withSnapshot(known, restored).epoch, 5);
  assert.ok(withReplay(known, {events: [said(4)], has_more: false, reset: false, epoch: 5}).outdated);
});

test('a snapshot that joins on keeps older pages', () => {
  const known = withOlder(from([said(3), said(4)], {has_more: true}), {events: [said(1), said(2)], has_more: false, reset: false, epoch: 0});
  const again = withSnapshot(known, stateOf([said(4), said(5)], {has_more: true}));
  assert.deepEqual([seqs(again), again.hasMore, again.last], [[1, 2, 3, 4, 5], false, 5]);
});

test('a snapshot after too long a silence replaces what is here', () => {
  const again = withSnapshot(from([said(1), said(2)]), stateOf([said(60), said(61)], {has_more: true}));
  assert.deepEqual([seqs(again), again.hasMore], [[60, 61], true]);
});

test('an event that overtook the snapshot is kept', () => {
  const ahead = withEvent(from([said(1)]), said(2));
  const thread = withSnapshot(ahead, stateOf([said(1)]));
  assert.deepEqual([seqs(thread), thread.last], [[1, 2], 2]);
});

test('no ticket empties the thread, but an ended chat stays on the screen', () => {
  assert.deepEqual(withSnapshot(from([said(1)]), stateOf([], {ticket: null, read: null})), emptyThread);
  const ended = withEvent(from([said(1)]), event(2, {name: 'ticket.ended', actor: ME}));
  assert.deepEqual(seqs(withSnapshot(ended, stateOf([], {ticket: null, read: null}))), [1, 2]);
});

test('status and agent follow the events', () => {
  const joined = withEvent(from([said(1)]), event(2, {name: 'ticket.assigned', changes: {agent: [null, {name: 'Ana'}]}}));
  assert.equal(joined.ticket.agent.name, 'Ana');
  const ended = withEvent(joined, event(3, {changes: {status: ['open', 'ended']}}));
  assert.deepEqual([ended.ticket.status, ended.ticket.can_reopen], ['ended', true]);
});

test('whoever writes into an ended chat reopens it', () => {
  const ended = withEvent(from([said(1)]), event(2, {name: 'ticket.ended', actor: ME}));
  assert.equal(ended.ticket.status, 'ended');
  assert.equal(withEvent(ended, said(3, ME)).ticket.status, 'open');
  assert.equal(withEvent(ended, said(3, ANA)).ticket.status, 'ended');
});

test('an old answer does not turn the ticket back', () => {
  const joined = withEvent(from([said(1)]), event(2, {changes: {agent: [null, {name: 'Ana'}]}}));
  assert.equal(withEvent(joined, said(1), ticketOf({seq: 1})).ticket.agent.name, 'Ana');
});

test('read marks only move forward', () => {
  const read = withMarks(from([said(1)]), {staff: {seen: 5}});
  assert.equal(read.read.staff.seen, 5);
  assert.equal(withMarks(read, {staff: {seen: 3}}), read);
  assert.equal(withMarks(read, {customer: {seen: 2}}).read.customer.seen, 2);
});

test('unread are comments of the other side after the mark', () => {
  const thread = from([said(1), said(2, ME), event(3), said(4)]);
  assert.equal(unreadOf(thread), 2);
  assert.equal(unreadOf(withMarks(thread, {customer: {seen: 1}})), 1);
  assert.equal(unreadOf(withMarks(thread, {customer: {seen: 4}})), 0);
});

test('where older ones are not here the server knows how many', () => {
  const thread = from([said(60)], {has_more: true, ticket: ticketOf({seq: 60, unread: 9})});
  assert.equal(unreadOf(thread), 9);
});

test('an event with fresh links takes the place of the old one', () => {
  const thread = from([said(1), said(2)]);
  const fresh = said(1, ANA, {content: 'fresh'});
  assert.equal(withRefreshed(thread, fresh).events[0].comment.content, 'fresh');
});

for (let seed = 1; seed <= 40; seed += 1) {
  test(`whatever is lost, doubled or late, the thread becomes the server's (${seed})`, () => {
    const random = randomly(seed);
    const server = Array.from({length: 120}, (_, i) => (random() < 0.8 ? said(i + 1, random() < 0.5 ? ANA : ME) : event(i + 1)));
    let thread = withSnapshot(emptyThread, stateOf(server.slice(0, 5)));
    const onTheWay = server.slice(5).flatMap((one) => (random() < 0.2 ? [] : random() < 0.2 ? [one, one] : [one]));
    for (let i = 0; i + 1 < onTheWay.length; i += 1) if (random() < 0.3) [onTheWay[i], onTheWay[i + 1]] = [onTheWay[i + 1], onTheWay[i]];
    for (const one of onTheWay) {
      thread = withEvent(thread, one);
      assert.equal(new Set(seqs(thread)).size, thread.events.length);
      if (random() < 0.1) thread = withSnapshot(thread, stateOf(server.slice(Math.max(0, one.seq - 50), one.seq), {ticket: ticketOf({seq: one.seq})}));
      if (hasGap(thread) && random() < 0.3) thread = replayed(thread, server, 10);
    }
    for (let more = true; more;) {
      const before = thread.last;
      thread = replayed(thread, server, 50);
      more = thread.last > before;
    }
    assert.deepEqual(seqs(thread), server.map(({seq}) => seq));
    assert.equal(thread.last, 120);
  });
}

function replayed(thread, server, limit) {
  const events = server.filter(({seq}) => seq > thread.last);
  return withReplay(thread, {events: events.slice(0, limit), has_more: events.length > limit, reset: false, epoch: 0});
}

test('a merge makes the window ask where the conversation goes on', () => {
  for (const name of ['ticket.merged', 'ticket.unmerged', 'ticket.released'])
    assert.equal(withEvent(from([said(1)]), event(2, {name})).outdated, true, name);
  assert.equal(from([said(1), event(2, {name: 'ticket.unmerged'})]).outdated, false, 'what the state holds is known');
});

test('what was merged in is not unread, however much of it there is', () => {
  const carried = {...said(2), name: 'comment.carried', source_id: 'other'};
  assert.equal(unreadOf(withEvent(from([said(1, ME)]), carried)), 0);
});
