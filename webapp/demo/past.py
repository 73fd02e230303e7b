"""The weeks before the demo's day: some hundred finished tickets, for reports to have something to show.

Their ledger is made up here and written in bulk; clocks and columns follow from it by the same functions as
everywhere, so nothing can tell them from tickets that came through a door.
"""

import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.auth import SYSTEM, Actor
from webapp.demo.house import ZONE, Cast
from webapp.demo.past_words import (
    AGAIN,
    FIRST_NAMES,
    LAST_NAMES,
    MORE,
    NOTES,
    REPLIES,
    TOPICS,
    Topic,
)
from webapp.services.calendar.business import Hours, add

COUNT = 360
"""So many tickets: those of the demo's day are numbered from here."""
DAYS = 56
QUIET = timedelta(minutes=1600)
"""All of it was over so long before now: then the first of the demo's conversations began."""
STORM = range(17, 24)
"""So many days ago a storm kept everybody waiting."""
CUSTOMERS = 150
WEEKDAYS = (1.35, 1.2, 1.0, 1.0, 0.9, 0.5, 0.3)
HOURS = (1, 0, 0, 0, 0, 1, 2, 4, 8, 13, 15, 13, 8, 9, 12, 13, 11, 8, 6, 5, 5, 4, 3, 2)
CHANNELS = {"chat": 56, "email": 28, "form": 16}
PRIORITIES = {"low": 22, "medium": 52, "high": 20, "critical": 6}
TIERS = {"free": 22, "basic": 43, "premium": 22, "enterprise": 13}
AGENTS = {"Tomas": 30, "Mei": 36, "Jonas": 28, "Nora": 6}
PACE = {"Tomas": 0.8, "Mei": 1.0, "Jonas": 1.5, "Nora": 1.1}
HASTE = {"low": 1.8, "medium": 1.0, "high": 0.6, "critical": 0.4}
TAKING = {"chat": 4 * 60, "email": 40 * 60, "form": 50 * 60}
REPLYING = {"chat": 2 * 60, "email": 18 * 60, "form": 22 * 60}
ANSWERING = {"chat": 3 * 60, "email": 70 * 60, "form": 90 * 60}


@dataclass(frozen=True)
class Person:
    """A customer of the past."""

    id: uuid.UUID
    name: str
    email: str
    tier: str
    since: datetime

    def actor(self, door: str) -> Actor:
        """Who acts when they write."""
        return Actor("customer", self.id, None, self.name, "customer", door, self.email)


@dataclass(frozen=True)
class Act:
    """One thing that was done to a ticket: a method of `past_ledger.Telling`, and what it is given."""

    at: datetime
    name: str
    actor: Actor
    given: dict[str, Any] = field(default_factory=dict)


@dataclass
class Life:
    """A ticket of the past, as what was done to it, in order."""

    number: int
    person: Person
    topic: Topic
    channel: str
    priority: str
    question: str
    acts: list[Act]

    @property
    def began(self) -> datetime:
        """When it was created."""
        return self.acts[0].at


def made_up(cast: Cast, now: datetime, hours: Hours | None) -> list[Life]:
    """All of them, by the time they were created; the same ones each time, but for the date.

    `hours`: when people work.
    """
    chance = random.Random(4)
    until = now - QUIET
    people = _people(chance, now)
    lives: list[Life] = []
    while len(lives) < COUNT:
        began = _moment(chance, now)
        known = [person for person in people if person.since <= began]
        writer = _Writer(chance, cast, hours, now, until)
        life = writer.write(began, chance.choice(known)) if known and began < until else None
        if life is not None:
            lives.append(life)
    lives.sort(key=lambda life: life.began)
    for number, life in enumerate(lives, start=1):
        life.number = number
    return lives


def id_at(chance: random.Random, at: datetime) -> uuid.UUID:
    """A UUIDv7 of that time: searching tells by it when something was written."""
    stamp = int(at.timestamp() * 1000)
    return uuid.UUID(
        int=(stamp << 80) | (7 << 76) | (chance.getrandbits(12) << 64) | (2 << 62) | chance.getrandbits(62)
    )


def _people(chance: random.Random, now: datetime) -> list[Person]:
    names = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
    found = []
    for name in chance.sample(names, CUSTOMERS):
        since = now - timedelta(days=DAYS, hours=1) + timedelta(days=chance.random() ** 3 * (DAYS - 4))
        address = f"{name.lower().replace(' ', '.')}@example.com"
        found.append(Person(id_at(chance, since), name, address, _pick(chance, TIERS), since))
    return sorted(found, key=lambda person: person.since)


def _moment(chance: random.Random, now: datetime) -> datetime:
    """Some time in those weeks: rarely at night or on a Sunday, a little more often lately."""
    zone = ZoneInfo(ZONE)
    while True:
        ago = int(DAYS * (1 - chance.random() ** 0.85))
        day = (now - timedelta(days=ago)).astimezone(zone)
        if chance.random() * 1.9 < WEEKDAYS[day.weekday()] * (1.4 if ago in STORM else 1.0):
            hour = chance.choices(range(24), HOURS)[0]
            at = day.replace(hour=hour, minute=chance.randrange(60), second=chance.randrange(60))
            return at.astimezone(now.tzinfo).replace(microsecond=chance.randrange(1000) * 1000)


def _pick(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


class _Writer:
    """Makes up one ticket's life."""

    def __init__(
        self, chance: random.Random, cast: Cast, hours: Hours | None, now: datetime, until: datetime
    ) -> None:
        self.chance, self.cast, self.hours, self.now, self.until = chance, cast, hours, now, until
        self.acts: list[Act] = []

    def write(self, began: datetime, person: Person) -> Life | None:
        """The whole of it; None for one that would not be over by then."""
        chance = self.chance
        weights = [topic.weight for topic in TOPICS]
        self.topic, self.channel = chance.choices(TOPICS, weights)[0], _pick(chance, CHANNELS)
        self.priority, self.agent = _pick(chance, PRIORITIES), _pick(chance, AGENTS)
        self.at, self.person = began, person.actor(_DOORS[self.channel])
        self.is_stormy = (self.now - began).days in STORM
        question = chance.choice(self.topic.questions)
        self._tell()
        if self.at > self.until:
            return None
        acts = [Act(began, "create", self.person), Act(began, "say", self.person, {"text": question})]
        return Life(0, person, self.topic, self.channel, self.priority, question, acts + self.acts)

    def _tell(self) -> None:
        """From its taking to its resolution, and sometimes once more."""
        chance = self.chance
        team = self.cast.teams[self.topic.team] if self.topic.team else None
        self._work(self._slow(TAKING))
        self._act("assign", agent=self.agent, team_id=team)
        self._work(self._slow(REPLYING))
        self._act("say", text=chance.choice(self.topic.answers))
        for _ in range(chance.choices((0, 1, 2, 3), (35, 38, 18, 9))[0]):
            self._exchange()
        if chance.random() < 0.12:
            self._act("say", text=chance.choice(NOTES), kind="note")
        if self.topic.tag and chance.random() < 0.8:
            self._act("tag", names=[self.topic.tag])
        self._resolve()
        if chance.random() < 0.07:
            self._reopen()

    def _exchange(self) -> None:
        chance = self.chance
        if chance.random() < 0.3:
            self._act("set_status", status="pending")
        if chance.random() < 0.08:
            self.agent = _pick(chance, {name: share for name, share in AGENTS.items() if name != self.agent})
            self._work(600)
            self._act("assign", agent=self.agent)
        self._wait(ANSWERING)
        self._act("go_on", self.person)
        self._act("say", self.person, text=chance.choice(MORE))
        self._work(self._slow(REPLYING))
        self._act("say", text=chance.choice(REPLIES))

    def _resolve(self) -> None:
        self._work(self.chance.expovariate(1 / 1500))
        self._act("set_status", status="resolved", cause=self.topic.cause)

    def _reopen(self) -> None:
        self.at += timedelta(hours=self.chance.uniform(3, 60))
        self._act("go_on", self.person)
        self._act("say", self.person, text=self.chance.choice(AGAIN))
        self._work(self._slow(REPLYING))
        self._act("say", text=self.chance.choice(REPLIES))
        self._resolve()

    def _act(self, name: str, actor: Actor | None = None, **given: Any) -> None:
        self.acts.append(Act(self.at, name, actor or self.cast.staff[self.agent], given))
        self.at += timedelta(milliseconds=self.chance.randrange(2000, 30_000))

    def _slow(self, seconds: dict[str, int]) -> float:
        """How long the agent takes; once in a while very long."""
        chance = self.chance
        usual = seconds[self.channel] * PACE[self.agent] * HASTE[self.priority]
        usual *= 4 if self.is_stormy else 1
        return usual * math.exp(chance.gauss(0, 0.7)) * (14 if chance.random() < 0.06 else 1)

    def _work(self, seconds: float) -> None:
        """Time in which somebody works."""
        self.at = add(self.at, seconds, self.hours) + timedelta(milliseconds=self.chance.randrange(60_000))

    def _wait(self, seconds: dict[str, int]) -> None:
        """Time that passes for a customer."""
        self.at += timedelta(seconds=seconds[self.channel] * math.exp(self.chance.gauss(0, 0.8)))


_DOORS = {"chat": "socket", "email": "mail", "form": "page"}


def closing(life: Life, closes_at: datetime) -> Life:
    """The same, closed by itself at that time."""
    return replace(life, acts=[*life.acts, Act(closes_at, "set_status", SYSTEM, {"status": "closed"})])


def with_acts(life: Life, more: Iterator[Act]) -> Life:
    """The same with things that happened in between, each after what was done until then."""
    acts = list(life.acts)
    for act in more:
        place = next((place for place, one in enumerate(acts) if one.at > act.at), len(acts))
        acts.insert(place, act)
    return replace(life, acts=acts)
