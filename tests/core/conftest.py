"""What the tests of data sets share."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Any attempt to reach a server fails at once; the addresses are noted. Each has to be limited in time."""
    asked: list[str] = []
    limits: list[float | None] = []

    def refuse(request: urllib.request.Request, *_, **__) -> None:
        asked.append(request.full_url)
        limits.append(socket.getdefaulttimeout())
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    yield asked
    assert all(seconds is not None and seconds <= 30 for seconds in limits), "a silent server would hang it"
