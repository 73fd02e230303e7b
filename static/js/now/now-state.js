/**
 * The live board and how sure we are of it: pure. Changes fold into the board in the order of `seq`; after a
 * gap the whole is asked for. What comes before the whole waits for it. While nobody looks nothing is folded in:
 * the whole is asked for when somebody does.
 */

import {SECOND} from '../shared/sla-words.js';

/**
 * @typedef {import('./types.js').Board} Board
 * @typedef {import('./types.js').Update} Update
 * @typedef {'connecting'|'online'|'offline'|'ended'} Link
 * @typedef {object} State
 * @property {Board} board
 * @property {number|null} seq of the last change folded in; null until the whole has come
 * @property {Update[]} early
 * @property {boolean} gap changes are missing: the whole is to be asked for
 * @property {Link} link
 * @property {string|null} reason why it ended
 * @property {boolean} paused nobody looks at the page
 * @property {number} heard when the server last said something
 * @property {number} now
 * @property {number} skew the server's clock less ours
 *
 * @typedef {{type: 'asked'}
 *   | {type: 'whole', whole: import('./types.js').Whole, at: number}
 *   | {type: 'update', update: Update, at: number}
 *   | {type: 'link', link: Link, reason?: string|null}
 *   | {type: 'paused', paused: boolean, at: number}
 *   | {type: 'tick', at: number}} Action
 */

/** Nothing heard for so long: what is shown may be old. */
export const STALE = 15 * SECOND;

/** @param {import('./types.js').Boot} boot @param {number} at @returns {State} */
export function newState(boot, at) {
  return {board: boot.board, seq: null, early: [], gap: false, link: 'connecting', reason: null, paused: false,
    heard: at, now: at, skew: Date.parse(boot.now) - at};
}

/** @param {State} state @param {Action} action @returns {State} */
export function reduce(state, action) {
  switch (action.type) {
    case 'asked': return {...state, seq: null, early: [], gap: false};
    case 'whole': return state.paused ? state : takeWhole(state, action.whole, action.at);
    case 'update': return state.paused ? state : takeUpdate(heard(state, action.update.now, action.at), action.update);
    case 'link': return {...state, link: state.link === 'ended' ? 'ended' : action.link, reason: action.reason ?? state.reason};
    case 'paused': return {...state, paused: action.paused, now: action.at};
    case 'tick': return {...state, now: action.at};
    default: return state;
  }
}

/** @param {State} state @param {string} now @param {number} at @returns {State} */
const heard = (state, now, at) => ({...state, heard: at, now: at, skew: Date.parse(now) - at});

/** @param {State} state @param {import('./types.js').Whole} whole @param {number} at @returns {State} */
function takeWhole(state, {seq, now, board}, at) {
  const known = {...heard(state, now, at), board, seq, early: [], gap: false};
  return state.early.reduce(takeUpdate, known);
}

/** @param {State} state @param {Update} update @returns {State} */
function takeUpdate(state, update) {
  if (state.seq === null) return {...state, early: [...state.early, update]};
  if (update.seq <= state.seq) return state;
  if (update.seq > state.seq + 1) return {...state, gap: true};
  return {...state, seq: update.seq, board: {...state.board, ...update.changed}};
}

/** The server's time. @param {State} state */
export const serverNow = (state) => state.now + state.skew;

/** Whether what is shown may be old. @param {State} state */
export const isStale = (state) => state.now - state.heard > STALE;
