"""What stands in an answer, and how amounts leave."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from worker.core.errors import Rejected, Transient
from worker.providers.quickbooks.answers import batch_items, cdc_response, query_response, server_time, the_object
from worker.providers.quickbooks.encoding import encoded


class TestWrappings:
    @pytest.mark.parametrize(
        "unwrap",
        [
            lambda: query_response({}),
            lambda: query_response({"QueryResponse": []}),
            lambda: cdc_response({}),
            lambda: cdc_response({"CDCResponse": [{}]}),
            lambda: cdc_response({"CDCResponse": [{"QueryResponse": [7]}]}),
            lambda: batch_items({}, reading=True),
            lambda: the_object({"time": "x"}, "Invoice", reading=True),
            lambda: the_object({"Payment": {}}, "Invoice", reading=True),
            lambda: the_object({"Invoice": []}, "Invoice", reading=True),
            lambda: server_time({"time": "2026-11-20T10:00:00"}, None, reading=True),
            lambda: server_time({"time": 1763632800000}, "yesterday", reading=True),
        ],
    )
    def test_an_answer_without_what_was_asked_for_is_none(self, unwrap: Callable[[], object]) -> None:
        with pytest.raises(Transient) as passing:
            unwrap()
        assert type(passing.value) is Transient

    def test_a_fault_inside_an_answer_is_one(self) -> None:
        fault = {"Fault": {"Error": [{"code": "6000", "Message": "m"}]}}
        for answer in ([fault], [{"QueryResponse": [{}, fault]}]):
            with pytest.raises(Rejected):
                cdc_response({"CDCResponse": answer})
        with pytest.raises(Rejected):
            query_response({"QueryResponse": fault})

    def test_a_service_answers_without_a_wrapping(self) -> None:
        assert the_object({"TaxCodeId": "5"}, "TaxService/Taxcode", reading=False) == {"TaxCodeId": "5"}

    def test_the_header_tells_the_time_where_the_answer_does_not(self) -> None:
        ten = datetime(2026, 11, 20, 10, tzinfo=UTC)
        for told in ({}, {"time": 1763632800000}, {"time": "soon"}):
            assert server_time(told, "Fri, 20 Nov 2026 10:00:00 GMT", reading=True) == ten
        assert server_time({"time": "2026-11-20T02:00:00.000-08:00"}, None, reading=True) == ten


class TestEncoding:
    def test_amounts_are_numbers_with_just_their_digits(self) -> None:
        told = {
            "a": Decimal("10.10"),
            "b": [Decimal("1E+3"), Decimal("-0.05")],
            "c": 'ü"',
            "d": None,
            "e": True,
            "f": 7,
        }
        text = encoded(told)
        assert text.startswith('{"a":10.10,"b":[1000,-0.05],')
        assert json.loads(text, parse_float=Decimal) == told

    @pytest.mark.parametrize("wrong", [1.5, b"x", object(), {1, 2}])
    def test_what_loses_cents_or_is_no_json_is_refused(self, wrong: object) -> None:
        with pytest.raises(TypeError):
            encoded({"a": wrong})

    def test_an_amount_that_is_no_number_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no number"):
            encoded(Decimal("NaN"))
