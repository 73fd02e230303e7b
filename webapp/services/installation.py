"""What holds for the installation as a whole."""

import sqlalchemy as sa
from flask import current_app

from webapp.extensions import db
from webapp.models import Installation

_KEY = "parley_epoch"


def epoch() -> int:
    """The age in which sequences count: 0, or when a backup was restored (Unix seconds).

    A client that knows another one must forget its sequences. Nobody serves while a backup is restored, so
    it is read once.
    """
    known = current_app.extensions.get(_KEY)
    if known is None:
        known = current_app.extensions[_KEY] = db.session.scalar(sa.select(Installation.epoch)) or 0
    return int(known)
