"""The Celery application: what it promises, and a real worker that keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from cryptography.fernet import Fernet
from kombu.exceptions import OperationalError

from schedules.beat import beat_schedule, ticking
from schedules.timetable import TIMETABLE
from tests.servers.redis import RedisServer
from worker import app as application
from worker import broker
from worker.core.errors import Invalid
from worker.settings import Settings

ROOT = Path(__file__).parents[2]

WORKER = """
import sys
from celery.apps.worker import Worker
from worker.app import make_app
from worker.settings import load

def in_child():
    print("disposed", flush=True)

app = make_app(load(), pool=sys.argv[1], in_child=in_child)

class SyncInProgress(Exception):
    pass

@app.task(name="integration.sync", ignore_result=False)
def sync(account_id, integration, mode="incremental"):
    if integration == "busy":
        raise SyncInProgress("syn_1")
    return {"job_id": "syn_2", "mode": mode}

@app.task(name="visit.status_changed")
def status_changed(account_id, event):
    app.backend.client.rpush("seen", event["id"])

@app.task(name="visit_sync.sweep")
def sweep():
    app.backend.client.incr("sweeps")

app.worker_main(["worker", "--without-gossip", "--without-mingle", "--without-heartbeat", "-c", "1", "-l", "WARNING"])
"""


def settings(url: str) -> Settings:
    return Settings(redis_url=url, secret_keys=(Fernet.generate_key().decode(),))


@pytest.fixture
def app(redis_url: str) -> Iterator[Celery]:
    app = application.make_app(settings(redis_url))
    yield app
    app.close()


@pytest.fixture(params=["threads", "prefork"])
def running_worker(request: pytest.FixtureRequest, redis_url: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "REDIS_URL": redis_url, "SECRET_KEYS": Fernet.generate_key().decode()}
    arguments = [sys.executable, "-W", "ignore", "-c", WORKER, request.param]
    with subprocess.Popen(arguments, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()
        assert process.wait(20) == 0


def outsider(url: str) -> Celery:
    """Somebody else's Celery with nothing but defaults."""
    url = broker.celery_url(url)
    return Celery("outsider", broker=url, backend=url, set_as_current=False)


def test_the_contract_holds_for_who_shares_the_broker(running_worker: subprocess.Popen[str], redis_url: str) -> None:
    other = outsider(redis_url)
    asked = {
        queue: other.send_task("integration.sync", ["acc_1", "quickbooks"], {"mode": "full"}, queue=queue)
        for queue in ("events", "syncs", "maintenance")
    }
    asked["none"] = other.send_task("integration.sync", ["acc_1", "quickbooks"], {"mode": "full"})
    for result in asked.values():
        assert result.get(timeout=20) == {"job_id": "syn_2", "mode": "full"}
    busy = other.send_task("integration.sync", ["acc_1", "busy"], queue="events")
    assert type(busy.get(timeout=20, propagate=False)).__name__ == "SyncInProgress"
    told = other.send_task("visit.status_changed", ["acc_1", {"id": "evt_1"}], queue="events")
    with broker.connect(redis_url) as client:
        assert client.blpop(["seen"], timeout=4) == ("seen", "evt_1")
        time.sleep(0.2)
        assert client.get(f"celery-task-meta-{told.id}") is None
        assert 0 < client.ttl(f"celery-task-meta-{asked['none'].id}") <= 3600
    for result in (*asked.values(), busy, told):
        result.forget()
    other.close()


def test_each_prefork_child_starts_with_a_clean_house(redis_url: str) -> None:
    environment = {**os.environ, "REDIS_URL": redis_url, "SECRET_KEYS": Fernet.generate_key().decode()}
    arguments = [sys.executable, "-W", "ignore", "-c", WORKER, "prefork"]
    with subprocess.Popen(arguments, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line == "disposed\n" for line in process.stdout)
        process.terminate()
        process.stdout.read()
    assert process.returncode == 0


def test_nothing_but_json_is_taken(app: Celery) -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.result_accept_content == ["json"]
    assert (app.conf.task_serializer, app.conf.result_serializer) == ("json", "json")


def test_a_worker_takes_one_message_at_a_time_from_every_letterbox(app: Celery) -> None:
    assert app.conf.worker_prefetch_multiplier == 1
    assert set(app.amqp.queues) == {"events", "syncs", "maintenance", "celery"}
    assert app.amqp.default_queue.name == "events"
    assert "global_keyprefix" not in app.conf.broker_transport_options


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("visit.status_changed", "events"),
        ("integration.sync", "events"),
        ("visit_sync.run", "syncs"),
        ("visit_sync.sweep", "maintenance"),
        ("anything.else", "events"),
    ],
)
def test_tasks_go_where_they_belong(app: Celery, task: str, queue: str) -> None:
    route = app.amqp.router.route({}, task)
    assert route["queue"].name == queue


def test_results_are_the_exception(app: Celery) -> None:
    assert app.conf.task_ignore_result is True
    assert app.conf.result_expires == 3600


def test_soft_shutdown_is_for_prefork_alone(redis_url: str) -> None:
    # With threads Celery 5.7 raises NotImplementedError and lingers.
    threads = application.make_app(settings(redis_url), pool=application.THREADS)
    prefork = application.make_app(settings(redis_url), pool=application.PREFORK)
    assert not threads.conf.worker_soft_shutdown_timeout
    assert prefork.conf.worker_soft_shutdown_timeout == 20


def test_ringing_subscribes_to_nothing(own_redis: RedisServer) -> None:
    publisher = application.make_publisher(settings(own_redis.url))
    publisher.send_task(application.RUN, ["syn_1"], ignore_result=True)
    publisher.send_task(application.RUN, ["syn_2"])
    with broker.connect(own_redis.url) as client:
        assert client.llen("syncs") == 2
        assert client.pubsub_channels() == []
    publisher.close()


@pytest.mark.parametrize("harm", ["stop", "pause"])
def test_a_publisher_gives_up_within_seconds_and_comes_back(own_redis: RedisServer, harm: str) -> None:
    publisher = application.make_publisher(settings(own_redis.url))
    publisher.send_task(application.RUN, ["syn_1"], ignore_result=True)
    getattr(own_redis, harm)()
    for job_id in ("syn_2", "syn_3"):
        began = time.monotonic()
        with pytest.raises(OperationalError):
            publisher.send_task(application.RUN, [job_id], ignore_result=True)
        assert time.monotonic() - began < 4
    if harm == "pause":
        own_redis.resume()
    else:
        own_redis.start()
    publisher.send_task(application.RUN, ["syn_4"], ignore_result=True)
    with broker.connect(own_redis.url) as client:
        assert client.llen("syncs") >= 2
    publisher.close()


def test_without_a_broker_there_is_no_application() -> None:
    with pytest.raises(Invalid, match="REDIS_URL"):
        application.make_app(Settings(secret_keys=(Fernet.generate_key().decode(),)))


def test_the_sweep_ticks_each_second_and_its_ticks_do_not_pile_up() -> None:
    entry = beat_schedule()["sweep"]
    assert entry == {
        "task": "visit_sync.sweep",
        "schedule": 1.0,
        "options": {"queue": "maintenance", "expires": 15.0, "ignore_result": True},
    }
    assert all(row.why and row.expires > row.every for row in TIMETABLE)


def test_channels_are_seen_to_each_minute_by_those_who_may_wait_for_providers(app: Celery) -> None:
    entry = beat_schedule()["watch"]
    assert entry == {
        "task": "visit_sync.watch",
        "schedule": 60.0,
        "options": {"queue": "syncs", "expires": 120.0, "ignore_result": True},
    }
    assert app.conf.task_routes["visit_sync.watch"] == {"queue": "syncs"}


def test_beat_keeps_no_file(redis_url: str) -> None:
    app = ticking(settings(redis_url))
    assert app.conf.beat_scheduler == "celery.beat:Scheduler"
    assert app.conf.beat_schedule == beat_schedule()
    app.close()


def test_beat_ticks_and_stops(redis_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "REDIS_URL": redis_url, "SECRET_KEYS": Fernet.generate_key().decode()}
    environment["PYTHONPATH"] = str(ROOT)
    process = subprocess.Popen([sys.executable, "-m", "schedules.beat"], env=environment, cwd=tmp_path)
    with process, broker.connect(redis_url) as client:
        deadline = time.monotonic() + 10
        while client.llen("maintenance") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(10) == 0
        assert client.llen("maintenance") >= 2
    assert list(tmp_path.iterdir()) == []


def test_beat_refuses_a_wrong_setting_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "PORT": "x", "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "schedules.beat"]
    done = subprocess.run(arguments, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("PORT must ")
