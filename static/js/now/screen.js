/** What a screen needs besides: it stays awake on a wall, and takes a new version by itself. */

const RENEWED = 'now-renewed';
/** While a new version is rolled out, some processes have it and some don't. */
const PATIENCE = 60_000;

/** Nobody looks at the page. */
export const isHidden = () => document.visibilityState === 'hidden';

/** Keeps the screen lit, where the browser knows how. */
export function keepAwake() {
  const ask = () => {
    if (!isHidden()) navigator.wakeLock?.request('screen').catch(() => {});
  };
  document.addEventListener('visibilitychange', ask);
  ask();
}

/** Loads the page anew, once a minute at most. */
export function renew() {
  const last = Number(sessionStorage.getItem(RENEWED) ?? 0);
  if (Date.now() - last < PATIENCE) return;
  sessionStorage.setItem(RENEWED, String(Date.now()));
  location.reload();
}
