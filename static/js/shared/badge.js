/** The number of unread messages in the tab: "(2) Title", and a dot on its icon. */

let title = '';

/** The page's title without the number. @param {string} text @param {number} unread */
export function setTitle(text, unread) {
  title = text;
  setBadge(unread);
}

/** @param {number} unread */
export function setBadge(unread) {
  title ||= document.title;
  const wanted = unread > 0 ? `(${unread > 99 ? '99+' : unread}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
  const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel=icon]'));
  const plain = icon?.dataset.plain ?? icon?.getAttribute('href');
  if (!icon || !plain) return;
  icon.dataset.plain = plain;
  const href = unread > 0 ? icon.dataset.unread ?? plain : plain;
  if (icon.getAttribute('href') !== href) icon.setAttribute('href', href);
}
