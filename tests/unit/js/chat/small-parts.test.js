import assert from 'node:assert/strict';
import {test} from 'node:test';

import {availabilityLine} from '../../../../static/js/chat/availability.js';
import {completionAt, EMOJI} from '../../../../static/js/chat/emoji.js';
import {accept, acceptable} from '../../../../static/js/chat/files.js';
import {useStrings} from '../../../../static/js/shared/i18n.js';

const t = (key, values) => (values ? `${key} ${JSON.stringify(values)}` : key);
const NOON = new Date(2026, 2, 12, 12).getTime();
const back = (date, state = 'closed') => availabilityLine({state, back_at: date.toISOString(), reply_minutes: null}, (key, values) => `${key} ${values?.day ?? ''}`.trim(), NOON);

test('the promise is what was measured, or none', () => {
  const line = (minutes) => availabilityLine({state: 'online', back_at: null, reply_minutes: minutes}, t);
  assert.equal(line(null), 'we_are_online');
  assert.equal(line(0.4), 'replies_at_once');
  assert.equal(line(4), 'replies_in_minutes {"n":4}');
  assert.equal(line(130), 'replies_in_hours {"n":2}');
});

test("back at is said in the visitor's days", () => {
  useStrings('en', {});
  assert.equal(back(new Date(2026, 2, 12, 18)), 'back_today');
  assert.equal(back(new Date(2026, 2, 13, 9)), 'back_tomorrow');
  assert.equal(back(new Date(2026, 2, 16, 9)), 'back_on Monday');
  assert.equal(back(new Date(2026, 3, 6, 9)), 'back_on April 6');
});

test('a time that has passed is promised no more', () => {
  assert.equal(back(new Date(2026, 2, 12, 9)), 'we_are_away');
  assert.equal(availabilityLine({state: 'nobody', back_at: null, reply_minutes: 5}, t), 'nobody_here');
});

test('shortcodes are completed at the caret only', () => {
  assert.equal(completionAt('hi :thu', 7).matches[0][0], 'thumbsup');
  assert.equal(completionAt('hi :wave:', 9).chosen, -1);
  assert.deepEqual(completionAt('hi :wave:', 9).matches, [['wave', '👋']]);
  for (const text of ['10:30', 'a:smile', ':s', 'https://x', ':nothing_like_it']) assert.equal(completionAt(text, text.length), null, text);
});

test('emoji have one name each', () => {
  assert.ok(EMOJI.every(([name, sign]) => /^[a-z_]+$/.test(name) && sign));
  assert.equal(new Set(EMOJI.map(([name]) => name)).size, EMOJI.length);
});

const LIMITS = {comment_chars: 10_000, attachment_bytes: 1_000, attachments_per_comment: 2, attachment_types: ['image/*', '.pdf', 'txt']};
const file = (name, type = '', size = 10) => new File(['x'.repeat(size)], name, {type});

test('files are taken by type, ending, size and number', () => {
  assert.deepEqual(acceptable([file('a.pdf'), file('b.TXT')], 0, LIMITS).refused, []);
  const why = (one, already = 0) => acceptable([one], already, LIMITS).refused[0]?.reason;
  assert.equal(why(file('a.exe', 'application/x-msdownload')), 'file_type_refused');
  assert.equal(why(file('a.pdf', '', 1_001)), 'file_too_big');
  assert.equal(why(file('a.pdf', '', 0)), 'file_empty');
  assert.equal(why(file('a.pdf'), 2), 'too_many_files');
  assert.equal(accept(LIMITS.attachment_types), 'image/*,.pdf,.txt');
});
