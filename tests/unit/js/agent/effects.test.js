import assert from 'node:assert/strict';
import {test} from 'node:test';

import {newState, reduce} from '../../../../static/js/agent/app-state.js';
import {loadClocks} from '../../../../static/js/agent/sla-effects.js';
import {ME, page} from './helpers.js';

const directory = {users: [], teams: [], inboxes: []};
const boot = {
  user: {id: ME, name: 'Ana', email: 'ana@example.com', role: 'agent', availability: 'online', settings: {}}, workspace: {id: 'w', name: 'Shop'},
  permissions: [], csrf: 'x', directory, queue: page([]), view: 'all', ticket_number: null, limits: {}, version: '1',
};

/** An app of a store and a wire: questions wait until they are answered. */
function desk() {
  const asked = [];
  const store = {state: newState(boot, {view: 'all', number: null, seq: null}, 0), dispatch(action) { this.state = reduce(this.state, action); }};
  store.dispatch = store.dispatch.bind(store);
  const get = (path, query) => new Promise((answer, refuse) => asked.push({path, query, answer, refuse}));
  return {app: {store, api: {get}}, asked};
}

const clocks = ({store}) => store.state.ui.clocks;

test('the account of a ticket is asked for in the reader’s zone, and shown', async () => {
  const {app, asked} = desk();
  const loading = loadClocks(app, 't1');
  assert.deepEqual(clocks(app), {id: 't1', status: 'loading', clocks: []});
  assert.equal(asked[0].path, '/tickets/t1/sla');
  assert.equal(asked[0].query.timezone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  asked[0].answer({clocks: [{metric: 'total'}]});
  await loading;
  assert.deepEqual(clocks(app), {id: 't1', status: 'idle', clocks: [{metric: 'total'}]});
});

test('asked again the account stays in sight, for another ticket it does not', async () => {
  const {app, asked} = desk();
  const first = loadClocks(app, 't1');
  asked[0].answer({clocks: [{metric: 'total'}]});
  await first;
  void loadClocks(app, 't1');
  assert.deepEqual(clocks(app).clocks, [{metric: 'total'}]);
  void loadClocks(app, 't2');
  assert.deepEqual(clocks(app), {id: 't2', status: 'loading', clocks: []});
});

test('a late answer about another ticket is thrown away, as is its failure', async () => {
  const {app, asked} = desk();
  const [one, two, three] = ['t1', 't2', 't3'].map((id) => loadClocks(app, id));
  asked[0].answer({clocks: [{metric: 'total'}]});
  asked[1].refuse(new Error('gone'));
  await Promise.all([one, two]);
  assert.deepEqual(clocks(app), {id: 't3', status: 'loading', clocks: []});
  asked[2].refuse(new Error('gone'));
  await three;
  assert.equal(clocks(app).status, 'error');
});
