import assert from 'node:assert/strict';
import {test} from 'node:test';

import {initialState, isLooking, reduce, typists, TYPING_EXPIRES, unread} from '../../../../static/js/chat/chat-state.js';
import {ANA, event, ME, said, stateOf, waiting} from './helpers.js';

const ready = (events = [], more = {}) => reduce(initialState(), {type: 'snapshot', state: stateOf(events, more)});

test('the snapshot makes the page ready', () => {
  const state = ready([said(1)], {known: ['name'], needs_prechat: true});
  assert.deepEqual([state.phase, state.known, state.needsPrechat], ['ready', ['name'], true]);
});

test('typing expires by itself, and at once with the message', () => {
  const typing = reduce(ready([said(1)]), {type: 'typing', name: 'Ana', typing: true, now: 1_000});
  assert.deepEqual(typists(typing), ['Ana']);
  assert.equal(reduce(typing, {type: 'expire', now: 1_000 + TYPING_EXPIRES - 1}), typing);
  assert.deepEqual(typists(reduce(typing, {type: 'expire', now: 1_000 + TYPING_EXPIRES})), []);
  assert.deepEqual(typists(reduce(typing, {type: 'event', event: said(2, ANA)})), []);
  assert.deepEqual(typists(reduce(typing, {type: 'typing', name: 'Ana', typing: false})), []);
});

test('one who types on is not expired by the first mark', () => {
  let state = reduce(ready(), {type: 'typing', name: 'Ana', typing: true, now: 0});
  state = reduce(state, {type: 'typing', name: 'Ana', typing: true, now: 4_000});
  assert.deepEqual(typists(reduce(state, {type: 'expire', now: TYPING_EXPIRES + 1})), ['Ana']);
});

test('what comes in under the fold is counted until the end is in view', () => {
  let state = reduce(ready([said(1)]), {type: 'scrolled', atEnd: false});
  state = reduce(state, {type: 'event', event: said(2, ANA)});
  state = reduce(state, {type: 'event', event: said(3, ME)});
  state = reduce(state, {type: 'event', event: event(4)});
  assert.equal(state.below, 1);
  assert.equal(reduce(state, {type: 'scrolled', atEnd: true}).below, 0);
});

test('one looks at the thread only with the widget open, the tab visible and the end in view', () => {
  const state = ready([said(1)]);
  assert.ok(isLooking(state));
  for (const hidden of [{type: 'open', open: false}, {type: 'visible', visible: false}, {type: 'scrolled', atEnd: false}]) assert.ok(!isLooking(reduce(state, hidden)));
});

test('marks of another ticket change nothing', () => {
  const state = ready([said(1)]);
  assert.equal(unread(state), 1);
  assert.equal(reduce(state, {type: 'marks', ticket_id: 'other', marks: {customer: {seen: 9}}}), state);
  assert.equal(unread(reduce(state, {type: 'marks', ticket_id: 't1', marks: {customer: {seen: 1}}})), 0);
});

test('a new chat puts the ended one away, until somebody writes into it', () => {
  const ended = stateOf([said(1)], {ticket: {...stateOf([said(1)]).ticket, status: 'ended'}});
  let state = reduce(reduce(initialState(), {type: 'snapshot', state: ended}), {type: 'new_chat'});
  assert.equal(state.thread.ticket, null);
  state = reduce(state, {type: 'snapshot', state: ended});
  assert.equal(state.thread.ticket, null);
  state = reduce(state, {type: 'snapshot', state: stateOf([said(1), said(2)])});
  assert.equal(state.thread.ticket.id, 't1');
});

test('sending empties the composer and goes to the end', () => {
  let state = reduce(ready(), {type: 'draft', text: 'hello'});
  state = reduce(state, {type: 'files_added', files: [{id: 'f'}]});
  state = reduce(reduce(state, {type: 'scrolled', atEnd: false}), {type: 'composed'});
  assert.deepEqual([state.draft, state.files, state.atEnd], ['', [], true]);
});

test('errors land on the fields and go when the field is changed', () => {
  let state = reduce(ready(), {type: 'form_value', name: 'email', value: 'x'});
  state = reduce(reduce(state, {type: 'form_sending'}), {type: 'form_errors', errors: {email: 'No.', name: 'Yes?'}});
  assert.deepEqual([state.form.sending, state.form.errors.email, state.form.values.email], [false, 'No.', 'x']);
  state = reduce(state, {type: 'form_value', name: 'email', value: 'x@y.example'});
  assert.deepEqual(state.form.errors, {name: 'Yes?'});
});

test('what changes nothing draws nothing', () => {
  const state = ready([said(1)]);
  for (const action of [{type: 'open', open: true}, {type: 'scrolled', atEnd: true}, {type: 'banner', banner: null}, {type: 'draft', text: ''}, {type: 'unheard of'}]) {
    assert.equal(reduce(state, action), state, action.type);
  }
});

test('a popup is opened and closed by the same action', () => {
  const open = reduce(ready(), {type: 'popup', popup: 'menu'});
  assert.equal(open.popup, 'menu');
  assert.equal(reduce(open, {type: 'popup', popup: 'menu'}).popup, null);
});

test('an upload tells its progress to the chip and to the bubble', () => {
  let state = reduce(ready(), {type: 'files_added', files: [{id: 'f', share: 0, attachment: null, error: null}]});
  state = reduce(state, {type: 'progress', file: 'f', share: 0.5});
  assert.deepEqual([state.files[0].share, state.progress.f], [0.5, 0.5]);
  assert.equal(reduce(state, {type: 'file_failed', file: 'f', error: 'No.'}).files[0].error, 'No.');
  assert.deepEqual(reduce(state, {type: 'file_removed', file: 'f'}).files, []);
});

test('pending items are those of the outbox', () => {
  assert.equal(reduce(ready(), {type: 'pending', items: [waiting('a')]}).pending.length, 1);
});
