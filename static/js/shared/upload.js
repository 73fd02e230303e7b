/** One file to the server, with progress; fetch can't tell how far an upload is. */

import {errorFrom, RequestError} from './errors.js';

/**
 * @param {string} url
 * @param {Blob} file
 * @param {{name: string, fields?: Record<string, string>, headers?: Record<string, string>, onProgress?: (share: number) => void}} options
 * @returns {{done: Promise<any>, cancel: () => void}}
 */
export function upload(url, file, {name, fields = {}, headers = {}, onProgress}) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && onProgress?.(event.loaded / event.total);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status >= 200 && request.status < 300 && body) resolve(body);
      else reject(errorFrom(body, {status: request.status}));
    };
    request.onerror = () => reject(new RequestError('offline'));
    request.ontimeout = () => reject(new RequestError('timeout'));
    request.onabort = () => reject(new RequestError('cancelled'));
  });
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append('file', file, name);
  request.open('POST', url);
  for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
  request.send(form);
  return {done, cancel: () => request.abort()};
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
