/** The lines of the log. */

import {html, nothing} from 'lit/html.js';

import {t} from '../shared/i18n.js';
import {linkify, safeUrl} from '../shared/linkify.js';
import {clock, dateTime, dayName} from '../shared/time.js';
import {readableSize} from './files.js';
import {avatar, icon} from './view-parts.js';

/** @typedef {import('./log-items.js').LogItem} LogItem */
/** @typedef {import('./log-items.js').MessageItem} MessageItem */
/** @typedef {import('./types.js').Attachment} Attachment */
/** @typedef {import('./ui.js').Ui} Ui */

/** A signed link holds 15 minutes; one as old as this is renewed first. */
const LINK_HOLDS = 14 * 60_000;

/** @param {LogItem} item @param {Record<string, number>} progress @param {Ui} ui */
export function line(item, progress, ui) {
  if (item.kind === 'day') return html`<li class="day"><time datetime=${iso(item.at)}>${dayName(item.at)}</time></li>`;
  if (item.kind === 'system') return html`<li class="event">${t(item.text, item.values)}<span class="vh">, <time datetime=${item.at}>${clock(item.at)}</time></span></li>`;
  return message(item, progress, ui);
}

/** @param {MessageItem} item @param {Record<string, number>} progress @param {Ui} ui */
function message(item, progress, ui) {
  const {mine, first, last, author, state, event, pending} = item;
  const content = event?.comment?.content ?? pending?.payload.content ?? '';
  return html`<li class="message" data-side=${mine ? 'out' : 'in'} ?data-first=${first} ?data-last=${last} data-state=${state ?? nothing}>
    ${mine ? nothing : last ? avatar(author) : html`<span class="avatar" data-empty></span>`}
    <div class="body">
      <span class=${!mine && first ? 'who' : 'vh'}><bdi>${mine ? t('you') : author}</bdi></span>
      ${content ? html`<div class=${onlyEmoji(content) ? 'bubble is-emoji' : 'bubble'} dir="auto">${linkify(content)}</div>` : nothing}
      ${event?.comment?.attachments.map((one) => attachment(one, event.seq, ui))}
      ${pending?.files.map((file) => waitingFile(file, progress[file.id] ?? 0, item, ui))}
      ${meta(item, ui)}
    </div>
  </li>`;
}

/** @param {MessageItem} item @param {Ui} ui */
function meta(item, ui) {
  if (item.state === 'failed') return failedMeta(item, ui);
  const shown = item.last || item.tellsState;
  return html`<p class=${shown ? 'meta' : 'meta vh'}>
    <time datetime=${iso(item.at)} title=${dateTime(item.at)}>${clock(item.at)}</time>${item.state ? html`<span class=${item.tellsState ? 'state' : 'vh'}>${item.tellsState ? stateIcon(item.state) : nothing}${t(`state_${item.state}`)}</span>` : nothing}
  </p>`;
}

/** @param {string} state */
const stateIcon = (state) => (state === 'sending' ? icon('clock') : icon(state === 'sent' ? 'check' : 'checks'));

/** @param {MessageItem} item @param {Ui} ui */
function failedMeta({key, pending}, ui) {
  const why = reason(pending?.error ?? null);
  return html`<p class="meta failed" role="alert">${icon('alert')}<span>${t('not_sent')}${why ? html`: <span dir="auto">${why}</span>` : nothing}</span></p>
    <p class="meta failed">
      <button type="button" @click=${() => ui.sending.outbox.retry(key)}>${t('retry')}</button>
      <span aria-hidden="true">·</span>
      <button type="button" @click=${() => ui.sending.outbox.remove(key)}>${t('delete')}</button>
    </p>`;
}

/** @param {{code: string, message: string} | null} error */
function reason(error) {
  if (!error) return '';
  return error.code === 'file_lost' ? t('file_lost') : error.code === 'rate_limited' ? t('too_fast') : error.message;
}

/** @param {Attachment} file @param {number} seq @param {Ui} ui */
function attachment(file, seq, ui) {
  const open = (/** @type {MouseEvent} */ event) => ui.openFile(event, seq, file.id, LINK_HOLDS);
  if (file.is_image && file.width && file.height) {
    return html`<a class="picture" href=${safeUrl(new URL(file.url, location.href).href)} target="_blank" rel="noopener" @click=${open}>
      <img src=${file.url} alt=${file.name} width=${file.width} height=${file.height} loading="lazy" decoding="async" @error=${() => ui.imageFailed(seq)}>
    </a>`;
  }
  return html`<a class="file" href=${safeUrl(new URL(file.url, location.href).href)} download=${file.name} @click=${open}>
    ${icon('file')}<span class="name" dir="auto">${file.name}</span><span class="size">${readableSize(file.size_bytes)}</span><span class="vh">${t('download')}</span>
  </a>`;
}

/** @param {import('../shared/outbox.js').OutboxFile} file @param {number} share @param {MessageItem} item @param {Ui} ui */
function waitingFile(file, share, item, ui) {
  const preview = ui.previewOf(file.id);
  const going = item.state === 'sending' && !file.attachment;
  return html`<div class=${preview ? 'picture' : 'file'}>
    ${preview ? html`<img src=${preview} alt=${file.name}>` : html`${icon('file')}<span class="name" dir="auto">${file.name}</span><span class="size">${readableSize(file.size)}</span>`}
    ${going ? html`<progress max="1" value=${share} aria-label=${t('uploading', {name: file.name})}></progress>` : nothing}
  </div>`;
}

/** One to three emoji and nothing else are shown large. @param {string} text */
const onlyEmoji = (text) => text.length < 24 && /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*\s?){1,3}$/u.test(text);

/** @param {string | number} at */
const iso = (at) => new Date(at).toISOString();
