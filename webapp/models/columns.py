"""Column shapes that many models share."""

import uuid
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column

from webapp.database import UTCDateTime, utc_now, uuid7

Id = Annotated[uuid.UUID, mapped_column(sa.Uuid, primary_key=True, default=uuid7)]
CreatedAt = Annotated[datetime, mapped_column(UTCDateTime, default=utc_now)]
At = Annotated[datetime | None, mapped_column(UTCDateTime, nullable=True)]


def one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    """A named CHECK that a text column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)
