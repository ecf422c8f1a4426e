"""Opens the house for one command, and closes it after."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker import settings
from worker.core.connections import Account
from worker.core.errors import Invalid
from worker.embedded import running
from worker.wiring import Wiring


@contextmanager
def opened() -> Iterator[Wiring]:
    """The parts of this process, with the broker of a ``visit-sync up`` on this machine where none is named."""
    chosen = settings.load()
    if chosen.redis_url is None and (addresses := running(chosen.data_dir)) is not None:
        chosen = chosen.with_redis(addresses.broker)
    wiring = Wiring(chosen)
    try:
        if chosen.is_sqlite:
            wiring.store.upgrade()
        yield wiring
    finally:
        wiring.close()


def account_of(wiring: Wiring, account_id: str | None) -> Account:
    """The account that was named, or the only one there is. Raises Invalid with what to do."""
    if account_id is not None:
        account = wiring.store.accounts.get(account_id)
        if account is None:
            raise Invalid(f"--account: there is no account {account_id}", {"account": "unknown"})
        return account
    accounts = wiring.store.accounts.all()
    if len(accounts) != 1:
        remedy = "name one with --account" if accounts else "make one with: visit-sync account create NAME"
        raise Invalid(f"--account: there are {len(accounts)} accounts; {remedy}", {"account": "expected one"})
    return accounts[0]
