/** Which open tickets a policy would be for, told while its form is filled in. */

const WAIT_MS = 600;

/** @typedef {{count: number | null, looked: number, tickets: {number: number, title: string, priority: string}[]}} Matches */

/** @param {ParentNode} root */
export function matchTickets(root) {
  const form = /** @type {HTMLFormElement | null} */ (root.querySelector('form[data-matches]'));
  const box = /** @type {HTMLElement | null} */ (root.querySelector('[data-matches-box]'));
  if (!form || !box) return;
  let timer = 0;
  let turn = 0;
  const look = async () => {
    const mine = ++turn;
    const found = await ask(form);
    if (mine === turn) show(box, found);
  };
  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(look, WAIT_MS);
  };
  for (const kind of ['input', 'change', 'rows']) form.addEventListener(kind, later);
  void look();
}

/** @param {HTMLFormElement} form @returns {Promise<Matches | null>} */
async function ask(form) {
  try {
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const answer = await fetch(form.dataset.matches ?? '', {method: 'POST', body, headers: {Accept: 'application/json'}});
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** @param {HTMLElement} box @param {Matches | null} found */
function show(box, found) {
  const said = /** @type {HTMLElement} */ (box.querySelector('[data-said]'));
  const list = /** @type {HTMLElement} */ (box.querySelector('ul'));
  if (!found || found.count === null) {
    said.textContent = 'Not known before the form is complete.';
    list.replaceChildren();
    return;
  }
  const many = found.count === 1 ? '1 open ticket' : `${found.count} open tickets`;
  said.textContent = found.count ? `${many} of ${found.looked}` : `None of ${found.looked} open tickets`;
  list.replaceChildren(...found.tickets.map(line));
}

/** @param {{number: number, title: string, priority: string}} ticket */
function line(ticket) {
  const item = document.createElement('li');
  item.className = 'clip small';
  const link = document.createElement('a');
  link.href = `/agent/v/all/t/${ticket.number}`;
  link.textContent = `#${ticket.number} ${ticket.title}`;
  item.append(link, ` · ${ticket.priority}`);
  return item;
}
