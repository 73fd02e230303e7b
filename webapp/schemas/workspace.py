"""What the first-run page sends, and the settings of the workspace as a whole."""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from webapp.schemas.inbox import Sites, normalised_sites
from webapp.schemas.mail import Language
from webapp.schemas.text import Colour, Line, Strict, TimeZone
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
    time_zone: TimeZone = "UTC"
    code: Line = ""

    @field_validator("allowed_sites")
    @classmethod
    def _are_sites(cls, value: list[str]) -> list[str]:
        return normalised_sites(value)

    @property
    def inbox_name(self) -> str:
        """The inbox's name; the workspace's, if it has none of its own: customers read it above the chat."""
        return visible(self.inbox)[:100] or visible(self.workspace)[:100]


class WorkspaceSection(Strict):
    """What holds for the whole workspace where nothing nearer says otherwise.

    `time_zone`: whose days and hours reports and new calendars and inboxes go by. `colour`: of new chats.
    `goal_percent`: the share of promises that is to be kept; a line in the reports.
    """

    section: ClassVar[str] = "workspace"

    time_zone: TimeZone = "UTC"
    colour: Colour = "#1d60bc"
    goal_percent: Annotated[int, Field(ge=1, le=100)] = 90


class WorkspaceSettings(WorkspaceSection):
    """The section with the workspace's name, as programs read and change them."""

    name: Line = ""


class WorkspaceForm(WorkspaceSection):
    """The page: the section, and what is kept elsewhere."""

    name: Line = ""
    language: Language = "en"
    calendar_id: Line = ""
