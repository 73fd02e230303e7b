"""Attachments, by signed addresses that expire."""

from urllib.parse import quote

from flask import Blueprint, Response, request

from webapp.database import read_only
from webapp.errors import NotFound
from webapp.services import attachment as attachments
from webapp.signing import open_file_claim
from webapp.tenancy import use_workspace

bp = Blueprint("files", __name__)

FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


@bp.get("/files/<claim>/<path:name>")
def download(claim: str, name: str) -> Response:  # noqa: ARG001 - the name is for people and the disk
    """A file, for whoever holds its address: pictures in the page, everything else as a download."""
    opened = open_file_claim(claim)
    if opened is None:
        raise NotFound("There is no such file, or its address has expired")
    workspace_id, attachment_id, audience = opened
    with use_workspace(workspace_id), read_only():
        found = attachments.find_attachment(attachment_id, audience)
        shown, content_type, file_name = found.is_image, found.content_type, found.name
        key = found.storage_key
    response = Response(
        attachments.read_file(key), mimetype=content_type if shown else "application/octet-stream"
    )
    disposition = "inline" if shown and "download" not in request.args else "attachment"
    response.headers["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(file_name, safe='')}"
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Cache-Control"] = "private, max-age=900"
    return response


download.access = "token"  # type: ignore[attr-defined]
