"""Mail as files: one .eml each in a folder, for installations without a provider, and for tests."""

import os
import uuid
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path


def deliver(folder: Path, message: EmailMessage, *, key: str | None = None) -> Path:
    """Writes the message for its owner's eyes only; the same `key` again replaces the file."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{key or uuid.uuid4().hex}.eml"
    partial = path.with_suffix(".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.as_bytes(policy=SMTP))
    partial.replace(path)
    return path
