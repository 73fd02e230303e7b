import assert from 'node:assert/strict';
import {test} from 'node:test';

import {isStale, newState, reduce, serverNow, STALE} from '../../../../static/js/now/now-state.js';

const START = Date.parse('2026-11-20T09:00:00Z');
const now = new Date(START + 60_000).toISOString();
const begun = () => newState({board: {open: 1, waiting: 2}, now}, START);
const whole = (seq, board) => ({type: 'whole', whole: {seq, now, board, version: 'x'}, at: START});
const update = (seq, changed, at = START) => ({type: 'update', update: {seq, now, changed}, at});
const play = (actions, state = begun()) => actions.reduce(reduce, state);

test('changes fold into the board in their order', () => {
  const state = play([whole(4, {open: 3, waiting: 0}), update(5, {open: 4}), update(6, {waiting: 1})]);
  assert.deepEqual([state.board, state.seq, state.gap], [{open: 4, waiting: 1}, 6, false]);
});

test('what is known already changes nothing, and a sign of life only says when we last heard', () => {
  const state = play([whole(4, {open: 3}), update(4, {}, START + 9_000), update(3, {open: 99}, START + 9_500)]);
  assert.deepEqual([state.board, state.seq, state.gap, state.heard], [{open: 3}, 4, false, START + 9_500]);
});

test('a gap is noticed, and the whole heals it', () => {
  const torn = play([whole(4, {open: 3}), update(6, {open: 9})]);
  assert.deepEqual([torn.gap, torn.board.open], [true, 3]);
  const healed = play([{type: 'asked'}, whole(6, {open: 9})], torn);
  assert.deepEqual([healed.gap, healed.board.open, healed.seq], [false, 9, 6]);
});

test('what comes before the whole waits for it', () => {
  const state = play([{type: 'asked'}, update(7, {open: 7}), update(8, {open: 8}), whole(7, {open: 7})]);
  assert.deepEqual([state.board, state.seq, state.gap], [{open: 8}, 8, false]);
  assert.equal(play([update(9, {open: 9}), whole(7, {open: 7})]).gap, true);
});

test('while nobody looks nothing changes; the whole catches up', () => {
  const paused = play([whole(4, {open: 3}), {type: 'paused', paused: true, at: START}, update(5, {open: 4}), update(9, {open: 8})]);
  assert.deepEqual([paused.board, paused.seq, paused.gap], [{open: 3}, 4, false]);
  assert.deepEqual(play([whole(8, {open: 7})], paused).board, {open: 3}, 'a whole that was asked for before comes too late');
  const shown = play([{type: 'paused', paused: false, at: START}, {type: 'asked'}, whole(9, {open: 8})], paused);
  assert.deepEqual([shown.board, shown.seq, shown.gap], [{open: 8}, 9, false]);
});

test('after fifteen seconds without a word it is stale', () => {
  const state = play([whole(1, {open: 1}), {type: 'tick', at: START + STALE}]);
  assert.equal(isStale(state), false);
  assert.equal(isStale(reduce(state, {type: 'tick', at: START + STALE + 1})), true);
  assert.equal(isStale(play([{type: 'tick', at: START + STALE + 1}, update(1, {}, START + STALE + 2)], state)), false);
});

test("times go by the server's clock", () => {
  assert.equal(serverNow(reduce(begun(), {type: 'tick', at: START + 5_000})), START + 65_000);
});

test('an ended link stays ended, whatever the line does', () => {
  const state = play([{type: 'link', link: 'ended', reason: 'revoked'}, {type: 'link', link: 'connecting'}]);
  assert.deepEqual([state.link, state.reason], ['ended', 'revoked']);
});
