"""`/settings` and `/admin`, as people type them: they lead to the first page that one may see."""

from typing import Any

import pytest

from webapp.database import transaction
from webapp.schemas.role import RoleIn
from webapp.services.role import create_role
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "role, settings",
    [
        ("admin", "/settings/workspace"),
        ("senior_agent", "/settings/held-mail"),
        ("agent", "/settings/held-mail"),
        ("viewer", None),
    ],
)
def test_they_lead_to_the_first_page_that_one_may_see(
    make: Any, sign_in: Any, role: str, settings: str | None
) -> None:
    browser = sign_in(make.user(role=role))
    answer = browser.get("/settings")
    assert (answer.status_code, answer.location) == ((302, settings) if settings else (403, None))
    assert browser.get("/admin").location == "/admin/live"


def test_a_role_without_reports_is_told_so(app: Any, make: Any, sign_in: Any) -> None:
    admin = make.actor(make.user(role="admin"))
    with app.app_context(), use_workspace(admin.workspace_id), transaction():
        key = create_role(RoleIn(name="Clerk", permissions=["ticket:note"]), actor=admin).key
    assert sign_in(make.user(role=key)).get("/admin").status_code == 403
