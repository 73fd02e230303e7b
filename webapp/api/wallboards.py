"""Links by which a screen that nobody is signed in at shows the live board."""

from typing import Any

from webapp.api.doors import access, answers, created, nothing, staff_views
from webapp.database import read_only, transaction
from webapp.schemas.now import WallboardIn, WallboardLinkOut, wallboard_link_out
from webapp.schemas.paging import PageQuery, cut, page_out
from webapp.schemas.ticket_in import IdPath
from webapp.services import wallboard

bp = staff_views("wallboards_api", __name__)


@bp.get("/wallboards")
@access("settings:manage")
@answers(data=list[WallboardLinkOut], next_cursor=str | None)
def list_wallboards(query: PageQuery) -> Any:
    """The links that open the board, by name."""
    with read_only():
        page, cursor = cut(wallboard.list_links(), query, lambda row: (row.name, str(row.id)), str, str)
        return page_out(page, cursor, wallboard_link_out)


@bp.post("/wallboards")
@access("settings:manage")
@answers(201, link=WallboardLinkOut, url=str, may=(409,))
def create_wallboard(body: WallboardIn) -> Any:
    """Makes a link; `url` is told this once. Whoever has it sees the board."""
    with transaction():
        link, token = wallboard.create_link(body.name, shows_titles=body.shows_titles)
        return created({"link": wallboard_link_out(link), "url": wallboard.url_of(token)})


@bp.delete("/wallboards/<id>")
@access("settings:manage")
@answers(204)
def delete_wallboard(path: IdPath) -> Any:
    """Ends a link; its screens go dark."""
    with transaction():
        wallboard.revoke_link(path.id)
    return nothing()
