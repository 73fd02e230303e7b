/// <reference path="./config.d.ts" />
/** The few words outside the frame, in the page's language. */

/** @param {string} [wanted] */
export function texts(wanted) {
  const all = PARLEY_CONFIG.texts;
  const locale = [wanted, document.documentElement.lang, navigator.language]
    .map((one) => (one || '').split('-')[0] || '')
    .find((one) => all[one]) || 'en';
  const words = all[locale] || {};
  return {
    locale,
    dir: locale === 'ar' ? 'rtl' : 'ltr',
    /** @param {string} key @param {number} [n] */
    t: (key, n) => (words[key] || '').replace('{n}', String(n)),
  };
}

/** @typedef {ReturnType<typeof texts>} Texts */
