/** How long to wait before trying again: longer each time, never the same for everybody. */

const FIRST = 1_000;
const LONGEST = 30_000;

/** @param {number} failures so far @param {() => number} [random] @returns {number} milliseconds */
export function backoff(failures, random = Math.random) {
  const delay = Math.min(LONGEST, FIRST * 1.5 ** Math.max(0, failures - 1));
  return delay * (0.75 + random() / 2);
}
