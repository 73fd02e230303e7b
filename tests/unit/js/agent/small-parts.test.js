import assert from 'node:assert/strict';
import {test} from 'node:test';

import {may, modeOf, newState, reduce, unreadCount, unsent} from '../../../../static/js/agent/app-state.js';
import {completion} from '../../../../static/js/agent/emoji.js';
import {find, groups, shortcutsFor, SHORTCUTS, signOf} from '../../../../static/js/agent/keys.js';
import {newPeople, othersAt, reducePeople, VIEWING_FOR} from '../../../../static/js/agent/people-state.js';
import {parseRoute, routePath} from '../../../../static/js/agent/router.js';
import {hue, initials, size, span, spanInWords} from '../../../../static/js/agent/words.js';
import {at, ME, page, row} from './helpers.js';

const directory = {users: [{id: ME, name: 'Ana'}, {id: 'ben', name: 'Ben'}].map((user) => ({role: 'agent', availability: 'online', online: true, active: true, answers: true, ...user})), teams: [], inboxes: []};
const boot = {
  user: {id: ME, name: 'Ana', email: 'ana@example.com', role: 'agent', availability: 'online', settings: {}}, workspace: {id: 'w', name: 'Shop'},
  permissions: ['ticket:read', 'ticket:note'], csrf: 'x', directory, queue: page([row('t1', {unread: 2}), row('t2', {unread: 1, assigned_agent_id: 'ben'})]),
  view: 'all', ticket_number: null, limits: {}, version: '1',
};
const state = () => newState(boot, {view: 'all', number: null, seq: null}, 0);

test('an address is read and written alike', () => {
  for (const path of ['/agent/v/mine', '/agent/v/all/t/12', '/agent/v/unassigned/t/12#m34']) {
    const {pathname, hash} = new URL(path, 'https://desk.example');
    assert.equal(routePath(parseRoute({pathname, hash})), path);
  }
  assert.deepEqual(parseRoute({pathname: '/agent', hash: ''}, 'all'), {view: 'all', number: null, seq: null});
  assert.equal(parseRoute({pathname: '/agent/v/nonsense', hash: '#mx'}).view, 'mine');
});

test('a viewer is gone when they say so, or after a minute of silence', () => {
  const view = (user, doing, now = 0) => ({type: 'people/viewing', ticket: 't1', user, state: doing, now});
  let people = [view(ME, 'viewing'), view('ben', 'replying')].reduce(reducePeople, newPeople(directory));
  assert.deepEqual(othersAt(people, 't1', ME).map((one) => [one.user.name, one.state]), [['Ben', 'replying']]);
  assert.equal(othersAt(reducePeople(people, view('ben', 'left')), 't1', ME).length, 0);
  assert.equal(reducePeople(people, {type: 'people/expire', now: VIEWING_FOR - 1}), people);
  people = reducePeople(people, {type: 'people/expire', now: VIEWING_FOR});
  assert.equal(othersAt(people, 't1', ME).length, 0);
});

test('an availability changes one colleague', () => {
  const people = reducePeople(newPeople(directory), {type: 'people/presence', user: 'ben', availability: 'busy', online: false});
  assert.deepEqual([people.users.ben.availability, people.users.ben.online, people.users[ME].availability], ['busy', false, 'online']);
});

test('no key means two things', () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(SHORTCUTS.every((shortcut) => groups.includes(shortcut.group) && shortcut.title));
});

test('the first key of a sequence means nothing by itself', () => {
  const firsts = SHORTCUTS.flatMap(({keys}) => keys.filter((key) => /^\w /.test(key)).map((key) => key[0]));
  assert.ok(firsts.length);
  assert.deepEqual(firsts.filter((key) => find(key, '')), []);
});

test('shift counts with letters, elsewhere it is part of the sign', () => {
  const sign = (key, shiftKey = false) => signOf({key, shiftKey});
  assert.deepEqual([sign('e'), sign('E', true), sign('E'), sign('?', true), sign('ArrowDown'), sign('Escape')], ['e', '⇧e', 'e', '?', '↓', 'Escape']);
  assert.equal(find('⇧e', '').title, 'Reopen');
  assert.equal(find(sign('J', true), ''), undefined);
});

test('the list of keys has only what somebody may do', () => {
  const titles = (permissions) => shortcutsFor(permissions).map(({title}) => title);
  const viewer = titles(['ticket:read']);
  assert.ok(viewer.includes('Next conversation') && viewer.includes('Search'));
  assert.deepEqual(viewer.filter((title) => ['Send', 'Assign…', 'Resolve, and go to the next', 'Reopen', 'Tags', 'New ticket'].includes(title)), []);
  assert.ok(titles(['ticket:update']).includes('Reopen'));
});

test('a sequence wins over its last key', () => {
  assert.equal(find('a', 'g').title, 'Go to All');
  assert.equal(find('a', '').title, 'Assign…');
  assert.equal(find('q', ''), undefined);
});

test('an emoji is found by the beginning of its name, and at once when it is whole', () => {
  assert.deepEqual(completion('Hi :smil')?.found[0], ['smile', '😄']);
  assert.deepEqual([completion('Hi :smile:')?.from, completion('Hi :smile:')?.complete], [3, true]);
  for (const text of ['at 10:30', 'https://x', 'Hi :', 'Hi :zzz', 'a:smile:']) assert.equal(completion(text), null);
});

test('whoever may only write notes writes notes', () => {
  assert.equal(modeOf(state(), 't1'), 'note');
  assert.ok(may(state(), 'ticket:note') && !may(state(), 'ticket:reply'));
});

test('the title counts what is unread among mine and nobody’s', () => {
  assert.equal(unreadCount(state()), 1);
});

test('drafts and messages on their way are what would be lost', () => {
  let now = reduce(state(), {type: 'draft/typed', id: 't1', kind: 'reply', content: 'Half'});
  now = reduce(now, {type: 'outbox', items: [{client_id: 'a'}]});
  assert.equal(unsent(now), 2);
});

test('an action that changes nothing gives the same state', () => {
  const now = state();
  assert.equal(reduce(now, {type: 'ui', ui: {atEnd: true}}), now);
  assert.equal(reduce(now, {type: 'thread/expire', now: 5}), now);
});

test('the same toast is not shown twice, and three at most', () => {
  const toast = (text) => ({type: 'toast', toast: {id: text + Math.random(), kind: 'info', text, action: null, sticky: false}});
  const now = ['a', 'b', 'a', 'c', 'd'].map(toast).reduce(reduce, state());
  assert.deepEqual(now.ui.toasts.map((one) => one.text), ['a', 'c', 'd']);
});

test('spans of time and sizes in short words', () => {
  const now = Date.parse(at(0));
  const ago = (minutes) => at(-minutes);
  assert.deepEqual([0, 5, 59, 60, 60 * 50, 60 * 24 * 40].map((minutes) => span(ago(minutes), now)), ['now', '5m', '59m', '1h', '2d', '1mo']);
  assert.deepEqual([spanInWords(ago(1), now), spanInWords(ago(120), now)], ['1 minute', '2 hours']);
  assert.deepEqual([size(900), size(2_048), size(3_500_000)], ['900 B', '2 KB', '3.3 MB']);
});

test('initials and hues', () => {
  assert.deepEqual([initials('Ana Silva'), initials('ana'), initials('Jean-Luc van Damme'), initials('')], ['AS', 'A', 'JD', '?']);
  assert.equal(hue('abc'), hue('abc'));
  assert.ok(Number(hue('xyz')) < 7);
});
