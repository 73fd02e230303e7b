"""The customer's chat: who the visitor is, what they may see, and what happens when they write."""

from webapp.services.chat.identity import identify
from webapp.services.chat.state import (
    availability,
    chat_state,
    current_ticket,
    customer_ticket,
    replay,
    unread_state,
)
from webapp.services.chat.visitor import (
    actor_for_visitor,
    create_visitor,
    inbox_by_key,
    revoke_visitor,
    update_page,
)
from webapp.services.chat.writing import begins_chat, send_message

__all__ = [
    "actor_for_visitor",
    "availability",
    "begins_chat",
    "chat_state",
    "create_visitor",
    "current_ticket",
    "customer_ticket",
    "identify",
    "inbox_by_key",
    "replay",
    "revoke_visitor",
    "send_message",
    "unread_state",
    "update_page",
]
