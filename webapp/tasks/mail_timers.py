"""Moments of mail: whether a customer who left has seen our answers."""

import uuid
from typing import Any

from webapp.services.email import digest
from webapp.tasks.timer import timer


@timer(digest.KIND)
def mail_unseen_replies(subject_id: uuid.UUID, params: dict[str, Any]) -> None:  # noqa: ARG001 - a timer's
    """Mails what the customer has not seen, if they are still away."""
    digest.send_digest(subject_id)
