import assert from 'node:assert/strict';
import {test} from 'node:test';

import {safeUrl, segments} from '../../../../static/js/shared/linkify.js';

const links = (text) => segments(text).filter((part) => part.href).map((part) => part.href);
const whole = (text) => segments(text).map((part) => part.text).join('');

test('links, www and addresses are found, the rest stays text', () => {
  assert.deepEqual(links('see https://a.example/x?y=1#z, www.b.example/p or mail me@c.example.'), [
    'https://a.example/x?y=1#z', 'https://www.b.example/p', 'mailto:me@c.example',
  ]);
});

test('closing punctuation and brackets stay outside, balanced ones inside', () => {
  assert.deepEqual(links('(https://a.example/b)'), ['https://a.example/b']);
  assert.deepEqual(links('https://en.example/wiki/A_(b).'), ['https://en.example/wiki/A_(b)']);
});

test('dangerous schemes are never linked', () => {
  for (const text of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,<script>', 'vbscript:x', 'file:///etc/passwd', 'java\nscript:alert(1)', 'intent://x#Intent;end']) {
    assert.deepEqual(links(text), [], text);
  }
});

test('a link that hides its host behind a user name stays text', () => {
  assert.deepEqual(links('https://bank.example@evil.example/'), []);
  assert.deepEqual(links('https://bank.example:pw@evil.example/'), []);
});

test('markup and quotes end a link and are kept as text', () => {
  const text = 'https://a.example/"onmouseover="alert(1) <img src=x onerror=alert(1)>';
  assert.deepEqual(links(text), ['https://a.example/']);
  assert.equal(whole(text), text);
});

test('nothing typed is ever lost, however odd', () => {
  const odd = ['', 'http://', 'https://)', 'www.', '@', 'a@b', 'https://[bad', 'http://%', '\u202ehttps://a.example', '👩‍💻 https://x.example/😀 👋', 'mailto:', 'https://a.example/\u0000x'];
  for (const text of odd) assert.equal(whole(text), text);
});

test('a very long text takes no time', () => {
  const text = 'a.'.repeat(50_000) + '@' + 'b-'.repeat(50_000);
  const before = process.cpuUsage();
  segments(text);
  segments('www.'.repeat(25_000));
  segments('www.' + 'a.'.repeat(50_000));
  segments('('.repeat(100_000));
  segments('https://a.example/' + ')'.repeat(100_000) + 'x');
  segments('https://a.example/' + ').'.repeat(50_000));
  segments('a@'.repeat(50_000));
  const {user, system} = process.cpuUsage(before); // other programs' work does not count
  assert.ok((user + system) / 1e6 < 5, 'with the square of the length it were minutes');
});

test('safeUrl keeps the listed schemes', () => {
  assert.equal(safeUrl('https://a.example/x'), 'https://a.example/x');
  assert.equal(safeUrl('javascript:alert(1)'), 'about:blank');
  assert.equal(safeUrl('not a url'), 'about:blank');
});
