import assert from 'node:assert/strict';
import {test} from 'node:test';

import {newSearch, reduceSearch} from '../../../../static/js/agent/search-state.js';

const all = (...actions) => actions.reduce(reduceSearch, newSearch());
const ask = (text, scope = 'tickets') => ({type: 'search/ask', text, scope});
const found = (text, ids, more = {}) => ({type: 'search/found', text, scope: 'tickets', cursor: null, append: false,
  data: ids.map((id) => ({ticket: {id}})), ...more});
const ids = (search) => search.tickets.map((hit) => hit.ticket.id);

test('what comes late for an earlier question is dropped', () => {
  const search = all(ask('re'), ask('refund'), found('refund', ['a']), found('re', ['b']));
  assert.deepEqual(ids(search), ['a']);
  assert.equal(search.status, 'done');
});

test('what was found stays while the next is looked for', () => {
  const search = all(ask('re'), found('re', ['a']), ask('ref'));
  assert.deepEqual(ids(search), ['a']);
  assert.equal(search.status, 'loading');
});

test('a later page is added, what is known already is not', () => {
  const search = all(ask('x'), found('x', ['a', 'b'], {cursor: 'c'}), {type: 'search/more'}, found('x', ['b', 'c'], {append: true}));
  assert.deepEqual(ids(search), ['a', 'b', 'c']);
  assert.equal(search.cursor, null);
});

test('a slip is shown until the text changes', () => {
  const problem = {message: 'There is no field', part: 'stauts:open'};
  const slip = all(ask('stauts:open'), {type: 'search/failed', text: 'stauts:open', problem});
  assert.deepEqual(slip.problem, problem);
  assert.equal(reduceSearch(slip, ask('status:open')).problem, null);
});

test('an empty box forgets what was found; closing keeps it', () => {
  const search = all({type: 'search/open'}, ask('x'), found('x', ['a']));
  assert.deepEqual(ids(reduceSearch(search, {type: 'search/close'})), ['a']);
  const empty = reduceSearch(search, ask(' '));
  assert.deepEqual(ids(empty), []);
  assert.equal(empty.open, true);
});

test('another scope asks anew and keeps its own hits', () => {
  const search = all(ask('x'), found('x', ['a'], {cursor: 'c'}), ask('x', 'customers'));
  assert.equal(search.cursor, null);
  assert.deepEqual(ids(search), ['a']);
  assert.deepEqual(search.customers, []);
});
