"""Two programs at one noun: `ETag` and `If-Match` (RFC 9110, 8.8.3 and 13.1.1).

    @bp.patch("/tags/<id>")
    @access("tag:edit")
    @matching(read_tag)
    def update_tag(path: IdPath, body: TagPatch) -> Any: ...

`read_tag`, the view of GET, answers with an ETag from then on; the change is refused with 412 where If-Match
names another one.

`first` is what the view needs from outside (who asks the network waits in no transaction): it is called
before, with the body, and what it returns is given to the view as `found`.

What a noun shows of its own doing (`besides`) changes without anybody: it is not in the ETag, and such an
answer always comes whole.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, make_response, request

from webapp.api.answers import View, operation_of
from webapp.database import joinable, transaction
from webapp.errors import PreconditionFailed
from webapp.services.edit import version_of, wait_for_edits


def matching(
    read: View, *, besides: frozenset[str] = frozenset(), first: Callable[[Any], Any] | None = None
) -> Callable[[View], View]:
    """For a view that changes what `read` shows, with the same `path`, if any. `besides`: names left out."""
    operation_of(read).has_tag, operation_of(read).untagged = True, besides

    def mark(view: View) -> View:
        operation_of(view).takes_match = True

        @wraps(view)
        def checked(**given: Any) -> Any:
            if first is not None:
                given["found"] = first(given["body"])
            if "If-Match" not in request.headers:
                return view(**given)
            with transaction() as session, joinable(session):
                wait_for_edits(session=session)
                place = {"path": given["path"]} if "path" in given else {}
                _check(_noun(read(**place)), besides)
                return view(**given)

        return checked

    return mark


def _check(noun: Any, besides: frozenset[str]) -> None:
    if not request.if_match.contains(_version(noun, besides)):
        raise PreconditionFailed("Somebody changed this since you read it", current=noun)


def tagged(answer: Any, besides: frozenset[str] = frozenset()) -> Response:
    """The answer with the ETag of its noun; without a body where the asker has it already."""
    response: Response = make_response(answer)
    if response.status_code == 200 and isinstance(answer, dict):
        response.set_etag(_version(_noun(answer), besides))
        if not besides:
            response.make_conditional(request)
    return response


def _version(noun: Any, besides: frozenset[str]) -> str:
    return version_of({name: value for name, value in noun.items() if name not in besides})


def _noun(answer: dict[str, Any]) -> Any:
    """What people edit together, without what is only shown beside it."""
    first = next(iter(answer.values()), answer)
    return first if isinstance(first, dict) else answer
