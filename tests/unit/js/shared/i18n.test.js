import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';

import {translator} from '../../../../static/js/shared/i18n.js';

const FOLDER = new URL('../../../../static/i18n/', import.meta.url);
const locales = readdirSync(FOLDER).map((name) => name.replace('.json', ''));
const strings = (locale) => JSON.parse(readFileSync(new URL(`${locale}.json`, FOLDER), 'utf8'));
const PLURAL = /_(zero|one|two|few|many|other)$/;

test('names and numbers are put in their places', () => {
  const t = translator('en', {hello: 'Hello {name}', new_one: '{n} new', new_other: '{n} new ones'});
  assert.equal(t('hello', {name: 'Ana'}), 'Hello Ana');
  assert.equal(t('new', {n: 1}), '1 new');
  assert.equal(t('new', {n: 1200}), '1,200 new ones');
});

test('a missing key shows itself and a missing value its place', () => {
  const t = translator('en', {hello: 'Hello {name}'});
  assert.equal(t('nothing_here'), 'nothing_here');
  assert.equal(t('hello'), 'Hello {name}');
});

test('a value is never read as a pattern', () => {
  assert.equal(translator('en', {hello: 'Hello {name}'})('hello', {name: '$& {name}'}), 'Hello $& {name}');
});

test('Arabic uses all six plural forms', () => {
  const t = translator('ar', strings('ar'));
  const forms = [0, 1, 2, 3, 11, 100].map((n) => t('unread', {n}));
  assert.equal(new Set(forms).size, 6);
});

for (const locale of locales) {
  test(`${locale} has every text, every plural form and every place`, () => {
    const [own, english] = [strings(locale), strings('en')];
    const bases = (all) => new Set(Object.keys(all).map((key) => key.replace(PLURAL, '')));
    assert.deepEqual([...bases(own)].sort(), [...bases(english)].sort());
    const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    for (const key of Object.keys(english).filter((name) => name.endsWith('_other'))) {
      const base = key.replace('_other', '');
      for (const form of forms) assert.ok(own[`${base}_${form}`], `${base}_${form}`);
    }
    for (const [key, text] of Object.entries(english)) {
      if (PLURAL.test(key)) continue;
      assert.deepEqual(places(own[key]), places(text), key);
    }
  });
}

const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
