"""Mail that Amazon SES put into S3: fetched with the keys that the workspace has for SES.

A notification says where it lies, and whoever has a topic can say what they like. So the installation's own
keys read from the one bucket that it names, `SES_BUCKET`; a workspace's keys from whatever is open to them.
"""

import logging
import re
from typing import Any

from webapp.config import settings
from webapp.errors import NotFound, Unavailable
from webapp.integrations import ses
from webapp.integrations.mail import MailError, Refused
from webapp.services.email import carriers
from webapp.services.mail_in.parse import MAX_MAIL_BYTES

log = logging.getLogger(__name__)

MAX_KEY_CHARS = 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
HOW = "Give the workspace keys of its own for SES that may read the bucket, or let the rule publish to SNS"


def fetch_mail(action: dict[str, Any]) -> bytes:
    """The mail that a receipt rule's action put into a bucket; talks to Amazon.

    Raises `NotFound` where it can never be had, `Unavailable` where it may be later.
    """
    bucket, key = str(action.get("bucketName") or ""), str(action.get("objectKey") or "")
    if not _BUCKET.fullmatch(bucket) or not 0 < len(key) <= MAX_KEY_CHARS:
        raise Unavailable("Let the receipt rule publish to SNS by its SNS action, which sends the mail along")
    if not may_fetch(bucket):
        raise Unavailable(f"The mail lies in S3. {HOW}")
    try:
        return ses.fetch(carriers.account("ses"), bucket, key, MAX_MAIL_BYTES)
    except Refused as error:
        log.warning("a mail in S3 cannot be fetched: %s", error)
        raise NotFound(f"The mail cannot be fetched: {error}") from None
    except MailError as error:
        log.warning("a mail in S3 is not fetched yet: %s", error)
        raise Unavailable(f"The mail cannot be fetched now: {error}") from None


def may_fetch(bucket: str = "") -> bool:
    """Whether mail is fetched from that bucket; without one, whether from any at all."""
    source = carriers.section().ses
    if source == "own":
        return True
    ours = settings().mail.ses_bucket
    return source == "environment" and bool(ours) and bucket in ("", ours)
