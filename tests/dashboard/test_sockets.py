"""Whether connections send at once."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from dashboard import sockets
from dashboard.middleware import Answers
from tests.faults.client import run

pytestmark = pytest.mark.skipif(not os.path.isdir(sockets.DESCRIPTORS), reason="this system does not list open files")


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Bound as Streamlit binds its own, which asyncio does not recognise as TCP."""
    with socket.socket(socket.AF_INET) as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one


def delays(listener: socket.socket) -> bool:
    """Whether a connection accepted by `listener` holds small packets back."""
    with socket.create_connection(listener.getsockname()), listener.accept()[0] as connection:
        return not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_connection_accepted_by_a_set_socket_sends_at_once(listening):
    assert delays(listening)
    assert sockets.send_at_once() >= 1
    assert not delays(listening)


def test_other_files_and_sockets_stay_open_and_unchanged(tmp_path):
    one, other = socket.socketpair()
    with (tmp_path / "file").open("w") as file, one, other, socket.socket() as idle:
        sockets.send_at_once()
        one.sendall(b"here")
        assert other.recv(4) == b"here"
        file.write("here")
        assert not idle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert (tmp_path / "file").read_text() == "here"


def test_it_is_set_before_the_server_accepts_anything(listening):
    seen = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(delays(listening))

    run(Answers(app)({"type": "lifespan"}, None, None))
    assert seen == [False]


def test_a_system_without_such_a_list_is_left_alone(listening):
    assert sockets.send_at_once("/nowhere") == 0
    assert delays(listening)
