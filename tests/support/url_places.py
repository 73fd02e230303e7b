"""Every place where somebody may type an address that we then ask. S-30 tries them all.

A place takes (scene, url) and does what makes us ask it, as far as it gets: saves it, then uses it. It may
raise `AppError`, `safe_http.Unreachable`, `breaker.Open` or `MailError`. It runs inside the workspace, as an
admin, outside of transactions, in an app that does not know it is tested (`settings().testing` is false).
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from tests.support.push_service import Subscriber
from webapp import clock
from webapp.database import transaction
from webapp.integrations import imap, smtp, sns
from webapp.integrations.vendor import VendorError
from webapp.models import Mailbox, WebhookSubscription
from webapp.schemas.connection import ConnectForm
from webapp.schemas.mail_provider import MailProviderSection
from webapp.schemas.notification import PushSubscriptionIn
from webapp.schemas.safety import OidcSection
from webapp.services import email, external, webhooks
from webapp.services.crm import setup
from webapp.services.email import carriers
from webapp.services.mail_in import polling
from webapp.services.notification import push
from webapp.services.safety import oidc


@dataclass(frozen=True)
class Scene:
    """What a place may need: `make` rows, the workspace, and the admin who acts."""

    app: Any
    make: Any
    workspace: Any
    admin: Any


Place = Callable[[Scene, str], object]


def push_service(scene: Scene, url: str) -> None:
    """A browser's push endpoint: once refused when it is saved, and once more when it is asked."""
    try:
        body = PushSubscriptionIn.model_validate(Subscriber(url).subscription)
        with transaction():
            push.subscribe(body, browser="A browser")
    finally:
        push.send_push(push.Push(scene.admin.id, url, b"", {}))


def sign_in_service(scene: Scene, url: str) -> None:
    """An OpenID issuer."""
    oidc.check(OidcSection(issuer=url, client_id="parley"))


def mail_server(scene: Scene, url: str) -> None:
    """A workspace's own SMTP server: it is a host and a port."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 25
    section = MailProviderSection(
        smtp="own", smtp_host=host, smtp_port=port, smtp_tls="off", smtp_timeout_seconds=1
    )
    config = carriers._smtp(section, scene.app.config["PARLEY"].mail)
    smtp.deliver(config, email.make_mail("ann@example.com", "Hello", "Text"))


def mailbox(scene: Scene, url: str) -> None:
    """A mailbox that is read by IMAP: it is a host and a port."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 143
    account = polling._account(Mailbox(imap_host=host, imap_port=port, imap_tls="off", imap_folder="INBOX"))
    with patch.object(imap, "STEP_SECONDS", 1), suppress(imap.ImapError), imap.opened(account):
        pass


def notification_service(scene: Scene, url: str) -> None:
    """Where a message of Amazon SNS says that its certificate lies, and that a subscription is confirmed."""
    fields = dict.fromkeys(("Message", "MessageId", "TopicArn", "Signature"), "x")
    said = {**fields, "Type": "Notification", "Timestamp": clock.iso(clock.now()), "SigningCertURL": url}
    with suppress(sns.Forged):
        sns.read(json.dumps(said).encode())
    with suppress(sns.Forged):
        sns.confirm(sns.Message("SubscriptionConfirmation", "x", "", url))


def webhook(scene: Scene, url: str) -> None:
    """A webhook's endpoint: refused when it is saved; and, come there by another way, when it is asked."""
    try:
        with transaction():
            webhooks.create_webhook(url, events=["*"])
    finally:
        with transaction() as session:
            made = WebhookSubscription(url=url, events=["webhook.tried"])
            session.add(made)
            session.flush()
            message_id = webhooks.send_test(made.id).id
        webhooks.deliver_webhook(message_id)


def salesforce(scene: Scene, url: str) -> None:
    """The address of one's own Salesforce: refused when it is typed, and once more when it is asked."""
    form = ConnectForm(url=url, client_id="parley", client_secret="secret")
    try:
        setup.check(setup.read_token_form("salesforce", form), "token")
    finally:
        with suppress(VendorError):
            external.call_external_api("GET", url, seconds=5)


HTTP_PLACES: dict[str, Place] = {
    "webhook": webhook,
    "push": push_service,
    "oidc": sign_in_service,
    "salesforce": salesforce,
}
"""Those that speak HTTP: they are also given redirects, endless answers and bombs."""

PLACES: dict[str, Place] = {
    **HTTP_PLACES,
    "smtp": mail_server,
    "imap": mailbox,
    "sns": notification_service,
}
