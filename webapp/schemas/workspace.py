"""What the first-run page sends."""

from webapp.schemas.inbox import Sites
from webapp.schemas.text import Line, Strict
from webapp.schemas.user import Password


class SetupForm(Strict):
    """Workspace, admin and first inbox in one go."""

    workspace: Line = ""
    name: Line = ""
    email: Line = ""
    password: Password = ""
    inbox: Line = "Website"
    allowed_sites: Sites = []
    code: Line = ""
