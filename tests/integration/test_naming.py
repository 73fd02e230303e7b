"""A name that another one has is refused however it is written, beyond ASCII too."""

from typing import Any

import pytest

pytestmark = pytest.mark.integration

BODIES: dict[str, dict[str, Any]] = {
    "teams": {"member_ids": []},
    "skills": {},
    "roles": {"permissions": ["ticket:note"]},
}


@pytest.fixture
def admin(make: Any, agent: Any) -> Any:
    make.workspace()
    return agent(make.user(role="admin", name="Ada"))


@pytest.mark.parametrize("nouns", BODIES)
def test_a_name_is_there_once_however_it_is_written(admin: Any, nouns: str) -> None:
    first = admin.post(nouns, {**BODIES[nouns], "name": "Øst É"})
    assert first.status_code == 201, first.json
    for name in ("Øst É", "øst é", "ØST  É", "Øst E\u0301"):
        refused = admin.post(nouns, {**BODIES[nouns], "name": name})
        assert refused.status_code == 422, (name, refused.json)
        assert refused.json["detail"][0]["loc"] == ["body", "name"]
    [made] = [value for value in first.json.values() if isinstance(value, dict)]
    kept = admin.send("PATCH", f"{nouns}/{made['id']}", {**BODIES[nouns], "name": "ØST É"})
    assert kept.status_code == 200, "its own name may be written another way"
