"""A workspace with everything in it, and the people who come to its doors; for tests that attack."""

import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from PIL import Image

from tests.support.browsers import Socket, StaffBrowser, Visitor
from webapp import clock
from webapp.auth import ROLES, SYSTEM
from webapp.database import transaction
from webapp.extensions import db
from webapp.models import Connection, InboundMail, WebhookDelivery, WebhookSubscription
from webapp.schemas.api_key import ServiceKeyIn
from webapp.schemas.role import RoleIn
from webapp.schemas.saved_report import SavedReportForm
from webapp.schemas.sla import PolicyIn
from webapp.services import api_key, importing, mail_in, role, skill, sla, team, wallboard
from webapp.services import calendar as calendars
from webapp.services.attachment import keep_file
from webapp.services.email import suppress
from webapp.services.saved_report import save_report
from webapp.services.sla import replay
from webapp.services.user import actor_of
from webapp.signing import seal
from webapp.tenancy import use_workspace

WHO = ("anonymous", "customer", "stranger", *ROLES, "foreigner")
"""Who comes: nobody, the chat's customer, another one, staff by role, another workspace's admin."""


def png(width: int = 4, height: int = 4, **options: Any) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG", **options)
    return out.getvalue()


def file_body(name: str = "a.png", data: bytes | None = None, **fields: str) -> dict[str, Any]:
    """The options of a request that uploads one file, its name escaped as browsers do."""
    escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    head = 'Content-Disposition: form-data; name="{}"'
    parts = [f"{head.format(field)}\r\n\r\n{value}".encode() for field, value in fields.items()]
    kind = f'{head.format("file")}; filename="{escaped}"\r\nContent-Type: image/png\r\n\r\n'
    parts.append(kind.encode() + (png() if data is None else data))
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=edge"}


class Person:
    """Somebody with a browser who can ask any address, as themselves and with a valid CSRF token."""

    def __init__(self, app: Flask, browser: StaffBrowser | Visitor | None = None) -> None:
        self.app, self.browser = app, browser
        self._form = (
            browser if isinstance(browser, StaffBrowser) else StaffBrowser(app, None, app.test_client())
        )

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Any request; `headers` given win over the person's own."""
        headers = {"X-CSRF-Token": self._form.csrf, **options.pop("headers", {})}
        if isinstance(self.browser, Visitor):
            headers = {"Authorization": f"Bearer {self.browser.token}", **headers}
        client = self.app.test_client()
        client._cookies = dict(
            self._form.http._cookies
        )  # what one answer sets or clears, the next does not see
        return client.open(path, method=method, headers=headers, buffered=True, **options)

    def connect(self, namespace: str) -> Socket:
        """A socket with all this person has to show; the server may refuse it."""
        auth = {"token": self.browser.token} if isinstance(self.browser, Visitor) else None
        return Socket(self.app, namespace, auth=auth, flask_test_client=self._form.http)


class World:
    """A workspace: staff of each role, an inbox, a chat with an answer, a note and files, a team, a block.

    `ids` names one object of each kind; `secrets` are texts that nobody from outside may ever read.
    """

    def __init__(self, name: str, app: Flask, make: Any, agent: Callable[..., Any]) -> None:
        self.name, self.app = name, app
        self.workspace = workspace = make.workspace(name)
        self.staff = {
            role: make.user(
                role=role, workspace=workspace, name=f"{name} {role}", email=f"{role}@{name}.example"
            )
            for role in ROLES
        }
        self.desks = {role: agent(user) for role, user in self.staff.items()}
        self.colleague = make.user(role="agent", workspace=workspace, name=f"{name} colleague")
        self.team = make.team(self.staff["agent"], workspace=workspace, name=f"{name}-secret-team")
        self.inbox = make.inbox(workspace=workspace, name=f"{name} chat")
        self.form = make.inbox(workspace=workspace, name=f"{name} form", channel="form")
        self.mail = make.inbox(workspace=workspace, name=f"{name} mail", channel="email")
        self.organization = make.organization(workspace=workspace, name=f"{name}-secret-organization")
        self.maria = Visitor(app, self.inbox, email=f"maria@{name}.example")
        self.oskar = Visitor(app, self.inbox, email=f"oskar@{name}.example")
        self._converse()
        self.ids.update(self._things())
        self.people = {
            "anonymous": Person(app),
            "customer": Person(app, self.maria),
            "stranger": Person(app, self.oskar),
            **{role: Person(app, desk) for role, desk in self.desks.items()},
        }

    def _converse(self) -> None:
        desk, name = self.desks["agent"], self.name
        ticket = self.maria.write(f"{name}-secret-message")["ticket"]
        other = self.oskar.write(f"{name}-other-message")["ticket"]
        self.ids = {"ticket": ticket["id"], "other_ticket": other["id"], "number": str(ticket["number"])}
        path = f"tickets/{ticket['id']}"
        self.files: dict[str, dict[str, Any]] = {}
        for kind in ("reply", "note"):
            uploaded = desk.post(f"{path}/attachments", **file_body(f"{kind}.png"))
            assert uploaded.status_code == 201, uploaded.text
            self.files[kind] = uploaded.json
            content = f"{name}-secret-{kind}"
            answer = desk.reply(ticket["id"], content, kind=kind, attachment_ids=[uploaded.json["id"]])
            assert answer.status_code == 201, answer.text
            self.ids.setdefault("comment", answer.json["comment"]["id"])
        mailed = desk.post(f"{path}/transcript")
        assert mailed.status_code == 200, mailed.text
        self.ids["delivery"] = mailed.json["delivery"]["id"]
        desk.send("PUT", f"{path}/drafts/reply", {"content": f"{name}-secret-draft"})
        taken = desk.post(f"{path}/assign", {"agent_id": str(self.staff["agent"].id)})
        assert taken.status_code == 200, taken.text

    def _things(self) -> dict[str, str]:
        desk = self.desks["admin"]
        snapshot = desk.get(f"tickets/{self.ids['ticket']}").json
        block = desk.post("blocks", {"address": "203.0.113.0/24", "reason": f"{self.name}-secret-reason"})
        loose = self.maria.post("attachments", **file_body("loose.png"))
        with self.app.app_context():
            original = keep_file(b"From: spammer@far.example\n\nBuy now")
        with self.app.app_context(), use_workspace(self.workspace), transaction():
            screen, self.screen_token = wallboard.create_link(f"{self.name}-secret-screen")
            screen_id = str(screen.id)
            report = SavedReportForm(name=f"{self.name}-secret-report", screen="sla", is_shared=True)
            saved = save_report(report, actor=actor_of(self.staff["admin"])).id
            mailed = self._mailed(original)
            suppression = suppress(f"gone@{self.name}.example", "manual").id
            promises = self._promises()
            rows = f"id,title,email\n1,{self.name}-secret-row,row@{self.name}.example\n".encode()
            brought = importing.create_import(io.BytesIO(rows), f"{self.name}-secret-rows.csv", "ticket").id
            hook = self._webhook() | self._connection()
            own = role.create_role(RoleIn(name=f"{self.name}-secret-role", permissions=["ticket:note"]))
            promises |= {"role": str(own.id), "role_name": own.name}
            promises |= self._key()
            promises["skill"] = str(skill.create_skill(f"{self.name}-secret-skill").id)
            promises["spare_team"] = str(team.create_team(f"{self.name}-secret-spare").id)
        job = desk.post("exports")
        return {
            **self._parts_of_tickets(),
            **promises,
            **mailed,
            "job": job.json["job"]["id"],
            "customer": snapshot["ticket"]["customer"]["id"],
            "block": block.json["id"],
            "suppression": str(suppression),
            "wallboard": screen_id,
            "import": str(brought),
            **hook,
            "saved_report": str(saved),
            "loose_file": loose.json["id"],
            "note_file": self.files["note"]["id"],
            "user": str(self.colleague.id),
            "team": str(self.team.id),
            "inbox": str(self.inbox.id),
            "organization": str(self.organization.id),
        }

    def _webhook(self) -> dict[str, str]:
        made = WebhookSubscription(url=f"https://{self.name}-secret-hook.example", events=["skill.deleted"])
        db.session.add(made)
        db.session.flush()
        body = f'{{"event": "{self.name}-secret-hook"}}'
        sent = WebhookDelivery(subscription_id=made.id, event="skill.deleted", body=body, status="failed")
        db.session.add(sent)
        db.session.flush()
        return {"webhook": str(made.id), "message": str(sent.id)}

    def _key(self) -> dict[str, str]:
        given = ServiceKeyIn(name=f"{self.name}-secret-key", scopes=["ticket:read"], role="viewer")
        made, self.key_token = api_key.create_service_key(given, actor=actor_of(self.staff["admin"]))
        return {"key": str(made.id), "key_name": made.name}

    def _mailed(self, original: str) -> dict[str, str]:
        row = InboundMail(
            inbox_id=self.mail.id,
            fingerprint=self.name.ljust(64, "0"),
            door="pipe",
            status="suspended",
            reason="spam",
            from_address=f"spammer@{self.name}.example",
            subject=f"{self.name}-secret-mail",
            size_bytes=4,
            storage_key=original,
            received_at=clock.now(),
        )
        session = db.session()
        session.add(row)
        session.flush()
        blocked = mail_in.block_sender(f"blocked@{self.name}.example", actor=SYSTEM)
        return {
            "held_mail": str(row.id),
            "blocked_sender": str(blocked.id),
            "email_inbox": str(self.mail.id),
        }

    def _connection(self) -> dict[str, str]:
        """A CRM that lets nobody in: what there is to tell it waits, and nobody is asked."""
        made = Connection(
            kind="hubspot",
            method="token",
            status="broken",
            account=f"{self.name}-secret-portal",
            said=f"{self.name}-secret-trouble",
            secret_box=seal("{}"),
        )
        db.session.add(made)
        db.session.flush()
        return {"connection": str(made.id), "email": f"tom@{self.name}.example"}

    def _promises(self) -> dict[str, str]:
        office = calendars.create_calendar(f"{self.name}-secret-calendar", week={"mon": [["09:00", "17:00"]]})
        calendars.add_holidays(office.id, [{"name": "Feast", "first_day": "2030-01-07"}])
        target = {"metric": "total", "seconds": {"low": {"free": 86_400}}}
        policy = sla.create_policy(PolicyIn.model_validate({"name": "Promise", "targets": [target]}))
        other = PolicyIn.model_validate({"name": "Draft", "targets": [target]})
        return {
            "calendar": str(office.id),
            "holiday": str(calendars.holidays_of(office.id)[0].id),
            "policy": str(policy.id),
            "replay": str(replay.request_replay(other, 7).id),
        }

    def _parts_of_tickets(self) -> dict[str, str]:
        desk, name = self.desks["admin"], self.name
        field = desk.post("fields", {"label": f"{name}-secret-field", "kind": "text"})
        status = desk.post("statuses", {"code": "pending", "label": f"{name}-secret-status"})
        tags = [desk.post("tags", {"name": f"{name}-secret-tag-{number}"}) for number in (1, 2)]
        body = {"ticket": self.ids["other_ticket"], "kind": "related"}
        links = desk.post(f"tickets/{self.ids['ticket']}/links", body)
        body = {"title": f"{name}-secret-trash", "customer_email": f"tom@{name}.example"}
        trashed = desk.post("tickets", body).json["ticket"]["id"]
        assert desk.send("DELETE", f"tickets/{trashed}").status_code == 204
        return {
            "field": field.json["field"]["id"],
            "status": status.json["status"]["id"],
            "tag": tags[0].json["tag"]["id"],
            "other_tag": tags[1].json["tag"]["id"],
            "link": links.json["data"][0]["id"],
            "trashed": trashed,
        }

    @property
    def secrets(self) -> list[str]:
        """What must never be told outside."""
        return [f"{self.name}-secret", f"@{self.name}.example"]


def nowhere(ids: dict[str, str]) -> dict[str, str]:
    """Ids of the same kinds that nothing has."""
    return {kind: "999999" if value.isdecimal() else str(uuid.uuid4()) for kind, value in ids.items()}


def client_id() -> str:
    """A new id such as browsers make."""
    return str(uuid.uuid4())


@contextmanager
def undone(app: Flask) -> Iterator[None]:
    """What is written inside is gone afterwards, and no rate limit remembers it."""
    with app.app_context():
        nested = db.engines[None].begin_nested()  # type: ignore[attr-defined]
    app.extensions["parley_limiter"].reset()
    try:
        yield
    finally:
        nested.rollback()
