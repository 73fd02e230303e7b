import assert from 'node:assert/strict';
import {test} from 'node:test';

import {choices, numberIn, whyNot} from '../../../../static/js/agent/merge-state.js';
import {row} from './helpers.js';

const source = row('t1');
const BEN = {...source.customer, id: 'ben', name: 'Ben'};
const finding = (fields) => ({id: 't1', text: '', status: 'done', own: [], found: [], ...fields});
const shown = (given) => choices(source, finding(given)).map((choice) => [choice.row.number, choice.why]);

test('a number is one with or without its sign, and nothing else', () => {
  assert.deepEqual(['12', ' #12 ', '# 7', '12a', 'order 12', '', '#'].map(numberIn), [12, 12, 7, null, null, null, null]);
});

test('what cannot take it says why', () => {
  assert.equal(whyNot(source, row('t2')), null);
  assert.match(whyNot(source, source), /itself/);
  assert.match(whyNot(source, row('t3', {shelf: 'trash'})), /trash/);
  assert.match(whyNot(source, row('t4', {status: 'closed', merged_into: 9})), /merged into #9/);
  assert.match(whyNot(source, row('t5', {spam: true})), /spam/);
  assert.match(whyNot(source, row('t6', {status: 'resolved'})), /reopen/);
  assert.match(whyNot(source, row('t7', {customer: BEN})), /Ben would read this/);
});

test('without a text the open tickets of the customer are offered, not this one', () => {
  const own = [source, row('t2'), row('t3', {status: 'closed'})];
  assert.deepEqual(shown({own, found: [row('t9')]}), [[2, null]]);
});

test('their own come first, then what another would read, each one time', () => {
  const own = [row('t2', {title: 'The parcel'}), row('t3', {title: 'An invoice'}), row('t4', {title: 'Old parcel', status: 'closed'}), {...source, title: 'This parcel'}];
  const found = [row('t8', {customer: BEN}), row('t2', {title: 'The parcel'}), row('t9')];
  const order = shown({text: 'PARCEL', own, found});
  assert.deepEqual(order.map(([number]) => number), [2, 9, 4, 8]);
  assert.deepEqual(order.slice(0, 2).map(([, why]) => why), [null, null]);
});

test('by its number exactly one is found, though it be the ticket itself', () => {
  const own = [row('t2'), row('t21')];
  assert.deepEqual(shown({text: '#2', own, found: [row('t2')]}), [[2, null]]);
  assert.match(shown({text: '1', own, found: [source]})[0][1], /itself/);
});
