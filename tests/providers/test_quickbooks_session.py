"""How the session takes what goes wrong: nothing is sent twice that might double, and nothing private is told."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from tests.providers.quickbooks_line import ADA, House, Told, asking, batched, grant_for, reading, settings_for, writing
from tests.simulators.outlook import eventually
from tests.simulators.quickbooks import REALM, Books, served_quickbooks
from worker.core.errors import ConnectionRevoked, Rejected, SyncError, Transient, Uncertain, VersionConflict
from worker.providers.quickbooks.line import Line
from worker.providers.quickbooks.session import Session, company, open_client

SYSTEM = {
    "Fault": {"Error": [{"Message": "An application error", "Detail": "", "code": "10000"}], "type": "SystemFault"}
}
TROUBLE = [
    {"drop": "before"},
    {"drop": "after"},
    {"drop": "mid"},
    {"drop": "after", "reset": True},
    {"status": 503},
    {"status": 500, "body": "<html>"},
    {"status": 200, "body": "<html>"},
    {"status": 200, "body": SYSTEM},
    {"status": 400, "body": SYSTEM},
    {"status": 200, "body": "[]"},
    {"status": 200, "body": "{}"},
    {"status": 302, "headers": {"Location": "https://elsewhere.example/"}, "body": ""},
]


@pytest.fixture(scope="module")
def server() -> Iterator[Books]:
    with served_quickbooks() as books:
        yield books


@pytest.fixture
def house(server: Books) -> House:
    server.start_over()
    return House(server)


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    with house.line() as line:
        yield line


class TestTrouble:
    @pytest.mark.parametrize("how", TROUBLE)
    @pytest.mark.parametrize("ask", [writing, batched])
    def test_a_writing_without_an_answer_is_uncertain_and_sent_once(
        self, house: House, line: Line, how: Told, ask: Callable[[Line], object]
    ) -> None:
        house.order(**how)
        with pytest.raises(Uncertain):
            ask(line)
        eventually(lambda: house.asked() == 1)

    @pytest.mark.parametrize("how", TROUBLE)
    @pytest.mark.parametrize("ask", [reading, asking])
    def test_a_reading_without_an_answer_is_tried_once_more(
        self, house: House, line: Line, how: Told, ask: Callable[[Line], object]
    ) -> None:
        house.order(**how)
        ask(line)
        eventually(lambda: house.asked() == 2)

    @pytest.mark.parametrize("how", TROUBLE)
    def test_and_after_that_left_for_later(self, house: House, line: Line, how: Told) -> None:
        house.order(**how, times=None)
        with pytest.raises(Transient) as passing:
            reading(line)
        assert type(passing.value) is Transient
        eventually(lambda: house.asked() == 2)

    def test_a_request_that_never_left_was_not_carried_out(self, house: House) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        settings = replace(settings_for(house.books), base_url=f"http://127.0.0.1:{port}")
        line = Line(settings, grant_for(house.books), house.limits, house.slots, "acc_1")
        for ask in (writing, batched, reading):
            with pytest.raises(Transient) as passing:
                ask(line)
            assert type(passing.value) is Transient
        line.close()

    @pytest.mark.parametrize(
        ("how", "kind"),
        [
            ({"status": 200, "reason": "6000"}, Rejected),
            ({"status": 200, "reason": "5010"}, VersionConflict),
            ({"status": 400, "body": {"Fault": {"Error": [{"Message": "m", "code": "X-1"}]}}}, Rejected),
            ({"status": 400, "body": {"Fault": {"Error": [{}]}}}, Rejected),
            ({"status": 403}, ConnectionRevoked),
            ({"status": 403, "reason": "6190"}, ConnectionRevoked),
        ],
    )
    def test_a_refusal_is_one_in_every_shape_and_sent_once(
        self, house: House, line: Line, how: Told, kind: type[SyncError]
    ) -> None:
        for ask in (writing, reading):
            house.books.simulator.journal.clear()
            house.order(**how)
            with pytest.raises(kind):
                ask(line)
            eventually(lambda: house.asked() == 1)

    def test_it_waits_longer_than_intuit_may_take(self) -> None:
        with open_client("http://127.0.0.1:9") as client:
            assert client.timeout.read is not None
            assert client.timeout.read > 120
            assert client.timeout.connect == 5

    def test_a_new_client_of_the_library_asks_nobody_anything(self) -> None:
        with open_client("http://127.0.0.1:9") as client:
            made = company("http://127.0.0.1:9", REALM, Session(client, "a-token", reading=True))
        assert (made.api_url, made.minorversion, made.refresh_token) == ("http://127.0.0.1:9/v3", 75, "")


class TestTheLog:
    def test_it_has_what_intuits_support_asks_for_and_nothing_else(self, house: House, line: Line) -> None:
        house.order(operation="invoice.read", status=400, reason="6000", headers={"intuit_tid": "1-tid"})
        with capture_logs() as lines:
            line.write("Customer", ADA, request_id="r1")
            line.read("CompanyInfo", REALM)
            with pytest.raises(Rejected):
                line.read("Invoice", "its-own-id")
        assert [(one["event"], one["about"], one["status"]) for one in lines] == [
            ("quickbooks_written", "customer", 200),
            ("quickbooks_read", "companyinfo", 200),
            ("quickbooks_refused", "invoice", 400),
        ]
        assert all(one["intuit_tid"] for one in lines)
        assert lines[-1]["intuit_tid"] == "1-tid"
        assert {one["account"] for one in lines} == {"acc_1"}
        told = json.dumps(lines)
        for secret in (REALM, "Ada", house.books.refresh_token, "eyJ", "its-own-id"):
            assert secret not in told

    def test_an_error_does_not_repeat_an_answer(self, house: House, line: Line) -> None:
        for how in ({"status": 200, "body": '{"Customer": {"Notes": "private"'}, {"status": 500, "body": "private"}):
            house.order(**how)
            with pytest.raises(Uncertain) as lost:
                writing(line)
            assert "private" not in f"{lost.value} {lost.value.__cause__} {lost.value.__context__}"
