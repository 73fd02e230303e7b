/** `data-await` names a message that is under way: the page is shown again once it has been tried. */

import {rest} from '../shared/rest.js';

const EVERY = 1000;
const LONGEST = 60_000;

/** @param {ParentNode} root */
export function awaitAnswers(root) {
  const place = /** @type {HTMLElement | null} */ (root.querySelector('[data-await]'));
  if (place) look(place.dataset.await ?? '', Date.now() + LONGEST);
}

/** @param {string} path @param {number} until */
async function look(path, until) {
  const answer = await rest('GET', path).catch(() => null);
  if (answer && (answer.delivery.attempts > 0 || answer.delivery.status !== 'waiting')) location.reload();
  else if (Date.now() < until) setTimeout(() => void look(path, until), EVERY);
}
