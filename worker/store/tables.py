"""The tables, in the order you would explain them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    UniqueConstraint,
    text,
)

from worker.core.records import VISIT
from worker.store.columns import Instant, Json, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _partial(name: str, *columns: str, where: str, unique: bool = False, sqlite: str | None = None) -> Index:
    """An index of the rows that satisfy ``where``; a query uses it when it says the same words."""
    condition = {"sqlite_where": text(sqlite or where), "postgresql_where": text(where)}
    return Index(name, *columns, unique=unique, **condition)  # type: ignore[arg-type]


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0)


def _kind() -> Column[str]:
    return Column("kind", String(40), nullable=False, default=VISIT)


def _account() -> Column[str]:
    return Column("account_id", ForeignKey("accounts.id"), nullable=False)


def _connection() -> Column[int]:
    return Column("connection_id", ForeignKey("connections.id"), nullable=False)


# Whom we work for. ``number`` is the account's counter: its row stays locked from the drawing of a number to the
# commit.
accounts = Table(
    "accounts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Words, nullable=False),
    Column("webhook_secret", Text, nullable=False),
    Column("number", BigInteger, nullable=False, default=0),
    Column("created_at", Instant, nullable=False),
)

# Who may call: the hash alone is kept.
api_keys = Table(
    "api_keys",
    metadata,
    Column("hash", String(64), primary_key=True),
    _account(),
    Column("prefix", String(20), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("label", Words),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("revoked_at", Instant),
    Index(None, "account_id"),
)

# Answers to requests that came with an Idempotency-Key, kept to be given again, word for word.
replies = Table(
    "replies",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("integration", String(40), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "created_at"),
)

# What is kept in agreement, when to look next, and when to see to its push channels (``watched`` is the address that
# they were opened with). ``realm`` is the company at the provider, where that tells of changes by company.
connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    _account(),
    Column("integration", String(40), nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("settings", Json, nullable=False),
    Column("realm", Text),
    Column("next_look_at", Instant),
    Column("look_trigger", String(20)),
    Column("last_synced_at", Instant),
    _count("failures"),
    Column("error", Json),
    Column("watch_at", Instant),
    Column("watched", Text),
    UniqueConstraint("account_id", "integration"),
    _partial("ix_connections_due", "next_look_at", where="connected", sqlite="connected = 1"),
    _partial("ix_connections_realm", "realm", where="realm IS NOT NULL"),
)

# Up to which of the account's numbers the records of a kind, and their links, have been planned.
plannings = Table(
    "plannings",
    metadata,
    Column("connection_id", ForeignKey("connections.id"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# The credentials, sealed: one grant for the connection (team '') or one for each team member; and the lock of their
# refresh.
grants = Table(
    "grants",
    metadata,
    Column("connection_id", ForeignKey("connections.id"), primary_key=True),
    Column("team", Text, primary_key=True),
    Column("credentials", Text, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("locked_by", String(40)),
    Column("locked_until", Instant),
)

# Browsers on their way through a provider's consent page; each comes back once, with the state whose hash is ``id``.
consents = Table(
    "consents",
    metadata,
    Column("id", String(64), primary_key=True),
    _account(),
    Column("integration", String(40), nullable=False),
    Column("team", Text, nullable=False),
    Column("browser", String(64), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "expires_at"),
)

# What came in, each event once; ``result`` is what became of it, ``number`` that of the record that it changed.
events = Table(
    "events",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("type", Words, nullable=False),
    Column("body", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("result", String(20), nullable=False),
    Column("number", BigInteger),
    Index(None, "received_at"),
    _partial("ix_events_number", "account_id", "number", where="number IS NOT NULL"),
)

# What the source last told. ``listing`` is the last full reading that told it.
records = Table(
    "records",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("local_id", Text, primary_key=True),
    Column("content", Json, nullable=False),
    Column("source_time", Instant),
    Column("told_at", Instant),
    Column("deleted", Boolean, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("starts_at", Instant),
    _count("listing"),
    Index("ix_records_number", "account_id", "kind", "number"),
    Index("ix_records_starts_at", "account_id", "kind", "starts_at"),
)

# Which records are shown with which: a change of the needed one moves the other.
record_needs = Table(
    "record_needs",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("local_id", Text, primary_key=True),
    Column("needed_kind", String(40), primary_key=True),
    Column("needed_id", Text, primary_key=True),
    # The key behind it as well: SQLite prefers an index that holds all columns, even one that finds far too many rows.
    Index("ix_record_needs_needed", "account_id", "needed_kind", "needed_id", "kind", "local_id"),
)

# Where each calendar or entity stands, and the kind of record that it shows. ``listing`` numbers its full readings.
streams = Table(
    "streams",
    metadata,
    Column("id", Integer, primary_key=True),
    _connection(),
    Column("name", Text, nullable=False),
    _kind(),
    Column("cursor", Text),
    _count("listing"),
    Column("read_at", Instant),
    UniqueConstraint("connection_id", "name"),
)

# Promises of a provider to tell of changes: until when, and the hash of the token by which its messages are known.
# ``remote_id`` is the provider's own name for it; a ``retired`` one is to be stopped.
channels = Table(
    "channels",
    metadata,
    Column("id", String(64), primary_key=True),
    _connection(),
    Column("stream_id", ForeignKey("streams.id"), nullable=False),
    Column("token", String(64), nullable=False),
    Column("address", Text, nullable=False),
    Column("remote_id", Text),
    Column("created_at", Instant, nullable=False),
    Column("renew_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    _flag("retired"),
    Index(None, "connection_id"),
    Index(None, "remote_id"),
)

# One record on one stream: the fields of ``core.links.Link``. ``pending`` is ``Link.pending``; ``number`` rises when
# planning has to look again.
links = Table(
    "links",
    metadata,
    Column("stream_id", ForeignKey("streams.id"), primary_key=True),
    Column("local_id", Text, primary_key=True),
    _connection(),
    _kind(),
    _count("generation"),
    _flag("published"),
    Column("remote_id", Text),
    Column("version", Text),
    Column("agreed", Json),
    Column("seen", Json),
    Column("offered", Json),
    _flag("leaving"),
    Column("refused", String(64)),
    Column("reason", Words),
    Column("message", Words),
    Column("since", Instant),
    _flag("removed"),
    _count("restored"),
    _flag("overruled"),
    _flag("retry"),
    Column("source", Json),
    _flag("pending"),
    Column("number", BigInteger, nullable=False, default=0),
    _count("listing"),
    Index("ix_links_number", "connection_id", "kind", "number"),
    Index("ix_links_local_id", "connection_id", "kind", "local_id"),
    Index("ix_links_remote_id", "stream_id", "remote_id"),
    _partial("ix_links_pending", "connection_id", "kind", "local_id", where="pending", sqlite="pending = 1"),
    _partial("ix_links_attention", "connection_id", "reason", where="reason IS NOT NULL"),
)

# Remote objects that no link owns: private appointments; with ``local_id``, second objects of ours, to be deleted.
strangers = Table(
    "strangers",
    metadata,
    Column("stream_id", ForeignKey("streams.id"), primary_key=True),
    Column("remote_id", Text, primary_key=True),
    Column("version", Text),
    _count("listing"),
    Column("local_id", Text),
    Column("generation", Integer),
    _partial("ix_strangers_strays", "stream_id", where="local_id IS NOT NULL"),
)

# The books as we last saw them: each object of a company's streams, ours and others'. ``version`` is None once it went.
entities = Table(
    "entities",
    metadata,
    Column("stream_id", ForeignKey("streams.id"), primary_key=True),
    Column("remote_id", Text, primary_key=True),
    Column("version", Text),
    Column("document", Json, nullable=False),
)

# By what each of them may be found: an e-mail address, a name, a number; see ``core.matching.traits``.
traits = Table(
    "traits",
    metadata,
    Column("stream_id", ForeignKey("streams.id"), primary_key=True),
    Column("remote_id", Text, primary_key=True),
    Column("trait", Text, primary_key=True),
    Index("ix_traits_trait", "stream_id", "trait", "remote_id"),
)

# Payments that others recorded in the books: ``core.arrivals.Arrival``. ``pending``: the source is to be told;
# ``reason``: what it refused to be told.
arrivals = Table(
    "arrivals",
    metadata,
    Column("stream_id", ForeignKey("streams.id"), primary_key=True),
    Column("remote_id", Text, primary_key=True),
    _connection(),
    Column("document", Json),
    Column("entries", Json, nullable=False),
    Column("reason", Words),
    Column("message", Words),
    Column("since", Instant),
    _flag("pending"),
    _partial("ix_arrivals_pending", "connection_id", "remote_id", where="pending", sqlite="pending = 1"),
)

# What a person is asked: which of these objects is that record? ``chosen`` is the answer's remote id, '' for none.
matches = Table(
    "matches",
    metadata,
    Column("id", String(40), primary_key=True),
    _account(),
    _connection(),
    Column("kind", String(40), nullable=False),
    Column("local_id", Text, nullable=False),
    Column("wanted", Json, nullable=False),
    Column("candidates", Json, nullable=False),
    Column("chosen", Text),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("connection_id", "kind", "local_id"),
    Index("ix_matches_account", "account_id", "id"),
)

# One row for each sync: ``core.jobs.Job``. The unique index is the lock: one queued or running job for each connection.
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    _account(),
    _connection(),
    Column("integration", String(40), nullable=False),
    Column("mode", String(20), nullable=False),
    Column("scope", String(40)),
    Column("trigger", String(20), nullable=False),
    _flag("dry_run"),
    _flag("confirm_mass_change"),
    Column("only", Json, nullable=False),
    Column("status", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    _count("fence"),
    _count("attempts"),
    Column("owner", Text),
    Column("lease_until", Instant),
    Column("rang_at", Instant),
    _flag("cancel_requested"),
    _count("done"),
    _count("total"),
    Column("counts", Json, nullable=False),
    Column("tallies", Json, nullable=False),
    _count("recorded"),
    Column("error", Json),
    _partial("uq_jobs_active", "connection_id", where="status IN ('queued','running')", unique=True),
    _partial("ix_jobs_status", "status", "lease_until", where="status IN ('queued','running')"),
    Index("ix_jobs_account", "account_id", "id"),
)


def is_active() -> TextClause:
    """Queued or running, in the words of the partial indexes."""
    return text("jobs.status IN ('queued','running')")


# What became of each record in a sync; ``ordinal`` counts from 1 in each job.
job_records = Table(
    "job_records",
    metadata,
    Column("job_id", ForeignKey("jobs.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("local_id", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("remote_id", Text),
    Column("target", Text),
    Column("reason", Words),
    Column("message", Words),
    Column("at", Instant),
    Index("ix_job_records_outcome", "job_id", "outcome", "ordinal"),
)

# What others changed at the provider: ``core.connections.FeedEntry``, each once however often its page is saved.
changes = Table(
    "changes",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _connection(),
    Column("stream_id", ForeignKey("streams.id"), nullable=False),
    Column("job_id", ForeignKey("jobs.id"), nullable=False),
    Column("target", Text, nullable=False),
    Column("action", String(20), nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("local_id", Text),
    Column("changed_at", Instant),
    Column("shown", Json, nullable=False),
    Column("seen_at", Instant, nullable=False),
    UniqueConstraint("stream_id", "remote_id", "version"),
    Index("ix_changes_number", "connection_id", "number"),
    Index("ix_changes_seen_at", "seen_at"),
)
