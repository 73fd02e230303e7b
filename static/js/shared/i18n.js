/**
 * Texts by key. With a number `n` the plural form is looked up: `unread_one`, `unread_other`.
 * A missing key shows itself, so that it's noticed and nothing breaks.
 */

/** @typedef {Record<string, string>} Strings */
/** @typedef {(key: string, values?: Record<string, unknown>) => string} Translate */

/**
 * @param {string} locale
 * @param {Strings} strings
 * @returns {Translate}
 */
export function translator(locale, strings) {
  const rules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  return (key, values = {}) => {
    const n = values.n;
    const form = typeof n === 'number' ? strings[`${key}_${rules.select(n)}`] ?? strings[`${key}_other`] : undefined;
    return (form ?? strings[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => {
      const value = values[name];
      if (value === undefined || value === null) return whole;
      return typeof value === 'number' ? numbers.format(value) : String(value);
    });
  };
}

let current = translator('en', {});
let language = 'en';

/** Says once, at start, which language the page speaks. @param {string} locale @param {Strings} strings */
export function useStrings(locale, strings) {
  language = locale;
  current = translator(locale, strings);
}

/** A language as it is spoken where the reader lives, for clocks and numbers: "en-GB". @param {string} language */
export function regional(language) {
  for (const own of navigator.languages) {
    try {
      if (new Intl.Locale(own).language === language) return own;
    } catch { /* some systems name what is no language, as "en-US@posix" */ }
  }
  return language;
}

/** @type {Translate} */
export const t = (key, values) => current(key, values);

export const locale = () => language;
