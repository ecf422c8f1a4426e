"""Requests whose failures are errors of ours."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from worker.core.errors import Transient, Uncertain
from worker.http import client as outbound
from worker.http.client import call, make_client
from worker.http.retry_after import retry_after

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Takes one connection, notes the request and lets ``answer`` do what it likes."""
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(65536))
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/base", asked
        thread.join(5)


def test_an_answer_comes_back_whatever_its_status() -> None:
    with server(lambda connection: connection.sendall(OK)) as (url, asked), make_client(url, {"X-Own": "1"}) as client:
        answer = call(client, "POST", "/path", params={"a": 1}, json={"b": 2})
    assert (answer.status_code, answer.text) == (200, "ok")
    head = asked[0].decode().lower()
    assert head.startswith("post /base/path?a=1 http/1.1")
    assert "user-agent: visit-sync/" in head
    assert "x-own: 1" in head


def test_a_request_that_never_left_is_transient() -> None:
    with make_client("http://127.0.0.1:9") as client, pytest.raises(Transient) as caught:
        call(client, "POST", "/")
    assert type(caught.value) is Transient


def cut(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def cut_in_the_middle(connection: socket.socket) -> None:
    connection.sendall(OK[:-1])


def talk_nonsense(connection: socket.socket) -> None:
    connection.sendall(b"SMTP ready\r\n\r\n")


@pytest.mark.parametrize("answer", [cut, cut_in_the_middle, talk_nonsense])
@pytest.mark.parametrize(("method", "expected"), [("POST", Uncertain), ("DELETE", Uncertain), ("GET", Transient)])
def test_a_lost_answer_is_uncertain_where_something_may_have_changed(
    answer: Callable[[socket.socket], None], method: str, expected: type[Transient]
) -> None:
    with server(answer) as (url, _), make_client(url) as client, pytest.raises(Transient) as caught:
        call(client, method, "/")
    assert type(caught.value) is expected


def test_silence_is_a_lost_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TIMEOUTS", httpx.Timeout(0.1))
    done = threading.Event()

    def keep_silent(_: socket.socket) -> None:
        done.wait(5)

    with server(keep_silent) as (url, _), make_client(url) as client:
        with pytest.raises(Uncertain):
            call(client, "POST", "/")
        done.set()


def test_the_usual_time_outs_are_five_seconds_to_connect_and_thirty_to_read() -> None:
    with make_client() as client:
        assert (client.timeout.connect, client.timeout.read) == (5.0, 30.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-3", None),
        ("soon", None),
        ("999999", 3600.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 12:00:30 -0000", 30.0),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
