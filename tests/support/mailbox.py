"""Reads the mail that the app has put into its outbox folder."""

import email
import email.policy
from email.message import EmailMessage

from flask import Flask

from webapp.config import Settings


class Mailbox:
    """The outbox folder of one app, emptied at the start of each test."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        settings: Settings = app.config["PARLEY"]
        self.folder = settings.instance_path / "outbox"
        self.clear()

    def clear(self) -> None:
        """Forgets every message."""
        for path in self.folder.glob("*.eml"):
            path.unlink()

    def collect(self) -> list[EmailMessage]:
        """Runs the jobs that are due and returns all messages, oldest first."""
        from webapp.tasks.worker import run_due

        with self.app.app_context():
            run_due()
        return self.messages

    @property
    def messages(self) -> list[EmailMessage]:
        """What lies in the folder now."""
        paths = sorted(self.folder.glob("*.eml"))
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)  # type: ignore[misc]
            for path in paths
        ]
