/** The live board: first data from the page, then what the server pushes. */

import {render} from 'lit/html.js';

import {useStrings} from '../shared/i18n.js';
import {keepAwake, renew} from './screen.js';
import {boardView} from './view.js';
import {watchBoard} from './watching.js';

const hour12 = new Intl.DateTimeFormat(undefined, {hour: 'numeric'}).resolvedOptions().hour12;
useStrings(hour12 ? 'en-US' : 'en-GB', {});

/** @type {import('./types.js').Boot} */
const boot = JSON.parse(document.getElementById('boot')?.textContent ?? '{}');
const root = /** @type {HTMLElement} */ (document.getElementById('board'));
root.replaceChildren();

const store = watchBoard({
  name: 'now',
  boot,
  token: boot.screen === null ? null : decodeURIComponent(location.pathname.split('/')[2] ?? ''),
  onWhole(whole) {
    if (whole.version !== boot.version) renew();
  },
});
const draw = (/** @type {import('./now-state.js').State} */ state) => render(boardView(boot, state), root);
store.subscribe(draw);
if (boot.tv) keepAwake();
draw(store.state);
