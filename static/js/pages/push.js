/** Desktop notifications of this browser: asked for by a click, kept by its push service and by the server. */

import {rest} from '../shared/rest.js';
import {write} from '../shared/storage.js';

const WORKER = '/static/push-worker.js';
const SCOPE = '/static/push/';
const API = '/api/v1/notifications';
/** The agent's pages look here too: what is pushed they need not show. */
const KEPT = 'parley:push';

const WORDS = {
  on: 'On in this browser.',
  off: 'Off in this browser.',
  denied: 'Your browser blocks notifications of this site. Allow them in its settings, then reload this page.',
  missing: 'This browser cannot do it here; it needs a secure (https) address.',
  failed: 'That did not work. Please try again.',
};

/** Trusted Types want to know the worker's address by name. */
function workerUrl() {
  const {trustedTypes} = /** @type {any} */ (globalThis);
  return trustedTypes ? trustedTypes.createPolicy('parley-worker', {createScriptURL: () => WORKER}).createScriptURL('') : WORKER;
}

/** @param {ParentNode} root */
export async function pushSwitch(root) {
  const box = /** @type {HTMLElement|null} */ (root.querySelector('[data-push]'));
  if (!box) return;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (box.querySelector(`[data-push-${name}]`));
  const headers = {'X-CSRF-Token': box.dataset.csrf ?? ''};

  /** @param {keyof typeof WORDS} state */
  function say(state) {
    part('state').textContent = WORDS[state];
    part('on').hidden = state !== 'off' && state !== 'failed';
    part('off').hidden = state !== 'on';
  }

  if (!('serviceWorker' in navigator) || !('PushManager' in globalThis) || !('Notification' in globalThis)) return say('missing');
  const registered = await navigator.serviceWorker.getRegistration(SCOPE);
  const held = await registered?.pushManager.getSubscription();
  if (!held) write(KEPT, null);
  say(held ? 'on' : Notification.permission === 'denied' ? 'denied' : 'off');

  async function turnOn() {
    if ((await Notification.requestPermission()) !== 'granted') return say(Notification.permission === 'denied' ? 'denied' : 'off');
    const worker = await ready(await navigator.serviceWorker.register(workerUrl(), {scope: SCOPE}));
    const {public_key: applicationServerKey} = await rest('GET', `${API}/push-key`, {headers});
    const made = await worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey});
    const {id} = await rest('POST', `${API}/subscriptions`, {body: made.toJSON(), headers});
    write(KEPT, id);
    say('on');
  }

  async function turnOff() {
    const worker = await navigator.serviceWorker.getRegistration(SCOPE);
    const made = await worker?.pushManager.getSubscription();
    if (made) {
      const {id} = await rest('POST', `${API}/subscriptions`, {body: made.toJSON(), headers});
      await made.unsubscribe();
      await rest('DELETE', `${API}/subscriptions/${id}`, {headers});
    }
    write(KEPT, null);
    say('off');
  }

  part('on').addEventListener('click', () => void turnOn().catch(() => say('failed')));
  part('off').addEventListener('click', () => void turnOff().catch(() => say('failed')));
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<ServiceWorkerRegistration>} */
function ready(registration) {
  const worker = registration.installing ?? registration.waiting;
  if (!worker || registration.active) return Promise.resolve(registration);
  return new Promise((resolve) => {
    worker.addEventListener('statechange', () => worker.state === 'activated' && resolve(registration));
  });
}
