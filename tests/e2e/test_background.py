"""Background work of the real programs: a child writes exports, a worker of its own does jobs, and dies."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.support import crowd
from tests.support.live import Desk, Site
from tests.support.process import wait_until
from tests.support.server import Server

pytestmark = pytest.mark.e2e

TICKETS = 4_000
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def crowded(site: Site) -> Site:
    """The site with enough tickets that an export takes a while."""
    agents = [site.make.user(role="agent").id for _ in range(3)]
    crowd.fill(site.url, site.workspace.id, TICKETS, agents)
    return site


@pytest.fixture
def site(database: Any, tmp_path: Any) -> Iterator[Site]:
    with Site(database.settings(database.fresh()), tmp_path) as made:
        yield crowded(made)


def admin(site: Site) -> Desk:
    return site.desk(site.make.user(role="admin"))


@contextmanager
def started(site: Site) -> Iterator[Server]:
    """A worker of its own beside the site's server."""
    worker = Server(site.servers[0].environment, ["worker"])
    try:
        worker.start(wait=False)
        yield worker
    finally:
        worker.close()


def job_of(desk: Desk, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.get(f"jobs/{job_id}").json()["job"]
    return found


def test_f20_an_export_is_written_by_a_child_while_everybody_else_is_served(site: Site) -> None:
    desk = admin(site)
    with desk:
        job_id = desk.post("exports", {"format": "csv"}).json()["job"]["id"]
        [server], most = site.servers, 0.0
        while job_of(desk, job_id)["status"] not in ("completed", "failed"):
            before = server.computed
            assert requests.get(f"{server.url}/healthz", timeout=60).status_code == 200
            most = max(most, server.computed - before)
        desk.wait_for("job.updated", lambda body: body["id"] == job_id and body["status"] == "completed")
        told = [body["progress"] for body in desk.all("job.updated") if body["id"] == job_id]
    job = job_of(desk, job_id)
    assert job["result"]["row_count"] == TICKETS
    assert told == sorted(told)
    assert len(set(told)) > 1
    assert most < 0.5, "computed before an answer, in seconds: the whole export takes several"
    url = f"{server.url}{job['result']['file_url']}"
    rows = list(csv.reader(io.StringIO(desk.http.get(url, timeout=60).content.decode("utf-8-sig"))))
    assert [int(row[0]) for row in rows[1:]] == list(range(1, TICKETS + 1))


@on_postgresql
def test_f02_a_worker_killed_in_the_middle_of_an_export_is_replaced_and_the_export_is_whole(
    database: Any, tmp_path: Any
) -> None:
    settings = {"JOBS_IN_WEB": "0", "JOB_LEASE_SECONDS": "1"}
    with Site(database.settings(database.fresh()), tmp_path, **settings) as site:
        desk = admin(crowded(site))
        job_id = desk.post("exports", {"format": "xlsx"}).json()["job"]["id"]
        assert job_of(desk, job_id)["status"] == "pending"
        with started(site) as worker:
            wait_until(lambda: 0 < job_of(desk, job_id)["progress"] < 100, "the export to be half done")
            worker.kill()
        assert job_of(desk, job_id)["status"] == "running"
        with started(site) as worker:
            wait_until(lambda: job_of(desk, job_id)["status"] == "completed", "the second try")
            assert worker.terminate() == 0
        assert job_of(desk, job_id)["result"]["row_count"] == TICKETS
        left = {path.suffix for path in (tmp_path / "exports").iterdir()}
    assert ".xlsx" in left


def test_a_worker_of_its_own_is_refused_on_sqlite(tmp_path: Any) -> None:
    environment = {"DEMO": "1", "INSTANCE_PATH": str(tmp_path)}
    worker = Server(environment, ["worker"])
    worker.start(wait=False)
    assert worker.child is not None
    assert worker.child.wait(120) == 1
    assert "Workers of their own need PostgreSQL" in worker.log
    worker.close()
