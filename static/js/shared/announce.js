/**
 * Speaks to screen readers through one hidden status node. Texts that come together are read together;
 * the node is emptied first, since a reader ignores a text that is already there.
 */

const PAUSE = 80;

/** @type {string[]} */
let waiting = [];
/** @type {HTMLElement | null} */
let node = null;

/** @param {string} text */
export function announce(text) {
  if (!text) return;
  waiting.push(text);
  if (waiting.length > 1) return;
  const status = (node ??= makeNode());
  status.textContent = '';
  setTimeout(() => {
    status.textContent = waiting.join('. ');
    waiting = [];
  }, PAUSE);
}

function makeNode() {
  const made = document.createElement('div');
  made.className = 'vh';
  made.setAttribute('role', 'status');
  document.body.append(made);
  return made;
}
