"""What people ask about one record: who names it, which events told of it, what syncs did about it."""

from dataclasses import replace

from tests.store.things import NOON, event, later, start, visit
from worker.core.connections import Account, Connection
from worker.core.jobs import CREATED, HELD, UNCHANGED, Ending, JobRecord, JobRequest, JobStatus, Progress
from worker.core.records import CLIENT, INVOICE, VISIT, Record
from worker.store import Store


def invoice(local_id: str, *, deleted: bool = False, **content: str) -> Record:
    return Record(INVOICE, local_id, content, NOON, NOON, deleted)


def naming(store: Store, account: Account, field: str, local_id: str, **options: int) -> list[str]:
    found = store.records.naming(account.id, INVOICE, field, local_id, **options)
    return [record.local_id for record in found]


def test_records_are_found_by_what_they_name_deleted_ones_too(store: Store, account: Account) -> None:
    told = [
        invoice("inv_1", visit_id="vis_1", job_id="job_1"),
        invoice("inv_2", visit_id="vis_12", notes='"visit_id":"vis_1"'),
        invoice("inv_3", visit_id="vis_1", deleted=True),
        invoice("inv_4", visit_id="VIS_1"),
        invoice("inv_5", job_id="vis_1"),
        invoice("inv_6", visit_id="vis%1"),
        invoice("inv_7", visit_id='v"ï'),
    ]
    store.records.receive(account.id, told)
    assert naming(store, account, "visit_id", "vis_1") == ["inv_3", "inv_1"]
    assert naming(store, account, "job_id", "job_1") == ["inv_1"]
    assert naming(store, account, "visit_id", "vis%1") == ["inv_6"]
    assert naming(store, account, "visit_id", 'v"ï') == ["inv_7"]
    assert naming(store, account, "visit_id", "vis_1", limit=1) == ["inv_3"]
    assert store.records.naming(account.id, VISIT, "visit_id", "vis_1") == []


def test_another_accounts_records_are_not_found(store: Store, account: Account) -> None:
    other = store.accounts.create("Other", NOON)[0]
    store.records.receive(other.id, [invoice("inv_1", visit_id="vis_1")])
    assert naming(store, account, "visit_id", "vis_1") == []


def test_events_about_a_visit_are_found_from_a_number_on(store: Store, account: Account, google: Connection) -> None:
    def told(event_id: str, visit_id: str, minutes: int) -> None:
        body = {"data": {"object": {"id": visit_id}}}
        about = event(account.id, event_id, visit(visit_id, later(minutes), status="arrived", notes=event_id))
        store.inbox.take([replace(about, body=body)], due=NOON, now=later(minutes))

    told("evt_1", "vis_1", 1)
    told("evt_2", "vis_12", 2)
    told("evt_3", "vis_1", 3)
    told("evt_4", "vis_1", 0)
    found = store.inbox.about(account.id, "vis_1")
    assert [each.event_id for each in found] == ["evt_3", "evt_1"], "what changed nothing is not news"
    assert [each.received_at for each in found] == [later(3), later(1)]
    assert [each.event_id for each in store.inbox.about(account.id, "vis_1", after=found[-1].number)] == ["evt_3"]
    assert [each.event_id for each in store.inbox.about(account.id, "vis_1", limit=1)] == ["evt_3"]
    assert store.inbox.about(store.accounts.create("Other", NOON)[0].id, "vis_1") == []


def test_an_event_of_another_shape_is_about_nothing(store: Store, account: Account, google: Connection) -> None:
    for number, body in enumerate(
        ({"id": "vis_1"}, {"data": None, "id": "vis_1"}, {"data": {"object": [{"id": "vis_1"}]}})
    ):
        odd = event(account.id, f"evt_{number}", visit("vis_1", later(number), notes=str(number)))
        store.inbox.take([replace(odd, body=body)], due=NOON, now=NOON)
    assert store.inbox.about(account.id, "vis_1") == []


def test_what_syncs_did_about_a_record_is_told_newest_first(
    store: Store, account: Account, google: Connection, books: Connection
) -> None:
    def run(connection: Connection, *records: JobRecord) -> str:
        job, lease = start(store, connection)
        store.jobs.progress(lease, Progress(records=records))
        store.jobs.finish(lease, Ending(JobStatus.SUCCEEDED), NOON)
        return job.id

    made = JobRecord(VISIT, "vis_1", CREATED, "r1", "primary", at=NOON)
    held = JobRecord(CLIENT, "cli_1", HELD, None, "customers", "MATCH_NEEDED", "Which?", NOON)
    first = run(google, made, replace(made, local_id="vis_2"))
    second = run(books, held, replace(held, kind=VISIT))
    run(google, replace(made, outcome=UNCHANGED))
    named = [(VISIT, "vis_1"), (CLIENT, "cli_1")]
    found = store.jobs.told_of(account.id, named)
    assert {(each.job_id, each.integration, each.record) for each in found} == {
        (second, "quickbooks", held),
        (first, "google_calendar", made),
    }
    assert [each.job_id for each in found] == sorted((each.job_id for each in found), reverse=True)
    assert len(store.jobs.told_of(account.id, named, limit=1)) == 1
    assert store.jobs.told_of(store.accounts.create("Other", NOON)[0].id, named) == []


def test_a_dry_run_is_told_as_one(store: Store, account: Account, google: Connection) -> None:
    queued = store.jobs.request(google, JobRequest(dry_run=True), NOON)
    claimed = store.jobs.claim(queued.id, "somebody", 60, NOON)
    assert claimed is not None
    store.jobs.progress(claimed[1], Progress(records=(JobRecord(VISIT, "vis_1", CREATED, at=NOON),)))
    assert [each.dry_run for each in store.jobs.told_of(account.id, [(VISIT, "vis_1")])] == [True]
