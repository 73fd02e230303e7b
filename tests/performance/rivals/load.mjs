// The clients of every server that is measured: one process, told by JSON lines what to do.
//
// {"do": "connect", "port", "path", "clients": [{"namespace", "auth"?, "cookie"?, "say"?: [[name, body], …]}]}
// {"do": "messages", "name", "senders": [{"client", "body"}], "seconds", "rate"?, "delivered": name}
// {"do": "fanout", "name", "sender", "body", "rounds", "delivered": name}
// {"do": "comeback"}: answered once everybody who was cut off is back, as pages come back.
// {"do": "end"}. Each is answered by one line. `client_id` in a body is made anew for each message.
import {randomUUID} from 'node:crypto';
import {createInterface} from 'node:readline';
import WebSocket from 'ws';

import {backoff} from '../../../static/js/shared/backoff.js';

const ADDRESSES = 60;  // loopback addresses that the clients come from, as visitors do
const AT_ONCE = 16;
const clients = [];
let heard = () => {};

class Client {
  constructor(port, number, {namespace, auth, cookie}) {
    this.again = () => new Client(port, number, {namespace, auth, cookie});
    this.namespace = namespace;
    this.acks = new Map();
    this.count = 0;
    const headers = {Origin: `http://127.0.0.1:${port}`, ...(cookie ? {Cookie: cookie} : {})};
    this.wire = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, {
      headers, perMessageDeflate: false, localAddress: `127.0.0.${10 + number % ADDRESSES}`,
    });
    this.ready = new Promise((resolve, reject) => {
      this.wire.on('error', reject);
      this.wire.on('close', () => reject(new Error('closed')));
      this.entered = resolve;
    });
    this.wire.on('message', data => this.take(String(data), auth));
  }

  take(packet, auth) {
    if (packet === '2') return this.wire.send('3');
    if (packet[0] === '0') return this.wire.send(`40${this.prefix}${auth ? JSON.stringify(auth) : ''}`);
    if (packet[0] !== '4') return;
    const [, kind, number, body] = /^4(\d)(?:\/\w+,)?(\d*)(.*)$/s.exec(packet);
    if (kind === '0') this.entered(this);
    else if (kind === '4') this.wire.emit('error', new Error(body));
    else if (kind === '3') this.answered(Number(number), JSON.parse(body)[0]);
    else if (kind === '2') heard(this, body);
  }

  get prefix() {
    return this.namespace === '/' ? '' : `${this.namespace},`;
  }

  answered(number, answer) {
    this.acks.get(number)?.(answer);
    this.acks.delete(number);
  }

  say(name, body) {
    const number = ++this.count;
    this.wire.send(`42${this.prefix}${number}${JSON.stringify([name, body])}`);
    return new Promise(resolve => this.acks.set(number, resolve));
  }
}

async function connect({port, clients: wanted}) {
  const began = performance.now();
  const first = clients.length;
  const queue = wanted.map((one, number) => [one, number]);
  const enter = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const client = await new Client(port, first + next[1], next[0]).ready;
      clients[first + next[1]] = client;
      for (const [name, body] of next[0].say ?? []) must(await client.say(name, body));
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, enter));
  return {connected: clients.length, seconds: (performance.now() - began) / 1000};
}

function must(answer) {
  if (!answer?.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

// One message after the other for each sender; with a rate, all together so many a second.
async function messages({name, senders, seconds, rate, delivered}) {
  const times = [];
  let arrived = 0;
  const mark = `["${delivered}"`;
  heard = (_client, body) => { if (body.startsWith(mark)) arrived += 1; };
  const began = performance.now();
  const until = began + seconds * 1000;
  const send = async ({client, body}) => {
    const sent = performance.now();
    must(await clients[client].say(name, {...body, client_id: randomUUID()}));
    times.push(performance.now() - sent);
  };
  if (rate) {
    const running = [];
    for (let number = 0; performance.now() < until; number += 1) {
      const wait = began + number * 1000 / rate - performance.now();
      if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait));
      running.push(send(senders[number % senders.length]));
    }
    await Promise.all(running);
  } else {
    await Promise.all(senders.map(async sender => {
      while (performance.now() < until) await send(sender);
    }));
  }
  await quiet(() => arrived);
  times.sort((a, b) => a - b);
  const at = share => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return {acked: times.length, arrived, p50: at(0.5), p95: at(0.95), p99: at(0.99)};
}

// What was sent last arrives a little after its ack.
async function quiet(count) {
  for (let before = -1; before !== count();) {
    before = count();
    await new Promise(resolve => setTimeout(resolve, 150));
  }
}

// One event to everybody, and the next once the last of them has it.
async function fanout({name, sender, body, rounds, delivered}) {
  const mark = `["${delivered}"`;
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    await new Promise(resolve => {
      let left = clients.length;
      heard = (_client, said) => { if (said.startsWith(mark) && --left === 0) resolve(); };
      clients[sender].say(name, {...body, client_id: randomUUID()});
    });
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return {deliveries: rounds * clients.length, median: times[rounds >> 1]};
}

// A page's way back: when the server told it to come, else longer after each failure; what it met on its way.
async function comeback() {
  const began = performance.now();
  const invited = new Map();
  const [back, refused] = [[], {}];
  const now = () => (performance.now() - began) / 1000;
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms));
  heard = (client, body) => {
    const [name, said] = JSON.parse(body);
    if (name === 'server.restarting') invited.set(client, said.retry_in * 1000);
  };
  const come = async (client, place) => {
    await client.ready.then(() => new Promise(resolve => client.wire.on('close', resolve)));
    const cut = now();
    for (let failures = 0; ; failures += 1) {
      await wait(failures === 0 && invited.has(client) ? invited.get(client) : backoff(failures));
      try {
        clients[place] = await client.again().ready;
        return back.push({cut, at: now()});
      } catch (error) {
        (refused[error.message] ??= []).push(now());
      }
    }
  };
  await Promise.all(clients.map(come));
  return {back, refused};
}

const STEPS = {connect, messages, fanout, comeback};
for await (const line of createInterface({input: process.stdin})) {
  const {do: step, ...options} = JSON.parse(line);
  if (step === 'end') process.exit(0);
  try {
    console.log(JSON.stringify(await STEPS[step](options)));
  } catch (error) {
    console.log(JSON.stringify({error: String(error)}));
  }
}
