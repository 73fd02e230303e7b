/** What is being written, per ticket and kind: never overwritten by what the server says while somebody types. Pure. */

/**
 * @typedef {import('./types.js').Kind} Kind
 * @typedef {{content: string, saved: string|null, saving: boolean}} Draft `saved` is what the server has; null until it is known
 * @typedef {Record<string, Draft>} Drafts
 *
 * @typedef {{type: 'draft/loaded', id: string, drafts: {reply: {content: string}|null, note: {content: string}|null}}
 *   | {type: 'draft/typed', id: string, kind: Kind, content: string}
 *   | {type: 'draft/saving', id: string, kind: Kind}
 *   | {type: 'draft/saved', id: string, kind: Kind, content: string}
 *   | {type: 'draft/unsaved', id: string, kind: Kind}
 *   | {type: 'draft/remote', id: string, kind: Kind, content: string}} DraftAction
 */

/** @type {Kind[]} */
export const KINDS = ['reply', 'note'];

/** @param {string} id @param {Kind} kind */
export const draftKey = (id, kind) => `${id}:${kind}`;

/** @param {Drafts} drafts @param {string} id @param {Kind} kind @returns {Draft} */
export const draftOf = (drafts, id, kind) => drafts[draftKey(id, kind)] ?? {content: '', saved: null, saving: false};

/** @param {Draft} draft */
export const isDirty = (draft) => draft.content !== (draft.saved ?? '');

/** The first text begun for a ticket, for its row. @param {Drafts} drafts @param {string} id */
export function draftText(drafts, id) {
  return KINDS.map((kind) => drafts[draftKey(id, kind)]?.content.trim()).find(Boolean) ?? '';
}

/** Keys of what the server does not have yet. @param {Drafts} drafts */
export const dirtyDrafts = (drafts) => Object.keys(drafts).filter((key) => isDirty(/** @type {Draft} */ (drafts[key])));

/**
 * The server's text goes into the box only if nothing was typed over the last one it had.
 * @param {Draft} draft
 * @param {string} content
 * @returns {Draft}
 */
function receive(draft, content) {
  if (draft.saving) return draft;
  return isDirty(draft) ? {...draft, saved: content} : {...draft, content, saved: content};
}

/** @param {Drafts} drafts @param {string} id @param {Kind} kind @param {(draft: Draft) => Draft} change @returns {Drafts} */
function edit(drafts, id, kind, change) {
  const before = draftOf(drafts, id, kind);
  const after = change(before);
  return before.content === after.content && before.saved === after.saved && before.saving === after.saving
    ? drafts
    : {...drafts, [draftKey(id, kind)]: after};
}

/**
 * @param {Drafts} drafts
 * @param {DraftAction} action
 * @returns {Drafts}
 */
export function reduceDrafts(drafts, action) {
  switch (action.type) {
    case 'draft/loaded':
      return KINDS.reduce(
        (all, kind) => edit(all, action.id, kind, (draft) => receive(draft, action.drafts[kind]?.content ?? '')),
        drafts,
      );
    case 'draft/typed':
      return edit(drafts, action.id, action.kind, (draft) => ({...draft, content: action.content}));
    case 'draft/saving':
      return edit(drafts, action.id, action.kind, (draft) => ({...draft, saving: true}));
    case 'draft/saved':
      return edit(drafts, action.id, action.kind, (draft) => ({...draft, saved: action.content, saving: false}));
    case 'draft/unsaved':
      return edit(drafts, action.id, action.kind, (draft) => ({...draft, saving: false}));
    case 'draft/remote':
      return edit(drafts, action.id, action.kind, (draft) => receive(draft, action.content));
    default:
      return drafts;
  }
}
