"""A request may be limited to some records, of any kind."""

from worker.core.jobs import JobRequest, named, only_of
from worker.core.records import INVOICE, PAYMENT


def test_a_request_for_some_records_names_each_with_its_kind() -> None:
    request = JobRequest(only=(named(INVOICE, "1"), named(PAYMENT, "1"), named(INVOICE, "a:b")))
    assert only_of(request, INVOICE) == ("1", "a:b")
    assert only_of(request, PAYMENT) == ("1",)


def test_a_request_for_everything_names_none() -> None:
    assert only_of(JobRequest(), INVOICE) == ()
