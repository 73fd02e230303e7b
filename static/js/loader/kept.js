/// <reference path="./config.d.ts" />
/** What the host page remembers for the chat. Private windows refuse storage: then for this page only. */

/** @type {Record<string, string | null>} */
const memory = {};

/**
 * @param {'localStorage' | 'sessionStorage'} storage
 * @returns {(name: string, value?: string | null) => string | null} reads; with a value writes, with null removes
 */
const keeper = (storage) => (name, value) => {
  const key = `parley:${PARLEY_CONFIG.key}:${name}`;
  try {
    if (value === undefined) return memory[key] || window[storage].getItem(key);
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch (refused) {
    if (value !== undefined) memory[key] = value;
  }
  return null;
};

export const kept = keeper('localStorage');
export const session = keeper('sessionStorage');
