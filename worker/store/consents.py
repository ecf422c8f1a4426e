"""Consents: browsers on their way through a provider's consent page, each of which comes back once."""

import secrets as chance
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, insert, select, update

from worker.core.consents import Consent, ConsentRefused, Reason, hashed
from worker.core.errors import Invalid
from worker.store.engine import AnyRow, Database
from worker.store.secrets import Secrets
from worker.store.tables import consents

STATE = "consent"
LONGEST_STATE = 1000
"""Ours have a fifth of that."""


class Consents:
    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    def begin(self, consent: Consent) -> str:
        """Note that a browser sets out; returns the state that brings it back, sealed with the installation's keys.

        Only the hash of what is in the state is kept, so that nobody who reads the database can finish a flow."""
        number = chance.token_urlsafe(32)
        sealed = self._secrets.seal({"verifier": consent.verifier, "redirect_uri": consent.redirect_uri})
        row = {
            "id": hashed(number),
            "account_id": consent.account_id,
            "integration": consent.integration,
            "team": consent.team,
            "browser": consent.browser,
            "sealed": sealed,
            "expires_at": consent.expires_at,
        }
        with self._database.writing() as connection:
            connection.execute(insert(consents), row)
        return self._secrets.seal({STATE: number})

    def take(self, state: str, integration: str, now: datetime) -> Consent:
        """Use a state up; of several at once, one gets it.

        Raises ConsentRefused: UNKNOWN for a state that is not ours or another integration's, USED, EXPIRED."""
        its_row = and_(consents.c.id == hashed(self._number(state)), consents.c.integration == integration)
        with self._database.writing() as connection:
            row = _checked(connection.execute(select(consents).where(its_row)).first(), now)
            # The verifier goes with the first use.
            used = connection.execute(update(consents).where(its_row, _is_unused()).values(used_at=now, sealed=""))
        if used.rowcount != 1:
            raise ConsentRefused(Reason.USED, team=row.team)
        return self._consent(row)

    def forget(self, before: datetime) -> int:
        """Forget those that expired before; returns how many there were."""
        with self._database.writing() as connection:
            return connection.execute(delete(consents).where(consents.c.expires_at < before)).rowcount

    def _number(self, state: str) -> str:
        """What was sealed in a state."""
        if not state.isascii() or len(state) > LONGEST_STATE:
            raise ConsentRefused(Reason.UNKNOWN)
        try:
            return str(self._secrets.open(state).get(STATE, ""))
        except Invalid:
            raise ConsentRefused(Reason.UNKNOWN) from None

    def _consent(self, row: AnyRow) -> Consent:
        opened = self._secrets.open(row.sealed)
        return Consent(
            account_id=row.account_id,
            integration=row.integration,
            team=row.team,
            browser=row.browser,
            verifier=opened["verifier"],
            redirect_uri=opened["redirect_uri"],
            expires_at=row.expires_at,
        )


def _is_unused() -> ColumnElement[bool]:
    return consents.c.used_at.is_(None)


def _checked(row: AnyRow | None, now: datetime) -> AnyRow:
    if row is None:
        raise ConsentRefused(Reason.UNKNOWN)
    if row.used_at is not None:
        raise ConsentRefused(Reason.USED, team=row.team)
    if row.expires_at <= now:
        raise ConsentRefused(Reason.EXPIRED, team=row.team)
    return row
