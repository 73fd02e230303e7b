import assert from 'node:assert/strict';
import {test} from 'node:test';

import {backoff} from '../../../../static/js/shared/backoff.js';
import {errorFrom, RequestError} from '../../../../static/js/shared/errors.js';
import {createStore} from '../../../../static/js/shared/store.js';

test('waits grow by half up to thirty seconds, with jitter', () => {
  const middle = () => 0.5;
  assert.deepEqual([1, 2, 3].map((n) => backoff(n, middle)), [1_000, 1_500, 2_250]);
  assert.equal(backoff(50, middle), 30_000);
  assert.ok(backoff(50, () => 0) < backoff(50, () => 1));
});

test('an error keeps what the server said', () => {
  const error = errorFrom({code: 'stale', message: 'Look first', current: {events: []}}, {status: 409});
  assert.equal(error.code, 'stale');
  assert.deepEqual(error.current, {events: []});
  assert.equal(error.passing, false);
});

test('a proxy without a word of ours is a passing trouble', () => {
  assert.equal(errorFrom(null, {status: 502}).code, 'unavailable');
  assert.ok(errorFrom(null, {status: 502}).passing);
  assert.ok(new RequestError('offline').passing);
});

test('the store draws once for many actions and tells watchers each', async () => {
  const store = createStore((state, action) => (action === 'same' ? state : state + 1), 0);
  let drawn = 0;
  let heard = 0;
  store.subscribe(() => { drawn += 1; });
  store.watch(() => { heard += 1; });
  store.dispatch('a');
  store.dispatch('b');
  store.dispatch('same');
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([store.state, drawn, heard], [2, 1, 2]);
});
