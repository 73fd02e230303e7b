import assert from 'node:assert/strict';
import {test} from 'node:test';

import {askAnew, watchAccounts} from '../../../../static/js/agent/accounts.js';
import {newState, reduce} from '../../../../static/js/agent/app-state.js';
import {openThread} from '../../../../static/js/agent/thread-state.js';
import {ME, page, snapshot} from './helpers.js';

const boot = {
  user: {id: ME, name: 'Ana', email: 'ana@example.com', role: 'agent', availability: 'online', settings: {}}, workspace: {id: 'w', name: 'Shop'},
  permissions: [], csrf: 'x', directory: {users: [], teams: [], inboxes: []}, queue: page([]), view: 'all', ticket_number: null, limits: {},
  version: '1', now: '2026-11-20T12:00:00Z', connected: true,
};
/** Templates as text: what somebody would read. */
const flat = (part) => (Array.isArray(part) ? part.map(flat).join('') : part == null || typeof part === 'symbol' || typeof part === 'function' ? '' : String(part));
const html = (texts, ...parts) => texts.map((text, i) => text + flat(parts[i])).join('');
const kit = {
  html, nothing: '', icon: () => '', ago: () => 'two hours ago', dateTime: (at) => at, titled: (word) => word, safeUrl: (url) => url,
  locale: () => 'en-US', formatter: (options) => new Intl.DateTimeFormat('en-US', {...options, timeZone: 'UTC'}), openThread,
};
const CRM = {kind: 'hubspot', label: 'HubSpot', crm_id: '1', url: 'https://app.hubspot.com/1', problem: null, tier: 'enterprise',
  sync_status: 'synced', support_plan: 'Platinum', as_of: '2026-11-20T10:00:00Z'};
const BILLING = {label: 'Stripe', known: true, as_of: '2026-11-20T10:00:00Z', url: null, problem: null, delinquent: true, balance: -500,
  currency: 'eur', subscriptions: [{status: 'past_due', plan: 'Team', amount: 48000, currency: 'eur', interval: 'year',
    until: '2026-12-28T00:00:00Z', ends: true}],
  invoices: [{number: 'A-1', status: 'open', total: 1500, currency: 'jpy', at: '2026-10-14T00:00:00Z', due_at: '2026-11-01T00:00:00Z', url: null},
    {number: 'A-2', status: 'paid', total: 1500, currency: 'isk', at: '2024-10-14T00:00:00Z', due_at: null, url: 'https://invoice.stripe.com/2'}]};

/** An app whose questions wait until they are answered; `open` shows somebody's ticket. */
function desk() {
  const asked = [];
  const watchers = [];
  const store = {
    state: newState(boot, {view: 'all', number: 1, seq: null}, Date.parse('2026-11-20T12:00:00Z')),
    dispatch(action) {
      store.state = reduce(store.state, action);
      for (const watcher of watchers) watcher();
    },
    watch: (watcher) => watchers.push(watcher),
  };
  const get = (path, query) => new Promise((answer, refuse) => asked.push({path, query, answer, refuse}));
  const app = {store, api: {get}};
  const view = watchAccounts(app, kit);
  const open = (id, email = 'maria@example.com') => {
    store.dispatch({type: 'thread/wanted', number: 1});
    store.dispatch({type: 'thread/snapshot', snapshot: snapshot([], {customer: {id, name: 'Maria', email}})});
  };
  const read = () => view(app, store.state, openThread(store.state.threads).ticket).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  return {app, asked, open, read};
}

const settled = () => new Promise((done) => setImmediate(done));

test('whoever is at hand is asked for once, and shown with their age', async () => {
  const {asked, open, read} = desk();
  open('c1');
  assert.deepEqual(asked.map((one) => one.path), ['/customers/c1/accounts']);
  asked[0].answer({crm: CRM, billing: BILLING, asking: false});
  await settled();
  const text = read();
  for (const part of ['enterprise', 'Platinum', 'As of two hours ago', 'Payment overdue', '€480.00 a year · ends Dec 28', 'Credit €5.00',
    'A-1 Oct 14 ¥1,500 overdue', 'A-2 Oct 2024 ISK 15 paid']) assert.ok(text.includes(part), `${part} in ${text}`);
  assert.equal(asked.length, 1);
});

test('while they are down the last answer stays and says why', async () => {
  const {app, asked, open, read} = desk();
  open('c2');
  asked[0].answer({crm: CRM, billing: null, asking: false});
  await settled();
  askAnew(app);
  askAnew(app);
  assert.equal(asked.length, 2);
  assert.deepEqual(asked[1].query, {anew: 'true'});
  asked[1].answer({crm: {...CRM, problem: 'HubSpot has trouble of its own (503)'}, billing: null, asking: false});
  await settled();
  assert.match(read(), /Platinum.*HubSpot has trouble of its own \(503\)\. Last known, two hours ago/);
  askAnew(app);
  asked[2].refuse(new Error('no network'));
  await settled();
  assert.match(read(), /Platinum.*The server did not answer\. Last known/);
});

test('an answer for somebody else is kept for them and not shown', async () => {
  const {app, asked, open, read} = desk();
  open('c3');
  open('c4');
  asked[0].answer({crm: CRM, billing: null, asking: false});
  await settled();
  assert.doesNotMatch(read(), /Platinum/);
  asked[1].refuse(new Error('no network'));
  await settled();
  assert.match(read(), /did not answer/);
  open('c3');
  assert.match(read(), /Platinum.*Asking/);
  assert.equal(app.store.state.ui.accounts.customer, 'c3');
});

test('what was never asked, nobody there, and nobody to look for are told apart', async () => {
  const {asked, open, read} = desk();
  const nothing = {...BILLING, known: false, as_of: null, subscriptions: [], invoices: [], balance: 0, delinquent: false};
  open('c5');
  asked[0].answer({crm: {...CRM, sync_status: 'gone', as_of: null, tier: null, support_plan: null}, billing: nothing, asking: false});
  await settled();
  assert.match(read(), /Deleted there.*Not asked yet.*Not asked yet/);
  open('c6', null);
  asked[1].answer({crm: null, billing: nothing, asking: false});
  await settled();
  assert.match(read(), /Nobody is looked for without a verified address/);
  open('c7');
  asked[2].answer({crm: null, billing: {...nothing, as_of: BILLING.as_of}, asking: false});
  await settled();
  assert.match(read(), /Nobody with this address is there/);
});

test('what is asked aside is looked for again, a few times at most', async (t) => {
  t.mock.timers.enable({apis: ['setTimeout']});
  const {asked, open} = desk();
  open('c8');
  for (const [i, pause] of [2000, 4000, 8000].entries()) {
    asked[i].answer({crm: CRM, billing: null, asking: true});
    await settled();
    t.mock.timers.tick(pause);
    assert.equal(asked.length, i + 2);
  }
  asked[3].answer({crm: CRM, billing: null, asking: true});
  await settled();
  t.mock.timers.tick(60_000);
  assert.equal(asked.length, 4);
});
