"""Push channels: who may tell us of changes, and whose turn it is to be seen to."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Transaction
from sqlalchemy import and_, delete, exists, insert, select, update

from worker.core.channels import Channel, KnownChannel, Notice, Watch, renewal
from worker.store.engine import AnyRow, Database
from worker.store.tables import channels, connections, streams

HOLD = timedelta(minutes=2)
"""How long whoever takes a turn keeps it; if they die over it, somebody else sees to the channels then."""

NOBODYS_TOKEN = hashlib.sha256(b"nobody's token, which opens nothing").hexdigest()
"""What a message for an unknown channel is checked against, so that it takes as long as any other."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to see to one connection's channels until somebody else takes it, at ``until`` at the soonest."""

    connection_id: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """Whose channel a verified message came through. ``remote_id`` is None where its opening was never answered;
    ``due`` is when the connection is looked at anyway.
    """

    account_id: str
    remote_id: str | None
    due: datetime | None


class Channels:
    def __init__(self, database: Database) -> None:
        self._database = database

    def address_is(self, integration: str, address: str | None, now: datetime) -> None:
        """Have the connections seen to whose channels were opened with another address than this (None: no
        channels are wanted)."""
        other = and_(
            connections.c.connected,
            connections.c.integration == integration,
            connections.c.watched.is_distinct_from(address),
        )
        with self._database.reading() as reader:
            if reader.execute(select(connections.c.id).where(other).limit(1)).first() is None:
                return
        with self._database.writing() as transaction:
            transaction.execute(update(connections).where(other).values(watched=address, watch_at=now))

    def take_turn(self, integrations: Sequence[str], now: datetime) -> Turn | None:
        """The turn of the connection that is due longest, None where none is; each is given to one caller."""
        due = and_(connections.c.connected, connections.c.integration.in_(integrations), connections.c.watch_at <= now)
        longest = select(connections.c.id).where(due).order_by(connections.c.watch_at).limit(1)
        with self._database.reading() as reader:
            if reader.execute(longest).first() is None:
                return None
        with self._database.writing() as transaction:
            found = transaction.execute(longest.with_for_update(skip_locked=True, key_share=True)).scalar()
            return None if found is None else _take(transaction, found, now)

    def seize_turn(self, connection_id: int, now: datetime) -> Turn:
        """The turn of this connection, whoever has it."""
        with self._database.writing() as transaction:
            return _take(transaction, connection_id, now)

    def end_turn(self, turn: Turn, watch_at: datetime | None) -> None:
        """See to this connection's channels at ``watch_at`` next; nothing where somebody else has the turn."""
        with self._database.writing() as transaction:
            transaction.execute(update(connections).where(_has(turn)).values(watch_at=watch_at))

    def begin(self, turn: Turn, stream_id: int, channel: Channel, now: datetime) -> bool:
        """Note a channel before the provider is asked for it, so that its first message is known. False where somebody
        else has the turn: then do not ask."""
        row = {
            "id": channel.id,
            "connection_id": turn.connection_id,
            "stream_id": stream_id,
            "token": _hash(channel.token),
            "address": channel.address,
            "created_at": now,
            "renew_at": renewal(now, channel.expires_at),
            "expires_at": channel.expires_at,
            "retired": False,
        }
        with self._database.writing() as transaction:
            held = select(connections.c.id).where(_has(turn), connections.c.connected)
            if transaction.execute(held.with_for_update(key_share=True)).first() is None:
                return False
            transaction.execute(insert(channels).values(row))
        return True

    def opened(self, turn: Turn, channel_id: str, watch: Watch) -> bool:
        """Note what the provider answered. False where somebody else has the turn by now: they may have looked for
        channels to stop already, and not have found this one."""
        with self._database.writing() as transaction:
            held = select(connections.c.id).where(_has(turn)).with_for_update(key_share=True)
            in_turn = transaction.execute(held).first() is not None
            return _opened(transaction, channels.c.id == channel_id, watch.remote_id, watch.expires_at) and in_turn

    def learn(self, channel_id: str, remote_id: str, expires_at: datetime | None, now: datetime) -> None:
        """Note what a verified message told of a channel whose opening was not answered, and have the connection seen
        to: it may be one to stop. A turn that is being taken is not disturbed."""
        unanswered = and_(channels.c.id == channel_id, channels.c.remote_id.is_(None))
        of_it = select(channels.c.connection_id).where(channels.c.id == channel_id).scalar_subquery()
        later = and_(connections.c.id == of_it, connections.c.connected, connections.c.watch_at > now + HOLD)
        with self._database.writing() as transaction:
            transaction.execute(update(connections).where(later).values(watch_at=now + HOLD))
            _opened(transaction, unanswered, remote_id, expires_at)

    def of(self, connection_id: int) -> list[KnownChannel]:
        """The connection's channels, oldest first."""
        statement = select(channels, streams.c.name.label("stream")).join(streams, streams.c.id == channels.c.stream_id)
        its = statement.where(channels.c.connection_id == connection_id).order_by(channels.c.created_at, channels.c.id)
        with self._database.reading() as reader:
            return [_known(row) for row in reader.execute(its)]

    def heard(self, integration: str, notice: Notice) -> Heard | None:
        """Whose channel a message came through; None where it is unknown, of another integration, or the token is
        wrong, after the same work."""
        columns = (channels.c.token, channels.c.remote_id, connections.c.account_id, connections.c.next_look_at)
        joined = select(*columns).join(connections, connections.c.id == channels.c.connection_id)
        its = joined.where(channels.c.id == notice.channel_id, connections.c.integration == integration)
        with self._database.reading() as reader:
            row = reader.execute(its).first()
        is_ours = hmac.compare_digest(NOBODYS_TOKEN if row is None else row.token, _hash(notice.token))
        return Heard(row.account_id, row.remote_id, row.next_look_at) if row is not None and is_ours else None

    def remove(self, channel_id: str) -> None:
        """Forget a channel; its messages are refused from now on."""
        with self._database.writing() as transaction:
            transaction.execute(delete(channels).where(channels.c.id == channel_id))

    def remove_ended(self, now: datetime) -> None:
        """Forget the channels whose time is over."""
        ended = channels.c.expires_at <= now
        with self._database.reading() as reader:
            if not reader.execute(select(exists().where(ended))).scalar():
                return
        with self._database.writing() as transaction:
            transaction.execute(delete(channels).where(ended))


def retire(transaction: Transaction, connection_id: int) -> None:
    """Have all channels of a connection replaced, inside a transaction that holds it."""
    transaction.execute(update(channels).where(channels.c.connection_id == connection_id).values(retired=True))


def forget(transaction: Transaction, connection_ids: Any) -> None:
    """Forget all channels of connections, given by a subquery, inside a transaction that holds them."""
    transaction.execute(delete(channels).where(channels.c.connection_id.in_(connection_ids)))


def _take(transaction: Transaction, connection_id: int, now: datetime) -> Turn:
    turn = Turn(connection_id, now + HOLD)
    transaction.execute(update(connections).where(connections.c.id == connection_id).values(watch_at=turn.until))
    return turn


def _has(turn: Turn) -> Any:
    return and_(connections.c.id == turn.connection_id, connections.c.watch_at == turn.until)


def _opened(transaction: Transaction, which: Any, remote_id: str, expires_at: datetime | None) -> bool:
    """``expires_at`` None leaves what we asked for."""
    row = transaction.execute(select(channels).where(which).with_for_update(key_share=True)).first()
    if row is None:
        return False
    until = expires_at or row.expires_at
    values = {"remote_id": remote_id, "expires_at": until, "renew_at": renewal(row.created_at, until)}
    transaction.execute(update(channels).where(which).values(values))
    return True


def _known(row: AnyRow) -> KnownChannel:
    return KnownChannel(
        row.id,
        row.stream,
        row.address,
        row.remote_id,
        row.created_at,
        row.renew_at,
        row.expires_at,
        row.retired,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
