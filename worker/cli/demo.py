"""``visit-sync demo``."""

import signal
import socket
from typing import Annotated

import typer

from worker import settings
from worker.demo.play import play_on, play_once


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the scenario, print a summary, and end.")] = False,
) -> None:
    """A company on this machine, with simulated providers. With --once: exit 0 if both sides agree at the end, else
    1.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # taken down as cleanly as by Ctrl-C
    chosen = settings.load_for_demo()
    if not once:
        play_on(chosen, chosen.port)
        return
    port = chosen.port if "port" in chosen.model_fields_set else _free_port(chosen.host)
    if not play_once(chosen, port):
        raise typer.Exit(1)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
