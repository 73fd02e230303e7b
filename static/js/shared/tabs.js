/** Tabs of one surface in step: messages to the others, and one of them that may make a noise. */

/**
 * Messages reach every other tab of this browser, not the sender.
 * @param {string} name
 * @param {(message: any) => void} heard
 */
export function createTabs(name, heard) {
  /** @type {BroadcastChannel | null} */
  let channel = null;
  try {
    channel = new BroadcastChannel(name);
    channel.onmessage = (event) => heard(event.data);
  } catch { /* refused in some frames: this tab is alone then */ }
  return {
    /** @param {unknown} message */
    post: (message) => channel?.postMessage(message),
    close: () => channel?.close(),
  };
}

/**
 * True in the first tab that asks, until it closes; then in the next. Without locks (plain http) true in all.
 * @param {string} name
 * @returns {() => boolean}
 */
export function leadership(name) {
  if (!globalThis.navigator?.locks) return () => true;
  let lead = false;
  navigator.locks
    .request(name, () => {
      lead = true;
      return new Promise(() => {});
    })
    .catch(() => {
      lead = true;
    });
  return () => lead;
}

/**
 * Runs `work` in one tab at a time.
 * @param {string} name
 * @param {() => Promise<void>} work
 */
export async function exclusively(name, work) {
  if (globalThis.navigator?.locks) await navigator.locks.request(name, work);
  else await work();
}
