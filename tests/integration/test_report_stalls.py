"""While reports are opened everybody else goes on."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.performance.desk import Desk
from tests.performance.loop import open_page
from tests.support.stalls import probed
from webapp.auth import acting_as, session_cookie_name
from webapp.schemas.report import Scope
from webapp.services import report
from webapp.services.report.engine import Engine
from webapp.tenancy import use_workspace

BOUND = 0.5
"""Five times what a report may keep others waiting for: the machine may be a slow one."""
DAYS = {"range": "custom", "from": "2026-10-18", "to": "2026-11-01", "group": "hour"}
HOURLY = "&".join(f"{name}={value}" for name, value in DAYS.items())


@pytest.mark.e2e
def test_no_report_of_very_many_points_stops_the_others(database: Any, tmp_path: Path) -> None:
    with Desk(database.fresh(), tmp_path, 1500) as desk:
        token = desk.make.session_token(desk.agents[0])
        environment = desk.environment | {"LOG_LEVEL": "info"}
        with probed(environment, tmp_path) as (server, stalls), requests.Session() as browser:
            stalls.take()
            browser.cookies.set(session_cookie_name(secure=False), token)
            for page in ("sla", "volume", "speed", "team"):
                open_page(browser, f"{server.url}/admin/reports/{page}?{HOURLY}&compare=1")
            open_page(browser, f"{server.url}/admin/reports/health?range=30d")
            assert [one for one in stalls.take() if one.busy > BOUND] == []
            assert "Traceback" not in server.log


@pytest.mark.integration
def test_hundreds_of_points_are_looked_up_in_one_go(
    app: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, asked = make.workspace(), []
    stats = Engine.stats
    monkeypatch.setattr(
        Engine, "stats", lambda self, *args, **more: asked.append(args) or stats(self, *args, **more)
    )
    with app.app_context(), use_workspace(workspace.id), acting_as(make.actor(make.user(role="viewer"))):
        opened = report.open_report(Scope.model_validate(DAYS))
        assert len(opened.series("paused_share").buckets) == 15 * 24
    assert len(asked) == 2
