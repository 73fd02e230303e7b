/** The head of a thread: what it is, how it stands, whose it is. */

import {html, nothing} from 'lit/html.js';

import {may} from '../app-state.js';
import {mailTranscript, saveTranscript} from '../mail-effects.js';
import {othersAt} from '../people-state.js';
import {deleteTicket, loadHistory} from '../properties-effects.js';
import {isActive} from '../queue-state.js';
import {assign, copyLink, setSpam, setStatus, take, unblockCustomer, updateTicket} from '../ticket-effects.js';
import {PRIORITIES, priorityName} from '../words.js';
import {mergeItems, snoozeField, standing} from './lifecycle-view.js';
import {arrows, avatar, focusFirst, icon, menu, menuItem, pill, place, priority} from './bits.js';
import {slaField} from './sla-view.js';
import {statusField} from './status-view.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app-state.js').State} State
 * @typedef {import('../types.js').Ticket} Ticket
 */

/** @param {App} app @param {State} state @param {Ticket} ticket */
export function headerView(app, state, ticket) {
  return html`<header class="thread-head">
    <div class="thread-line">
      <a class="icon-btn is-quiet is-small thread-back" href="/agent/v/${state.route.view}" aria-label="Back to the list"
        title="Back to the list (Esc)">${icon('back', 'is-flip')}</a>
      ${title(app, state, ticket)}
      ${slaField(app, state, ticket)}
      ${viewers(state, ticket)}
      <button type="button" class="icon-btn is-quiet is-small thread-panel" aria-label="Customer and details"
        title="Customer and details (])" aria-keyshortcuts="]"
        aria-pressed=${String(state.ui.context ?? false)}
          @click=${() => app.store.dispatch({type: 'ui', ui: {context: !state.ui.context}})}>${icon('panel', 'is-flip')}</button>
      ${moreMenu(app, state, ticket)}
    </div>
    <div class="thread-line thread-fields">${statusField(app, state, ticket)}${priorityField(app, state,
      ticket)}${assigneeField(app, state, ticket)}
      <span class="grow"></span>${snoozeField(app, state, ticket)}${mainAction(app, state,
        ticket)}</div>
    ${standing(app, state, ticket)}
  </header>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function title(app, state, ticket) {
  const number = html`<span class="thread-number num">#${ticket.number}</span>`;
  if (!state.ui.editingTitle) {
    const edit = may(state, 'ticket:update');
    return html`<div class="thread-title">${number}<h2 class="clip" dir="auto" title=${ticket.title}>${edit
      ? html`<button type="button" class="title-button clip" title="Edit the title" @click=${() => editTitle(app)}>${ticket.title
        || 'Untitled'}</button>` : ticket.title}</h2></div>`;
  }
  return html`<form class="thread-title" @submit=${(/** @type {SubmitEvent} */ event) => saveTitle(app, ticket, event)}>${number}
    <input class="input" name="title" dir="auto" aria-label="Title" maxlength="200" required .value=${ticket.title}
      @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && closeTitle(app)}
        @blur=${(/** @type {FocusEvent} */ event) => saveTitle(app, ticket, event)}></form>`;
}

/** @param {App} app */
function editTitle(app) {
  app.store.dispatch({type: 'ui', ui: {editingTitle: true}});
  app.draw();
  /** @type {HTMLInputElement|null} */ (document.querySelector('.thread-title input'))?.select();
}

/** @param {App} app */
function closeTitle(app) {
  app.store.dispatch({type: 'ui', ui: {editingTitle: false}});
}

/** @param {App} app @param {Ticket} ticket @param {Event} event */
function saveTitle(app, ticket, event) {
  event.preventDefault();
  if (!app.store.state.ui.editingTitle) return;
  const box = /** @type {HTMLInputElement|null} */ (document.querySelector('.thread-title input'));
  const typed = box?.value.trim() ?? '';
  closeTitle(app);
  if (typed && typed !== ticket.title) void updateTicket(app, ticket.id, {title: typed});
}

/** @param {State} state @param {Ticket} ticket */
function viewers(state, ticket) {
  const others = othersAt(state.people, ticket.id, state.queue.me);
  if (!others.length) return nothing;
  const words = {viewing: 'is viewing', replying: 'is replying', noting: 'writes a note', left: 'left'};
  return html`<span class="viewers">${others.slice(0, 4).map(({user, state: doing}) => html`<span class="viewer"
    data-doing=${doing}>${
    avatar(user, {label: `${user.name} ${words[doing]}`})}</span>`)}${others.length > 4
      ? html`<span class="faint small">+${others.length - 4}</span>` : nothing}</span>`;
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function priorityField(app, state, ticket) {
  const label = html`${priority(ticket.priority, false)}<span>${priorityName(ticket.priority)}</span>`;
  if (!may(state, 'ticket:update')) return html`<span class="field-value">${label}</span>`;
  return menu({id: 'menu-priority', label: html`${label}${icon('chevron', 'is-small')}`,
    name: `Priority: ${priorityName(ticket.priority)}`, keys: 'p'},
    [...PRIORITIES].reverse().map((one) => menuItem({
      label: priorityName(one), icon: priority(one, false), checked: one === ticket.priority,
      run: () => one !== ticket.priority && updateTicket(app, ticket.id, {priority: one}),
    })));
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function assigneeField(app, state, ticket) {
  const agent = ticket.assigned_agent_id ? state.people.users[ticket.assigned_agent_id] : null;
  const team = state.people.teams.find((one) => one.id === ticket.team_id);
  const name = agent?.name ?? team?.name ?? 'Nobody';
  const label = html`${agent ? avatar(agent, {size: 's', state: agent.online ? agent.availability : 'offline'})
    : html`<span class="avatar is-empty" data-size="s"></span>`}<span class="clip assignee-name" dir="auto">${
    agent && team ? `${agent.name} · ${team.name}` : name}</span>`;
  if (!may(state, 'ticket:assign') || !isActive({...ticket, spam: false})) return html`<span class="field-value">${label}</span>`;
  return html`<button type="button" class="btn is-quiet is-small" popovertarget="menu-assign" aria-haspopup="dialog"
    aria-keyshortcuts="a" aria-label="Assignee: ${name}" title="Assign (A)">${label}${icon('chevron', 'is-small')}</button>
    <div class="menu assign" popover id="menu-assign" role="dialog" aria-label="Assign" @beforetoggle=${openAssign}
      @toggle=${focusFirst} @keydown=${arrows}>${assignList(app, state, ticket)}</div>`;
}

/** @param {ToggleEvent} event */
function openAssign(event) {
  place(event);
  const box = /** @type {HTMLElement} */ (event.currentTarget);
  const input = box.querySelector('input');
  if (event.newState !== 'open' || !input) return;
  input.value = '';
  narrow(box, '');
}

/** Shows the entries that hold the text. @param {HTMLElement} box @param {string} text */
function narrow(box, text) {
  const wanted = text.trim().toLocaleLowerCase();
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll('[data-name]'))) item.hidden =
    !(item.dataset.name ?? '').includes(wanted);
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function assignList(app, state, ticket) {
  const users = Object.values(state.people.users)
    .filter((user) => user.answers)
    .sort((a, b) => Number(b.id === state.queue.me) - Number(a.id === state.queue.me) || Number(b.online) - Number(a.online)
      || a.name.localeCompare(b.name));
  const give = (/** @type {Parameters<typeof assign>[2]} */ to) => () => {
    document.getElementById('menu-assign')?.hidePopover();
    void assign(app, ticket.id, to);
  };
  return html`<input class="input" type="search" placeholder="Assign to…" aria-label="Find a person or a team" autofocus
    autocomplete="off"
      @input=${(/** @type {InputEvent} */ event) => narrow(/** @type {HTMLElement} */ (document.getElementById('menu-assign')),
        /** @type {HTMLInputElement} */ (event.target).value)} @keydown=${pickFirst}>
    <div role="listbox" aria-label="People and teams">
      ${users.map((user) => assignItem(user.name, user.id === ticket.assigned_agent_id, give({agent_id: user.id}),
        html`${avatar(user, {state: user.online ? user.availability : 'offline'})}`,
        user.id === state.queue.me ? 'you' : user.online ? '' : 'offline'))}
      ${state.people.teams.map((team) => assignItem(team.name, !ticket.assigned_agent_id
        && team.id === ticket.team_id, give({agent_id: null, team_id: team.id}), icon('users'), 'team'))}
      ${ticket.assigned_agent_id ? assignItem('Nobody', false, give({agent_id: null}), html`<span
        class="avatar is-empty"></span>`, '') : nothing}
    </div>
    <hr><button type="button" class="menu-item" @click=${() => transfer(app, 'offer')}>${icon('user')}Offer to a
      colleague…</button>
    <button type="button" class="menu-item" @click=${() => transfer(app)}>${icon('transfer')}Transfer with a note…</button>`;
}

/** @param {string} name @param {boolean} selected @param {() => void} run @param {unknown} sign @param {string} end */
const assignItem = (name, selected, run, sign, end) => html`<button type="button" class="menu-item" role="option" tabindex="-1"
  aria-selected=${String(selected)} data-name=${name.toLocaleLowerCase()} @click=${run}>${sign}<span class="clip"
    dir="auto">${name}</span>${
  selected ? html`<span class="menu-end">${icon('check')}</span>`
    : html`<span class="menu-end faint small">${end}</span>`}</button>`;

/** @param {KeyboardEvent} event */
function pickFirst(event) {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  /** @type {HTMLElement|null|undefined} */
  (document.getElementById('menu-assign')?.querySelector('[role="option"]:not([hidden])'))?.click();
}

/** @param {App} app @param {'transfer'|'offer'} [dialog] */
function transfer(app, dialog = 'transfer') {
  document.getElementById('menu-assign')?.hidePopover();
  app.store.dispatch({type: 'ui', ui: {dialog}});
}

/** The one thing that is most likely next. @param {App} app @param {State} state @param {Ticket} ticket */
function mainAction(app, state, ticket) {
  const active = isActive({...ticket, spam: false});
  if (!active) return may(state, 'ticket:update') && ticket.status === 'resolved'
    ? html`<button type="button" class="btn is-small" aria-keyshortcuts="Shift+e" title="Reopen (⇧E)"
      @click=${() => setStatus(app, ticket.id, 'open')}>${icon('undo')}Reopen</button>` : nothing;
  const takes = may(state, 'ticket:assign') && ticket.assigned_agent_id !== state.queue.me;
  return html`${takes ? html`<button type="button" class="btn is-small ${ticket.assigned_agent_id ? '' : 'is-primary'}"
    aria-keyshortcuts="i" title="Take (I)" @click=${() => take(app, ticket.id)}>Take</button>` : nothing}
    ${may(state, 'ticket:update') ? html`<button type="button" class="btn is-small" aria-keyshortcuts="e" aria-label="Resolve"
      title="Resolve and go to the next (E)"
        @click=${() => setStatus(app, ticket.id, 'resolved', {next: true})}>${icon('check')}<span
          class="main-label">Resolve</span></button>` : nothing}`;
}

/** @param {App} app @param {Ticket} ticket */
function openHistory(app, ticket) {
  app.store.dispatch({type: 'ui', ui: {dialog: 'history'}});
  void loadHistory(app, ticket.id);
}

/** @param {App} app @param {State} state @param {Ticket} ticket */
function moreMenu(app, state, ticket) {
  const {customer} = ticket;
  return menu({id: 'menu-more', label: icon('more'), name: 'More actions', classes: 'icon-btn is-quiet is-small'}, html`
    ${menuItem({label: 'Copy link', icon: icon('link'), end: html`<kbd>,</kbd>`, run: () => copyLink(app)})}
    ${may(state, 'ticket:assign') && isActive({...ticket, spam: false})
      ? menuItem({label: 'Transfer with a note…', icon: icon('transfer'), run: () => transfer(app)}) : nothing}
    ${mergeItems(app, state, ticket)}
    ${may(state, 'ticket:reply') ? menuItem({label: 'Mail the transcript to the customer', icon: icon('mail'),
      run: () => mailTranscript(app, ticket.id)}) : nothing}
    ${menuItem({label: 'Save the transcript as text', icon: icon('file'), run: () => saveTranscript(ticket.id, 'txt')})}
    ${menuItem({label: 'Save the transcript as HTML', icon: icon('file'), run: () => saveTranscript(ticket.id, 'html')})}
    ${menuItem({label: 'History', icon: icon('history'), run: () => openHistory(app, ticket)})}
    ${may(state, 'ticket:spam') ? html`<hr>${menuItem({label: ticket.spam ? 'Not spam'
      : 'Mark as spam', icon: icon('spam'), run: () => setSpam(app, ticket.id, !ticket.spam)})}` : nothing}
    ${may(state, 'customer:block') ? menuItem(customer.blocked
      ? {label: 'Unblock customer', icon: icon('block'), run: () => unblockCustomer(app, customer.id)}
      : {label: 'Block customer…', icon: icon('block'), danger: true, run: () => app.store.dispatch({type: 'ui',
        ui: {dialog: 'block'}})}) : nothing}
    ${may(state, 'ticket:delete') ? menuItem({label: 'Move to the trash', icon: icon('x'), danger: true,
      run: () => deleteTicket(app, ticket)}) : nothing}`);
}
