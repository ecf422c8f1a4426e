"""Which visits a query selects, cut into pages of which the first hundred are shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from worker.simulators.zendesk_sell.parameters import MOST_PAGES, Asked
from worker.simulators.zendesk_sell.settings import Settings
from worker.simulators.zendesk_sell.state import Account
from worker.simulators.zendesk_sell.visits import Visit

KEPT_SELECTIONS = 8


class Listing:
    """Answers listings; remembers the latest selections, so that going through the pages sorts once."""

    def __init__(self) -> None:
        self._selections: dict[tuple[Any, ...], list[int]] = {}

    def page(self, account: Account, asked: Asked, settings: Settings, url: str) -> dict[str, Any]:
        """The body of the page; `url` is the listing's own address, without a query.

        Pages count from the rows as they are now: one who pages while others write sees rows twice, or not at all.
        """
        ids = self._selected(account, asked)
        start = (asked.page - 1) * asked.per_page
        visits = [account.visits[visit_id] for visit_id in ids[start : start + asked.per_page]]
        has_more = start + asked.per_page < len(ids)
        return {
            "items": [{"data": visit, "meta": {"type": "visit"}} for visit in visits],
            "meta": {
                "type": "collection",
                "count": len(visits) if settings.count == "page" else len(ids),
                "links": _links(asked, settings, url, has_more=has_more),
            },
        }

    def forget(self) -> None:
        self._selections.clear()

    def _selected(self, account: Account, asked: Asked) -> list[int]:
        key = (id(account), account.version, asked.order, asked.descending, asked.filters)
        if key not in self._selections:
            while len(self._selections) >= KEPT_SELECTIONS:
                del self._selections[next(iter(self._selections))]
            self._selections[key] = _select(account, asked)
        return self._selections[key]


def _select(account: Account, asked: Asked) -> list[int]:
    found = [visit for visit in account.visits.values() if _passes(visit, asked)]
    found.sort(key=lambda visit: (visit[asked.order], visit["id"]), reverse=asked.descending)
    return [visit["id"] for visit in found]


def _passes(visit: Visit, asked: Asked) -> bool:
    return all(visit[name] == value for name, value in asked.filters)


def _links(asked: Asked, settings: Settings, url: str, *, has_more: bool) -> dict[str, str]:
    links = {"self": _link(url, asked, asked.page)}
    last = asked.page == MOST_PAGES and settings.next_page == "inside"
    if has_more and not last and settings.next_page != "never":
        links["next_page"] = _link(url, asked, asked.page + 1)
    return links


def _link(url: str, asked: Asked, page: int) -> str:
    order = f"{asked.order}:desc" if asked.descending else asked.order
    query = {"page": page, "per_page": asked.per_page, "sort_by": order, **dict(asked.filters)}
    return f"{url}?{urlencode(query)}"
