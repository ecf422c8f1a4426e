"""What the books need: kinds of links, what was seen there, payments that came in, and questions to people.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from worker.store.columns import Instant, Json, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VISIT = sa.text("'visit'")


def upgrade() -> None:
    op.add_column("connections", sa.Column("realm", sa.Text(), nullable=True))
    _partial("ix_connections_realm", "connections", ["realm"], "realm IS NOT NULL")
    op.add_column("streams", sa.Column("kind", sa.String(length=40), nullable=False, server_default=VISIT))
    op.add_column("links", sa.Column("kind", sa.String(length=40), nullable=False, server_default=VISIT))
    op.add_column("links", sa.Column("source", Json(), nullable=True))
    for name in ("ix_links_number", "ix_links_local_id", "ix_links_pending"):
        op.drop_index(name, table_name="links")
    op.create_index("ix_links_number", "links", ["connection_id", "kind", "number"], unique=False)
    op.create_index("ix_links_local_id", "links", ["connection_id", "kind", "local_id"], unique=False)
    _partial("ix_links_pending", "links", ["connection_id", "kind", "local_id"], "pending", sqlite="pending = 1")
    _plannings()
    _books()


def _plannings() -> None:
    op.create_table(
        "plannings",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_plannings_connection_id"),
        sa.PrimaryKeyConstraint("connection_id", "kind", name="pk_plannings"),
    )
    op.execute("INSERT INTO plannings (connection_id, kind, number) SELECT id, 'visit', planned FROM connections")
    op.drop_column("connections", "planned")


def _books() -> None:
    op.create_table(
        "entities",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("document", Json(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_entities_stream_id"),
        sa.PrimaryKeyConstraint("stream_id", "remote_id", name="pk_entities"),
    )
    op.create_table(
        "traits",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("trait", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_traits_stream_id"),
        sa.PrimaryKeyConstraint("stream_id", "remote_id", "trait", name="pk_traits"),
    )
    op.create_index("ix_traits_trait", "traits", ["stream_id", "trait", "remote_id"], unique=False)
    op.create_table(
        "arrivals",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("document", Json(), nullable=True),
        sa.Column("entries", Json(), nullable=False),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("message", Words(), nullable=True),
        sa.Column("since", Instant(), nullable=True),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_arrivals_connection_id"),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_arrivals_stream_id"),
        sa.PrimaryKeyConstraint("stream_id", "remote_id", name="pk_arrivals"),
    )
    _partial("ix_arrivals_pending", "arrivals", ["connection_id", "remote_id"], "pending", sqlite="pending = 1")
    op.create_table(
        "matches",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("wanted", Json(), nullable=False),
        sa.Column("candidates", Json(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_matches_account_id"),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_matches_connection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_matches"),
        sa.UniqueConstraint("connection_id", "kind", "local_id", name="uq_matches_connection_id_kind_local_id"),
    )
    op.create_index("ix_matches_account", "matches", ["account_id", "id"], unique=False)


def _partial(name: str, table: str, columns: list[str], where: str, sqlite: str | None = None) -> None:
    on_sqlite, on_postgresql = sa.text(sqlite or where), sa.text(where)
    op.create_index(name, table, columns, unique=False, sqlite_where=on_sqlite, postgresql_where=on_postgresql)
