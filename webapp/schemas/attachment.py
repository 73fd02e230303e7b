"""An attachment as both sides get it, with its signed address."""

from typing import Any

from webapp.models import Attachment
from webapp.signing import file_url


def attachment_out(attachment: Attachment, audience: str) -> dict[str, Any]:
    """Name, size and a signed address that holds 15 minutes; `audience`: staff or customer."""
    return {
        "id": str(attachment.id),
        "name": attachment.name,
        "size_bytes": attachment.size_bytes,
        "content_type": attachment.content_type,
        "is_image": attachment.is_image,
        "width": attachment.width,
        "height": attachment.height,
        "url": file_url(attachment.workspace_id, attachment.id, attachment.name, audience),
    }
