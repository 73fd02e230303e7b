"""What the first-run page sends."""

from pydantic import field_validator

from webapp.schemas.inbox import Sites, normalised_sites
from webapp.schemas.text import Line, Strict
from webapp.schemas.user import Password
from webapp.validators import visible


class SetupForm(Strict):
    """Workspace, admin and first inbox in one go."""

    workspace: Line = ""
    name: Line = ""
    email: Line = ""
    password: Password = ""
    inbox: Line = ""
    allowed_sites: Sites = []
    code: Line = ""

    @field_validator("allowed_sites")
    @classmethod
    def _are_sites(cls, value: list[str]) -> list[str]:
        return normalised_sites(value)

    @property
    def inbox_name(self) -> str:
        """The inbox's name; the workspace's, if it has none of its own: customers read it above the chat."""
        return visible(self.inbox)[:100] or visible(self.workspace)[:100]
