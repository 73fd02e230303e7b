/** The Health page, live: told that something is another, it takes itself anew; the server alone draws it. */

import {render} from 'lit/html.js';

import {badge} from '../now/badge.js';
import {watchBoard} from '../now/watching.js';
import {readableCharts} from '../pages/charts.js';
import {useStrings} from '../shared/i18n.js';
import {become} from './become.js';

const hour12 = new Intl.DateTimeFormat(undefined, {hour: 'numeric'}).resolvedOptions().hour12;
useStrings(hour12 ? 'en-US' : 'en-GB', {});

const boot = JSON.parse(document.getElementById('boot')?.textContent ?? '{}');
const root = /** @type {HTMLElement} */ (document.getElementById('health'));
const place = /** @type {HTMLElement} */ (document.getElementById('health-badge'));
const store = watchBoard({name: 'health', boot});
let drawn = JSON.stringify(boot.board);
let isBusy = false;

/** Draws what is there now, one after the other, until it is what was told last. */
async function renew() {
  if (isBusy) return;
  isBusy = true;
  while (JSON.stringify(store.state.board) !== drawn) {
    const wanted = JSON.stringify(store.state.board);
    const fresh = (await pageNow())?.getElementById('health');
    if (!fresh) break; // signed out, or the server is away: the badge says so, and the next word comes later
    become(root, fresh, readableCharts);
    drawn = wanted;
  }
  isBusy = false;
}

/** This page as it is now; null if it can't be had. @returns {Promise<Document | null>} */
function pageNow() {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('GET', location.href);
    request.responseType = 'document';
    request.onloadend = () => resolve(request.status === 200 ? request.responseXML : null);
    request.send();
  });
}

const draw = (/** @type {import('../now/now-state.js').State} */ state) => render(badge({}, state), place);
store.subscribe(draw);
store.watch((state, before) => {
  if (state.board !== before.board) void renew();
});
draw(store.state);
