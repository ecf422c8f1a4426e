"""The database behind Visit Sync: one method, one transaction; rows never leave, values do.

``open_store(url, keys)`` gives a ``Store``, which bundles one class per table family. All of it may be used from
several threads and processes at once. Every method raises ``StoreUnavailable`` while the database is away. Whatever
takes a ``Lease`` checks it first inside its transaction, and raises ``LeaseLost`` where another worker took the job
over.

Writers lock in one order, so that none waits in a circle: job, account, connection, the rest. A change of records or
links takes its number from the account's row, which stays locked until the commit: the order of the numbers is the
order of the commits."""

from collections.abc import Sequence

from worker.store.accounts import Accounts
from worker.store.arrivals import Arrivals
from worker.store.channels import Channels
from worker.store.connections import Connections
from worker.store.consents import Consents
from worker.store.cursors import Cursors
from worker.store.directory import Directory
from worker.store.engine import Database, store_deadline
from worker.store.feed import Feed
from worker.store.grants import Grants
from worker.store.inbox import Inbox
from worker.store.jobs import Jobs
from worker.store.keys import Keys
from worker.store.matches import Matches
from worker.store.migrations import upgrade
from worker.store.observations import Observations
from worker.store.plans import Plans
from worker.store.pulls import Pulls
from worker.store.records import Records
from worker.store.replies import Replies
from worker.store.secrets import Secrets
from worker.store.streams import Streams

__all__ = ["Store", "open_store", "store_deadline"]


class Store:
    """The table families over one database."""

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets
        self.accounts = Accounts(database, secrets)
        self.keys = Keys(database)
        self.connections = Connections(database, secrets)
        self.grants = Grants(database, secrets)
        self.consents = Consents(database, secrets)
        self.inbox = Inbox(database)
        self.records = Records(database)
        self.pulls = Pulls(database)
        self.streams = Streams(database)
        self.channels = Channels(database)
        self.observations = Observations(database)
        self.directory = Directory(database)
        self.arrivals = Arrivals(database)
        self.matches = Matches(database)
        self.plans = Plans(database)
        self.jobs = Jobs(database)
        self.feed = Feed(database)
        self.replies = Replies(database)
        self.cursors = Cursors(secrets)

    def upgrade(self) -> None:
        """Create or migrate the schema; safe when several processes do it at once."""
        upgrade(self._database)

    def ping(self) -> None:
        """One round trip to the database; raises StoreUnavailable."""
        self._database.ping()

    def dispose(self) -> None:
        """Close the pooled connections."""
        self._database.dispose()

    def forked(self) -> None:
        """Forget the parent's connections without closing them: the first thing to do in a forked child."""
        self._database.forked()

    def rotate_secrets(self) -> int:
        """Encrypt every secret anew with the first key; returns how many there were."""
        return self.accounts.rotate() + self.grants.rotate()


def open_store(url: str, keys: Sequence[str]) -> Store:
    """The store at a SQLAlchemy ``url`` (SQLite file or PostgreSQL), its secrets sealed with the Fernet ``keys``: the
    first encrypts, all decrypt. Nothing is connected yet. Raises Invalid for a URL or a key that cannot be used."""
    return Store(Database(url), Secrets(keys))
