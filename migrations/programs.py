"""Which programs may serve the schema: old ones do, too, while processes are replaced one by one."""

import sqlalchemy as sa
from alembic import op


def needs_program(revision: str) -> None:
    """From this migration on no program serves the database that doesn't know `revision`.

    For migrations that take away or rename what older programs read or write; adding needs none.
    """
    op.get_bind().execute(sa.text("UPDATE installation SET least_program = :it"), {"it": revision})
