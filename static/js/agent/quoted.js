/** What a mail quotes, and its signature. A part of its own: it comes when somebody opens them. */

/** Fetches it once; after trouble, whenever it is opened again.
 * @param {import('./app.js').App} app @param {string} id of the mail @param {EventTarget|null} opened its details */
export async function fill(app, id, opened) {
  const box = /** @type {HTMLDetailsElement} */ (opened);
  const place = /** @type {HTMLElement} */ (box.lastElementChild);
  if (!box.open || box.dataset.is) return;
  box.dataset.is = 'asked';
  try {
    const {mail} = await app.api.get(`/mails/${id}`);
    place.textContent = mail.folded || mail.text;
  } catch {
    delete box.dataset.is;
    place.textContent = 'It could not be loaded. Close it and open it again.';
  }
}
