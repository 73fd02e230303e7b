"""Keeping what reports count level with the ledger: soon after each commit, a little at a time."""

import logging
import time
import uuid

import sqlalchemy as sa
from flask import Flask

from webapp import bus, green
from webapp.database import read_only, transaction
from webapp.models import Workspace
from webapp.services import report
from webapp.services.event import Recorded
from webapp.tenancy import use_workspace

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.3
"""What is committed so soon after something else is measured with it."""
REST_SECONDS = 0.7
REST_SHARE = 4
"""It rests so many times as long as it took: a very long thread must not hold up the others."""
LONGEST_REST_SECONDS = 5.0
BREATH_SECONDS = 0.02
LOOK_SECONDS = 10.0
"""How often to look for what other processes left: one that died, or one without a follower."""


class Follower:
    """Measures in the background. Several processes may: whoever holds a workspace's mark does it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.stopping = False
        self._touched: set[uuid.UUID] = set()
        self._waker = green.Waker()

    def start(self) -> None:
        """Begins to follow this process's commits, and looks for what is behind."""
        bus.subscribe(Recorded, self.note)
        green.spawn(self.loop)

    def stop(self) -> None:
        """Measures no more; who starts next goes on from here."""
        self.stopping = True
        self._waker.wake()

    def note(self, event: Recorded) -> None:
        """A workspace has something new."""
        self._touched.add(event.workspace_id)
        self._waker.wake()

    def loop(self) -> None:
        """Measures what was noted, at most once a second, and now and then looks at every workspace."""
        look_at = time.monotonic()
        while not self.stopping:
            began = time.monotonic()
            try:
                with self.app.app_context():
                    if began >= look_at:
                        look_at = began + LOOK_SECONDS
                        self._touched.update(workspace_ids())
                    self.follow()
            except Exception as error:  # noqa: BLE001 - the database is away: look again later
                log.warning("reports cannot be kept level: %s", type(error).__name__)
            rest = min(LONGEST_REST_SECONDS, REST_SHARE * (time.monotonic() - began))
            time.sleep(max(REST_SECONDS, rest))
            if self._waker.wait(max(0.0, look_at - time.monotonic())):
                time.sleep(GATHER_SECONDS)

    def follow(self) -> None:
        """Measures every workspace that was noted until now."""
        touched, self._touched = self._touched, set()
        for workspace_id in sorted(touched):
            with use_workspace(workspace_id):
                while not self.stopping and not self._is_level():
                    pass

    def _is_level(self) -> bool:
        """Measures a few tickets; where more are left, the others get their turn for as long as that took."""
        began = time.monotonic()
        with transaction():
            level = report.catch_up()
        if not level:
            time.sleep(max(BREATH_SECONDS, time.monotonic() - began))
        return level


def workspace_ids() -> list[uuid.UUID]:
    """Every workspace there is."""
    with read_only() as session:
        return list(session.scalars(sa.select(Workspace.id).order_by(Workspace.id)))
