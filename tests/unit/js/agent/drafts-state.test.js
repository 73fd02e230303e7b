import assert from 'node:assert/strict';
import {test} from 'node:test';

import {dirtyDrafts, draftOf, draftText, reduceDrafts} from '../../../../static/js/agent/drafts-state.js';

const all = (...actions) => actions.reduce(reduceDrafts, {});
const loaded = (reply = null, note = null) => ({type: 'draft/loaded', id: 't1', drafts: {reply: reply && {content: reply}, note: note && {content: note}}});
const typed = (content, kind = 'reply') => ({type: 'draft/typed', id: 't1', kind, content});
const act = (type, content) => ({type: `draft/${type}`, id: 't1', kind: 'reply', ...(content === undefined ? {} : {content})});
const reply = (drafts) => draftOf(drafts, 't1', 'reply');

test('a draft is loaded into an empty box, reply and note apart', () => {
  const drafts = all(loaded('Dear Maria', 'Ask Ben'));
  assert.equal(reply(drafts).content, 'Dear Maria');
  assert.equal(draftOf(drafts, 't1', 'note').content, 'Ask Ben');
  assert.deepEqual(dirtyDrafts(drafts), []);
});

test('what was typed while it loaded is not overwritten', () => {
  assert.equal(reply(all(typed('Hel'), loaded('Old words'))).content, 'Hel');
});

test('the same holds for a draft from another tab', () => {
  const drafts = all(loaded(), typed('Mine'), act('remote', 'Theirs'));
  assert.equal(reply(drafts).content, 'Mine');
  assert.deepEqual(dirtyDrafts(drafts), ['t1:reply']);
});

test('a box that was not touched follows the other tab, to nothing too', () => {
  const drafts = all(loaded('One'), act('remote', 'One two'));
  assert.equal(reply(drafts).content, 'One two');
  assert.equal(reply(reduceDrafts(drafts, act('remote', ''))).content, '');
});

test('saved is what was sent, not what has been typed since', () => {
  const drafts = all(loaded(), typed('One'), act('saving'), typed('One two'), act('saved', 'One'));
  assert.deepEqual(reply(drafts), {content: 'One two', saved: 'One', saving: false});
  assert.deepEqual(dirtyDrafts(drafts), ['t1:reply']);
});

test('an echo that comes while saving changes nothing', () => {
  assert.equal(reply(all(loaded(), typed('One two'), act('saving'), act('remote', 'One'))).content, 'One two');
});

test('a failed save leaves the draft unsaved', () => {
  assert.deepEqual(reply(all(loaded(), typed('One'), act('saving'), act('unsaved'))), {content: 'One', saved: '', saving: false});
});

test('an emptied box is to be saved as well', () => {
  assert.deepEqual(dirtyDrafts(all(loaded('Old'), typed(''))), ['t1:reply']);
});

test('the row shows the reply begun, else the note', () => {
  assert.equal(draftText(all(loaded('Dear', 'Ask')), 't1'), 'Dear');
  assert.equal(draftText(all(loaded(null, 'Ask')), 't1'), 'Ask');
  assert.equal(draftText({}, 't1'), '');
});

test('nothing new is the same object', () => {
  const drafts = all(loaded('One'));
  assert.equal(reduceDrafts(drafts, loaded('One')), drafts);
});
