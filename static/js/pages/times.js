/** `<time datetime>` in the reader's own zone and language. */

/** @param {ParentNode} root */
export function localTimes(root) {
  const format = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = format.format(at);
  }
}
