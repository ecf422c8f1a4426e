"""`visit-sync sync`, `jobs` and `job`."""

import pytest

from tests.cli.office import Office, wait_until
from tests.cli.shell import Said
from worker.demo.company import API_KEY
from worker.simulators.faults import Fault

GOOGLE = "google_calendar"
JOB_FIELDS = {
    "job_id", "integration", "mode", "scope", "trigger", "dry_run", "status", "created_at", "started_at", "finished_at",
    "attempts", "progress", "counts", "records", "error",
}  # fmt: skip


def sync(office: Office, *options: str) -> Said:
    return office.shell("sync", GOOGLE, "--account", office.account_id, *options)


def add_visit(office: Office) -> None:
    number = len(office.town.fieldcamp.visits(API_KEY))
    office.town.fieldcamp.load_visits(API_KEY, [office.company.next_visit(number)])


def test_a_sync_is_awaited_and_ends_with_its_counts(office: Office) -> None:
    sync(office, "--wait")
    add_visit(office)
    done = sync(office, "--wait")
    assert done.status == 0
    assert "succeeded" in done.out
    assert "created" in done.out
    assert "pushed" in done.out


def test_a_sync_is_told_as_json(office: Office) -> None:
    add_visit(office)
    done = sync(office, "--wait", "--json", "--mode", "full")
    assert done.status == 0
    assert set(done.json) == JOB_FIELDS
    assert (done.json["status"], done.json["mode"], done.json["trigger"]) == ("succeeded", "full", "cli")
    assert done.json["counts"]["failed"] == 0


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(office: Office) -> None:
    sync(office, "--wait")
    add_visit(office)
    writes = office.town.google.counters()["writes"]
    done = sync(office, "--wait", "--dry-run", "--json")
    assert done.status == 0
    assert done.json["dry_run"] is True
    assert done.json["records"]["visits"]["created"] == 1
    assert done.json["counts"]["pushed"] == 0
    assert office.town.google.counters()["writes"] == writes
    assert sync(office, "--wait", "--json").json["counts"]["pushed"] == 1


def test_a_second_sync_is_a_conflict_that_names_the_first(office: Office) -> None:
    office.town.google.faults.add(Fault(operation="events.list", delay=4.0, times=12))
    first = sync(office, "--json")
    second = sync(office)
    office.town.google.faults.clear()
    assert first.status == 0
    assert set(first.json) == {"job_id", "integration", "mode", "status", "created_at"}
    assert second.status == 3
    assert second.is_one_line_of_complaint()
    assert first.json["job_id"] in second.err
    wait_until("the first to end", lambda: job(office, first.json["job_id"]).json["status"] == "succeeded")


def test_a_sync_that_fails_exits_with_1(office: Office) -> None:
    office.town.fieldcamp.suspend(API_KEY)
    done = sync(office, "--wait", "--json")
    office.town.fieldcamp.suspend(API_KEY, False)
    assert done.status == 1
    assert done.json["status"] == "failed"
    assert set(done.json["error"]) == {"code", "message"}
    assert sync(office, "--wait").status == 0


def test_a_sync_of_what_was_never_connected_exits_with_4(office: Office) -> None:
    alone = office.shell("account", "create", "Nobody's", "--json").json["account_id"]
    done = office.shell("sync", GOOGLE, "--account", alone)
    assert done.status == 4
    assert done.is_one_line_of_complaint()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("sync", "no_such_system", "--account", "{account}"), "integration"),
        (("sync", GOOGLE, "--account", "acc_nobody"), "acc_nobody"),
        (("sync", GOOGLE, "--account", "{account}", "--mode", "quick"), "--mode"),
        (("sync",), "visit-sync sync --help"),
        (("jobs", "--status", "lost"), "--status"),
        (("job", "syn_nothing"), "syn_nothing"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_a_mistake_is_explained_in_one_line(office: Office, arguments: tuple[str, ...], named: str) -> None:
    done = office.shell(*(argument.format(account=office.account_id) for argument in arguments))
    assert done.status == 2
    assert done.is_one_line_of_complaint()
    assert named in done.err


def test_jobs_are_listed_newest_first(office: Office) -> None:
    latest = sync(office, "--wait", "--json").json["job_id"]
    listed = office.shell("jobs", "--account", office.account_id, "--integration", GOOGLE, "--json")
    assert listed.status == 0
    assert listed.json[0]["job_id"] == latest
    assert all(set(each) == JOB_FIELDS for each in listed.json)
    assert [each["job_id"] for each in listed.json] == sorted((each["job_id"] for each in listed.json), reverse=True)


def test_jobs_are_filtered_and_shown_as_a_table(office: Office) -> None:
    sync(office, "--wait")
    done = office.shell("jobs", "--status", "succeeded", COLUMNS="200")
    assert done.status == 0
    assert "google_calendar" in done.out
    assert "succeeded" in done.out
    assert office.shell("jobs", "--status", "cancelled", "--json").json == []


def test_a_job_is_shown_with_its_records(office: Office) -> None:
    add_visit(office)
    job_id = sync(office, "--wait", "--json").json["job_id"]
    told = job(office, job_id)
    assert told.status == 0
    [record] = [record for record in told.json["details"] if record["outcome"] != "unchanged"]
    assert set(record) == {"kind", "local_id", "remote_id", "target", "outcome", "reason", "message", "at"}
    assert record["outcome"] == "created"
    shown = office.shell("job", job_id, COLUMNS="200")
    assert shown.status == 0
    assert record["local_id"] in shown.out


def job(office: Office, job_id: str) -> Said:
    return office.shell("job", job_id, "--json")
