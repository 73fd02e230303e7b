/** Times and zones of the reader. */

/** A choice of time zones begins with the browser's own. @param {ParentNode} root */
export function ownZone(root) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const select of /** @type {NodeListOf<HTMLSelectElement>} */ (root.querySelectorAll('select[data-own-zone]'))) {
    if ([...select.options].some((option) => option.value === own)) select.value = own;
  }
}

/** `<time datetime>` in the reader's own zone and language. @param {ParentNode} root */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = format.format(at);
  }
}
