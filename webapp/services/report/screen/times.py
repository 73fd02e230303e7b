"""How buckets are called: short at an axis, in full in a table."""

from datetime import datetime
from typing import NamedTuple

from webapp.services.report.figures import Bucket
from webapp.services.report.frame import Frame


class Called(NamedTuple):
    label: str
    title: str


def called(bucket: Bucket, frame: Frame) -> Called:
    """A bucket's names, in the frame's zone. The year is said where it is not this one."""
    at = bucket.start.astimezone(frame.zone)
    year = "" if at.year == frame.now.astimezone(frame.zone).year else f" {at.year}"
    day = f"{at.day} {at:%b}"
    if frame.group == "hour":
        is_midnight = at.hour == 0
        return Called(day if is_midnight else f"{at:%H:%M}", f"{at:%a} {day}{year}, {at:%H:%M}")
    if frame.group == "month":
        return Called(f"{at:%b}{' ' + str(at.year) if at.month == 1 else ''}", f"{at:%B} {at.year}")
    week = "week of " if frame.group == "week" else ""
    return Called(day, f"{week}{at:%a} {day}{year}")


def is_partial(bucket: Bucket, frame: Frame) -> bool:
    """Whether its time has begun and is not over."""
    return bucket.start <= frame.now < bucket.end


def moment(at: datetime, frame: Frame) -> str:
    """A moment in the frame's zone: `17 Nov, 14:05`; the year is said where it is not this one."""
    shown = at.astimezone(frame.zone)
    year = "" if shown.year == frame.now.astimezone(frame.zone).year else f" {shown.year}"
    return f"{shown.day} {shown:%b}{year}, {shown:%H:%M}"
