"""Numbers: each account's changes in the order of their commits.

A number is drawn by updating the account's row, which then stays locked until the commit. So whoever reads the
account's number knows that everything up to it can be seen."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, select, update

from worker.store.tables import accounts


def current(connection: Connection, account_id: str) -> int:
    """The last number drawn by a committed transaction."""
    return int(connection.execute(select(accounts.c.number).where(accounts.c.id == account_id)).scalar_one())


def draw(connection: Connection, account_id: str, how_many: int) -> range:
    """That many new numbers, in order."""
    statement = update(accounts).where(accounts.c.id == account_id).values(number=accounts.c.number + how_many)
    last = connection.execute(statement.returning(accounts.c.number)).scalar_one()
    return range(last - how_many + 1, last + 1)


def hold(connection: Connection, account_ids: Iterable[str]) -> dict[str, int]:
    """The numbers of these accounts, held until the commit; unknown accounts are left out."""
    statement = select(accounts.c.id, accounts.c.number).where(accounts.c.id.in_(sorted(set(account_ids))))
    rows = connection.execute(statement.order_by(accounts.c.id).with_for_update(key_share=True))
    return {row.id: row.number for row in rows}


def advance(connection: Connection, drawn: Mapping[str, int]) -> None:
    """Set held accounts to the last numbers that were drawn of them."""
    if drawn:
        statement = update(accounts).where(accounts.c.id == bindparam("account")).values(number=bindparam("drawn"))
        connection.execute(statement, [{"account": account, "drawn": number} for account, number in drawn.items()])
