/** The whole page's state and the one reducer that changes it. DOM-free: times come with the actions. */

import {emptyThread, isIncoming, unreadOf, withEvent, withMarks, withOlder, withRefreshed, withReplay, withSnapshot} from './thread-state.js';

/** @typedef {import('./types.js').ChatEvent} ChatEvent */
/** @typedef {import('./types.js').ChatState} ServerState */
/** @typedef {import('./types.js').Availability} Availability */
/** @typedef {import('./types.js').Attachment} Attachment */
/** @typedef {import('./types.js').OutboxItem} OutboxItem */
/** @typedef {import('./types.js').Visitor} Visitor */
/** @typedef {import('./thread-state.js').Thread} Thread */
/** @typedef {{id: string, name: string, size: number, type: string, preview: string | null, share: number, attachment: Attachment | null, error: string | null}} PickedFile */
/** @typedef {'reconnecting' | 'no_internet' | 'failed' | 'connected' | 'fallback' | null} Banner */
/** @typedef {{values: Record<string, string | boolean>, message: string, errors: Record<string, string>, failure: string | null, sending: boolean}} Form */

/**
 * @typedef {object} State
 * @property {'loading' | 'failed' | 'ready' | 'identify' | 'ended'} phase
 * @property {Thread} thread
 * @property {OutboxItem[]} pending
 * @property {Record<string, number>} progress of uploads by file id
 * @property {Visitor} visitor
 * @property {Availability} availability
 * @property {import('./types.js').QueuePlace | null} place in the queue, while it waits
 * @property {boolean} later the place or the wait has grown
 * @property {string[]} known
 * @property {boolean} needsPrechat
 * @property {Form} form
 * @property {string} draft
 * @property {string} email typed into the composer while nobody is there
 * @property {PickedFile[]} files
 * @property {Record<string, number>} typing name -> when it expires
 * @property {boolean} open the widget is open
 * @property {boolean} visible the tab is
 * @property {boolean} atEnd the end of the log is in view
 * @property {number} below new ones under the fold
 * @property {boolean} loadingOlder
 * @property {Banner} banner
 * @property {'menu' | 'emoji' | 'end' | null} popup
 * @property {import('./emoji.js').Completion | null} completion of a `:shortcode`
 * @property {boolean} dragging
 * @property {string | null} notice under the composer
 * @property {string | null} dismissed the ended ticket after which a new chat was begun
 */

/** @typedef {{type: string, [more: string]: any}} Action */

/** @param {Partial<State>} [more] @returns {State} */
export const initialState = (more = {}) => ({
  phase: 'loading',
  thread: emptyThread,
  pending: [],
  progress: {},
  visitor: {name: null, email: null, verified: false},
  availability: {state: 'online', back_at: null, reply_minutes: null},
  place: null,
  later: false,
  known: [],
  needsPrechat: false,
  form: {values: {}, message: '', errors: {}, failure: null, sending: false},
  draft: '',
  email: '',
  files: [],
  typing: {},
  open: true,
  visible: true,
  atEnd: true,
  below: 0,
  loadingOlder: false,
  banner: null,
  popup: null,
  completion: null,
  dragging: false,
  notice: null,
  dismissed: null,
  ...more,
});

/** How long "is typing" stands without being renewed, ms. */
export const TYPING_EXPIRES = 6_000;

/** @type {Record<string, (state: State, action: any) => State>} */
const reducers = {
  snapshot: (state, {state: server}) => snapshot(state, server),
  event: (state, {event, ticket}) => arrived(state, event, ticket),
  replay: (state, {replay}) => noted(state, {...state, thread: withReplay(state.thread, replay)}),
  older_wanted: (state) => ({...state, loadingOlder: true}),
  older: (state, {page}) => ({...state, loadingOlder: false, thread: page ? withOlder(state.thread, page) : state.thread}),
  refreshed: (state, {event}) => ({...state, thread: withRefreshed(state.thread, event)}),
  marks: (state, {ticket_id: id, marks}) => (id && id !== state.thread.ticket?.id ? state : with_(state, {thread: withMarks(state.thread, marks)})),
  new_chat: (state) => ({...state, dismissed: state.thread.ticket?.id ?? null, thread: {...emptyThread}, popup: null, below: 0, atEnd: true}),

  phase: (state, {phase}) => with_(state, {phase}),
  availability: (state, {availability}) => ({...state, availability}),
  place: (state, {place}) => (place.ticket_id === state.thread.ticket?.id ? placed(state, place) : state),
  visitor: (state, {visitor}) => ({...state, visitor: {...state.visitor, ...visitor}}),
  typing: (state, {name, typing, now}) => ({...state, typing: typing ? {...state.typing, [name]: now + TYPING_EXPIRES} : without(state.typing, name)}),
  expire: (state, {now}) => expired(state, now),

  pending: (state, {items}) => ({...state, pending: items}),
  progress: (state, {file, share}) => ({...state, progress: {...state.progress, [file]: share}, files: changedFile(state.files, file, {share})}),
  draft: (state, {text}) => with_(state, {draft: text, notice: null}),
  email: (state, {text}) => with_(state, {email: text, notice: null}),
  notice: (state, {text}) => with_(state, {notice: text}),
  files_added: (state, {files}) => ({...state, files: [...state.files, ...files]}),
  file_removed: (state, {file}) => ({...state, files: state.files.filter((one) => one.id !== file), notice: null}),
  file_done: (state, {file, attachment}) => ({...state, files: changedFile(state.files, file, {attachment, share: 1})}),
  file_failed: (state, {file, error}) => ({...state, files: changedFile(state.files, file, {error})}),
  composed: (state) => ({...state, draft: '', files: [], notice: null, popup: null, completion: null, atEnd: true, below: 0}),

  form_value: (state, {name, value}) => ({...state, form: {...state.form, values: {...state.form.values, [name]: value}, errors: without(state.form.errors, name)}}),
  form_message: (state, {text}) => ({...state, form: {...state.form, message: text, errors: without(state.form.errors, 'content')}}),
  form_sending: (state) => ({...state, form: {...state.form, sending: true, failure: null, errors: {}}}),
  form_errors: (state, {errors, failure}) => ({...state, form: {...state.form, sending: false, errors: errors ?? {}, failure: failure ?? null}}),
  form_done: (state) => ({...state, needsPrechat: false, form: {values: {}, message: '', errors: {}, failure: null, sending: false}}),
  form_needed: (state, {message}) => ({...state, needsPrechat: true, form: {...state.form, message: state.form.message || message}}),

  open: (state, {open}) => with_(state, {open, popup: null}),
  visible: (state, {visible}) => with_(state, {visible}),
  scrolled: (state, {atEnd}) => with_(state, {atEnd, below: atEnd ? 0 : state.below}),
  banner: (state, {banner}) => with_(state, {banner}),
  popup: (state, {popup}) => with_(state, {popup: state.popup === popup ? null : popup}),
  completion: (state, {completion}) => with_(state, {completion}),
  dragging: (state, {dragging}) => with_(state, {dragging}),
};

/** @param {State} state @param {Action} action @returns {State} */
export function reduce(state, action) {
  return reducers[action.type]?.(state, action) ?? state;
}

/** @param {State} state */
export const unread = (state) => unreadOf(state.thread);

/** The end of the thread is really being looked at. @param {State} state */
export const isLooking = (state) => state.open && state.visible && state.atEnd;

/** Who is typing now. @param {State} state @returns {string[]} */
export const typists = (state) => Object.keys(state.typing);

/** @param {State} state @param {ServerState} server @returns {State} */
function snapshot(state, server) {
  const {visitor, availability, known, needs_prechat: needsPrechat, place = null} = server;
  const about = {...placed(state, place), phase: /** @type {const} */ ('ready'), visitor, availability, known};
  const put = server.ticket?.status === 'ended' && server.ticket.id === state.dismissed;
  if (put) return {...about, needsPrechat, thread: emptyThread};
  return noted(state, {...about, needsPrechat, thread: withSnapshot(state.thread, server)});
}

/** @param {State} state @param {ChatEvent} event @param {any} ticket @returns {State} */
function arrived(state, event, ticket) {
  const typing = event.comment ? without(state.typing, event.comment.author.name) : state.typing;
  return noted(state, {...state, typing, thread: withEvent(state.thread, event, ticket)});
}

/** The wait never grows unsaid. @param {State} state @param {import('./types.js').QueuePlace | null} place @returns {State} */
function placed(state, place) {
  const before = state.place?.ticket_id === place?.ticket_id ? state.place : null;
  const grown = place && before && (place.position > before.position || (place.wait?.[1] ?? 0) > (before.wait?.[1] ?? Infinity));
  return {...state, place, later: Boolean(place && before && (grown || (state.later && place.position >= before.position)))};
}

/** Where they stand, while nobody has them. @param {State} state */
export const placeOf = ({place, thread: {ticket}}) =>
  (place && ticket && place.ticket_id === ticket.id && !ticket.agent && ticket.status === 'open' ? place : null);

/** Counts what came in under the fold. @param {State} before @param {State} state @returns {State} */
function noted(before, state) {
  const top = before.thread.events.at(-1)?.seq ?? 0;
  const sameTicket = before.thread.ticket?.id === state.thread.ticket?.id;
  if (state.atEnd || !sameTicket || !top) return state;
  const fresh = state.thread.events.filter((event) => event.seq > top && isIncoming(event)).length;
  return fresh ? {...state, below: state.below + fresh} : state;
}

/** @param {State} state @param {number} now @returns {State} */
function expired(state, now) {
  const left = Object.entries(state.typing).filter(([, until]) => until > now);
  return left.length === Object.keys(state.typing).length ? state : {...state, typing: Object.fromEntries(left)};
}

/** The same object when nothing changes, so that nothing is drawn. @param {State} state @param {Partial<State>} more @returns {State} */
function with_(state, more) {
  const keys = /** @type {(keyof State)[]} */ (Object.keys(more));
  return keys.every((key) => Object.is(state[key], more[key])) ? state : {...state, ...more};
}

/** @template T @param {Record<string, T>} from @param {string} key @returns {Record<string, T>} */
function without(from, key) {
  if (!(key in from)) return from;
  const {[key]: _, ...rest} = from;
  return rest;
}

/** @param {PickedFile[]} files @param {string} id @param {Partial<PickedFile>} more */
const changedFile = (files, id, more) => files.map((file) => (file.id === id ? {...file, ...more} : file));
