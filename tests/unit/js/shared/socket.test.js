import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {openSocket} from '../../../../static/js/shared/socket.js';

const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

class FakeWebSocket {
  static OPEN = 1;
  readyState = 1;
  sent = [];
  constructor(url) {
    this.url = url;
    FakeWebSocket.last = this;
  }
  send(packet) {
    this.sent.push(packet);
  }
  close() {
    this.readyState = 3;
  }
  hear(...packets) {
    for (const data of packets) this.onmessage({data});
  }
}

beforeEach(() => {
  globalThis.WebSocket = FakeWebSocket;
  globalThis.location = {origin: 'https://desk.example'};
});

async function connected() {
  const heard = [];
  const ends = [];
  const socket = openSocket({namespace: '/chat', auth: async () => ({token: 't'}), onConnect: () => heard.push('connect'), onEvent: (...event) => heard.push(event), onEnd: (refusal) => ends.push(refusal)});
  const line = FakeWebSocket.last;
  line.hear('0{"sid":"x","pingInterval":15000,"pingTimeout":10000}');
  await soon();
  line.hear('40/chat,{"sid":"y"}');
  return {socket, line, heard, ends};
}

test('it opens one websocket, names the namespace and says who it is', async () => {
  const {line, heard, socket} = await connected();
  assert.equal(line.url, 'wss://desk.example/socket.io/?EIO=4&transport=websocket');
  assert.deepEqual(line.sent, ['40/chat,{"token":"t"}']);
  assert.deepEqual(heard, ['connect']);
  socket.close();
});

test('events and pings are understood', async () => {
  const {line, heard, socket} = await connected();
  line.hear('42/chat,["ticket.event",{"seq":3,"text":"a, [b] {c}\\n/chat,"}]', '2', '6');
  assert.deepEqual(heard[1], ['ticket.event', {seq: 3, text: 'a, [b] {c}\n/chat,'}]);
  assert.equal(line.sent.at(-1), '3');
  socket.close();
});

test('each request gets its own answer', async () => {
  const {line, socket} = await connected();
  const [one, two] = [socket.request('a', {}), socket.request('b', {x: 1})];
  assert.deepEqual(line.sent.slice(1), ['42/chat,1["a",{}]', '42/chat,2["b",{"x":1}]']);
  line.hear('43/chat,2[{"ok":true,"data":2}]', '43/chat,1[{"ok":true,"data":1}]', '43/chat,9[{}]');
  assert.deepEqual([(await one).data, (await two).data], [1, 2]);
  socket.close();
});

test('when the line is cut all waiting requests fail, and it ends once', async () => {
  const {line, socket, ends} = await connected();
  const waiting = socket.request('a', {});
  line.onclose();
  line.onclose();
  await assert.rejects(waiting, {code: 'offline'});
  assert.deepEqual(ends, [null]);
  await assert.rejects(socket.request('b', {}), {code: 'offline'});
});

test("a refusal carries the server's reason", async () => {
  const {line, ends} = await connected();
  line.hear('44/chat,{"message":"No","data":{"code":"unauthenticated"}}');
  assert.equal(ends[0].data.code, 'unauthenticated');
});

test('closing says goodbye and is silent afterwards', async () => {
  const {line, socket, heard, ends} = await connected();
  socket.close();
  assert.equal(line.sent.at(-1), '41/chat,');
  line.hear('42/chat,["late",{}]');
  line.onclose();
  assert.deepEqual([heard.length, ends.length], [1, 0]);
});

test('what expects nothing has no number', async () => {
  const {line, socket} = await connected();
  socket.notify('typing.update', {typing: true});
  assert.equal(line.sent.at(-1), '42/chat,["typing.update",{"typing":true}]');
  socket.close();
});
