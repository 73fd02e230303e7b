/* Shows what is pushed while no page is looked at. It controls no page and fetches nothing. */

self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('push', (event) => {
  event.waitUntil(show(event.data));
});

async function show(data) {
  let told;
  try {
    told = data.json();
  } catch {
    return;
  }
  const pages = await self.clients.matchAll({type: 'window', includeUncontrolled: true});
  if (pages.some((page) => page.focused && new URL(page.url).pathname.startsWith('/agent'))) return;
  const {title, body, tag, url} = told;
  await self.registration.showNotification(title, {body, tag, icon: '/static/favicon.svg', data: {url}, renotify: true});
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url));
});

async function open(path) {
  const target = new URL(path ?? '/agent', self.location.origin);
  if (target.origin !== self.location.origin || !target.pathname.startsWith('/agent')) return;
  const pages = await self.clients.matchAll({type: 'window', includeUncontrolled: true});
  const page = pages.find((one) => new URL(one.url).pathname.startsWith('/agent'));
  if (!page) return self.clients.openWindow(target.href);
  await page.focus();
  page.postMessage({open: target.pathname});
}
