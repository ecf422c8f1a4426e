"""The simulated Zendesk Sell keeps the rules of the real one, over HTTP on the loopback."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.simulators.zendesk_sell import ACCOUNT, OTHER_ACCOUNT, VISITS, Sell, refused

FIELDS = {
    "id",
    "creator_id",
    "outcome_id",
    "resource_type",
    "resource_id",
    "visited_at",
    "resource_address",
    "rep_location_verification_status",
    "summary",
    "created_at",
    "updated_at",
}
NINE, TEN, ELEVEN = (f"2026-06-01T{hour:02}:00:00Z" for hour in (9, 10, 11))


class TestTheListing:
    def test_a_visit_is_told_with_all_its_fields_inside_the_envelope(self, sell: Sell) -> None:
        visit_id = sell.add(creator_id=7, outcome_id=11, visited_at="2026-06-01T12:00:00+02:00", summary="Met Ada")
        page = sell.page()
        (item,) = page["items"]
        assert item["meta"] == {"type": "visit"}
        assert item["data"].keys() == FIELDS
        expected = {"id": visit_id, "creator_id": 7, "outcome_id": 11, "visited_at": TEN, "summary": "Met Ada"}
        assert expected.items() <= item["data"].items()
        assert page["meta"]["type"] == "collection"
        assert page["meta"]["count"] == 1

    def test_an_empty_account_has_an_empty_page(self, sell: Sell) -> None:
        page = sell.page()
        assert (page["items"], page["meta"]["count"]) == ([], 0)
        assert page["meta"]["links"].keys() == {"self"}

    def test_one_account_never_sees_the_visits_of_another(self, sell: Sell) -> None:
        mine = sell.add()
        theirs = sell.simulator.add_visit(OTHER_ACCOUNT)["id"]
        assert sell.ids() == [mine]
        sell.act_with(sell.other_token)
        assert sell.ids() == [theirs]

    def test_a_page_has_25_visits_unless_per_page_says_otherwise(self, sell: Sell) -> None:
        ids = sell.simulator.load(ACCOUNT, 30)
        assert sell.ids() == ids[:25]
        assert sell.ids(page=2) == ids[25:]
        assert sell.ids(page=2, per_page=7) == ids[7:14]
        assert sell.ids(page=9) == []

    def test_links_lead_to_this_page_and_the_next_with_all_that_was_asked(self, sell: Sell) -> None:
        sell.simulator.load(ACCOUNT, 5, creators=[3])
        links = sell.page(per_page=2, sort_by="id:desc", creator_id=3)["meta"]["links"]
        assert links["self"].startswith(f"{sell.url}{VISITS}?page=1&")
        following = sell.client.get(links["next_page"]).json()
        assert [item["data"]["id"] for item in following["items"]] == [3, 2]
        last = sell.client.get(following["meta"]["links"]["next_page"]).json()
        assert "next_page" not in last["meta"]["links"]

    def test_count_is_of_the_page_or_of_all_by_its_switch(self, sell: Sell) -> None:
        sell.simulator.load(ACCOUNT, 5)
        assert sell.page(per_page=2)["meta"]["count"] == 2
        sell.simulator.configure(count="total")
        assert sell.page(per_page=2)["meta"]["count"] == 5

    def test_it_is_sorted_by_id_or_by_visited_at_up_or_down(self, sell: Sell) -> None:
        late, early, middle = sell.add(visited_at=ELEVEN), sell.add(visited_at=NINE), sell.add(visited_at=TEN)
        assert sell.ids() == sell.ids(sort_by="id") == [late, early, middle]
        assert sell.ids(sort_by="id:desc") == [middle, early, late]
        assert sell.ids(sort_by="visited_at") == [early, middle, late]
        assert sell.ids(sort_by="visited_at:desc") == [late, middle, early]

    @pytest.mark.parametrize(
        ("name", "value", "other"),
        [
            ("creator_id", 7, 8),
            ("outcome_id", 11, None),
            ("resource_type", "contact", "lead"),
            ("rep_location_verification_status", "location_unknown", "verified"),
        ],
    )
    def test_a_filter_finds_the_visits_with_its_value_alone(
        self, sell: Sell, name: str, value: object, other: object
    ) -> None:
        found = sell.add(**{name: value})
        sell.add(**{name: other})
        assert sell.ids(**{name: value}) == [found]

    def test_filters_are_joined(self, sell: Sell) -> None:
        sell.add(creator_id=7, resource_type="lead", resource_id=5)
        sell.add(creator_id=8, resource_type="contact", resource_id=5)
        found = sell.add(creator_id=7, resource_type="contact", resource_id=5)
        assert sell.ids(creator_id=7, resource_type="contact", resource_id=5) == [found]


class TestTheWindow:
    def test_a_listing_shows_ten_thousand_rows_and_parts_show_the_rest(self, sell: Sell) -> None:
        ids = sell.simulator.load(ACCOUNT, 25_000)
        assert len(self.read(sell)) == 10_000
        parts = [self.read(sell, creator_id=creator) for creator in (1, 2, 3, 4, 5)]
        assert max(map(len, parts)) < 10_000
        assert sorted(visit for part in parts for visit in part) == ids

    def test_the_last_page_hides_or_shows_that_there_is_more_by_its_switch(self, sell: Sell) -> None:
        sell.simulator.load(ACCOUNT, 101)
        last = {"page": 100, "per_page": 1}
        assert "next_page" not in sell.page(**last)["meta"]["links"]
        sell.simulator.configure(next_page="beyond")
        beyond = sell.page(**last)["meta"]["links"]["next_page"]
        assert refused(sell.client.get(beyond)) == (400, "invalid_param")
        sell.simulator.configure(next_page="never")
        assert sell.page(per_page=1)["meta"]["links"].keys() == {"self"}

    def test_25_000_rows_are_there_at_once(self, sell: Sell) -> None:
        started = time.monotonic()
        sell.simulator.load(ACCOUNT, 25_000)
        assert time.monotonic() - started < 5
        assert {visit["outcome_id"] for visit in sell.simulator.visits(ACCOUNT)} == {None, 11, 12, 13}

    def read(self, sell: Sell, **filters: Any) -> list[int]:
        """All rows by their links, a hundred at a time."""
        page = sell.page(per_page=100, **filters)
        ids = []
        while True:
            ids += [item["data"]["id"] for item in page["items"]]
            following = page["meta"]["links"].get("next_page")
            if following is None:
                return ids
            page = sell.client.get(following).json()


class TestWhatPeopleDo:
    def test_an_edit_moves_updated_at_and_keeps_the_rest(self, sell: Sell) -> None:
        before = sell.simulator.add_visit(ACCOUNT, created_at=NINE, visited_at=NINE)
        sell.simulator.edit_visit(ACCOUNT, before["id"], summary="Corrected")
        (item,) = sell.page()["items"]
        after = item["data"]
        assert after["updated_at"] > before["updated_at"] == NINE
        assert after == {**before, "summary": "Corrected", "updated_at": after["updated_at"]}

    def test_a_deleted_visit_leaves_no_trace(self, sell: Sell) -> None:
        kept, gone = sell.add(), sell.add()
        sell.simulator.delete_visit(ACCOUNT, gone)
        assert sell.ids() == [kept]
        assert sell.add() > gone

    def test_who_pages_while_a_row_goes_misses_one_and_while_one_comes_sees_one_twice(self, sell: Sell) -> None:
        ids = sell.simulator.load(ACCOUNT, 6)
        assert sell.ids(per_page=3) == ids[:3]
        sell.simulator.delete_visit(ACCOUNT, ids[0])
        assert sell.ids(per_page=3, page=2) == ids[4:]
        assert sell.ids(per_page=3, sort_by="id:desc") == ids[:2:-1]
        new = sell.add()
        assert sell.ids(per_page=3, page=2, sort_by="id:desc") == [ids[3], ids[2], ids[1]]
        assert sell.ids(per_page=1, sort_by="id:desc") == [new]

    def test_what_is_handed_out_is_a_copy(self, sell: Sell) -> None:
        visit = sell.simulator.add_visit(ACCOUNT, summary="Met Ada")
        visit["summary"] = "scribbled"
        sell.simulator.visits(ACCOUNT)[0]["summary"] = "scribbled"
        assert sell.page()["items"][0]["data"]["summary"] == "Met Ada"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("visited_at", "tomorrow"),
            ("visited_at", "2026-06-01T09:00:00"),
            ("resource_type", "deal"),
            ("rep_location_verification_status", "lost"),
            ("creator_id", None),
            ("creator_id", True),
            ("outcome_id", 0),
            ("summary", 5),
            ("id", 5),
        ],
    )
    def test_a_wrong_field_is_refused_and_named(self, sell: Sell, name: str, value: object) -> None:
        with pytest.raises(ValueError, match=name):
            sell.add(**{name: value})
        assert sell.ids() == []

    def test_what_is_not_there_is_a_lookup_error(self, sell: Sell) -> None:
        for call in (
            lambda: sell.simulator.edit_visit(ACCOUNT, 99),
            lambda: sell.simulator.delete_visit(ACCOUNT, 99),
            lambda: sell.simulator.visits("nobody"),
            lambda: sell.simulator.issue_token("nobody"),
            lambda: sell.simulator.revoke_token("nobody"),
        ):
            with pytest.raises(LookupError, match="there is no"):
                call()

    def test_names_and_tokens_are_given_once(self, sell: Sell) -> None:
        with pytest.raises(ValueError, match="already"):
            sell.simulator.add_account(ACCOUNT)
        with pytest.raises(ValueError, match="in use"):
            sell.simulator.issue_token(ACCOUNT, sell.other_token)
