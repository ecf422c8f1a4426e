"""Which calendars a connection writes to, and whose grant reaches each."""

from collections.abc import Collection, Mapping

from worker.core.ports import Stream

PRIMARY = "primary"
"""The calendar of whoever granted access, who need not be named."""


def streams(calendars: Mapping[str, str], teams: Collection[str]) -> list[Stream]:
    """One stream for each calendar, by ``calendars`` (team member → calendar) and by who has granted access.

    ``teams`` names the grants: a team member, or ``""`` for the connection's one grant. Members who share a calendar
    share its stream; one who is on none and has a grant of their own uses their own. Without either, one stream takes
    every visit to the calendar of whoever granted access. A member whom no grant reaches has no stream.
    """
    mapped = {team: calendar for team, calendar in calendars.items() if team in teams or "" in teams}
    named = {**mapped, **{team: PRIMARY for team in sorted(teams) if team and team not in mapped}}
    if not named:
        return [Stream(PRIMARY, PRIMARY)] if "" in teams else []
    shared: dict[tuple[str, str], list[str]] = {}
    for team, calendar in named.items():
        own = team if calendar == PRIMARY and team in teams else ""
        shared.setdefault((own, calendar), []).append(team)
    return [
        _stream(calendar, members, next((member for member in sorted(members) if member in teams), None))
        for (_, calendar), members in shared.items()
    ]


def way(stream: Stream) -> tuple[str, str]:
    """The name of the grant that reaches a stream, and its calendar.

    A stream that the settings no longer name has nothing but its own name to tell that.
    """
    if stream.live:
        return stream.grant or "", stream.target
    team, colon, calendar = stream.name.rpartition(":")
    return (team, calendar) if colon and calendar == PRIMARY else ("", stream.name)


def _stream(calendar: str, members: list[str], grant: str | None) -> Stream:
    """Named after its calendar, whoever's grant reaches it: another grant makes no second set of events there."""
    name = f"{grant}:{calendar}" if grant and calendar == PRIMARY else calendar
    return Stream(name, calendar, frozenset(members), grant=grant)
