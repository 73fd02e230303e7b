"""SendGrid's Web API v3: one POST a mail."""

import base64
import time
from typing import Any

import requests

from webapp.integrations.mail import Mail, MailError, Refused, is_permanent
from webapp.mail_settings import MailSettings

ANSWER_BYTES = 64 * 1024


def deliver(config: MailSettings, mail: Mail) -> str:
    """Hands the mail over and returns SendGrid's id of it. Raises `MailError`, `Refused`."""
    headers = {"Authorization": f"Bearer {config.sendgrid_api_key}"}
    give_up_at = time.monotonic() + 2 * config.timeout_seconds
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                f"{config.sendgrid_url}/v3/mail/send",
                json=body(mail),
                headers=headers,
                timeout=config.timeout_seconds,
                allow_redirects=False,
                stream=True,
            )
            _drain(answer, give_up_at)
        except requests.RequestException as error:
            raise MailError(f"SendGrid: {type(error).__name__}") from None
    if answer.status_code not in (200, 202):
        kind = Refused if is_permanent(answer.status_code) else MailError
        raise kind(f"SendGrid answered {answer.status_code}")
    return str(answer.headers.get("X-Message-Id", ""))


def _drain(answer: requests.Response, give_up_at: float) -> None:
    """Reads an answer that nobody needs, neither for ever nor without bound."""
    read = 0
    for piece in answer.iter_content(8192):
        read += len(piece)
        if read > ANSWER_BYTES or time.monotonic() > give_up_at:
            raise requests.Timeout


def body(mail: Mail) -> dict[str, Any]:
    """The JSON of the request."""
    headers = {**mail.headers, **({"Message-ID": mail.message_id} if mail.message_id else {})}
    content = [{"type": "text/plain", "value": mail.text}]
    if mail.html:
        content.append({"type": "text/html", "value": mail.html})
    whole: dict[str, Any] = {
        "personalizations": [{"to": [{"email": mail.to}]}],
        "from": {"email": mail.sender.addr_spec, "name": mail.sender.display_name},
        "subject": mail.subject,
        "content": content,
        "headers": headers,
        # Links of ours are signed: a tracker's address in their place would give them away.
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
        },
    }
    if mail.reply_to:
        whole["reply_to"] = {"email": mail.reply_to}
    if mail.key:
        whole["custom_args"] = {"delivery": mail.key}
    if mail.attachments:
        whole["attachments"] = [
            {
                "filename": name,
                "type": content_type,
                "content": base64.b64encode(data).decode(),
                "disposition": "attachment",
            }
            for name, content_type, data in mail.attachments
        ]
    return whole
