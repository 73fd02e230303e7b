/**
 * localStorage that never throws: private windows, full disks and partitioned frames refuse it,
 * and then the values live as long as the page.
 */

/** @type {Map<string, string>} */
const memory = new Map();

/** @param {string} key @returns {string | null} */
export function read(key) {
  try {
    const kept = globalThis.localStorage?.getItem(key);
    if (kept != null) return kept;
  } catch { /* refused: memory below */ }
  return memory.get(key) ?? null;
}

/** @param {string} key @param {string | null} value null removes */
export function write(key, value) {
  memory.delete(key);
  try {
    if (value === null) globalThis.localStorage?.removeItem(key);
    else globalThis.localStorage.setItem(key, value);
  } catch {
    if (value !== null) memory.set(key, value);
  }
}

/** @param {string} key @returns {any} */
export function readJson(key) {
  try {
    return JSON.parse(read(key) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {string} key @param {unknown} value null removes */
export function writeJson(key, value) {
  write(key, value === null ? null : JSON.stringify(value));
}

/** @param {string} prefix @returns {string[]} */
export function keys(prefix) {
  const found = new Set([...memory.keys()]);
  try {
    const storage = globalThis.localStorage;
    for (let i = 0; i < storage.length; i += 1) found.add(storage.key(i) ?? '');
  } catch { /* refused: memory alone */ }
  return [...found].filter((key) => key.startsWith(prefix));
}

/**
 * Calls back when another tab changes a key with this prefix.
 * @param {string} prefix
 * @param {(key: string, value: string | null) => void} changed
 * @returns {() => void} stops it
 */
export function watch(prefix, changed) {
  /** @param {StorageEvent} event */
  const heard = (event) => {
    if (event.key?.startsWith(prefix)) changed(event.key, event.newValue);
  };
  globalThis.addEventListener?.('storage', heard);
  return () => globalThis.removeEventListener?.('storage', heard);
}
