"""Where HubSpot and Salesforce post what changed there; key and signature say that it is them."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.errors import NotFound
from webapp.pages.auth import address, public
from webapp.ratelimit import limiter
from webapp.services import connection
from webapp.services.connection import Account, account_of
from webapp.services.crm import hearing, hooks
from webapp.signing import open_hook_key
from webapp.tenancy import use_workspace

bp = Blueprint("crm_hooks", __name__, url_prefix="/hooks/crm")

PER_ADDRESS = "3000/minute"
Read = Callable[[Account, bytes], list[hooks.Change]]


@bp.post("/hubspot/<key>")
@public
def hubspot(key: str) -> Response:
    """A batch of HubSpot's events, signed by the app's secret."""

    def read(account: Account, body: bytes) -> list[hooks.Change]:
        url = f"{settings().base_url}{request.full_path.rstrip('?')}"
        hooks.check_hubspot(account, request.method, url, body, request.headers)
        return hooks.read_hubspot(body)

    return jsonify({"taken": _take("hubspot", key, read)})


@bp.post("/salesforce/<key>")
@public
def salesforce(key: str) -> Response:
    """An outbound message of Salesforce; its address, which nobody else knows, and the organization vouch."""
    _take("salesforce", key, hooks.read_salesforce)
    return Response(hooks.ACK, mimetype="text/xml")


def _take(kind: str, key: str, read: Read) -> int:
    limiter().hit(f"crm:{kind}", address(), PER_ADDRESS)
    ids = open_hook_key(key)
    if ids is None:
        raise NotFound("There is no such address")
    with use_workspace(ids[0]):
        with read_only():
            found = connection.find_connection(kind)
            if found is None or found.id != ids[1]:
                raise NotFound("There is no such address")
            account = account_of(found)
        changes = read(account, request.get_data())
        with transaction() as session:
            return _queue(changes, session)


def _queue(changes: list[hooks.Change], session: object) -> int:
    plain = [change.crm_id for change in changes if not change.became]
    count = 0
    for start in range(0, len(plain), hearing.MOST_IDS):
        count += hearing.want_heard(plain[start : start + hearing.MOST_IDS], session=session)
    for change in changes:
        if change.became:
            count += hearing.want_heard([change.crm_id], became=change.became, session=session)
    return count
