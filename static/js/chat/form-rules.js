/** The form before the first message: which fields, and what is wrong with them. DOM-free. */

/** @typedef {import('./types.js').Field} Field */
/** @typedef {import('./chat-state.js').State} State */
/** @typedef {import('./chat-state.js').Form} Form */

const EMAIL = /^\S+@\S+\.\S+$/;
const PHONE = /^\+?[\d\s().\-/]{5,25}$/;

/** Nobody answers now and there's no address to answer to. @param {Pick<State, 'availability' | 'visitor' | 'known'>} state */
export const asksForEmail = ({availability, visitor, known}) => availability.state !== 'online' && !visitor.email && !known.includes('email');

/**
 * Only what isn't known yet; and an address when the answer will come by e-mail.
 * @param {Field[]} fields
 * @param {Pick<State, 'availability' | 'visitor' | 'known'>} state
 * @returns {Field[]}
 */
export function formFields(fields, state) {
  const asked = fields.filter(({name}) => !state.known.includes(name));
  if (!asksForEmail(state)) return asked;
  const own = asked.find(({type}) => type === 'email');
  if (own) return asked.map((field) => (field === own ? {...field, required: true} : field));
  return [...asked, {name: 'email', label: '', type: 'email', required: true}];
}

/**
 * @param {Field[]} fields
 * @param {Pick<Form, 'values' | 'message'>} form
 * @param {boolean} consentNeeded
 * @param {(key: string) => string} t
 * @returns {Record<string, string>}
 */
export function checkForm(fields, {values, message}, consentNeeded, t) {
  /** @type {Record<string, string>} */
  const errors = {};
  for (const field of fields) {
    const wrong = problem(field, values[field.name]);
    if (wrong) errors[field.name] = t(wrong);
  }
  if (!message.trim()) errors.content = t('error_required');
  if (consentNeeded && values.consent !== true) errors.consent = t('error_consent');
  return errors;
}

/** @param {Field} field @param {string | boolean | undefined} value @returns {string | null} */
function problem({type, required}, value) {
  const text = typeof value === 'string' ? value.trim() : '';
  if (type === 'checkbox') return required && value !== true ? 'error_required' : null;
  if (!text) return required ? 'error_required' : null;
  if (type === 'email' && !EMAIL.test(text)) return 'error_email';
  if (type === 'phone' && !PHONE.test(text)) return 'error_phone';
  return null;
}

/**
 * The server's 422, by field: the last name in `loc` is the field's.
 * @param {{loc: (string | number)[], msg: string}[]} detail
 * @returns {Record<string, string>}
 */
export function errorsByField(detail) {
  /** @type {Record<string, string>} */
  const errors = {};
  for (const {loc, msg} of detail) errors[String(loc.filter((part) => typeof part === 'string').at(-1) ?? 'content')] ??= msg;
  return errors;
}
