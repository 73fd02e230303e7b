/** Where one writes: text, emoji, files, and what replaces it when a chat has ended. */

import {html, nothing} from 'lit/html.js';
import {live} from 'lit/directives/live.js';

import {t} from '../shared/i18n.js';
import {EMOJI} from './emoji.js';
import {accept, readableSize} from './files.js';
import {asksForEmail} from './form-rules.js';
import {icon} from './view-parts.js';

/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./chat-state.js').PickedFile} PickedFile */
/** @typedef {import('./ui.js').Ui} Ui */

/** @param {State} state @param {Ui} ui */
export function composer(state, ui) {
  const {ticket} = state.thread;
  const ended = ticket?.status === 'ended';
  return html`<footer class="foot">
    ${state.popup === 'end' ? confirmEnd(ui) : nothing}
    ${ended ? endedNote(ticket.can_reopen === true, ui) : nothing}
    ${ended && !ticket.can_reopen ? nothing : box(state, ui, ended)}
  </footer>`;
}

/** @param {Ui} ui */
function confirmEnd(ui) {
  return html`<div class="confirm" role="group" aria-labelledby="end-question" data-popup>
    <p id="end-question">${t('end_question')}</p>
    <button type="button" class="quiet" @click=${() => ui.popup('end')}>${t('keep_chatting')}</button>
    <button type="button" class="primary" data-focus @click=${ui.endChat}>${t('end_chat')}</button>
  </div>`;
}

/** @param {boolean} reopens @param {Ui} ui */
function endedNote(reopens, ui) {
  return html`<div class="ended">
    <p>${t(reopens ? 'ended_reopens' : 'ended_for_good')}</p>
    <button type="button" class=${reopens ? 'quiet' : 'primary'} @click=${ui.newChat}>${t('new_chat')}</button>
  </div>`;
}

/** @param {State} state @param {Ui} ui @param {boolean} ended */
function box(state, ui, ended) {
  const {limits} = ui.boot;
  const {completion, draft, files, notice} = state;
  const listed = completion !== null && completion.chosen >= 0;
  const left = limits.comment_chars - draft.length;
  return html`<form class="composer" @submit=${ui.send}>
    ${away(state, ui)}
    ${listed ? completions(completion, ui) : nothing}
    ${state.popup === 'emoji' ? picker(ui) : nothing}
    ${files.length ? html`<ul class="chips" aria-label=${t('attached_files')}>${files.map((file) => chip(file, ui))}</ul>` : nothing}
    <textarea id="composer" rows="1" dir=${draft ? 'auto' : nothing} enterkeyhint="send" aria-label=${t('message_label')} placeholder=${t(ended ? 'write_to_reopen' : 'message_placeholder')}
      maxlength=${limits.comment_chars} aria-autocomplete="list" aria-controls=${listed ? 'completions' : nothing} aria-activedescendant=${listed ? `c-${completion.chosen}` : nothing}
      aria-describedby=${notice ? 'notice' : nothing}
      .value=${live(draft)} @input=${ui.typed} @keydown=${ui.keyed} @blur=${ui.blurred} @paste=${ui.pasted}></textarea>
    <div class="tools">
      <button type="button" class="round" data-popup aria-label=${t('emoji')} aria-expanded=${state.popup === 'emoji'} @click=${() => ui.popup('emoji')}>${icon('emoji')}</button>
      <button type="button" class="round" aria-label=${t('attach')} @click=${ui.pickFiles}>${icon('attach')}</button>
      <input type="file" id="files" multiple hidden accept=${accept(limits.attachment_types)} @change=${ui.picked}>
      ${left < 500 ? html`<span class="left">${t('chars_left', {n: left})}</span>` : nothing}
      <button type="submit" class="round send" aria-label=${t('send')} ?data-ready=${Boolean(draft.trim() || files.length)}>${icon('send')}</button>
    </div>
    <p class="notice" id="notice" role="alert">${notice ?? nothing}</p>
  </form>`;
}

/** @param {State} state @param {Ui} ui */
function away(state, ui) {
  if (state.availability.state === 'online') return nothing;
  const {email} = state.visitor;
  return html`<div class="away">
    <p>${email ? html`${t('leave_message_to')} <bdi>${email}</bdi>` : t('leave_message')}</p>
    ${asksForEmail(state) ? html`<input type="email" id="email" maxlength="254" autocomplete="email" dir="ltr" aria-label=${t('your_email')} placeholder=${t('your_email')}
      .value=${live(state.email)} @input=${ui.emailTyped}>` : nothing}
  </div>`;
}

/** @param {PickedFile} file @param {Ui} ui */
function chip(file, ui) {
  const busy = !file.attachment && !file.error;
  return html`<li class="chip" ?data-failed=${Boolean(file.error)}>
    ${file.preview ? html`<img src=${file.preview} alt="" width="36" height="36">` : icon('file')}
    <span class="name" dir="auto">${file.name}</span>
    <span class="size">${file.error ?? readableSize(file.size)}</span>
    <button type="button" class="round" aria-label=${t('remove', {name: file.name})} @click=${() => ui.sending.removeFile(file.id)}>${icon('close')}</button>
    ${busy ? html`<progress max="1" value=${file.share} aria-label=${t('uploading', {name: file.name})}></progress>` : nothing}
  </li>`;
}

/** @param {import('./emoji.js').Completion} completion @param {Ui} ui */
function completions({matches, chosen}, ui) {
  return html`<ul class="popup completions" id="completions" role="listbox" aria-label=${t('emoji')}>
    ${matches.map(([name, sign], i) => html`<li role="option" id=${`c-${i}`} aria-selected=${i === chosen} @mousedown=${(/** @type {Event} */ event) => ui.complete(event, i)}><span>${sign}</span> :${name}:</li>`)}
  </ul>`;
}

/** @param {Ui} ui */
function picker(ui) {
  return html`<div class="popup picker" role="group" aria-label=${t('emoji')} data-popup @keydown=${ui.pickerKeyed}>
    ${EMOJI.map(([name, sign], i) => html`<button type="button" tabindex=${i ? -1 : 0} ?data-focus=${i === 0} aria-label=${name.replaceAll('_', ' ')} @click=${() => ui.insert(sign)}>${sign}</button>`)}
  </div>`;
}
