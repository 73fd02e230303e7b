"""Choosing among people: pure, so that every rule can be tried by itself."""

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from webapp.services.routing.pool import Seat

SENIOR_FIRST = ("critical", "high")


@dataclass(frozen=True)
class Need:
    """What a ticket asks for. `skills`: the least level of each, by id; `names` are theirs."""

    priority: str
    cost: int
    team_id: uuid.UUID | None = None
    skills: dict[uuid.UUID, int] = field(default_factory=dict)
    names: dict[uuid.UUID, str] = field(default_factory=dict)
    tried: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """Who it is to be and why; `excluded` says of each seat why it wasn't they, or None."""

    seat: Seat | None
    reason: str
    excluded: dict[uuid.UUID, str | None]


def choose(seats: list[Seat], need: Need, strategy: str, *, last_agent_id: uuid.UUID | None = None) -> Choice:
    """The seat for a ticket, by the strategy; the customer's last agent first, if they are free."""
    seniors_only = _seniors_only(seats, need, strategy)
    excluded = {seat.id: _exclusion(seat, need, seniors_only=seniors_only) for seat in seats}
    free = [seat for seat in seats if excluded[seat.id] is None]
    if not free:
        return Choice(None, _nobody(excluded), excluded)
    known = next((seat for seat in free if seat.id == last_agent_id), None)
    if known:
        return Choice(known, f"{known.user.name} helped this customer last time and is free", excluded)
    best = min(free, key=_order(strategy, need))
    return Choice(best, _reason(best, free, strategy, need), excluded)


def _seniors_only(seats: list[Seat], need: Need, strategy: str) -> bool:
    """By seniority, critical tickets are for seniors, wherever there is one at all."""
    if strategy != "seniority" or need.priority != "critical":
        return False
    return any(seat.is_senior for seat in seats if need.team_id is None or need.team_id in seat.teams)


def _exclusion(seat: Seat, need: Need, *, seniors_only: bool) -> str | None:
    if need.team_id is not None and need.team_id not in seat.teams:
        return "not in the team"
    lacking = next((one for one, level in need.skills.items() if seat.skills.get(one, 0) < level), None)
    if lacking is not None:
        return f"lacks the skill {need.names.get(lacking, '')}".rstrip()
    if seniors_only and not seat.is_senior:
        return "not senior"
    if str(seat.id) in need.tried:
        return "had it and did not answer"
    return _absence(seat) or _fullness(seat, need)


def _absence(seat: Seat) -> str | None:
    if not seat.is_here:
        return "not here"
    if seat.is_open:
        return None
    state, why = seat.user.availability, seat.user.availability_reason
    return f"{state} ({why})" if why else str(state)


def _fullness(seat: Seat, need: Need) -> str | None:
    if seat.load + need.cost <= seat.capacity:
        return None
    return f"full: {seat.load} of {seat.capacity} points"


def _order(strategy: str, need: Need) -> Callable[[Seat], Any]:
    def share(seat: Seat) -> float:
        return seat.load / seat.capacity if seat.capacity else 0.0

    def last(seat: Seat) -> tuple[Any, ...]:
        return seat.turn, seat.user.name, seat.id

    rules: dict[str, Callable[[Seat], Any]] = {
        "round_robin": last,
        "least_busy": lambda seat: (share(seat), *last(seat)),
        "seniority": lambda seat: (_seniority(seat, need), share(seat), *last(seat)),
        "skills": lambda seat: (_fit(seat, need), share(seat), *last(seat)),
    }
    return rules[strategy]


def _seniority(seat: Seat, need: Need) -> int:
    """Seniors first for what is urgent, last for what isn't; admins after them."""
    rank = 2 if not seat.is_senior else 1 if seat.runs_the_desk else 0
    if need.priority in SENIOR_FIRST:
        return rank
    return {2: 0, 0: 1, 1: 2}[rank]


def _fit(seat: Seat, need: Need) -> int:
    """The best at what is needed; where nothing is, whoever can do least else: experts stay free."""
    if not need.skills:
        return sum(seat.skills.values())
    return -sum(seat.skills.get(skill, 0) for skill in need.skills)


def _reason(best: Seat, free: list[Seat], strategy: str, need: Need) -> str:
    name, used = best.user.name, f"{best.load} of {best.capacity} points used"
    if len(free) == 1:
        return f"{name} was the only one free ({used})"
    if strategy == "round_robin":
        return f"{name} has gone longest without a new ticket, of {len(free)} free"
    if strategy == "skills" and need.skills:
        names = ", ".join(sorted(need.names.get(skill, "?") for skill in need.skills))
        return f"{name} knows {names} best, of {len(free)} free ({used})"
    if strategy == "seniority" and need.priority in SENIOR_FIRST and best.is_senior:
        return f"{name} is senior, and the priority is {need.priority} ({used})"
    return f"{name} was the least busy of {len(free)} free ({used})"


def _nobody(excluded: dict[uuid.UUID, str | None]) -> str:
    if not excluded:
        return "Nobody takes tickets here"
    counts = Counter((why or "").partition(":")[0].partition(" (")[0] for why in excluded.values())
    return "Nobody is free: " + ", ".join(f"{count} {why}" for why, count in counts.most_common(4))
