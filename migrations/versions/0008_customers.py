"""Organizations, other addresses of customers, web forms, full-text search.

Revises: 0007
"""

import full_text
import sqlalchemy as sa
from alembic import op
from row_security import confine, grant
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
TIER = "tier IN ('free', 'basic', 'premium', 'enterprise')"
NEW = ("organizations", "organization_domains", "customer_aliases", "search_document")


def upgrade() -> None:
    _organizations()
    _customers()
    op.add_column("inboxes", sa.Column("form", JSON, nullable=True))
    _search()
    grant(NEW)
    confine(NEW)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("GRANT USAGE ON SEQUENCE search_document_id_seq TO " + f'"{full_text.app_role()}"')
    full_text.make(op.get_bind())
    full_text.index_what_is_there(op.get_bind())


def downgrade() -> None:
    full_text.drop(op.get_bind())
    op.drop_table("search_document")
    op.drop_column("inboxes", "form")
    op.drop_table("customer_aliases")
    with op.batch_alter_table(
        "customers", table_args=(sa.CheckConstraint(TIER, name=op.f("ck_customers_tier")),)
    ) as batch:
        batch.drop_constraint(
            op.f("fk_customers_workspace_id_organization_id_organizations"), type_="foreignkey"
        )
        batch.drop_index(op.f("ix_customers_organization_id"))
        batch.drop_index("ix_customers_claimed_email")
        batch.drop_column("organization_id")
        batch.drop_column("merged_into_id")
    op.drop_table("organization_domains")
    op.drop_table("organizations")


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("folded_name", sa.String(length=800), nullable=False),
        sa.Column("tier", sa.String(length=20), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(TIER, name=op.f("ck_organizations_tier")),
        _workspace("organizations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_organizations_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "folded_name", name=op.f("uq_organizations_workspace_id_folded_name")
        ),
    )
    _index("organizations", "workspace_id")
    op.create_table(
        "organization_domains",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        _workspace("organization_domains"),
        _belongs("organization_domains", "organizations", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_domains")),
        sa.UniqueConstraint(
            "workspace_id", "domain", name=op.f("uq_organization_domains_workspace_id_domain")
        ),
    )
    _index("organization_domains", "workspace_id", "organization_id")


def _customers() -> None:
    # SQLite's reflection knows no CHECKs: the copy would lose what is not named here.
    with op.batch_alter_table(
        "customers", table_args=(sa.CheckConstraint(TIER, name=op.f("ck_customers_tier")),)
    ) as batch:
        batch.add_column(sa.Column("organization_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("merged_into_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_customers_workspace_id_organization_id_organizations"),
            "organizations",
            ["workspace_id", "organization_id"],
            ["workspace_id", "id"],
        )
        batch.create_index(op.f("ix_customers_organization_id"), ["organization_id"])
        batch.create_index("ix_customers_claimed_email", ["workspace_id", "claimed_email"])
    op.create_table(
        "customer_aliases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=254), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'external_id')", name=op.f("ck_customer_aliases_kind")),
        _workspace("customer_aliases"),
        _belongs("customer_aliases", "customers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_aliases")),
        sa.UniqueConstraint(
            "workspace_id", "kind", "value", name=op.f("uq_customer_aliases_workspace_id_kind_value")
        ),
    )
    _index("customer_aliases", "workspace_id", "customer_id")


def _search() -> None:
    op.create_table(
        "search_document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("vector", postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.CheckConstraint("kind IN ('ticket', 'comment', 'customer')", name=op.f("ck_search_document_kind")),
        _workspace("search_document"),
        _belongs("search_document", "tickets", ondelete="CASCADE"),
        _belongs("search_document", "customers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_document")),
        sa.UniqueConstraint("subject_id", "kind", name=op.f("uq_search_document_subject_id_kind")),
    )
    _index("search_document", "workspace_id", "ticket_id", "customer_id")
    op.create_index("ix_search_document_newest", "search_document", ["workspace_id", "id"])
    op.create_index("ix_search_document_vector", "search_document", ["vector"], postgresql_using="gin")


def _workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id_workspaces")
    )


def _belongs(table: str, to: str, **options: str) -> sa.ForeignKeyConstraint:
    column = f"{to.removesuffix('s')}_id"
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{to}.workspace_id", f"{to}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}_{to}"),
        **options,
    )


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
