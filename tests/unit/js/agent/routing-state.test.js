import assert from 'node:assert/strict';
import {test} from 'node:test';

import {couldBeAsked, newRouting, reduceRouting, secondsLeft} from '../../../../static/js/agent/routing-state.js';

const offer = (id, state = 'pending') => ({id, state, agent_id: 'me', offered_by_id: null, reason: 'You have room', expires_at: '2026-11-20T09:01:00Z', ticket: {id: `t-${id}`, number: 1}});
const after = (actions, routing = newRouting()) => actions.reduce(reduceRouting, routing);
const LUNCH = {name: 'Lunch', counts_as: 'away', takes_tickets: false};
const ids = ({offers}) => offers.map(({id}) => id);

test('what the page came with is held out at once', () => {
  const routing = newRouting({reasons: [LUNCH], offers: [offer('a')]});
  assert.deepEqual([routing.reasons, ids(routing)], [[LUNCH], ['a']]);
  assert.deepEqual(newRouting(undefined), {reasons: [], offers: [], why: {}, skills: {}});
});

test('an offer comes once, and goes when it is answered, over or taken back', () => {
  const both = after([offer('a'), offer('b'), offer('a')].map((one) => ({type: 'offers/moved', offer: one})));
  assert.deepEqual(ids(both), ['b', 'a']);
  for (const state of ['accepted', 'declined', 'expired', 'withdrawn'])
    assert.deepEqual(ids(after([{type: 'offers/moved', offer: offer('b', state)}], both)), ['a']);
  assert.deepEqual(ids(after([{type: 'offers/moved', offer: offer('c', 'expired')}], both)), ['b', 'a']);
});

test('after a new connection only what is held out now is left', () => {
  const routing = after([{type: 'offers/moved', offer: offer('a')}, {type: 'offers/all', offers: [offer('b')]}]);
  assert.deepEqual(ids(routing), ['b']);
});

test('reasons and needs are kept by ticket', () => {
  const billing = {id: 's1', name: 'Billing', level: 1};
  const decision = {id: 'd1', reason: 'Ben has the most room', candidates: []};
  let routing = after([{type: 'why/loaded', id: 't1', decisions: [decision], skills: [billing]}]);
  routing = after([{type: 'why/loaded', id: 't2', decisions: [], skills: []}], routing);
  assert.deepEqual([routing.why.t1, routing.skills.t1, routing.skills.t2], [[decision], [billing], []]);
  routing = after([{type: 'skills/loaded', id: 't1', skills: []}], routing);
  assert.deepEqual([routing.why.t1, routing.skills.t1], [[decision], []]);
});

test('what means nothing here changes nothing', () => {
  const routing = newRouting();
  assert.equal(reduceRouting(routing, {type: 'route'}), routing);
});

test('the seconds of an offer end at none', () => {
  const end = Date.parse('2026-11-20T09:01:00Z');
  assert.deepEqual([60_000, 59_001, 1, 0, -5_000].map((left) => secondsLeft(offer('a'), end - left)), [60, 60, 1, 0, 0]);
});

test('whoever answers can be asked, first who is there; neither I nor who has it', () => {
  const user = (id, more = {}) => ({id, name: id, role: 'agent', availability: 'online', reason: null, online: true, active: true, answers: true, ...more});
  const users = [user('zoe'), user('ben', {online: false}), user('me'), user('ana'), user('has'), user('vic', {answers: false})];
  assert.deepEqual(couldBeAsked(users, ['me', 'has']).map(({id}) => id), ['ana', 'zoe', 'ben']);
  assert.deepEqual(couldBeAsked(users, ['me', null]).map(({id}) => id), ['ana', 'has', 'zoe', 'ben']);
});
