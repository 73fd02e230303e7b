"""The workspace's settings over REST: what is given is changed, the rest stays, and it is told of."""

from typing import Any

import pytest

pytestmark = pytest.mark.integration

CHANGES = {
    "workspace": {"name": "Harbour & Sons", "goal_percent": 95, "time_zone": "Europe/Berlin"},
    "routing": {"is_on": True, "strategy": "round_robin", "hops": 5},
    "lifecycle": {"auto_resolve": True, "auto_resolve_minutes": 600},
    "availability": {
        "reasons": [
            {
                "id": "lunch",
                "name": "Long lunch",
                "counts_as": "away",
                "takes_tickets": False,
                "is_offered": True,
            }
        ]
    },
    "mail": {"language": "de", "undo_seconds": 0},
}


@pytest.fixture
def admin(make: Any, agent: Any) -> Any:
    make.workspace()
    return agent(make.user(role="admin", name="Ada"))


@pytest.mark.parametrize("section", CHANGES)
def test_what_is_given_is_changed_and_the_rest_stays(admin: Any, section: str) -> None:
    before = admin.get(f"settings/{section}").json["settings"]
    answer = admin.send("PATCH", f"settings/{section}", CHANGES[section])
    assert answer.status_code == 200, answer.json
    after = admin.get(f"settings/{section}").json["settings"]
    assert answer.json["settings"] == after == {**before, **CHANGES[section]} != before
    audited = admin.get("audit").json["data"][0]
    assert audited["name"] == "workspace.updated"


def test_what_does_not_go_with_what_holds_is_refused_by_its_field(admin: Any) -> None:
    assert admin.send("PATCH", "settings/lifecycle", {"auto_resolve": True}).status_code == 200
    refused = admin.send("PATCH", "settings/lifecycle", {"warn_minutes": 24 * 60})
    assert (refused.status_code, refused.json["detail"][0]["loc"]) == (422, ["body", "warn_minutes"])
    assert admin.get("settings/lifecycle").json["settings"]["warn_minutes"] == 60


def test_who_read_it_before_somebody_changed_it_is_told(admin: Any) -> None:
    tag = admin.get("settings/routing").headers["ETag"]
    headers = {"X-CSRF-Token": admin.csrf, "If-Match": tag}
    answers = [
        admin.http.patch("/api/v1/settings/routing", json={"hops": hops}, headers=headers) for hops in (7, 8)
    ]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert answers[1].json["detail"] or answers[1].json["message"]
    assert admin.get("settings/routing").json["settings"]["hops"] == 7
