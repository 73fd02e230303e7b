/** The keyboard: one list of keys for the dispatcher, the list behind `?` and the tests. */

import {may} from './app-state.js';
import {focusComposer, setMode} from './compose-effects.js';
import {undoLast} from './mail-effects.js';
import {goView, showPending, step} from './queue-effects.js';
import {isActive} from './queue-state.js';
import {openSearch} from './search-effects.js';
import {openThread} from './thread-state.js';
import {copyLink, saveSettings, setStatus, take} from './ticket-effects.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {{keys: string[], title: string, group: string, run: (app: App) => void, needs?: string, inThread?: boolean}} Shortcut
 */

const SEQUENCE_FOR = 1_000;

/** @param {App} app */
const ticketOf = (app) => openThread(app.store.state.threads)?.ticket;
/** @param {string} id */
const press = (id) => /** @type {HTMLElement|null} */ (document.querySelector(`[popovertarget="${id}"]`))?.click();
/** @param {App} app @param {import('./app-state.js').Dialog} dialog */
const openDialog = (app, dialog) => app.store.dispatch({type: 'ui', ui: {dialog}});

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  {keys: ['j', '↓'], title: 'Next conversation', group: 'List', run: (app) => step(app, 1)},
  {keys: ['k', '↑'], title: 'Previous conversation', group: 'List', run: (app) => step(app, -1)},
  {keys: ['Enter', 'o'], title: 'Open, and write', group: 'List', run: openSelected},
  {
    keys: ['Escape', 'u'],
    title: 'Back to the list',
    group: 'List',
    run: (app) => app.go({...app.store.state.route, number: null, seq: null}),
  },
  {keys: ['.'], title: 'Show waiting updates', group: 'List', run: showPending},
  {keys: ['g m'], title: 'Go to Mine', group: 'List', run: (app) => goView(app, 'mine')},
  {keys: ['g u'], title: 'Go to Unassigned', group: 'List', run: (app) => goView(app, 'unassigned')},
  {keys: ['g a'], title: 'Go to All', group: 'List', run: (app) => goView(app, 'all')},
  {keys: ['g s'], title: 'Go to At risk', group: 'List', run: (app) => goView(app, 'risk')},
  {keys: ['g h'], title: 'Go to Snoozed', group: 'List', run: (app) => goView(app, 'snoozed')},
  {keys: ['g d'], title: 'Go to Done', group: 'List', run: (app) => goView(app, 'done')},
  {
    keys: ['r'],
    title: 'Reply',
    group: 'Conversation',
    inThread: true,
    needs: 'ticket:reply',
    run: (app) => setMode(app, 'reply'),
  },
  {
    keys: ['n'],
    title: 'Internal note',
    group: 'Conversation',
    inThread: true,
    needs: 'ticket:note',
    run: (app) => setMode(app, 'note'),
  },
  {keys: ['Ctrl ↵'], title: 'Send', group: 'Conversation', needs: 'ticket:note', run: () => {}},
  {keys: ['Ctrl ⇧ ↵'], title: 'Send and resolve', group: 'Conversation', needs: 'ticket:reply', run: () => {}},
  {keys: ['i'], title: 'Take it', group: 'Conversation', inThread: true, needs: 'ticket:assign', run: takeOpen},
  {keys: ['a'], title: 'Assign…', group: 'Conversation', inThread: true, needs: 'ticket:assign', run: () => press('menu-assign')},
  {
    keys: ['e'],
    title: 'Resolve, and go to the next',
    group: 'Conversation',
    inThread: true,
    needs: 'ticket:update',
    run: resolveOpen,
  },
  {keys: ['⇧e'], title: 'Reopen', group: 'Conversation', inThread: true, needs: 'ticket:update', run: reopenOpen},
  {keys: ['s'], title: 'Status', group: 'Conversation', inThread: true, needs: 'ticket:update', run: () => press('menu-status')},
  {
    keys: ['p'],
    title: 'Priority',
    group: 'Conversation',
    inThread: true,
    needs: 'ticket:update',
    run: () => press('menu-priority'),
  },
  {keys: ['h'], title: 'Snooze', group: 'Conversation', inThread: true, needs: 'ticket:snooze', run: () => press('menu-snooze')},
  {keys: ['l'], title: 'Tags', group: 'Conversation', inThread: true, needs: 'ticket:update', run: openTags},
  {keys: [','], title: 'Copy the link', group: 'Conversation', inThread: true, run: copyLink},
  {keys: ['/'], title: 'Search', group: 'Everywhere', run: openSearch},
  {keys: ['c'], title: 'New ticket', group: 'Everywhere', needs: 'ticket:create', run: (app) => openDialog(app, 'new')},
  {keys: ['z'], title: 'Undo', group: 'Everywhere', run: undoLast},
  {
    keys: ['['],
    title: 'Views with or without names',
    group: 'Everywhere',
    run: (app) => void saveSettings(app, {narrow_nav: !app.store.state.boot.me.settings.narrow_nav}),
  },
  {
    keys: [']'],
    title: 'Customer and details',
    group: 'Everywhere',
    run: (app) => app.store.dispatch({type: 'ui', ui: {context: !app.store.state.ui.context}}),
  },
  {keys: ['?'], title: 'This list', group: 'Everywhere', run: (app) => openDialog(app, 'keys')},
];
export const groups = ['List', 'Conversation', 'Everywhere'];

/** The tags are in the panel, which may be shut. @param {App} app */
function openTags(app) {
  const list = /** @type {HTMLElement|null} */ (document.querySelector('[popovertarget="menu-tags"]'));
  if (list && !list.offsetParent) {
    app.store.dispatch({type: 'ui', ui: {context: true}});
    app.draw();
  }
  press('menu-tags');
}

/** @param {App} app */
function openSelected(app) {
  if (app.store.state.route.number === null) step(app, 1);
  else focusComposer(app);
}

/** @param {App} app */
function takeOpen(app) {
  const ticket = ticketOf(app);
  if (ticket && isActive(ticket) && ticket.assigned_agent_id !== app.store.state.queue.me) void take(app, ticket.id);
}

/** @param {App} app */
function resolveOpen(app) {
  const ticket = ticketOf(app);
  if (ticket && isActive(ticket)) void setStatus(app, ticket.id, 'resolved', {next: true});
}

/** @param {App} app */
function reopenOpen(app) {
  const ticket = ticketOf(app);
  if (ticket && !isActive({...ticket, spam: false}) && ticket.merged_into === null) void setStatus(app, ticket.id, 'open');
}

/** The name of a key in the list; Shift counts with letters only, the other signs are what it makes of them. @param {{key: string, shiftKey: boolean}} event */
export function signOf({key, shiftKey}) {
  const sign = {ArrowDown: '↓', ArrowUp: '↑'}[key] ?? key;
  if (sign.length !== 1) return sign;
  const letter = sign.toLowerCase() !== sign.toUpperCase();
  return (letter && shiftKey ? '⇧' : '') + sign.toLowerCase();
}

/** What somebody with these permissions can do by key. @param {string[]} permissions */
export const shortcutsFor = (permissions) => SHORTCUTS.filter(({needs}) => !needs || permissions.includes(needs));

/** What a key means, given the one before it. @param {string} sign @param {string} before */
export function find(sign, before) {
  return (
    SHORTCUTS.find((key) => before && key.keys.includes(`${before} ${sign}`)) ?? SHORTCUTS.find((key) => key.keys.includes(sign))
  );
}

/** @param {EventTarget|null} target */
const editable = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select, [role="listbox"] *'));
/** Keys that the focused control needs for itself. @param {KeyboardEvent} event */
const owned = (event) =>
  event.key === 'Enter' && event.target instanceof HTMLElement && event.target.matches('a, button, summary, label');

/** @param {App} app */
export function listenForKeys(app) {
  let before = '';
  let at = 0;
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (app.store.state.boot.me.settings.shortcuts === false || app.store.state.link.ended !== null) return;
    if (editable(event.target) || owned(event) || document.querySelector('dialog[open], [popover]:popover-open')) return;
    const sign = signOf(event);
    const found = find(sign, Date.now() - at < SEQUENCE_FOR ? before : '');
    [before, at] = [sign, Date.now()];
    if (!found || (found.needs && !may(app.store.state, found.needs)) || (found.inThread && !ticketOf(app))) return;
    event.preventDefault();
    found.run(app);
  });
}
