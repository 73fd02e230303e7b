"""Rows for tests. Each call is a transaction of its own; what comes back is loaded and detached."""

import itertools
import uuid
from contextlib import nullcontext
from datetime import timedelta
from functools import cache
from typing import Any

from flask import Flask, has_app_context

from webapp import clock
from webapp.auth import Actor, hash_password, new_token
from webapp.database import transaction, uuid7
from webapp.models import (
    Customer,
    Inbox,
    Organization,
    Team,
    TeamMember,
    TicketNumber,
    User,
    UserSession,
    Workspace,
    WorkspaceFeed,
)
from webapp.signing import seal
from webapp.tenancy import use_workspace

PASSWORD = "correct horse battery"
_count = itertools.count(1)


@cache
def _password_hash(password: str) -> str:
    return hash_password(password)


class Factory:
    """`make.workspace()`, `make.user(role="admin")` …; without a workspace it is the test's first one."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._first: Workspace | None = None

    def workspace(self, name: str = "Harbour", **fields: Any) -> Workspace:
        """A workspace with its counters."""
        made = Workspace(id=uuid7(), name=name, slug=f"{name.lower()}-{next(_count)}", **fields)
        self._add(made.id, made, WorkspaceFeed(seq=0), TicketNumber(number=0))
        self._first = self._first or made
        return made

    def user(
        self,
        *,
        role: str = "agent",
        workspace: Workspace | None = None,
        password: str = PASSWORD,
        **fields: Any,
    ) -> User:
        """A member of staff who can sign in with `factories.PASSWORD`."""
        number = next(_count)
        fields = {"email": f"{role}{number}@example.com", "name": f"{role.title()} {number}", **fields}
        return self._row(User, workspace, role=role, password_hash=_password_hash(password), **fields)

    def inbox(self, *, workspace: Workspace | None = None, secret: str = "s" * 43, **fields: Any) -> Inbox:
        """A chat inbox that is always open."""
        with self._context():
            box = seal(secret)
        fields = {"name": "Website", "key": f"ib{next(_count):08d}", "secret_box": box, **fields}
        return self._row(Inbox, workspace, **fields)

    def customer(self, *, workspace: Workspace | None = None, **fields: Any) -> Customer:
        """A customer; a visitor unless `email` or `external_id` is given."""
        return self._row(Customer, workspace, **fields)

    def organization(
        self, *, workspace: Workspace | None = None, name: str = "Acme", **fields: Any
    ) -> Organization:
        """An organization without domains."""
        return self._row(Organization, workspace, name=name, folded_name=name.lower(), **fields)

    def team(self, *members: User, workspace: Workspace | None = None, **fields: Any) -> Team:
        """A team with these members."""
        team = self._row(Team, workspace, **{"name": f"Team {next(_count)}", **fields})
        self._add(team.workspace_id, *(TeamMember(team_id=team.id, user_id=member.id) for member in members))
        return team

    def session_token(self, user: User, **fields: Any) -> str:
        """The cookie's value of a new session of that person."""
        token, token_hash = new_token()
        fields = {"expires_at": clock.now() + timedelta(days=30), "csrf_token": "c" * 43, **fields}
        made = UserSession(workspace_id=user.workspace_id, user_id=user.id, token_hash=token_hash, **fields)
        self._add(user.workspace_id, made)
        return token

    @staticmethod
    def actor(user: User, door: str = "page") -> Actor:
        """That person, acting."""
        return Actor(
            kind="user",
            id=user.id,
            workspace_id=user.workspace_id,
            name=user.name,
            role=user.role,
            door=door,
            email=user.email,
        )

    def _row(self, model: Any, workspace: Workspace | None, **fields: Any) -> Any:
        workspace_id = (workspace or self._first or self.workspace()).id
        made = model(workspace_id=workspace_id, **fields)
        self._add(workspace_id, made)
        return made

    def _add(self, workspace_id: uuid.UUID, *rows: Any) -> None:
        with self._context(), use_workspace(workspace_id), transaction() as session:
            for row in rows:
                session.add(row)
                session.flush()
                session.refresh(row)
            for row in rows:
                session.expunge(row)

    def _context(self) -> Any:
        """The context that is there: a second session's rows would be lost in the first one's rollback."""
        return nullcontext() if has_app_context() else self.app.app_context()
