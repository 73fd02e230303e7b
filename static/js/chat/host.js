/**
 * The page around the frame. Only a site of this inbox is spoken to, and only through the port it gave us;
 * on its own page the chat has no host.
 */

/** @typedef {import('./types.js').Page} Page */
/** @typedef {{type: string, [more: string]: any}} HostMessage */
/**
 * @typedef {object} Host
 * @property {string | null} token
 * @property {Page} page
 * @property {{open?: boolean, identity?: any, fresh?: boolean}} settings
 * @property {(message: HostMessage) => void} post
 * @property {(heard: (message: HostMessage) => void) => void} listen
 */

/** A site that frames the page without our loader never answers. */
const PATIENCE = 2_000;

/** @param {string[]} origins @returns {Promise<Host | null>} */
export function findHost(origins) {
  if (window.parent === window) return Promise.resolve(null);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), PATIENCE);
    addEventListener('message', function hello(event) {
      const [port] = event.ports;
      const allowed = origins.includes(event.origin) || event.origin === location.origin;
      if (event.source !== window.parent || !allowed || event.data?.type !== 'parley:hello' || !port) return;
      removeEventListener('message', hello);
      clearTimeout(timer);
      resolve(hostBehind(port, event.data));
    });
    // Holds nothing, so anybody may read it; the answer is what gets checked.
    window.parent.postMessage({type: 'parley:listening'}, '*');
  });
}

/** @param {MessagePort} port @param {any} hello @returns {Host} */
function hostBehind(port, hello) {
  return {
    token: typeof hello.token === 'string' ? hello.token : null,
    page: pageOf(hello.page),
    settings: typeof hello.settings === 'object' && hello.settings ? hello.settings : {},
    post: (message) => port.postMessage(message),
    listen(heard) {
      port.onmessage = ({data}) => {
        if (typeof data?.type === 'string') heard(data);
      };
    },
  };
}

/** @param {any} page @returns {Page} */
export function pageOf(page) {
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 2_000) : '');
  return {url: text(page?.url), title: text(page?.title), referrer: text(page?.referrer)};
}

/** The chat on its own page. @returns {Page} */
export const ownPage = () => ({url: location.href, title: document.title, referrer: document.referrer});
