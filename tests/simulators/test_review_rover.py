"""The simulated ReviewRover keeps the rules of the real one, over HTTP on the loopback."""

from __future__ import annotations

import time

import pytest

from tests.simulators.review_rover import ACCOUNT, CONTACTS, OTHER_ACCOUNT, VISITS, Rover, errors

NINE, TEN = "2026-06-01T09:00:00.000Z", "2026-06-01T10:00:00.000Z"


class TestAVisit:
    def test_it_is_told_with_all_its_fields(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1", time_scheduled=NINE)
        assert made.pop("created_at") == made.pop("updated_at")
        assert isinstance(made.pop("id"), int)
        assert made == {
            "external_id": "vis_1",
            "contact_id": rover.contact,
            "time_scheduled": NINE,
            "time_completed": None,
            "amount_collected": None,
            "date_cancelled": None,
            "event_date": NINE,
            "completed": False,
        }

    def test_it_is_found_by_its_number_and_by_its_external_id(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1")
        assert rover.get(made["id"]).json() == rover.get("vis_1").json() == made

    def test_digits_are_its_number_first_and_its_external_id_second(self, rover: Rover) -> None:
        first = rover.create(external_id="vis_1")
        second = rover.create(external_id=str(first["id"]))
        third = rover.create(external_id="424242")
        assert rover.get(first["id"]).json() == first != second
        assert rover.get("424242").json() == third

    def test_a_change_touches_what_it_names_and_an_empty_value_takes_away(self, rover: Rover) -> None:
        rover.create(external_id="vis_1", time_scheduled=NINE, amount_collected="120.50")
        changed = rover.put("vis_1", time_scheduled=TEN).json()
        assert (changed["time_scheduled"], changed["amount_collected"]) == (TEN, "120.50")
        assert rover.put("vis_1", amount_collected="").json()["amount_collected"] is None
        assert rover.get("vis_1").json()["time_scheduled"] == TEN

    def test_updated_at_moves_with_a_change(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1")
        time.sleep(0.005)
        changed = rover.put("vis_1", time_scheduled=TEN).json()
        assert changed["updated_at"] > made["updated_at"]
        assert changed["created_at"] == made["created_at"]

    def test_the_event_date_follows_the_schedule_until_it_is_given(self, rover: Rover) -> None:
        rover.create(external_id="vis_1", time_scheduled=NINE)
        assert rover.put("vis_1", time_scheduled=TEN).json()["event_date"] == TEN
        assert rover.put("vis_1", event_date="2026-07-01").json()["event_date"] == "2026-07-01T00:00:00.000Z"
        assert rover.put("vis_1", time_scheduled=NINE).json()["event_date"] == "2026-07-01T00:00:00.000Z"

    def test_times_come_back_in_utc_and_amounts_as_text_with_cents(self, rover: Rover) -> None:
        made = rover.create(time_scheduled="2026-06-01T12:00:00+02:00", amount_collected="99.5")
        assert (made["time_scheduled"], made["amount_collected"]) == (TEN, "99.50")

    def test_completed_follows_from_time_completed(self, rover: Rover) -> None:
        rover.create(external_id="vis_1")
        assert rover.put("vis_1", time_completed=NINE).json()["completed"] is True
        assert rover.put("vis_1", time_completed="").json()["completed"] is False

    def test_a_deleted_one_is_gone_and_its_external_id_is_free(self, rover: Rover) -> None:
        first = rover.create(external_id="vis_1")
        answer = rover.delete("vis_1")
        assert (answer.status_code, answer.content) == (204, b"")
        assert [rover.get(told).status_code for told in ("vis_1", first["id"])] == [404, 404]
        assert rover.delete("vis_1").json() == {"error": "Not found"}
        assert rover.create(external_id="vis_1")["id"] > first["id"]

    def test_another_account_sees_and_changes_none_of_it(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1")
        rover.act_with(rover.other_token)
        assert rover.page()["data"] == []
        for answer in (rover.get(made["id"]), rover.put("vis_1", time_completed=NINE), rover.delete("vis_1")):
            assert answer.status_code == 404
        assert errors(rover.post(contact_id=rover.contact)) == {"contact_id": ["does not exist"]}
        other = rover.simulator.add_contact(OTHER_ACCOUNT, email="bob@example.com")["id"]
        assert rover.post(contact_id=other, external_id="vis_1").status_code == 201

    def test_it_can_stand_below_data_by_its_switch(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1")
        rover.simulator.configure(single_answers="data")
        assert rover.get("vis_1").json() == {"data": made}
        rover.simulator.configure(single_answers="named", visit_lists="named")
        assert rover.get("vis_1").json() == {"visit": made}
        assert rover.page()["visits"] == [made]


class TestTheList:
    def test_it_is_cut_into_pages_of_25(self, rover: Rover) -> None:
        ids = [rover.simulator.add_visit(ACCOUNT, contact_id=rover.contact)["id"] for _ in range(30)][::-1]
        first, second = rover.page(), rover.page(page=2)
        assert [visit["id"] for visit in first["data"]] == ids[:25]
        assert [visit["id"] for visit in second["data"]] == ids[25:]
        assert first["pagination"] == {"page": 1, "limit": 25, "total": 30, "total_pages": 2}
        assert rover.page(page=3) == {
            "data": [],
            "pagination": {"page": 3, "limit": 25, "total": 30, "total_pages": 2},
        }
        assert rover.page(limit=100)["pagination"]["total_pages"] == 1

    def test_an_empty_one_has_no_pages(self, rover: Rover) -> None:
        assert rover.page()["pagination"] == {"page": 1, "limit": 25, "total": 0, "total_pages": 0}

    def test_a_new_visit_moves_the_others_down_or_by_its_switch_stands_last(self, rover: Rover) -> None:
        first, second, third = (rover.create()["id"] for _ in range(3))
        assert [visit["id"] for visit in rover.page(limit=2)["data"]] == [third, second]
        fourth = rover.create()["id"]
        assert [visit["id"] for visit in rover.page(limit=2, page=2)["data"]] == [second, first]
        rover.simulator.configure(order="oldest")
        assert [visit["id"] for visit in rover.page()["data"]] == [first, second, third, fourth]

    @pytest.mark.parametrize(
        ("name", "value"), [("limit", "0"), ("limit", "101"), ("limit", "x"), ("page", "0"), ("external_id", "vis_1")]
    )
    def test_a_wrong_parameter_is_refused_and_named(self, rover: Rover, name: str, value: str) -> None:
        assert errors(rover.client.get(VISITS, params={name: value})).keys() == {name}


class TestContacts:
    def test_one_is_made_and_found_by_its_address(self, rover: Rover) -> None:
        answer = rover.post(CONTACTS, email="bob@example.com", first_name="Bob", last_name="Ray", phone="+1 555")
        made = answer.json()
        assert answer.status_code == 201
        assert made["id"].startswith("cont_")
        assert made.keys() == {
            *("id", "account_id", "email", "first_name", "last_name", "phone", "company", "position"),
            *("created_at", "updated_at"),
        }
        assert self.found(rover, "bob@example.com") == {"has_more": False, "data": [made]}
        assert self.found(rover, "nobody@example.com") == {"has_more": False, "data": []}

    def test_it_is_found_by_the_same_letters_or_by_its_switch_in_any_case(self, rover: Rover) -> None:
        assert self.found(rover, "Ada@Example.com")["data"] == []
        rover.simulator.configure(email_match="any_case")
        assert len(self.found(rover, "Ada@Example.com")["data"]) == 1

    def test_a_second_one_with_an_address_is_made_or_by_its_switch_refused(self, rover: Rover) -> None:
        assert rover.post(CONTACTS, email="ada@example.com").status_code == 201
        assert len(self.found(rover, "ada@example.com")["data"]) == 2
        rover.simulator.configure(second_email="refused")
        assert errors(rover.post(CONTACTS, email="ada@example.com")) == {"email": ["has already been taken"]}
        assert rover.post(CONTACTS, email="bob@example.com").status_code == 201

    @pytest.mark.parametrize(
        ("form", "named"),
        [
            ({}, "email"),
            ({"email": ""}, "email"),
            ({"email": "ada"}, "email"),
            ({"email": "bob@example.com", "id": "cont_1"}, "id"),
            ({"email": "bob@example.com", "company": "Acme"}, "company"),
            ({"email": "bob@example.com", "age": "7"}, "age"),
        ],
    )
    def test_a_wrong_field_is_refused_and_named(self, rover: Rover, form: dict[str, str], named: str) -> None:
        assert errors(rover.post(CONTACTS, **form)).keys() == {named}
        assert len(rover.simulator.contacts(ACCOUNT)) == 1

    def test_without_an_address_the_first_25_are_told(self, rover: Rover) -> None:
        for number in range(25):
            rover.simulator.add_contact(ACCOUNT, email=f"{number}@example.com")
        told = rover.client.get(CONTACTS).json()
        assert (len(told["data"]), told["has_more"]) == (25, True)
        assert errors(rover.client.get(CONTACTS, params={"page": 2})).keys() == {"page"}

    def test_another_accounts_are_not_found(self, rover: Rover) -> None:
        rover.act_with(rover.other_token)
        assert self.found(rover, "ada@example.com")["data"] == []

    def found(self, rover: Rover, email: str) -> dict[str, list[object]]:
        told: dict[str, list[object]] = rover.client.get(CONTACTS, params={"email": email}).json()
        return told


class TestReviewRequests:
    def test_one_goes_out_when_a_visit_is_completed_for_the_first_time(self, rover: Rover) -> None:
        made = rover.create(external_id="vis_1", time_scheduled=NINE)
        assert rover.asked() == []
        rover.put("vis_1", time_completed=TEN, amount_collected="120.5")
        (sent,) = rover.simulator.review_requests(ACCOUNT)
        assert sent.pop("sent_at") >= made["created_at"]
        assert sent == {
            "visit_id": made["id"],
            "external_id": "vis_1",
            "contact_id": rover.contact,
            "email": "ada@example.com",
            "time_completed": TEN,
            "amount_collected": "120.50",
        }

    def test_none_goes_out_again_for_the_same_visit(self, rover: Rover) -> None:
        rover.create(external_id="vis_1", time_completed=NINE)
        rover.put("vis_1", time_completed=TEN)
        rover.put("vis_1", time_completed="")
        rover.put("vis_1", time_completed=NINE)
        assert rover.asked() == ["vis_1"]

    def test_a_client_asked_twice_shows(self, rover: Rover) -> None:
        rover.simulator.configure(second_external_id="created")
        rover.create(external_id="vis_1", time_completed=NINE)
        rover.create(external_id="vis_1", time_completed=NINE)
        rover.simulator.delete_visit(ACCOUNT, "vis_1")
        assert rover.asked() == ["vis_1", "vis_1"]

    def test_a_refused_visit_asks_nobody(self, rover: Rover) -> None:
        rover.create(external_id="vis_1")
        rover.post(contact_id=rover.contact, external_id="vis_1", time_completed=NINE)
        rover.put("vis_1", time_completed=NINE, amount_collected="x")
        assert rover.asked() == []

    def test_they_are_told_for_one_account_or_all(self, rover: Rover) -> None:
        other = rover.simulator.add_contact(OTHER_ACCOUNT, email="bob@example.com")["id"]
        rover.simulator.add_visit(OTHER_ACCOUNT, contact_id=other, external_id="vis_2", time_completed=NINE)
        rover.create(external_id="vis_1", time_completed=NINE)
        assert rover.asked() == ["vis_1", "vis_2"]
        assert [sent["external_id"] for sent in rover.simulator.review_requests(OTHER_ACCOUNT)] == ["vis_2"]


class TestWhatPeopleDo:
    def test_a_visit_is_entered_edited_and_deleted_by_hand(self, rover: Rover) -> None:
        made = rover.simulator.add_visit(ACCOUNT, contact_id=rover.contact)
        assert rover.get(made["id"]).json() == made
        assert made["external_id"] is None
        rover.simulator.edit_visit(ACCOUNT, made["id"], amount_collected="5")
        assert rover.get(made["id"]).json()["amount_collected"] == "5.00"
        rover.simulator.delete_visit(ACCOUNT, made["id"])
        assert rover.get(made["id"]).status_code == 404

    def test_a_contact_that_is_gone_keeps_its_visits_and_takes_no_new_ones(self, rover: Rover) -> None:
        rover.create(external_id="vis_1")
        rover.simulator.remove_contact(ACCOUNT, rover.contact)
        assert errors(rover.post(contact_id=rover.contact)) == {"contact_id": ["does not exist"]}
        assert rover.put("vis_1", time_completed=NINE).status_code == 200
        assert rover.simulator.review_requests()[0]["email"] is None

    def test_what_is_handed_out_is_a_copy(self, rover: Rover) -> None:
        rover.create(external_id="vis_1", time_completed=NINE)
        rover.simulator.visits(ACCOUNT)[0]["external_id"] = "scribbled"
        rover.simulator.contacts(ACCOUNT)[0]["email"] = "scribbled"
        rover.simulator.review_requests()[0]["external_id"] = "scribbled"
        assert [visit["external_id"] for visit in rover.simulator.visits(ACCOUNT)] == rover.asked() == ["vis_1"]
        assert rover.simulator.contacts(ACCOUNT)[0]["email"] == "ada@example.com"

    def test_what_is_wrong_or_not_there_is_an_error(self, rover: Rover) -> None:
        with pytest.raises(ValueError, match="contact_id"):
            rover.simulator.add_visit(ACCOUNT)
        with pytest.raises(ValueError, match="already"):
            rover.simulator.add_account(ACCOUNT)
        with pytest.raises(ValueError, match="in use"):
            rover.simulator.issue_token(ACCOUNT, rover.other_token)
        for call in (
            lambda: rover.simulator.edit_visit(ACCOUNT, "vis_9"),
            lambda: rover.simulator.delete_visit(ACCOUNT, "vis_9"),
            lambda: rover.simulator.visits("nobody"),
            lambda: rover.simulator.issue_token("nobody"),
            lambda: rover.simulator.revoke_token("nobody"),
        ):
            with pytest.raises(LookupError, match="there is no"):
                call()
