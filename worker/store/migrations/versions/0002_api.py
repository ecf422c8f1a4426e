"""What the sync API keeps: replies, consents, push channels, and since when something is wrong.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from worker.store.columns import Instant, Words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("label", Words(), nullable=True))
    op.add_column("connections", sa.Column("watch_at", Instant(), nullable=True))
    op.add_column("connections", sa.Column("watched", sa.Text(), nullable=True))
    op.add_column("links", sa.Column("since", Instant(), nullable=True))
    op.add_column("events", sa.Column("number", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_events_number",
        "events",
        ["account_id", "number"],
        unique=False,
        sqlite_where=sa.text("number IS NOT NULL"),
        postgresql_where=sa.text("number IS NOT NULL"),
    )
    op.create_table(
        "replies",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("integration", sa.String(length=40), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_replies_account_id"),
        sa.PrimaryKeyConstraint("account_id", "integration", "key", name="pk_replies"),
    )
    op.create_index("ix_replies_created_at", "replies", ["created_at"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("integration", sa.String(length=40), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_consents_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_expires_at", "consents", ["expires_at"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("renew_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_channels_connection_id"),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_channels_stream_id"),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
    )
    op.create_index("ix_channels_connection_id", "channels", ["connection_id"], unique=False)
    op.create_index("ix_channels_remote_id", "channels", ["remote_id"], unique=False)
