/** Tells colleagues who looks at a ticket or writes in it, and the customer that somebody is writing. */

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./types.js').Kind} Kind
 * @typedef {import('./types.js').Presence} Presence
 */

const RENEW = 25_000;
const TYPING_EVERY = 2_000;
const WRITING_FOR = 6_000;

/** @param {App} app */
export function createPresence(app) {
  /** @type {{id: string, state: Presence}|null} */
  let told = null;
  /** @type {{id: string, kind: Kind, at: number}|null} */
  let typing = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let stopping;

  const share = () => app.store.state.boot.permissions.includes('ticket:note');

  /** @param {boolean} [again] even if nothing changed */
  function tell(again = false) {
    if (!share()) return;
    const id = document.hidden ? null : app.store.state.threads.open;
    /** @type {Presence} */
    const state = typing?.id === id ? (typing?.kind === 'note' ? 'noting' : 'replying') : 'viewing';
    if (told && told.id !== id) app.connection.notify('presence.update', {ticket_id: told.id, state: 'left'});
    if (id && (again || told?.id !== id || told.state !== state))
      app.connection.notify('presence.update', {ticket_id: id, state});
    told = id ? {id, state} : null;
  }

  function stop() {
    clearTimeout(stopping);
    if (!typing) return;
    app.connection.notify('typing.update', {ticket_id: typing.id, kind: typing.kind, typing: false});
    typing = null;
    tell();
  }

  /** A tab that is only flicked past does not count as gone. */
  let hiding = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    hiding = setTimeout(tell, document.hidden ? 5_000 : 0);
  });
  addEventListener('pagehide', () => told && app.connection.notify('presence.update', {ticket_id: told.id, state: 'left'}));
  setInterval(() => tell(true), RENEW);
  app.store.watch((state, before) => {
    if (state.threads.open === before.threads.open) return;
    stop();
    tell();
  });

  return {
    tell,
    stop,
    /** @param {string} id @param {Kind} kind @param {string} content */
    typed(id, kind, content) {
      if (!share() || !content.trim()) return stop();
      if (typing && (typing.id !== id || typing.kind !== kind)) stop();
      clearTimeout(stopping);
      stopping = setTimeout(stop, WRITING_FOR);
      const now = Date.now();
      if (typing && now - typing.at < TYPING_EVERY) return;
      typing = {id, kind, at: now};
      app.connection.notify('typing.update', {ticket_id: id, kind, typing: true});
      tell();
    },
  };
}
