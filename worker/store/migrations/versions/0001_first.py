"""Everything that the first release keeps.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

from worker.store.columns import Instant, Json, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("webhook_secret", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "api_keys",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_keys_account_id"),
        sa.PrimaryKeyConstraint("hash", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_account_id", "api_keys", ["account_id"], unique=False)
    op.create_table(
        "connections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("integration", sa.String(length=40), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("planned", sa.BigInteger(), nullable=False),
        sa.Column("next_look_at", Instant(), nullable=True),
        sa.Column("look_trigger", sa.String(length=20), nullable=True),
        sa.Column("last_synced_at", Instant(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", Json(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_connections_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_connections"),
        sa.UniqueConstraint("account_id", "integration", name="uq_connections_account_id_integration"),
    )
    op.create_index(
        "ix_connections_due",
        "connections",
        ["next_look_at"],
        unique=False,
        sqlite_where=sa.text("connected = 1"),
        postgresql_where=sa.text("connected"),
    )
    op.create_table(
        "events",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("body", Json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_events_account_id"),
        sa.PrimaryKeyConstraint("account_id", "event_id", name="pk_events"),
    )
    op.create_index("ix_events_received_at", "events", ["received_at"], unique=False)
    op.create_table(
        "record_needs",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("needed_kind", sa.String(length=40), nullable=False),
        sa.Column("needed_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_record_needs_account_id"),
        sa.PrimaryKeyConstraint("account_id", "kind", "local_id", "needed_kind", "needed_id", name="pk_record_needs"),
    )
    op.create_index(
        "ix_record_needs_needed",
        "record_needs",
        ["account_id", "needed_kind", "needed_id", "kind", "local_id"],
        unique=False,
    )
    op.create_table(
        "records",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("content", Json(), nullable=False),
        sa.Column("source_time", Instant(), nullable=True),
        sa.Column("told_at", Instant(), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=True),
        sa.Column("listing", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_records_account_id"),
        sa.PrimaryKeyConstraint("account_id", "kind", "local_id", name="pk_records"),
    )
    op.create_index("ix_records_number", "records", ["account_id", "kind", "number"], unique=False)
    op.create_index("ix_records_starts_at", "records", ["account_id", "kind", "starts_at"], unique=False)
    op.create_table(
        "grants",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("locked_by", sa.String(length=40), nullable=True),
        sa.Column("locked_until", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_grants_connection_id"),
        sa.PrimaryKeyConstraint("connection_id", "team", name="pk_grants"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("integration", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=True),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("confirm_mass_change", sa.Boolean(), nullable=False),
        sa.Column("only", Json(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("rang_at", Instant(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("counts", Json(), nullable=False),
        sa.Column("tallies", Json(), nullable=False),
        sa.Column("recorded", sa.Integer(), nullable=False),
        sa.Column("error", Json(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_jobs_account_id"),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_jobs_connection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_account", "jobs", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_jobs_status",
        "jobs",
        ["status", "lease_until"],
        unique=False,
        sqlite_where=sa.text("status IN ('queued','running')"),
        postgresql_where=sa.text("status IN ('queued','running')"),
    )
    op.create_index(
        "uq_jobs_active",
        "jobs",
        ["connection_id"],
        unique=True,
        sqlite_where=sa.text("status IN ('queued','running')"),
        postgresql_where=sa.text("status IN ('queued','running')"),
    )
    op.create_table(
        "streams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("listing", sa.Integer(), nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_streams_connection_id"),
        sa.PrimaryKeyConstraint("id", name="pk_streams"),
        sa.UniqueConstraint("connection_id", "name", name="uq_streams_connection_id_name"),
    )
    op.create_table(
        "changes",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.Column("shown", Json(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_changes_account_id"),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_changes_connection_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_changes_job_id"),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_changes_stream_id"),
        sa.PrimaryKeyConstraint("account_id", "number", name="pk_changes"),
        sa.UniqueConstraint("stream_id", "remote_id", "version", name="uq_changes_stream_id_remote_id_version"),
    )
    op.create_index("ix_changes_number", "changes", ["connection_id", "number"], unique=False)
    op.create_index("ix_changes_seen_at", "changes", ["seen_at"], unique=False)
    op.create_table(
        "job_records",
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("message", Words(), nullable=True),
        sa.Column("at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_records_job_id"),
        sa.PrimaryKeyConstraint("job_id", "ordinal", name="pk_job_records"),
    )
    op.create_index("ix_job_records_outcome", "job_records", ["job_id", "outcome", "ordinal"], unique=False)
    op.create_table(
        "links",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("agreed", Json(), nullable=True),
        sa.Column("seen", Json(), nullable=True),
        sa.Column("offered", Json(), nullable=True),
        sa.Column("leaving", sa.Boolean(), nullable=False),
        sa.Column("refused", sa.String(length=64), nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("message", Words(), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.Column("overruled", sa.Boolean(), nullable=False),
        sa.Column("retry", sa.Boolean(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("listing", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name="fk_links_connection_id"),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_links_stream_id"),
        sa.PrimaryKeyConstraint("stream_id", "local_id", name="pk_links"),
    )
    op.create_index(
        "ix_links_attention",
        "links",
        ["connection_id", "reason"],
        unique=False,
        sqlite_where=sa.text("reason IS NOT NULL"),
        postgresql_where=sa.text("reason IS NOT NULL"),
    )
    op.create_index("ix_links_local_id", "links", ["connection_id", "local_id"], unique=False)
    op.create_index("ix_links_number", "links", ["connection_id", "number"], unique=False)
    op.create_index(
        "ix_links_pending",
        "links",
        ["connection_id", "local_id"],
        unique=False,
        sqlite_where=sa.text("pending = 1"),
        postgresql_where=sa.text("pending"),
    )
    op.create_index("ix_links_remote_id", "links", ["stream_id", "remote_id"], unique=False)
    op.create_table(
        "strangers",
        sa.Column("stream_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("listing", sa.Integer(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name="fk_strangers_stream_id"),
        sa.PrimaryKeyConstraint("stream_id", "remote_id", name="pk_strangers"),
    )
    op.create_index(
        "ix_strangers_strays",
        "strangers",
        ["stream_id"],
        unique=False,
        sqlite_where=sa.text("local_id IS NOT NULL"),
        postgresql_where=sa.text("local_id IS NOT NULL"),
    )
