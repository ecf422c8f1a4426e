"""How a connection's people want it: which team member each rep of Sell is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.core.errors import Invalid

EXPECTED = 'expected an object of creator ids and team members, such as {"4711": "usr_1"}'


@dataclass(frozen=True, slots=True)
class SellPreferences:
    """``reps`` maps the id of a user of Sell (``creator_id``) to a team member."""

    reps: Mapping[str, str] = field(default_factory=dict)


def sell_preferences(settings: Mapping[str, Any]) -> SellPreferences:
    """The settings of a Sell connection; two reps may be one team member. Raises Invalid that names every field that is
    wrong: ``reps``, or one of its entries as ``reps.4711``.
    """
    wrong = {name: "is not a setting; expected reps" for name in settings if name != "reps"}
    reps = settings.get("reps", {})
    if isinstance(reps, Mapping):
        wrong |= {f"reps.{creator}": EXPECTED for creator, member in reps.items() if not _is_pair(creator, member)}
    else:
        wrong["reps"] = EXPECTED
    if wrong:
        name, problem = next(iter(wrong.items()))
        raise Invalid(f"settings: {name}: {problem}", wrong)
    return SellPreferences(dict(reps))


def _is_pair(creator: object, member: object) -> bool:
    is_id = isinstance(creator, str) and creator.isascii() and creator.isdigit() and not creator.startswith("0")
    return is_id and isinstance(member, str) and bool(member.strip()) and member == member.strip()
