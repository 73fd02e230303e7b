"""SendGrid and Amazon SES hand in mail and tell what became of ours; nobody else does in their name."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError, ConnectTimeoutError, ResponseStreamingError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from flask import Flask
from moto import mock_aws

from tests.support.inbound import HOST, Desk, letter
from webapp import clock as clocks
from webapp.auth import SYSTEM
from webapp.config import settings
from webapp.database import read_only, transaction
from webapp.integrations import safe_http, sns
from webapp.integrations import ses as ses_api
from webapp.integrations.safe_http import Answer, Unreachable
from webapp.models import InboundMail, MailDelivery, MailSuppression
from webapp.schemas.mail_provider import MailProviderSection
from webapp.services.email import carriers, delivery
from webapp.services.mail_in import bucket as ses_fetch
from webapp.services.mail_in import receiving
from webapp.services.setting import save_section
from webapp.signing import seal
from webapp.tenancy import use_workspace

pytestmark = pytest.mark.integration

MARIA = "maria@shop.example"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
PLACE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
YES = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
GRID = ec.generate_private_key(ec.SECP256R1())
GRID_KEY = base64.b64encode(
    GRID.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()


def rows(desk: Desk, model: Any) -> list[Any]:
    with desk.app.app_context(), use_workspace(desk.workspace_id), read_only() as session:
        found = list(session.scalars(sa.select(model)))
        session.expunge_all()
        return found


@pytest.fixture
def sent(app: Flask) -> Callable[..., Any]:
    """`sent(desk)`: a mail of ours went out to Maria."""

    def made(desk: Desk, **values: Any) -> Any:
        with app.app_context(), use_workspace(desk.workspace_id), transaction() as session:
            row, _ = delivery.queue(MARIA, "plain", {}, session=session)
            delivery.note_sent(row.id, "ses", "their-id", "<ours@desk.example>", session=session)

    return made


# --- SendGrid -------------------------------------------------------------------------------------


@pytest.fixture
def grid(app: Flask, make: Any) -> Desk:
    return Desk(app, make, address="support@desk.example", sendgrid_public_key=GRID_KEY)


def parsed(client: Any, desk: Desk, *, sign: Any = GRID, **fields: Any) -> Any:
    """Posts a form to the hook as SendGrid does: multipart, signed over the time and the body."""
    boundary = "xYzZY"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = ("".join(parts) + f"--{boundary}--\r\n").encode()
    return posted(client, f"{desk.inbox.key}", body, f"multipart/form-data; boundary={boundary}", sign=sign)


def posted(client: Any, place: str, body: bytes, kind: str, *, sign: Any = GRID) -> Any:
    at = "1700000000"
    headers = {"Content-Type": kind}
    if sign is not None:
        signature = sign.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(signature).decode()
        headers["X-Twilio-Email-Event-Webhook-Timestamp"] = at
    return client.post(f"/hooks/mail/sendgrid/{place}", data=body, headers=headers)


def raw(**options: Any) -> str:
    return letter(**options).decode()


def test_sendgrid_hands_in_a_mail_and_its_proof_of_the_sender_counts(client: Any, grid: Desk) -> None:
    envelope = json.dumps({"to": ["support@desk.example"], "from": "bounce@shop.example"})
    proof = {"from": "Maria <maria@shop.example>", "dkim": "{@shop.example : pass}", "SPF": "fail"}
    assert parsed(client, grid, email=raw(), envelope=envelope, **proof).status_code == 204
    (row,) = rows(grid, InboundMail)
    assert (row.door, row.status, row.is_verified) == ("sendgrid", "new", True)


@pytest.mark.parametrize(
    "said, is_proved",
    [
        ({"dkim": "{@other.example : pass}", "SPF": "none"}, False),
        ({"dkim": "none", "SPF": "pass", "envelope": '{"from": "m@shop.example", "to": 7}'}, True),
        ({"dkim": "none", "SPF": "pass", "envelope": '{"from": "m@mailer.example"}'}, False),
        ({"dkim": "none", "SPF": "pass", "envelope": "{["}, False),
    ],
    ids=["another-domain", "spf", "spf-of-another", "no-envelope"],
)
def test_s51_sendgrid_proves_only_the_authors_own_domain(
    client: Any, grid: Desk, said: dict[str, str], is_proved: bool
) -> None:
    assert parsed(client, grid, email=raw(), **{"from": MARIA, **said}).status_code == 204
    assert rows(grid, InboundMail)[0].is_verified is is_proved


def test_sendgrid_is_asked_for_its_signature_once_its_key_is_known(client: Any, grid: Desk) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    for sign in (None, other):
        answer = parsed(client, grid, sign=sign, email=raw())
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    assert rows(grid, InboundMail) == []


def test_without_a_key_mail_comes_in_and_proves_nothing(client: Any, app: Flask, make: Any) -> None:
    desk = Desk(app, make, address="support@desk.example")
    proof = {"from": MARIA, "dkim": "{@shop.example : pass}"}
    assert parsed(client, desk, sign=None, email=raw(), **proof).status_code == 204
    assert not rows(desk, InboundMail)[0].is_verified
    assert posted(client, f"{desk.inbox.key}/events", b"[]", "application/json", sign=None).status_code == 403


def test_sendgrid_tries_again_until_it_sends_the_raw_mail(client: Any, grid: Desk) -> None:
    answer = parsed(client, grid, text="Hello", subject="Hi")
    assert answer.status_code == 503
    assert "raw" in answer.json["message"]


def test_the_same_mail_twice_is_one(client: Any, grid: Desk) -> None:
    mail = raw()
    assert [parsed(client, grid, email=mail).status_code for _ in range(2)] == [204, 204]
    assert len(rows(grid, InboundMail)) == 1


def test_nobody_hands_mail_to_an_inbox_that_there_is_not(client: Any, make: Any) -> None:
    assert client.post("/hooks/mail/sendgrid/nobody", data={"email": "x"}).status_code == 404
    chat = make.inbox().key
    assert client.post(f"/hooks/mail/ses/{chat}", data="{}").status_code == 404


def test_a_mail_that_is_too_big_is_said_to_be(client: Any, grid: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr("webapp.api.mail_hooks.SENDGRID_BYTES", 1000)
    assert parsed(client, grid, email="x" * 2000).status_code == 413


def test_sendgrid_tells_what_came_back(client: Any, grid: Desk, sent: Any) -> None:
    sent(grid)
    one = {"event": "bounce", "email": MARIA, "sg_message_id": "their-id.filter-1", "reason": "550 nobody"}
    events = [one, {"event": "open"}, "?", {**one, "email": "other@shop.example"}]
    answer = posted(client, f"{grid.inbox.key}/events", json.dumps(events).encode(), "application/json")
    assert answer.status_code == 204
    (row,) = rows(grid, MailDelivery)
    assert (row.status, row.error) == ("bounced", "550 nobody")
    assert [(one.address, one.reason) for one in rows(grid, MailSuppression)] == [(MARIA, "bounce")]


@pytest.mark.parametrize(
    "event, reasons",
    [
        ({"event": "bounce", "type": "blocked"}, []),
        ({"event": "spamreport"}, ["complaint"]),
    ],
    ids=["blocked", "spam"],
)
def test_what_sendgrid_says_decides_whether_mail_goes_on(
    client: Any, grid: Desk, sent: Any, event: dict[str, str], reasons: list[str]
) -> None:
    sent(grid)
    body = json.dumps([{**event, "email": MARIA, "smtp-id": "<ours@desk.example>"}]).encode()
    assert posted(client, f"{grid.inbox.key}/events", body, "application/json").status_code == 204
    assert rows(grid, MailDelivery)[0].status == "bounced"
    assert [one.reason for one in rows(grid, MailSuppression)] == reasons


@pytest.mark.parametrize("body", [b"", b"nonsense", b"{", b"7"], ids=["empty", "words", "half", "number"])
def test_events_that_are_none_change_nothing(client: Any, grid: Desk, sent: Any, body: bytes) -> None:
    sent(grid)
    answer = posted(client, f"{grid.inbox.key}/events", body, "application/json")
    assert answer.status_code == (204 if body == b"7" else 422)
    assert rows(grid, MailDelivery)[0].status == "sent"


# --- Amazon SES -----------------------------------------------------------------------------------


class Amazon:
    """Signs what SNS posts, and answers for its hosts; `asked`: the addresses that were."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        now = clocks.now()
        made = (
            builder.not_valid_before(now)
            .not_valid_after(now + timedelta(days=9))
            .sign(self.key, hashes.SHA256())
        )
        self.pem = made.public_bytes(serialization.Encoding.PEM)
        self.asked: list[str] = []
        self.status = 200

    def get(self, url: str, _headers: Any, **_limits: Any) -> Answer:
        """In the place of `safe_http.get`."""
        self.asked.append(url)
        if self.status == 0:
            raise Unreachable("away")
        return Answer(self.status, {}, self.pem)

    def says(self, text: Any = "", *, kind: str = "Notification", version: str = "2", **more: Any) -> bytes:
        """A signed message; `more` replaces what is signed."""
        fields = {
            "Type": kind,
            "MessageId": "m-1",
            "TopicArn": TOPIC,
            "Message": text if isinstance(text, str) else json.dumps(text),
            "Timestamp": clocks.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SignatureVersion": version,
            "SigningCertURL": PLACE,
        }
        if kind != "Notification":
            fields |= {"SubscribeURL": YES, "Token": "t"}
        fields |= more
        names = sns._SIGNED.get(kind, ())
        signed = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        hash_ = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hash_)
        return json.dumps({**fields, "Signature": base64.b64encode(signature).decode()}).encode()


@pytest.fixture
def ses(app: Flask, make: Any) -> Desk:
    return Desk(app, make, address="support@desk.example", trusted_host=HOST, ses_topic=TOPIC)


@pytest.fixture
def amazon(monkeypatch: Any, ses: Desk) -> Amazon:
    made = Amazon(ses)
    monkeypatch.setattr(safe_http, "get", made.get)
    monkeypatch.setattr(sns, "_certificates", {})
    return made


def told(client: Any, desk: Desk, body: bytes) -> Any:
    kind = "text/plain; charset=UTF-8"
    return client.post(f"/hooks/mail/ses/{desk.inbox.key}", data=body, content_type=kind)


def received(content: bytes, encoding: str = "BASE64", **verdicts: str) -> dict[str, Any]:
    text = base64.b64encode(content).decode() if encoding == "BASE64" else content.decode()
    receipt = {
        "recipients": ["Support@desk.example"],
        "action": {"type": "SNS", "encoding": encoding},
        **{name: {"status": status} for name, status in verdicts.items()},
    }
    return {"notificationType": "Received", "receipt": receipt, "content": text}


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("encoding", ["BASE64", "UTF-8"])
def test_ses_hands_in_a_mail_by_sns(
    client: Any, ses: Desk, amazon: Amazon, version: str, encoding: str
) -> None:
    body = amazon.says(received(letter(), encoding, dmarcVerdict="PASS"), version=version, Subject="SES")
    assert told(client, ses, body).status_code == 204
    assert told(client, ses, body).status_code == 204
    (row,) = rows(ses, InboundMail)
    assert (row.door, row.status, row.is_verified) == ("ses", "new", True)
    assert amazon.asked == [PLACE]


@pytest.mark.parametrize(
    "verdicts, outcome",
    [
        ({"spamVerdict": "FAIL"}, ("suspended", "spam")),
        ({"virusVerdict": "FAIL"}, ("suspended", "spam")),
        ({"dmarcVerdict": "FAIL"}, ("new", None)),
        ({"dmarcVerdict": "GRAY"}, ("new", None)),
    ],
    ids=["spam", "virus", "refuted", "nothing"],
)
def test_what_ses_found_of_a_mail_counts(
    client: Any, ses: Desk, amazon: Amazon, verdicts: dict[str, str], outcome: tuple[str, str | None]
) -> None:
    assert told(client, ses, amazon.says(received(letter(), **verdicts))).status_code == 204
    (row,) = rows(ses, InboundMail)
    assert (row.status, row.reason, row.is_verified) == (*outcome, False)


def test_a_subscription_to_our_topic_is_confirmed(client: Any, ses: Desk, amazon: Amazon) -> None:
    assert told(client, ses, amazon.says("…", kind="SubscriptionConfirmation")).status_code == 204
    assert amazon.asked == [PLACE, YES]


def test_a_subscription_to_somebody_elses_topic_is_not(client: Any, ses: Desk, amazon: Amazon) -> None:
    body = amazon.says("…", kind="SubscriptionConfirmation", TopicArn=TOPIC + "x")
    assert told(client, ses, body).status_code == 403
    assert amazon.asked == [PLACE]


def test_until_the_topic_is_set_up_nothing_is_taken(
    client: Any, app: Flask, make: Any, amazon: Amazon
) -> None:
    desk = Desk(app, make, address="support@desk.example")
    assert told(client, desk, amazon.says(received(letter()))).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://me@sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://s3.amazonaws.com/mine/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.html",
        "https://[::1/a.pem",
        "https://127.0.0.1/a.pem",
    ],
    ids=["http", "suffix", "path", "user", "port", "s3", "page", "broken", "inside"],
)
def test_s30_a_certificate_is_fetched_from_amazon_alone(
    client: Any, ses: Desk, amazon: Amazon, url: str
) -> None:
    assert told(client, ses, amazon.says(received(letter()), SigningCertURL=url)).status_code == 403
    assert amazon.asked == []


def test_s30_a_subscription_is_confirmed_at_amazon_alone(client: Any, ses: Desk, amazon: Amazon) -> None:
    body = amazon.says("…", kind="SubscriptionConfirmation", SubscribeURL="https://10.0.0.1/yes")
    assert told(client, ses, body).status_code == 403
    assert amazon.asked == [PLACE]


@pytest.mark.parametrize(
    "change",
    [
        {"Message": "{}"},
        {"TopicArn": TOPIC + "2"},
        {"Signature": "AAAA"},
        {"Signature": "§"},
        {"SignatureVersion": "9"},
        {"Timestamp": "yesterday"},
        {"Timestamp": "2001-01-01T00:00:00"},
        {"Type": "Other"},
        {"Token": 7, "Type": "SubscriptionConfirmation"},
    ],
    ids=["text", "topic", "short", "not-base64", "version", "no-time", "old", "kind", "half"],
)
def test_what_amazon_did_not_sign_is_refused(
    client: Any, ses: Desk, amazon: Amazon, change: dict[str, Any]
) -> None:
    body = json.dumps({**json.loads(amazon.says(received(letter()))), **change}).encode()
    assert told(client, ses, body).status_code == 403
    assert rows(ses, InboundMail) == []


def test_a_mail_that_we_fail_at_is_held_and_not_asked_for_again(
    client: Any, ses: Desk, amazon: Amazon, monkeypatch: Any
) -> None:
    monkeypatch.setattr(receiving, "find_route", lambda *_, **__: 1 / 0)
    assert told(client, ses, amazon.says(received(letter()))).status_code == 204
    assert [row.reason for row in rows(ses, InboundMail)] == ["broken"]


def test_a_mail_by_sendgrid_that_we_fail_at_is_held_too(client: Any, grid: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(receiving, "find_route", lambda *_, **__: 1 / 0)
    assert parsed(client, grid, email=raw()).status_code == 204
    assert [row.reason for row in rows(grid, InboundMail)] == ["broken"]


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 5000, b"\xff"], ids=["empty", "list", "deep", "bytes"])
def test_what_is_not_of_sns_is_refused(client: Any, ses: Desk, amazon: Amazon, body: bytes) -> None:
    assert told(client, ses, body).status_code == 403


def test_a_message_that_somebody_kept_is_refused_later(
    client: Any, ses: Desk, amazon: Amazon, clock: Any
) -> None:
    body = amazon.says(received(letter()))
    clock.advance(hours=7)
    assert told(client, ses, body).status_code == 403


@pytest.mark.parametrize("status", [0, 500])
def test_while_amazon_cannot_be_asked_it_is_to_try_again(
    client: Any, ses: Desk, amazon: Amazon, status: int
) -> None:
    amazon.status = status
    body = amazon.says(received(letter()))
    assert told(client, ses, body).status_code == 503
    amazon.status = 200
    assert told(client, ses, body).status_code == 204
    amazon.status = status
    assert told(client, ses, amazon.says("…", kind="SubscriptionConfirmation")).status_code == 503


def test_a_mail_that_ses_put_elsewhere_waits_there(client: Any, ses: Desk, amazon: Amazon) -> None:
    assert told(client, ses, amazon.says({**received(b""), "content": None})).status_code == 503
    assert told(client, ses, amazon.says({**received(b""), "content": "é"})).status_code == 400


@pytest.mark.parametrize(
    "said, outcome",
    [
        (
            {
                "notificationType": "Bounce",
                "bounce": {
                    "bounceType": "Permanent",
                    "bouncedRecipients": [{"emailAddress": MARIA, "diagnosticCode": "550 nobody"}],
                },
            },
            ("bounced", ["bounce"]),
        ),
        (
            {
                "eventType": "Bounce",
                "bounce": {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": MARIA}]},
            },
            ("bounced", []),
        ),
        (
            {
                "notificationType": "Complaint",
                "complaint": {"complainedRecipients": [{"emailAddress": MARIA}]},
            },
            ("bounced", ["complaint"]),
        ),
        ({"notificationType": "Delivery"}, ("sent", [])),
        ({"notificationType": "Bounce", "bounce": {"bouncedRecipients": "all"}}, ("sent", [])),
    ],
    ids=["bounce", "later", "complaint", "arrived", "nonsense"],
)
def test_ses_tells_what_became_of_our_mail(
    client: Any, sent: Any, amazon: Amazon, said: Any, outcome: tuple[str, list[str]]
) -> None:
    desk = amazon.desk
    sent(desk)
    assert told(client, desk, amazon.says({**said, "mail": {"messageId": "their-id"}})).status_code == 204
    assert rows(desk, MailDelivery)[0].status == outcome[0]
    assert [one.reason for one in rows(desk, MailSuppression)] == outcome[1]


def test_a_report_on_what_we_never_sent_changes_nothing(
    client: Any, ses: Desk, amazon: Amazon, sent: Any
) -> None:
    sent(ses)
    bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": MARIA}]}
    said = {"notificationType": "Bounce", "bounce": bounce, "mail": {"messageId": "another"}}
    assert told(client, ses, amazon.says(said)).status_code == 204
    assert told(client, ses, amazon.says("hello")).status_code == 204
    assert rows(ses, MailSuppression) == []


# --- mail that SES put into S3 --------------------------------------------------------------------

BUCKET = {"type": "S3", "bucketName": "mails", "objectKey": "in/1"}


@pytest.fixture
def bucket() -> Any:
    """S3, as moto plays it below boto3, with an empty bucket."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="eu-west-1")
        s3.create_bucket(Bucket="mails", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield s3


@pytest.fixture
def with_keys(ses: Desk) -> None:
    """The workspace has keys of its own for SES."""
    with ses.app.app_context(), use_workspace(ses.workspace_id), transaction():
        own = MailProviderSection(
            ses="own",
            ses_region="eu-west-1",
            ses_access_key_id="id",
            ses_secret_access_key_box=seal("secret"),
        )
        save_section(own, actor=SYSTEM)


def put(action: dict[str, Any] | None = None, **verdicts: str) -> dict[str, Any]:
    told_of = received(b"", **verdicts)
    told_of["receipt"]["action"] = {**BUCKET, **(action or {})}
    return {name: value for name, value in told_of.items() if name != "content"}


@pytest.mark.usefixtures("with_keys")
def test_ses_tells_of_a_mail_in_s3_and_it_is_fetched_once(client: Any, amazon: Amazon, bucket: Any) -> None:
    bucket.put_object(Bucket="mails", Key="in/1", Body=letter())
    body = amazon.says(put(dmarcVerdict="PASS"))
    assert [told(client, amazon.desk, body).status_code for _ in range(2)] == [204, 204]
    (row,) = rows(amazon.desk, InboundMail)
    assert (row.door, row.status, row.is_verified) == ("ses", "new", True)
    assert [ticket.title for ticket in amazon.desk.tickets()] == ["My order"]


@pytest.mark.usefixtures("with_keys")
def test_a_mail_that_is_not_to_be_had_is_asked_for_no_more(
    client: Any, amazon: Amazon, bucket: Any, monkeypatch: Any
) -> None:
    answer = told(client, amazon.desk, amazon.says(put()))
    assert (answer.status_code, "NoSuchKey" in answer.json["message"]) == (404, True)
    bucket.put_object(Bucket="mails", Key="in/1", Body=letter(), Metadata={"x-amz-key-v2": "k"})
    answer = told(client, amazon.desk, amazon.says(put()))
    assert (answer.status_code, "encrypts" in answer.json["message"]) == (404, True)
    bucket.put_object(Bucket="mails", Key="in/1", Body=letter())
    monkeypatch.setattr("webapp.services.mail_in.bucket.MAX_MAIL_BYTES", len(letter()) - 20)
    answer = told(client, amazon.desk, amazon.says(put()))
    assert (answer.status_code, "too big" in answer.json["message"]) == (404, True)
    assert rows(amazon.desk, InboundMail) == []


@pytest.mark.usefixtures("with_keys")
@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "get"),  # type: ignore[typeddict-item]
        ConnectTimeoutError(endpoint_url="s3"),
        ResponseStreamingError(error="cut"),
    ],
    ids=["denied", "away", "cut"],
)
def test_a_mail_that_s3_gives_not_now_is_told_of_again(
    client: Any, amazon: Amazon, monkeypatch: Any, error: Exception
) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(ses_api, "_client", lambda *_, **__: SimpleNamespace(get_object=fail))
    assert told(client, amazon.desk, amazon.says(put())).status_code == 503
    assert rows(amazon.desk, InboundMail) == []


@pytest.mark.usefixtures("with_keys")
@pytest.mark.parametrize(
    "action",
    [
        {"bucketName": "arn:aws:s3:eu-west-1:1:accesspoint/x"},
        {"bucketName": "127.0.0.1/x"},
        {"bucketName": None},
        {"objectKey": ""},
        {"objectKey": "k" * 1025},
    ],
    ids=["access point", "path", "no bucket", "no key", "long key"],
)
def test_s30_only_what_is_a_bucket_is_asked_for(
    client: Any, amazon: Amazon, monkeypatch: Any, action: dict[str, Any]
) -> None:
    monkeypatch.setattr(ses_api, "_client", lambda *_, **__: pytest.fail("it was asked for"))
    assert told(client, amazon.desk, amazon.says(put(action))).status_code == 503


def test_without_keys_a_mail_waits_in_s3_and_the_page_says_so(
    client: Any, amazon: Amazon, bucket: Any, sign_in: Any, make: Any
) -> None:
    bucket.put_object(Bucket="mails", Key="in/1", Body=letter())
    answer = told(client, amazon.desk, amazon.says(put()))
    assert (answer.status_code, "keys" in answer.json["message"]) == (503, True)
    browser = sign_in(make.user(role="admin"))
    page = browser.get(f"/settings/inboxes/{amazon.desk.inbox.id}/mail").text
    assert "Mail that a rule puts into S3 cannot be fetched" in page


@pytest.mark.parametrize("name", ["mails", "other"])
def test_the_installations_keys_open_the_bucket_that_it_names_alone(
    client: Any, amazon: Amazon, bucket: Any, monkeypatch: Any, name: str
) -> None:
    keys = {"ses_region": "eu-west-1", "ses_access_key_id": "id", "ses_secret_access_key": "x"}
    with amazon.desk.app.app_context():
        own = replace(settings().mail, ses_bucket="mails", **keys)  # type: ignore[arg-type]
    monkeypatch.setattr(ses_fetch, "settings", lambda: SimpleNamespace(mail=own))
    monkeypatch.setattr(carriers, "settings", lambda: SimpleNamespace(mail=own, testing=True))
    bucket.put_object(Bucket="mails", Key="in/1", Body=letter())
    assert told(client, amazon.desk, amazon.says(put({"bucketName": name}))).status_code == (
        204 if name == "mails" else 503
    )


def test_a_workspace_that_uses_no_ses_fetches_nothing(ses: Desk) -> None:
    with ses.app.app_context(), use_workspace(ses.workspace_id):
        with transaction():
            save_section(MailProviderSection(ses="off"), actor=SYSTEM)
        assert not ses_fetch.may_fetch("mails")
