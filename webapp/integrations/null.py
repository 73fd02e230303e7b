"""The CRM of a workspace that has none: it knows nobody, and takes nothing."""

from datetime import datetime
from typing import Any

from webapp.integrations.safe_http import Answer
from webapp.integrations.vendor import Api, Gone, Record, Refused, VendorError

LABEL = "No CRM"
EMAIL_FIELD = "email"
NONE = "This workspace is connected to no CRM"


def fault(_answer: Answer) -> VendorError | None:
    """Nothing is asked, so nothing goes wrong."""
    return None


def find(_api: Api, _email: str, _names: list[str]) -> Record | None:
    """Nobody."""
    return None


def read(_api: Api, _crm_id: str, _names: list[str]) -> Record:
    """Raises `Gone`."""
    raise Gone(NONE)


def create(_api: Api, _fields: dict[str, Any]) -> str:
    """Raises `Refused`."""
    raise Refused(NONE)


def update(_api: Api, _crm_id: str, _fields: dict[str, Any]) -> str:
    """Raises `Gone`."""
    raise Gone(NONE)


def changed(_api: Api, _since: datetime) -> list[tuple[str, datetime]]:
    """Nothing ever."""
    return []


def field_names(_api: Api) -> list[str]:
    """None."""
    return []


def account(_api: Api) -> str:
    """None."""
    return ""


def named(_name: str | None, _email: str) -> dict[str, str]:
    """Nothing is told."""
    return {}


def link(_base_url: str, _account: str, _crm_id: str) -> str:
    """Nowhere."""
    return ""
