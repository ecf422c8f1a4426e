"""FieldCamp's clients become records: their names, how to reach them, where they are and where the bill goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.core.codec import decode, encode
from worker.core.records import Client
from worker.sources.fieldcamp import clients

TOLD = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def address_parts(**parts: str) -> dict[str, str]:
    return {"street": "", "city": "", "region": "", "postal_code": "", "country": "", **parts}


def content(**fields: Any) -> dict[str, Any]:
    found = dict(clients.client_record({"id": "x_1", **fields}, TOLD).content)
    client = decode(Client, found)
    assert {name: value for name, value in encode(client).items() if name in found} == found
    assert found.pop("id") == "x_1"
    return found


@pytest.mark.parametrize(
    ("json", "found"),
    [
        (
            {"name": "Ann", "companyName": "Acme", "firstName": "A", "lastName": "B"},
            {"name": "Ann", "given": "A", "family": "B", "company": "Acme"},
        ),
        ({"name": None, "companyName": "Acme"}, {"name": "Acme", "company": "Acme"}),
        (
            {"firstName": " Ann ", "lastName": "Lee", "companyName": None},
            {"name": "Ann Lee", "given": "Ann", "family": "Lee", "company": ""},
        ),
        ({"name": "Ann", "firstName": ["A"], "lastName": 5.5}, {"name": "Ann"}),
        ({"name": None}, {"name": ""}),
        ({"email": "a@example.com"}, {"email": "a@example.com"}),
        ({"phoneNumber": {"countryCode": "+1", "number": "555 0100"}}, {"phone": "+1 555 0100"}),
        ({"phoneNumber": {"countryCode": "1", "number": "+15550100"}}, {"phone": "+15550100"}),
        ({"phoneNumber": {"countryCode": "1"}}, {"phone": ""}),
        ({"phoneNumber": "555 0100"}, {"phone": "555 0100"}),
        ({"phoneNumber": None}, {"phone": ""}),
        ({"phoneNumber": []}, {}),
        (
            {"propertyAddress": {"city": "Here"}, "billingAddress": {"city": "There"}},
            {"address": "Here", "billing": address_parts(city="There")},
        ),
        (
            {"propertyAddress": None, "billingAddress": {"city": "There"}},
            {"address": "There", "billing": address_parts(city="There")},
        ),
        (
            {"propertyAddress": {"city": "Here"}, "billingAddress": None},
            {"address": "Here", "billing": address_parts(city="Here")},
        ),
        ({"propertyAddress": {}, "billingAddress": None}, {"address": "", "billing": None}),
        ({"billingAddress": "1 Main St"}, {"address": "1 Main St", "billing": address_parts(street="1 Main St")}),
        (
            {
                "billingAddress": {
                    "street": "Main St",
                    "houseNumber": 12,
                    "city": "Springfield",
                    "state": "IL",
                    "zipCode": "62701",
                    "country": "US",
                    "latitude": 1.5,
                }
            },
            {
                "address": "Main St 12, Springfield, IL 62701, US",
                "billing": {
                    "street": "Main St 12",
                    "city": "Springfield",
                    "region": "IL",
                    "postal_code": "62701",
                    "country": "US",
                },
            },
        ),
        ({"propertyAddress": 5.5}, {}),
    ],
)
def test_a_client_goes_by_the_name_that_people_use(json: dict[str, Any], found: dict[str, Any]) -> None:
    assert content(**json) == found


@pytest.mark.parametrize("mark", [{"isDeleted": True}, {"deletedAt": "2026-06-01T07:00:00Z"}])
def test_a_softly_deleted_client_is_deleted(mark: dict[str, Any]) -> None:
    record = clients.client_record({"id": "cli_1", "name": "Ann", "updatedAt": "2026-06-01T07:00:00Z", **mark}, TOLD)
    assert (record.deleted, record.content, record.source_time) == (True, {"id": "cli_1"}, TOLD - timedelta(hours=1))
    assert not clients.client_record({"id": "cli_1", "isDeleted": False, "deletedAt": None}, TOLD).deleted
