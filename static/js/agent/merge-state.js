/** What a ticket can be merged into, and why it cannot be merged into something else. Pure. */

import {isActive} from './queue-state.js';

/**
 * @typedef {import('./types.js').Row} Row
 * @typedef {{id: string, text: string, status: 'idle'|'loading'|'done'|'error', own: Row[], found: Row[]}} Finding tickets of the
 *   customer, and those that fit the text
 * @typedef {{row: Row, why: string|null}} Choice `why`: what stands against it
 */

const SHOWN = 20;

/** The number that somebody typed, with or without its sign. @param {string} text */
export const numberIn = (text) => Number(text.trim().match(/^#?\s*(\d{1,9})$/)?.[1]) || null;

/** @param {Row} source @param {Row} row @returns {string|null} the server's rules, in its order */
export function whyNot(source, row) {
  if (row.id === source.id) return 'This is the ticket itself';
  if (row.shelf === 'trash') return 'It is in the trash';
  if (row.merged_into !== null) return `It was itself merged into #${row.merged_into}`;
  if (row.spam) return 'It is marked as spam';
  if (!isActive(row)) return 'It has ended; reopen it first';
  if (row.customer.id !== source.customer.id) return `${row.customer.name} would read this; merge the customers first`;
  return null;
}

/** @param {Row} row @param {string} text */
const fits = (row, text) => {
  const number = numberIn(text);
  return number ? row.number === number : row.title.toLocaleLowerCase().includes(text.trim().toLocaleLowerCase());
};

/**
 * What is offered: the customer's own first, what can take it before what cannot.
 * @param {Row} source
 * @param {Finding} finding
 * @returns {Choice[]}
 */
export function choices(source, {text, own, found}) {
  const wanted = text.trim() !== '';
  const rows = [...own.filter((row) => (wanted ? fits(row, text) : isActive(row))), ...(wanted ? found : [])];
  const each = [...new Map(rows.map((row) => [row.id, row])).values()].filter((row) => numberIn(text) || row.id !== source.id);
  const foreign = (/** @type {Row} */ row) => Number(row.customer.id !== source.customer.id);
  return each
    .map((row) => ({row, why: whyNot(source, row)}))
    .sort((a, b) => foreign(a.row) - foreign(b.row) || Number(a.why !== null) - Number(b.why !== null))
    .slice(0, SHOWN);
}
