"""The examples of docs/api.md, run as they stand there against a real server."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.live import Site
from webapp.auth import acting_as
from webapp.config import ROOT
from webapp.database import transaction
from webapp.schemas.api_key import ServiceKeyIn
from webapp.services import api_key as keys
from webapp.services import permission
from webapp.services.user import actor_of
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(database: Any, tmp_path: Any) -> Iterator[Site]:
    with Site(database.settings(database.fresh()), tmp_path) as made:
        yield made


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_examples_in_python_do_what_the_page_says(site: Site, monkeypatch: Any, capsys: Any) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    assert len(blocks) > 5
    monkeypatch.setenv("PARLEY_URL", site.servers[0].url)
    monkeypatch.setenv("PARLEY_KEY", key_of(site))
    program = compile("\n".join(blocks), "docs/api.md", "exec")
    exec(program, {})
    assert capsys.readouterr().out.startswith("row 2: "), (
        "the page promises a word about the row without an address"
    )


def key_of(site: Site) -> str:
    """The token of a service's key that may do all that an admin's may."""
    admin = site.make.user(role="admin")
    with site.app.app_context(), use_workspace(admin.workspace_id), acting_as(actor_of(admin)), transaction():
        scopes = sorted(permission.permissions_of("admin") - keys.PERSONAL)
        _key, token = keys.create_service_key(ServiceKeyIn(name="Examples", role="admin", scopes=scopes))
    return token
