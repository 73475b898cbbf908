"""Sends what a response consists of at once, instead of waiting for the browser's acknowledgements.

uvicorn writes the head and the body of a response one after the other. By default (Nagle's algorithm, RFC 896) a
connection holds the second small packet back until the first is acknowledged, and a browser may wait 40 ms before it
acknowledges: a new visitor's browser, which requests about 60 small files over six connections, waits 0.4 s for
nothing. asyncio turns this off (TCP_NODELAY) for the sockets that it makes itself, but Streamlit hands it one that is
already bound and does not say that it is TCP. A connection inherits the option from the socket that accepts it.
"""

from __future__ import annotations

import contextlib
import os
import socket

DESCRIPTORS = "/dev/fd"  # the open files of this process, on Linux and macOS


def send_at_once(descriptors: str = DESCRIPTORS) -> int:
    """Set TCP_NODELAY on every socket of this process that listens for connections; call it once they do.

    Args:
        descriptors: the folder in which the system lists the open files of this process.

    Returns:
        the number of such sockets; 0 where the system does not list the open files of a process.
    """
    found = 0
    with contextlib.suppress(OSError):
        for name in os.listdir(descriptors):
            with contextlib.suppress(OSError):  # not a socket, or closed since
                found += _set(int(name))
    return found


def _set(descriptor: int) -> bool:
    """Set the option, if this is a socket that listens on TCP; the descriptor stays open."""
    one = socket.socket(fileno=descriptor)
    try:
        tcp = one.family in (socket.AF_INET, socket.AF_INET6) and one.type == socket.SOCK_STREAM
        if not tcp or not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return False
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return True
    finally:
        one.detach()
