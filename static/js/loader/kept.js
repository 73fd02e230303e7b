/// <reference path="./config.d.ts" />
/** What the host page remembers for the chat. Private windows refuse storage: then for this page only. */

/** @type {Record<string, string | null>} */
const memory = {};

/** @param {Storage} storage */
const keeper = (storage) => ({
  /** @param {string} name @returns {string | null} */
  get(name) {
    const key = `parley:${PARLEY_CONFIG.key}:${name}`;
    return (key in memory ? memory[key] : storage.getItem(key)) || null;
  },
  /** @param {string} name @param {string | null} value */
  set(name, value) {
    const key = `parley:${PARLEY_CONFIG.key}:${name}`;
    try {
      if (value === null) storage.removeItem(key);
      else storage.setItem(key, value);
    } catch (refused) {
      memory[key] = value;
    }
  },
});

/** @type {Storage} */
const none = {length: 0, clear() {}, key: () => null, getItem: () => null, removeItem() {}, setItem() { throw new Error('refused'); }};

/** @param {'localStorage' | 'sessionStorage'} name */
function open(name) {
  try {
    return window[name] || none;
  } catch (refused) {
    return none;
  }
}

export const kept = keeper(open('localStorage'));
export const session = keeper(open('sessionStorage'));
