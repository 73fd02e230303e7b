"""What the agents' timeline says of an event: a sentence for each that the ledger of a ticket can hold."""

from tests.support import node
from webapp.events import CATALOGUE

ON_TICKET = [fact.name for fact in CATALOGUE.values() if fact.on_ticket]
SAY = """
import {eventText} from './static/js/agent/view/event-text.js';
const {stdin, stdout} = await import('node:process');
let text = '';
for await (const part of stdin) text += part;
const state = {queue: {me: 'me'}, people: {users: {}, teams: [], fields: []}};
const actor = {kind: 'user', id: 'ana', name: 'Ana'};
const about = {metric: [null, 'first_response'], due_at: [null, '2026-11-20T10:00:00Z']};
const moved = {first_response: ['2026-11-20T10:00:00Z', '2026-11-20T11:00:00Z'], total: [null, null]};
const event = {id: 'e', ticket_id: 't', seq: 1, public_seq: null, at: '2026-11-20T09:00:00Z', actor};
const changes = (name) => name === 'sla.recalculated' ? moved : about;
const say = (name) => eventText(state, {...event, name, changes: changes(name)});
stdout.write(JSON.stringify(Object.fromEntries(JSON.parse(text).map((name) => [name, say(name)]))));
"""


def spelled(name: str) -> str:
    """What is left to show of an event that the page does not know."""
    words = name.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def test_every_event_of_a_ticket_has_a_sentence() -> None:
    said = node.evaluate(SAY, ON_TICKET)
    assert isinstance(said, dict)
    assert [name for name in ON_TICKET if said[name]["text"] == spelled(name)] == []
    assert all(said[name]["sign"] != "history" for name in ON_TICKET)


def test_an_event_that_came_later_is_spelled_out() -> None:
    said = node.evaluate(SAY, ["ticket.sent_to_mars"])
    assert said == {"ticket.sent_to_mars": {"sign": "history", "text": "Ticket sent to mars"}}
