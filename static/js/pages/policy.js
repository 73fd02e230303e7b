/** Which open tickets a policy would be for, and what it would change, told while its form is filled in. */

const WAIT_MS = 600;

/** @typedef {{number: number, title: string, priority: string, changes: Record<string, [string | null, string | null]>}} Touched */
/** @typedef {{count: number | null, looked: number, moved: number, tickets: Touched[]}} Matches */

const when = new Intl.DateTimeFormat(undefined, {day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit'});

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
    said.textContent = 'Not known while a time or a condition cannot be read.';
    list.replaceChildren();
    return;
  }
  said.textContent = !found.looked ? 'There is no open ticket.' : `It is for ${many(found.count, found.looked)}. ${found.moved ? `Deadlines change for ${many(found.moved)}.` : 'No deadline changes.'}`;
  list.replaceChildren(...found.tickets.map(line));
}

/** @param {number} count @param {number} [all] */
function many(count, all) {
  const of = all === undefined ? '' : ` of ${all}`;
  return `${count || 'none'}${of} open ticket${(all ?? count) === 1 ? '' : 's'}`;
}

/** @param {Touched} ticket */
function line(ticket) {
  const item = document.createElement('li');
  item.className = 'small';
  const link = document.createElement('a');
  link.href = `/agent/v/all/t/${ticket.number}`;
  link.textContent = `#${ticket.number} ${ticket.title}`;
  const changes = Object.entries(ticket.changes).map(([promise, [now, then]]) => {
    const told = document.createElement('span');
    told.className = 'faint';
    told.textContent = `${promise}: ${time(now)} → ${time(then)}`;
    return told;
  });
  item.append(link, ` · ${ticket.priority}`, ...changes);
  return item;
}

/** @param {string | null} at */
function time(at) {
  return at ? when.format(new Date(at)) : 'none';
}
