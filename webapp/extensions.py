"""The Flask extensions, created bare and bound in `create_app`."""

from typing import Any

from flask import request
from flask_babel import Babel
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.database import Base, Session

API = "/api/v1/"


def bearer_token() -> str | None:
    """The token of the Authorization header; None where it is not a bearer's."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


class HeaderFirst(CSRFProtect):  # type: ignore[misc]
    """Takes the token of the header, and only on pages of the form.

    Looking into the form would read an upload under the limit of other bodies, before asking who sends it.
    REST looks at no cookie where a key comes with the request: there is nothing to forge then.
    """

    def protect(self, **options: Any) -> None:
        """Raises `CSRFError` unless the token fits, or a key makes it needless."""
        if not (request.path.startswith(API) and bearer_token() is not None):
            super().protect(**options)

    def _get_csrf_token(self) -> str | None:
        token = request.headers.get("X-CSRF-Token")
        if token or request.path.startswith("/api/"):
            return token
        found: str | None = super()._get_csrf_token()
        return found


db = SQLAlchemy(model_class=Base, session_options={"class_": Session})
migrate = Migrate()
socketio = SocketIO()
csrf = HeaderFirst()
babel = Babel()
