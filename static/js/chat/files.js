/** Picked files: which may be sent, how they are shown. */

import {locale} from '../shared/i18n.js';
import {uuid} from '../shared/uuid.js';

/** @typedef {import('./chat-state.js').PickedFile & {blob: File}} Fit */

const THUMBNAILS = /^image\/(png|jpeg|gif|webp|avif)$/;

/**
 * @param {File[]} files
 * @param {number} already picked before
 * @param {import('./types.js').Limits} limits
 * @returns {{fit: Fit[], refused: {name: string, reason: string}[]}}
 */
export function acceptable(files, already, limits) {
  /** @type {Fit[]} */
  const fit = [];
  /** @type {{name: string, reason: string}[]} */
  const refused = [];
  for (const file of files) {
    const reason = reasonAgainst(file, already + fit.length, limits);
    if (reason) refused.push({name: file.name, reason});
    else fit.push(picked(file));
  }
  return {fit, refused};
}

/** @param {Pick<File, 'name' | 'type' | 'size'>} file @param {number} count @param {import('./types.js').Limits} limits */
function reasonAgainst(file, count, limits) {
  if (count >= limits.attachments_per_comment) return 'too_many_files';
  if (file.size > limits.attachment_bytes) return 'file_too_big';
  if (file.size === 0) return 'file_empty';
  return allowed(file, limits.attachment_types) ? null : 'file_type_refused';
}

/** @param {Pick<File, 'name' | 'type'>} file @param {string[]} types `image/png`, `image/*`, `.pdf` or `pdf`; none listed allows all */
function allowed({name, type}, types) {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return !types.length || types.some((one) => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))) || one.replace(/^\./, '').toLowerCase() === ending);
}

/** For the picker's `accept`. @param {string[]} types */
export const accept = (types) => types.map((one) => (one.includes('/') || one.startsWith('.') ? one : `.${one}`)).join(',');

/** @param {File} blob @returns {Fit} */
function picked(blob) {
  const preview = THUMBNAILS.test(blob.type) ? URL.createObjectURL(blob) : null;
  return {id: uuid(), name: blob.name || 'image.png', size: blob.size, type: blob.type, preview, share: 0, attachment: null, error: null, blob};
}

/** 1.4 MB, in the reader's language. @param {number} bytes */
export function readableSize(bytes) {
  const [size, unit] = bytes < 1_000_000 ? [Math.max(1, bytes / 1_000), 'kilobyte'] : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(locale(), {style: 'unit', unit, maximumFractionDigits: size < 10 ? 1 : 0}).format(size);
}
