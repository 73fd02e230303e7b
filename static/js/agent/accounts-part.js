/** Fetches the part about CRM and billing, and lends it what it draws with. */

import {html, nothing} from 'lit/html.js';

import {locale} from '../shared/i18n.js';
import {safeUrl} from '../shared/linkify.js';
import {ago, dateTime, formatter} from '../shared/time.js';
import {openThread} from './thread-state.js';
import {icon} from './view/bits.js';
import {titled} from './words.js';

const AGAIN = 15_000;

/** @param {import('./app.js').App} app */
export async function loadAccounts(app) {
  try {
    const {watchAccounts} = await import('./accounts.js');
    app.accounts = watchAccounts(app, {html, nothing, icon, ago, dateTime, formatter, titled, safeUrl, locale, openThread});
    app.draw();
  } catch {
    setTimeout(() => loadAccounts(app), AGAIN);
  }
}
