"""What is known of the installation as a whole, in one row that migrations and restoring write."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.database import Base


class Installation(Base):
    """`epoch`: 0, or when a backup was last restored (Unix seconds); sequences count anew from there.

    `least_program`: the schema revision that a program must know to serve this database. A migration that
    takes something away that older programs need raises it (`migrations/programs.py`).
    """

    __tablename__ = "installation"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    least_program: Mapped[str] = mapped_column(sa.String(32))
