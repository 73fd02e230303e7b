"""An inbox: one configured channel, with its public key, allowed sites and hours."""

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import JSON, Base
from webapp.models.columns import CreatedAt, Id, one_of

CHANNELS = ("chat", "email", "form", "api")


class Inbox(Base):
    """Looked up by its public key before the workspace is known, hence no tenant model.

    `hours`: {"mon": [["09:00", "17:00"], …], …} in `timezone`; an empty dict means always open. An interval
    whose end is not after its start runs past midnight. `secret_box` is the identity secret, encrypted.
    `form`: what a web form asks besides its own questions, which are `prechat`'s.
    """

    __tablename__ = "inboxes"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "id"), one_of("channel", CHANNELS))

    id: Mapped[Id]
    workspace_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("workspaces.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    channel: Mapped[str] = mapped_column(sa.String(10), default="chat")
    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    secret_box: Mapped[str] = mapped_column(sa.Text)
    allowed_sites: Mapped[list[str]] = mapped_column(JSON, default=list)
    greeting: Mapped[str] = mapped_column(sa.Text, default="")
    colour: Mapped[str] = mapped_column(sa.String(7), default="#1d60bc")
    timezone: Mapped[str] = mapped_column(sa.String(64), default="UTC")
    hours: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    prechat: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    consent: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    form: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    identified_only: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    __mapper_args__ = {"version_id_col": version}
