"""How events of the Outlook simulator are known again: ids, transactions and extended properties."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.outlook import IMMUTABLE, KEY, OTHER, TECH, Graph, code, served_outlook


@pytest.fixture(scope="module")
def server() -> Iterator[Graph]:
    with served_outlook() as graph:
        yield graph


@pytest.fixture
def graph(server: Graph) -> Graph:
    server.start_over()
    return server


def tagged(value: str) -> list[dict[str, str]]:
    return [{"id": KEY, "value": value}]


def by_key(value: str, key: str = KEY) -> dict[str, str]:
    return {"$filter": f"singleValueExtendedProperties/Any(ep: ep/id eq '{key}' and ep/value eq '{value}')"}


EXPAND = {"$expand": f"singleValueExtendedProperties($filter=id eq '{KEY}')"}


class TestIds:
    def test_ids_of_neighbours_differ_in_the_case_of_one_letter(self, graph: Graph) -> None:
        first, second = (graph.create().json()["id"] for _ in range(2))
        assert first != second
        assert first.lower() == second.lower()
        assert len(first) > 100
        assert "=" in first

    def test_a_default_id_changes_when_the_event_moves_and_an_immutable_one_stays(self, graph: Graph) -> None:
        holidays = graph.simulator.add_calendar(TECH, "Holidays")
        default = graph.create().json()["id"]
        prefer = {"prefer": IMMUTABLE}
        immutable = graph.client.get("/me/events", headers=prefer).json()["value"][0]["id"]
        graph.simulator.person_refiles(TECH, immutable, holidays)
        assert code(graph.get(default)) == (404, "ErrorItemNotFound")
        assert graph.get(immutable, headers=prefer).json()["subject"] == "Boiler"
        moved = graph.client.get(f"/me/calendars/{holidays}/events").json()["value"][0]["id"]
        assert moved not in (default, immutable)

    def test_an_id_of_the_kind_that_was_not_asked_for_is_not_found(self, graph: Graph) -> None:
        made = graph.create().json()
        immutable = graph.simulator.events(TECH)[0]["id"]
        assert code(graph.get(immutable)) == (404, "ErrorItemNotFound")
        assert code(graph.get(made["id"], headers={"prefer": IMMUTABLE})) == (404, "ErrorItemNotFound")
        graph.simulator.set(other_ids="accepted")
        assert graph.get(immutable).json()["id"] == made["id"]

    def test_what_cannot_be_an_id_is_malformed(self, graph: Graph) -> None:
        assert code(graph.get("vis_1")) == (400, "ErrorInvalidIdMalformed")

    def test_one_kind_of_id_can_be_translated_to_the_other(self, graph: Graph) -> None:
        made = graph.create().json()["id"]
        kinds = {"sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
        answer = graph.client.post("/me/translateExchangeIds", json={"inputIds": [made, "AAMkA"], **kinds}).json()
        assert answer["value"][0]["targetId"] == graph.simulator.events(TECH)[0]["id"]
        assert answer["value"][1]["errorDetails"]["code"] == "ErrorItemNotFound"


class TestTransactions:
    def test_the_same_transaction_makes_one_event(self, graph: Graph) -> None:
        first = graph.create(transactionId="visit-1").json()
        again = graph.create(transactionId="visit-1", subject="Other")
        assert (again.status_code, again.json()["id"], again.json()["subject"]) == (201, first["id"], "Boiler")
        assert len(graph.simulator.events(TECH)) == graph.simulator.counters()["create"] == 1

    @pytest.mark.parametrize("answer", ["200", "409"])
    def test_what_a_duplicate_gets_can_be_switched(self, graph: Graph, answer: str) -> None:
        graph.simulator.set(duplicate_answer=answer)
        graph.create(transactionId="visit-1")
        assert graph.create(transactionId="visit-1").status_code == int(answer)
        assert len(graph.simulator.events(TECH)) == 1

    def test_a_transaction_is_remembered_for_a_while_and_in_its_mailbox(self, graph: Graph) -> None:
        graph.create(transactionId="visit-1")
        graph.act_as(OTHER)
        graph.create(transactionId="visit-1")
        graph.act_as(TECH)
        graph.simulator.pass_time(3601)
        graph.act_as(TECH)
        graph.create(transactionId="visit-1")
        assert (len(graph.simulator.events(TECH)), len(graph.simulator.events(OTHER))) == (2, 1)

    def test_the_transaction_of_a_deleted_event_is_free_or_taken_as_it_is_set(self, graph: Graph) -> None:
        graph.delete(graph.create(transactionId="visit-1").json()["id"])
        second = graph.create(transactionId="visit-1")
        assert second.status_code == 201
        graph.delete(second.json()["id"])
        graph.simulator.set(transactions_of_deleted=True)
        assert code(graph.create(transactionId="visit-1")) == (409, "ErrorDuplicateTransactionId")

    def test_a_transaction_never_changes_and_is_told_only_where_there_is_one(self, graph: Graph) -> None:
        made = graph.create(transactionId="visit-1").json()
        assert made["transactionId"] == "visit-1"
        assert code(graph.patch(made["id"], transactionId="visit-2")) == (400, "ErrorPropertyValidationFailure")
        assert "transactionId" not in graph.create().json()


class TestExtendedProperties:
    def test_they_are_told_only_where_they_are_expanded(self, graph: Graph) -> None:
        made = graph.create(singleValueExtendedProperties=tagged("vis_1.1")).json()
        assert "singleValueExtendedProperties" not in made
        assert "singleValueExtendedProperties" not in graph.get(made["id"]).json()
        assert graph.get(made["id"], params=EXPAND).json()["singleValueExtendedProperties"] == tagged("vis_1.1")

    def test_an_event_is_found_by_name_with_case_and_value_without(self, graph: Graph) -> None:
        made = graph.create(singleValueExtendedProperties=tagged("vis_1.1")).json()
        graph.create(singleValueExtendedProperties=tagged("vis_2.1"))
        for value, found in (("VIS_1.1", [made["id"]]), ("vis_1", [])):
            listed = graph.client.get("/me/events", params=by_key(value)).json()["value"]
            assert [one["id"] for one in listed] == found
        assert (
            graph.client.get("/me/events", params=by_key("vis_1.1", KEY.replace("Visit", "visit"))).json()["value"]
            == []
        )

    def test_a_patch_keeps_those_that_it_does_not_name(self, graph: Graph) -> None:
        made = graph.create(singleValueExtendedProperties=tagged("vis_1.1")).json()
        graph.patch(made["id"], subject="Pump")
        graph.patch(made["id"], singleValueExtendedProperties=[{"id": KEY.replace("Visit", "Job"), "value": "7"}])
        assert graph.get(made["id"], params=EXPAND).json()["singleValueExtendedProperties"] == tagged("vis_1.1")

    @pytest.mark.parametrize("query", [{"$filter": "contains(subject,'x')"}, {"$expand": "extensions"}])
    def test_another_filter_or_expansion_is_refused(self, graph: Graph, query: dict[str, str]) -> None:
        assert graph.client.get("/me/events", params=query).status_code == 400

    def test_a_copy_has_them_and_no_transaction(self, graph: Graph) -> None:
        graph.create(singleValueExtendedProperties=tagged("vis_1.1"), transactionId="visit-1")
        graph.simulator.person_copies(TECH, graph.simulator.events(TECH)[0]["id"])
        listed = graph.client.get("/me/events", params={**by_key("vis_1.1")}).json()["value"]
        assert [one.get("transactionId") for one in listed] == ["visit-1", None]
