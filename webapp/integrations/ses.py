"""Amazon SES, API version 2: the raw message, so that its headers stay ours."""

from typing import Any

from webapp.integrations.mail import Mail, MailError, Refused
from webapp.mail_settings import MailSettings

REFUSALS = ("MessageRejected", "BadRequestException", "InvalidParameterValue")


def deliver(config: MailSettings, mail: Mail) -> str:
    """Hands the mail over and returns SES's id of it. Raises `MailError`, `Refused`."""
    from botocore.exceptions import BotoCoreError, ClientError  # half a second to import: only where used

    try:
        answer = _client(config).send_email(
            FromEmailAddress=str(mail.sender.addr_spec),
            Destination={"ToAddresses": [mail.to]},
            Content={"Raw": {"Data": mail.message().as_bytes()}},
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "error")
        kind = Refused if code in REFUSALS else MailError
        raise kind(f"SES answered {code}") from None
    except BotoCoreError as error:
        raise MailError(f"SES: {type(error).__name__}") from None
    return str(answer["MessageId"])


def _client(config: MailSettings) -> Any:
    import boto3
    from botocore.config import Config

    keys = {}
    if config.ses_access_key_id:
        keys = {
            "aws_access_key_id": config.ses_access_key_id,
            "aws_secret_access_key": config.ses_secret_access_key,
        }
    seconds = config.timeout_seconds
    limits = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})
    return boto3.client(
        "sesv2", region_name=config.ses_region, endpoint_url=config.ses_url, config=limits, **keys
    )
