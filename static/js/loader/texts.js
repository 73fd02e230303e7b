/// <reference path="./config.d.ts" />
/** The few words outside the frame, in the page's language. */

const RTL = /^(ar|fa|he|ur)\b/;

/** @param {string} [wanted] */
export function texts(wanted) {
  const all = PARLEY_CONFIG.locale_strings;
  const locale = [wanted, document.documentElement.lang, navigator.language, 'en']
    .flatMap((one) => (one ? [one, one.split('-')[0] || ''] : []))
    .find((one) => all[one]) || 'en';
  const strings = all[locale] || {};
  return {
    locale,
    dir: RTL.test(locale) ? 'rtl' : 'ltr',

    /** @param {string} key @param {{n?: number, name?: string}} [values] */
    t(key, values = {}) {
      const {n} = values;
      const form = n === undefined ? '' : `_${new Intl.PluralRules(locale).select(n)}`;
      const text = strings[`loader.${key}${form}`] || strings[`loader.${key}_other`] || '';
      return text.replace('{n}', n === undefined ? '' : new Intl.NumberFormat(locale).format(n)).replace('{name}', () => values.name || '');
    },
  };
}

/** @typedef {ReturnType<typeof texts>} Texts */
