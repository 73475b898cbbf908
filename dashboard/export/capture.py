"""Records what a page draws: the messages that Streamlit sends to the browser.

    with recording() as drawn:
        page.run()
    tree(drawn)         # blocks and elements, as on screen

So any page can be saved as a file (see `dashboard.export.page_file`) without code of its own for that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.components import networks

MAIN = 0  # the first number of a position is 0 in the page itself, 1 in the sidebar


@dataclass
class Node:
    """One position on the page: a message of Streamlit's, either an `element` or a `block` with `children`."""

    element: Any = None
    block: Any = None
    children: dict[int, Node] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.children[i] for i in sorted(self.children))


@contextlib.contextmanager
def recording() -> Iterator[list[Any]]:
    """Collects the messages of this script run until the block ends."""
    drawn: list[Any] = []
    context = get_script_run_ctx()
    if context is None:  # outside Streamlit nothing is drawn
        yield drawn
        return
    send = context.enqueue

    def keep(message: Any) -> None:
        if message.WhichOneof("type") == "delta" and message.metadata.delta_path[:1] == [MAIN]:
            drawn.append(message)
        send(message)

    context.enqueue = keep  # pyright: ignore[reportAttributeAccessIssue] - only for this run's context
    try:
        yield drawn
    finally:
        del context.enqueue


def tree(drawn: list[Any]) -> Node:
    """The final state of the page: a message replaces earlier ones at the same position."""
    root = Node()
    for message in drawn:
        node = root
        for step in message.metadata.delta_path[1:]:
            node = node.children.setdefault(step, Node())
        if message.delta.WhichOneof("type") == "add_block":
            node.block, node.element = message.delta.add_block, None
        elif message.delta.WhichOneof("type") == "new_element":
            node.element, node.block = message.delta.new_element, None
            node.children = {}
    return root


def media(address: str) -> bytes | None:
    """The bytes at a media address of this server ("/media/..." or "./media/..."); None if there is no such file."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.media_file_storage import MediaFileStorageError
    from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

    if not address.removeprefix(".").startswith("/media/") or not exists():
        return None
    name = address.rsplit("/", 1)[-1]
    if (network := networks.content(name)) is not None:
        return network
    storage = get_instance().media_file_mgr._storage  # Streamlit has no public way to read back what it serves
    if not isinstance(storage, MemoryMediaFileStorage):
        return None
    try:
        return storage.get_file(name).content
    except MediaFileStorageError:
        return None
