"""Migrations: the schema, step by step; started by us, without an alembic.ini."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from worker.store.engine import Database

LOCK = 0x56495349545359  # "VISITSY": any number will do, as long as nobody else uses it


def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision, in one transaction. Of several processes one does it, the others
    wait."""
    with database.writing() as connection:
        if not database.is_sqlite:  # SQLite has one writer as it is
            connection.execute(text("SET LOCAL lock_timeout = 0"))  # whoever migrates may take as long as it needs
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """What Alembic has to know to work inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
