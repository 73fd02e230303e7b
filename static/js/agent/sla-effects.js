/** The account of a ticket's clocks, asked for when somebody wants to see it. */

/** @typedef {import('./app.js').App} App */

/** @param {App} app @param {string} id */
export async function loadClocks(app, id) {
  const known = app.store.state.ui.clocks;
  const clocks = known.id === id ? known.clocks : [];
  app.store.dispatch({type: 'ui', ui: {clocks: {id, status: 'loading', clocks}}});
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    const answer = await app.api.get(`/tickets/${id}/sla`, {timezone});
    if (app.store.state.ui.clocks.id === id) app.store.dispatch({type: 'ui', ui: {clocks: {id, status: 'idle', clocks: answer.clocks}}});
  } catch {
    if (app.store.state.ui.clocks.id === id) app.store.dispatch({type: 'ui', ui: {clocks: {id, status: 'error', clocks: []}}});
  }
}
