"""How much one visitor may send, and, thirty times as much, one address: offices share theirs."""

from webapp.auth import Actor
from webapp.pace import network
from webapp.ratelimit import limiter

PER_ADDRESS = 30
COMMENTS_PER_MINUTE = 20
CHATS_PER_HOUR = 3
ATTACHMENTS_PER_DAY = 30
VISITORS_PER_HOUR = 120
IDENTIFIES_PER_HOUR = 300


def count_message(actor: Actor, *, begins: bool) -> None:
    """Counts a message; `begins`: one that begins a chat. Raises `RateLimited`."""
    _count("comment", actor, COMMENTS_PER_MINUTE, "minute", "You are writing very fast; please wait a moment")
    if begins:
        _count("chat", actor, CHATS_PER_HOUR, "hour", "Too many new chats; please wait a while")


def count_attachment(actor: Actor) -> None:
    """Counts a file. Raises `RateLimited`."""
    _count("attachment", actor, ATTACHMENTS_PER_DAY, "day", "Too many files for one day")


def count_visitor(address: str) -> None:
    """Counts a new visitor from an address. Raises `RateLimited`."""
    limiter().hit("visitor:address", network(address), f"{VISITORS_PER_HOUR}/hour")


def count_identify(address: str) -> None:
    """Counts an attempt at a signed identity. Raises `RateLimited`."""
    limiter().hit("identify:address", network(address), f"{IDENTIFIES_PER_HOUR}/hour")


def _count(what: str, actor: Actor, amount: int, window: str, message: str) -> None:
    limiter().hit(f"{what}:visitor", str(actor.id), f"{amount}/{window}", message=message)
    if actor.address:
        most = f"{amount * PER_ADDRESS}/{window}"
        limiter().hit(f"{what}:address", network(actor.address), most, message=message)
