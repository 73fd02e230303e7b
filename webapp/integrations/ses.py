"""Amazon SES, API version 2: the raw message, so that its headers stay ours; and mail that it put into S3."""

from http import HTTPStatus
from typing import Any

from webapp.integrations.mail import Mail, MailError, Refused
from webapp.mail_settings import MailSettings

REFUSALS = ("MessageRejected", "BadRequestException", "InvalidParameterValue")


def deliver(config: MailSettings, mail: Mail) -> str:
    """Hands the mail over and returns SES's id of it. Raises `MailError`, `Refused`."""
    from botocore.exceptions import BotoCoreError, ClientError  # half a second to import: only where used

    try:
        answer = _client(config, "sesv2", endpoint_url=config.ses_url).send_email(
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


def fetch(config: MailSettings, bucket: str, key: str, most: int) -> bytes:
    """A mail of a bucket, of at most so many bytes. Raises `Refused` where it is no use to ask again: it is
    gone, too big or encrypted; `MailError` for everything else.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        found = _client(config, "s3").get_object(Bucket=bucket, Key=key)
        if "x-amz-key-v2" in found["Metadata"]:
            raise Refused("The receipt rule encrypts it; let it put mail there as it is")
        content: bytes = found["Body"].read(most + 1)
    except ClientError as error:
        is_gone = error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND
        kind = Refused if is_gone else MailError
        raise kind(f"S3 answered {error.response.get('Error', {}).get('Code', 'error')}") from None
    except (BotoCoreError, HTTPClientError) as error:
        raise MailError(f"S3: {type(error).__name__}") from None
    if len(content) > most:
        raise Refused("It is too big")
    return content


def _client(config: MailSettings, service: str, **options: Any) -> Any:
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
    return boto3.client(service, region_name=config.ses_region, config=limits, **options, **keys)
