"""Keys by which programs come in: those of the workspace's services, and personal ones.

Everybody with `profile:update` sees, makes, rotates and revokes their own. Who has `key:manage` also does so
with those of services, and sees and revokes the personal ones of others. A token is told once, where it is
made. A key makes none with more rights or more time than it has itself.
"""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.api_key import ApiKeyIn, ApiKeyOut, key_out
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import api_key as keys

bp = staff_views("keys_api", __name__)


@bp.get("/keys")
@access("staff")
@answers(data=list[ApiKeyOut], next_cursor=str | None)
def list_keys(query: PageQuery) -> Any:
    """The keys that are not revoked, by name: one's own; with `key:manage` all of the workspace."""
    with read_only():
        page, cursor = cut(keys.list_keys(), query, lambda row: (row.name.lower(), str(row.id)), str, str)
        return page_out(page, cursor, key_out)


@bp.post("/keys")
@access("staff")
@answers(201, key=ApiKeyOut, token=str, may=(409,))
def create_key(body: ApiKeyIn) -> Any:
    """Makes a key: with a `role` a service's (needs `key:manage`), one's own without.

    `token` is shown this once. `scopes`: permissions, such as `ticket:read`. `expires_in_days`: 0 for never.
    """
    make: Any = keys.create_key if body.role is None else keys.create_service_key
    with transaction():
        row, token = make(body)
        return created({"key": key_out(row), "token": token})


@bp.get("/keys/<id>")
@access("staff")
@answers(key=ApiKeyOut)
def read_key(path: IdPath) -> Any:
    """A key, and when it was last used."""
    with read_only():
        return {"key": key_out(keys.read_key(path.id))}


@bp.post("/keys/<id>/rotate")
@access("staff")
@answers(key=ApiKeyOut, token=str, may=(409,))
def rotate_key(path: IdPath) -> Any:
    """Makes another `token`, shown this once; the one before opens until `previous_until`."""
    with transaction():
        row, token = keys.rotate_key(path.id)
        return {"key": key_out(row), "token": token}


@bp.delete("/keys/<id>/previous")
@access("staff")
@answers(204)
def end_previous(path: IdPath) -> Any:
    """Ends the token before the last one at once; without one, nothing changes."""
    with transaction():
        keys.end_previous(path.id)
    return nothing()


@bp.delete("/keys/<id>")
@access("staff")
@answers(204)
def revoke_key(path: IdPath) -> Any:
    """Revokes a key: from now on it opens nothing, and cannot be brought back."""
    with transaction():
        keys.revoke_key(path.id)
    return nothing()
