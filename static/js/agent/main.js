/** The agent workspace: reads the page's first data, draws, and follows clicks on its own links. */

import {render} from 'lit/html.js';

import {useStrings} from '../shared/i18n.js';
import {createApp, start} from './app.js';
import {keepCalm} from './calm.js';
import {listenForKeys} from './keys.js';
import {parseRoute} from './router.js';
import {createScroller} from './scroll.js';
import {appView} from './view/app-view.js';
import {openDrawn} from './view/dialogs-view.js';

/** The pages are English; the clock is the reader's. */
const hour12 = new Intl.DateTimeFormat(undefined, {hour: 'numeric'}).resolvedOptions().hour12;
useStrings(hour12 ? 'en-US' : 'en-GB', {});

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
const boot = JSON.parse(document.getElementById('boot')?.textContent ?? '{}');
const app = createApp(boot);
const draw = createScroller(app, () => render(appView(app, app.store.state), root));

function show() {
  draw();
  openDrawn();
}

/** Links within the workspace change the address and nothing else. @param {MouseEvent} event */
function follow(event) {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (
    !link.pathname.startsWith('/agent') ||
    link.origin !== location.origin ||
    link.target === '_blank' ||
    link.getAttribute('href')?.startsWith('#')
  )
    return;
  event.preventDefault();
  app.go(parseRoute(link));
}

app.draw = show;
app.store.subscribe(show);
root.addEventListener('click', follow);
listenForKeys(app);
start(app);
show();
keepCalm(app);
