/**
 * The live board, as docs/realtime.md describes it.
 *
 * @typedef {{number: number, title: string|null, priority: string, metric: string|null, due_at: string, agent: string|null}} Row
 * @typedef {{id: string, name: string, state: 'online'|'away'|'busy'|'offline', load: number, capacity: number}} Agent
 * @typedef {{median_seconds: number|null, n: number, target_seconds: number|null}} Response
 * @typedef {object} Board
 * @property {number} open
 * @property {number} unassigned
 * @property {number} waiting
 * @property {number} risk_5
 * @property {number} risk_15
 * @property {number} risk_30
 * @property {number} risk_60
 * @property {number} breached
 * @property {number} chats_active
 * @property {number} chats_queued
 * @property {string|null} waiting_since
 * @property {Response} response
 * @property {Agent[]} agents
 * @property {number} agents_offline
 * @property {Row[]} next
 * @property {Row[]} late
 *
 * @typedef {{seq: number, now: string, board: Board, version: string}} Whole
 * @typedef {{seq: number, now: string, changed: Partial<Board>}} Update
 * @typedef {object} Boot
 * @property {Board} board
 * @property {string} now
 * @property {string} version the script's name, by which a screen sees that there is a new one
 * @property {string} workspace
 * @property {boolean} tv for a wall: big, and without anything to press
 * @property {string|null} screen the link's name, where nobody is signed in
 * @property {boolean} shares may make links for screens
 */

export {};
