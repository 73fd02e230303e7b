import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {RequestError} from '../../../../static/js/shared/errors.js';
import {createOutbox} from '../../../../static/js/shared/outbox.js';
import {keys, write} from '../../../../static/js/shared/storage.js';

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

/** An outbox whose server answers as the queue of `answers` says; an Error is thrown, anything else is the result. */
function outboxWith(answers, options = {}) {
  const sent = [];
  const arrived = [];
  const outbox = createOutbox({
    key: 'test',
    send: async (item, attachmentIds) => {
      sent.push([item.client_id, attachmentIds]);
      const answer = answers.length ? answers.shift() : {};
      if (answer instanceof Error) throw answer;
      return answer;
    },
    onChange: () => {},
    onSent: (item) => arrived.push(item.client_id),
    ...options,
  });
  return {outbox, sent, arrived};
}

beforeEach(() => keys('parley:').forEach((key) => write(key, null)));

test('items go in order, one at a time', async () => {
  let running = 0;
  const order = [];
  const {outbox} = outboxWith([], {
    send: async (item) => {
      running += 1;
      assert.equal(running, 1);
      order.push(item.client_id);
      await settled();
      running -= 1;
    },
  });
  for (const id of ['a', 'b', 'c']) outbox.add({client_id: id, payload: {}});
  while (outbox.items().length) await settled();
  assert.deepEqual(order, ['a', 'b', 'c']);
  assert.deepEqual(outbox.items(), []);
  outbox.stop();
});

test('a network error keeps the item waiting and the order intact', async () => {
  const {outbox, sent, arrived} = outboxWith([new RequestError('offline')]);
  outbox.add({client_id: 'a', payload: {content: 'one'}});
  outbox.add({client_id: 'b', payload: {content: 'two'}});
  await settled();
  await outbox.flush();
  await settled();
  assert.deepEqual(arrived, ['a', 'b']);
  assert.deepEqual(sent.map(([id]) => id), ['a', 'a', 'b']);
  outbox.stop();
});

test('a refusal fails the item with its reason, and the next one goes', async () => {
  const refusal = new RequestError('invalid', 'No.', {detail: [{loc: ['content'], msg: 'Too long', type: 'too_long'}]});
  const {outbox, arrived} = outboxWith([refusal]);
  outbox.add({client_id: 'a', payload: {}});
  outbox.add({client_id: 'b', payload: {}});
  await settled();
  assert.deepEqual(arrived, ['b']);
  const [item] = outbox.items();
  assert.equal(item.state, 'failed');
  assert.equal(item.error.code, 'invalid');
  assert.equal(item.error.detail[0].msg, 'Too long');
  outbox.stop();
});

test('retry sends the failed item with the same client id', async () => {
  const {outbox, sent, arrived} = outboxWith([new RequestError('forbidden')]);
  outbox.add({client_id: 'a', payload: {}});
  await settled();
  outbox.retry('a');
  await settled();
  assert.deepEqual(sent.map(([id]) => id), ['a', 'a']);
  assert.deepEqual(arrived, ['a']);
  outbox.stop();
});

test('a removed item is never sent', async () => {
  const {outbox, sent} = outboxWith([new RequestError('forbidden')]);
  outbox.add({client_id: 'a', payload: {}});
  await settled();
  outbox.remove('a');
  await outbox.flush();
  assert.equal(sent.length, 1);
  assert.deepEqual(outbox.items(), []);
  outbox.stop();
});

test('what is left over is sent by the next page', async () => {
  const first = outboxWith([new RequestError('offline')]);
  first.outbox.add({client_id: 'a', payload: {content: 'kept'}});
  await settled();
  first.outbox.stop();
  const second = outboxWith([]);
  assert.equal(second.outbox.items()[0].payload.content, 'kept');
  await second.outbox.flush();
  assert.deepEqual(second.arrived, ['a']);
  second.outbox.stop();
});

test('files are uploaded first, and once', async () => {
  const uploads = [];
  const {outbox, sent} = outboxWith([new RequestError('timeout')], {
    upload: async (file) => {
      uploads.push(file.id);
      return {id: `remote-${file.id}`};
    },
  });
  await outbox.keepFile('f1', new Blob(['x']));
  outbox.add({client_id: 'a', payload: {}, files: [{id: 'f1', name: 'x.txt', size: 1, type: 'text/plain', attachment: null}]});
  await settled();
  await outbox.flush();
  assert.deepEqual(uploads, ['f1']);
  assert.deepEqual(sent.at(-1), ['a', ['remote-f1']]);
  outbox.stop();
});

test('a file that got lost fails its message instead of waiting for ever', async () => {
  const {outbox} = outboxWith([], {upload: async () => ({id: 'never'})});
  outbox.add({client_id: 'a', payload: {}, files: [{id: 'gone', name: 'x', size: 1, type: '', attachment: null}]});
  await settled();
  assert.equal(outbox.items()[0].error.code, 'file_lost');
  outbox.stop();
});

test('a message the server keeps failing on gives way to the others', async () => {
  const {outbox, arrived} = outboxWith(Array.from({length: 5}, () => new RequestError('internal')));
  outbox.add({client_id: 'a', payload: {}});
  outbox.add({client_id: 'b', payload: {}});
  for (let i = 0; i < 6; i += 1) {
    await settled();
    await outbox.flush();
  }
  assert.deepEqual(arrived, ['b']);
  assert.equal(outbox.items()[0].state, 'failed');
  outbox.stop();
});
