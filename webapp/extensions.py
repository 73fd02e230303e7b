"""The Flask extensions, created bare and bound in `create_app`."""

from flask import request
from flask_babel import Babel
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from webapp.database import Base, Session


class HeaderFirst(CSRFProtect):  # type: ignore[misc]
    """Takes the token of the header, and only on pages of the form.

    Looking into the form would read an upload under the limit of other bodies, before asking who sends it.
    """

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
