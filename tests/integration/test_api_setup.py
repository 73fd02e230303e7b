"""What sets a workspace up, over REST: the same rules as on its pages, and no secret is ever told again."""

from typing import Any

import pytest

from tests.support.connected import vendor_at
from tests.support.vendor_servers import HubSpot
from tests.support.who_may import ids_of
from tests.support.world import World

pytestmark = pytest.mark.integration

SECRET = "a-secret-that-nobody-sees-again"


class Desk:
    """An admin's program. Whatever it asks, no answer and no audited change holds the secret."""

    def __init__(self, world: World) -> None:
        self.ids = ids_of(world)
        self.admin = world.people["admin"]

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        given = {"json": body} if body is not None or method == "POST" else {}
        if method == "POST" and body is None:
            given = {"json": {}}
        answer = self.admin.ask(method, f"/api/v1/{path}", headers=headers, **given)
        assert answer.status_code == status, (method, path, answer.json)
        assert SECRET not in answer.text
        return answer

    def read(self, path: str) -> Any:
        """The first value of what a GET answers."""
        return next(iter(self.ask("GET", path).json.values()))


@pytest.fixture
def desk(app: Any, make: Any, agent: Any) -> Desk:
    return Desk(World("harbour", app, make, agent))


def test_a_secret_is_set_kept_and_forgotten_and_never_told(desk: Desk) -> None:
    smtp = {"smtp": "own", "smtp_host": "mail.example.com", "smtp_username": "desk"}
    places = [
        ("settings/oidc", "secret", "has_secret", {"issuer": "https://id.example.com", "client_id": "desk"}),
        ("settings/mail-providers", "smtp_password", "has_smtp_password", smtp),
    ]
    for path, name, told, besides in places:
        assert desk.read(path)[told] is False
        assert desk.ask("PATCH", path, {**besides, name: SECRET}).json["settings"][told] is True
        kept = desk.ask("PATCH", path, {"label" if "oidc" in path else "sender_name": "Harbour"})
        assert kept.json["settings"][told] is True
        assert {key: kept.json["settings"][key] for key in besides} == besides
    assert desk.ask("PATCH", "settings/oidc", {"secret": None}).json["settings"]["has_secret"] is False
    plain = {"smtp": "off", "smtp_username": "", "smtp_password": None}
    assert desk.ask("PATCH", "settings/mail-providers", plain).json["settings"]["has_smtp_password"] is False
    assert SECRET not in desk.ask("GET", "audit").text


def test_a_stored_password_goes_to_no_other_server(desk: Desk) -> None:
    path = f"inboxes/{desk.ids['email_inbox']}/mail"
    imap = {"is_polling": True, "imap_host": "imap.example.com", "imap_username": "desk"}
    assert desk.ask("PATCH", path, {**imap, "imap_password": SECRET}).json["mailbox"]["has_password"] is True
    tag = desk.ask("GET", path).headers["ETag"]
    refused = desk.ask("PATCH", path, {"imap_host": "imap.example.net"}, 422)
    assert refused.json["detail"][0]["loc"] == ["body", "imap_password"]
    assert desk.ask("PATCH", path, {"strangers": "hold"}, **{"If-Match": tag}).json["mailbox"]["imap_host"]
    assert desk.ask("PATCH", path, {"strangers": "open"}, 412, **{"If-Match": tag}).json["current"]
    assert desk.ask("POST", f"{path}/test", status=202).json["job"]["type"] == "mail.poll_test"


def test_an_inbox_of_each_kind_is_made_and_one_for_mail_gets_its_address(desk: Desk) -> None:
    made = {
        channel: desk.ask("POST", "inboxes", {"name": f"By {channel}", "channel": channel}, 201).json["inbox"]
        for channel in ("chat", "form", "email")
    }
    assert {channel: inbox["channel"] for channel, inbox in made.items()} == {name: name for name in made}
    path = f"inboxes/{made['email']['id']}/mail"
    assert desk.ask("PATCH", path, {"address": "help@harbour.example"}).json["mailbox"]["address"]
    desk.ask("GET", f"inboxes/{made['chat']['id']}/mail", status=404)


def test_held_mail_is_let_in_or_deleted_once(desk: Desk) -> None:
    [held] = desk.read("mails")
    assert held["subject"] == "harbour-secret-mail"
    path = f"mails/{held['id']}/decision"
    assert desk.ask("PUT", path, {"verb": "accept"}).json["ticket_id"]
    assert desk.ask("PUT", path, {"verb": "discard"}, 409).json["current"] == {"status": "new"}
    assert desk.read("mails") == []
    made = desk.ask("POST", "blocked-senders", {"address": "@spam.example"}, 201).json["sender"]
    assert made in desk.read("blocked-senders")
    desk.ask("DELETE", f"blocked-senders/{made['id']}", status=204)
    assert made not in desk.read("blocked-senders")
    desk.ask("POST", "blocked-senders", {"address": "no address"}, 422)


def test_words_of_mails_are_ones_own_or_ours(desk: Desk) -> None:
    path = "mail/templates/reply/de"
    ours = desk.read(path)
    assert (ours["is_own"], ours["language"]) == (False, "de")
    tag = desk.ask("GET", path).headers["ETag"]
    words = {"subject": "Zu {{ticket.number}}", "text": "Guten Tag"}
    own = desk.ask("PUT", path, words, **{"If-Match": tag}).json["template"]
    assert (own["is_own"], own["subject"], own["html"]) == (True, words["subject"], None)
    desk.ask("PUT", path, words, 412, **{"If-Match": tag})
    refused = desk.ask("PUT", path, {"subject": "{{secret}}", "text": "x"}, 422)
    assert refused.json["detail"][0]["loc"] == ["body", "subject"]
    [kind] = [one for one in desk.read("mail/templates") if one["name"] == "reply"]
    assert kind["own_languages"] == ["de"]
    desk.ask("DELETE", path, status=204)
    assert desk.read(path) == ours
    desk.ask("GET", "mail/templates/reply/xx", status=404)


def test_addresses_that_get_no_mail_and_screens(desk: Desk) -> None:
    made = desk.ask("POST", "suppressions", {"address": "Gone@Example.com"}, 201).json["suppression"]
    assert (made["address"], made["reason"]) == ("gone@example.com", "manual")
    assert desk.read("suppressions")[0] == made
    desk.ask("DELETE", f"suppressions/{made['id']}", status=204)
    assert made not in desk.read("suppressions")
    desk.ask("POST", "suppressions", {"address": "no address"}, 422)
    screen = desk.ask("POST", "wallboards", {"name": "Window"}, 201).json
    token = screen["url"].rpartition("/")[2]
    assert screen["link"] in desk.read("wallboards")
    assert token not in desk.ask("GET", "wallboards").text, "its address is told once"
    desk.ask("DELETE", f"wallboards/{screen['link']['id']}", status=204)
    assert screen["link"] not in desk.read("wallboards")


def test_when_a_report_is_mailed(desk: Desk) -> None:
    path = f"reports/saved/{desk.ids['saved_report']}/plan"
    assert desk.read(path) is None
    plan = {"every": "week", "weekday": 2, "hour": 7, "zone": "Europe/Berlin"}
    made = desk.ask("PUT", path, {**plan, "recipients": [desk.ids["user"]]}).json["plan"]
    assert {name: made[name] for name in plan} == plan
    assert made["recipients"] == [desk.ids["user"]]
    assert made["next_at"]
    nobody = "00000000-0000-7000-8000-000000000000"
    assert desk.ask("PUT", path, {**plan, "recipients": [nobody]}, 422).json["detail"]
    desk.ask("DELETE", path, status=204)
    assert desk.read(path) is None


def test_who_must_have_a_second_factor(desk: Desk) -> None:
    path = "settings/second-factor"
    assert desk.ask("PATCH", path, {"roles": ["viewer"]}).json["settings"] == {"roles": ["viewer"]}
    for roles in (["nobody"], ["admin"]):
        assert desk.ask("PATCH", path, {"roles": roles}, 422).json["detail"][0]["loc"] == ["body", "roles"]


def test_passwords_are_not_turned_off_from_outside(desk: Desk) -> None:
    body = {"only": True, "enabled": True, "issuer": "http://id.example.com", "client_id": "desk"}
    assert desk.ask("PATCH", "settings/oidc", body, 422).json["detail"][0]["loc"] == ["body", "issuer"]
    assert desk.read("settings/oidc")["only"] is False


def test_a_crm_is_connected_with_a_token_that_lets_us_in(app: Any, desk: Desk) -> None:
    desk.ask("DELETE", "connections/hubspot", status=204)
    desk.ask("GET", "connections/hubspot", status=404)
    with HubSpot() as server, vendor_at(app, hubspot=server.url):
        [token] = server.tokens
        desk.ask("PUT", "connections/hubspot", {"token": "pat-wrong-one"}, 422)
        made = desk.ask("PUT", "connections/hubspot", {"token": token}).json["connection"]
        assert token not in desk.ask("GET", "connections").text
    assert (made["kind"], made["method"], made["status"]) == ("hubspot", "token", "active")
    assert [one["kind"] for one in desk.read("connections")] == ["hubspot"]
    assert desk.read("connections/hubspot/log")[0]["outcome"] == "ok"
    tag = desk.ask("GET", "connections/hubspot/fields").headers["ETag"]
    shared = {"fields": {"company": {"direction": "out", "theirs": "company"}}}
    kept = desk.ask("PUT", "connections/hubspot/fields", shared, **{"If-Match": tag}).json["fields"]
    assert kept["fields"] == shared["fields"]
    desk.ask("PUT", "connections/hubspot/fields", shared, 412, **{"If-Match": tag})
    assert desk.ask("POST", "connections/hubspot/test", status=202).json["job"]["status"] == "pending"
    assert desk.ask("POST", "connections/hubspot/retry").json == {"count": 0}
    assert desk.ask("POST", "connections/hubspot/everybody").json["count"] >= 0
    desk.ask("GET", "connections/elsewhere", status=404)
    desk.ask("GET", "connections/stripe/fields", status=404)
