"""Today's first responses: their median, beside the median of what they were promised to take."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from webapp.models import Measurement
from webapp.services.workspace import time_zone

ANSWERED, PROMISED = "first_response", "sla.first_response"


def first_response(now: datetime, *, session: Any) -> dict[str, Any]:
    """`{median_seconds, n, target_seconds}` since midnight in the workspace's zone, by nearest rank.

    The target is the median of the promises that those very tickets were under; None without any.
    """
    promise = sa.orm.aliased(Measurement)
    since = midnight(now, session=session)
    answered = (
        sa.select(Measurement.seconds, promise.target_seconds)
        .outerjoin(
            promise,
            sa.and_(
                promise.ticket_id == Measurement.ticket_id,
                promise.kind == PROMISED,
                promise.instance == Measurement.instance,
            ),
        )
        .where(Measurement.kind == ANSWERED, Measurement.at >= since, Measurement.at <= now)
        .subquery()
    )
    ranked = sa.select(
        answered.c.seconds,
        answered.c.target_seconds,
        _rank(answered.c.seconds).label("place"),
        sa.func.count(answered.c.seconds).over().label("n"),
        _rank(answered.c.target_seconds).label("target_place"),
        sa.func.count(answered.c.target_seconds).over().label("targets"),
    ).subquery()
    found = session.execute(
        sa.select(
            sa.func.max(ranked.c.seconds).filter(_is_middle(ranked.c.place, ranked.c.n)),
            sa.func.max(ranked.c.n),
            sa.func.max(ranked.c.target_seconds).filter(_is_middle(ranked.c.target_place, ranked.c.targets)),
        )
    ).one()
    return {"median_seconds": found[0], "n": found[1] or 0, "target_seconds": found[2]}


def midnight(now: datetime, *, session: Any) -> datetime:
    """When today began in the workspace's zone."""
    zone = time_zone(session=session)
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _rank(column: Any) -> Any:
    """Its place among the others, from 1; what is not there comes last."""
    return sa.func.row_number().over(order_by=sa.nulls_last(column))


def _is_middle(place: Any, count: Any) -> Any:
    """Whether it is the nearest rank of the median: half of the count, rounded up."""
    return sa.or_(place * 2 == count, place * 2 == count + 1)
