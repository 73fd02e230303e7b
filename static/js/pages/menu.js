/** A list beside the page that is closed where the screen is narrow. Without script it is open everywhere. */

/** @param {ParentNode} root */
export function narrowMenus(root) {
  const narrow = matchMedia('(max-width: 64rem)'); // as in pages.css
  for (const menu of /** @type {NodeListOf<HTMLDetailsElement>} */ (root.querySelectorAll('details[data-menu]'))) {
    const follow = () => (menu.open = !narrow.matches);
    follow();
    menu.dataset.ready = '';
    narrow.addEventListener('change', follow);
  }
}
