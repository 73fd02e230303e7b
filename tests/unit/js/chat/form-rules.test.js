import assert from 'node:assert/strict';
import {test} from 'node:test';

import {asksForEmail, checkForm, errorsByField, formFields} from '../../../../static/js/chat/form-rules.js';

const FIELDS = [
  {name: 'name', label: 'Name', type: 'text', required: true},
  {name: 'email', label: 'E-mail', type: 'email', required: false},
  {name: 'phone', label: 'Phone', type: 'phone', required: false},
  {name: 'terms', label: 'Terms', type: 'checkbox', required: true},
];
const here = {availability: {state: 'online'}, visitor: {email: null}, known: []};
const away = {...here, availability: {state: 'closed'}};
const t = (key) => key;
const names = (fields) => fields.map(({name}) => name);

test('what is known is not asked again', () => {
  assert.deepEqual(names(formFields(FIELDS, {...here, known: ['name', 'terms']})), ['email', 'phone']);
});

test('while nobody is there an address is needed, unless there is one', () => {
  assert.ok(asksForEmail(away));
  assert.ok(!asksForEmail({...away, visitor: {email: 'a@b.example'}}));
  assert.equal(formFields(FIELDS, away).find(({name}) => name === 'email').required, true);
  assert.deepEqual(names(formFields([], away)), ['email']);
  assert.deepEqual(names(formFields([], here)), []);
});

test('each field at fault is named', () => {
  const errors = checkForm(FIELDS, {values: {email: 'nope', phone: 'abc'}, message: ' '}, true, t);
  assert.deepEqual(errors, {name: 'error_required', email: 'error_email', phone: 'error_phone', terms: 'error_required', content: 'error_required', consent: 'error_consent'});
});

test('a filled form is fine', () => {
  const values = {name: 'Ana', email: 'ana@acme.example', phone: '+49 (0)30 123-45', terms: true, consent: true};
  assert.deepEqual(checkForm(FIELDS, {values, message: 'Hi'}, true, t), {});
});

test("the server's errors land on their fields", () => {
  const detail = [{loc: ['body', 'prechat', 'email'], msg: 'No such domain'}, {loc: ['body', 'consent'], msg: 'Please agree'}, {loc: ['body', 'prechat', 'email'], msg: 'second'}];
  assert.deepEqual(errorsByField(detail), {email: 'No such domain', consent: 'Please agree'});
});
