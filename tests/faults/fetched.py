"""Which files a browser fetches to show a page, told from the page's messages.

A component is sent the addresses of all files it can show: the networks of every trained KL weight, samples of every
source. It fetches those it shows now; the others when a person asks for them. A simulated visitor does the same, so
that a page is not charged for megabytes that nobody fetches. tests/e2e/test_faults.py compares this with Chromium, but
for the gallery of Uses (16 kB), which a browser fetches when it is opened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

MEDIA = re.compile(rb"/media/[0-9a-f]{16,}\.\w+")  # pictures, networks and sprites, wherever in a message
OWN = "point_or_cloud_"


def fetched(message: ForwardMsg, sent: bytes, trains: bool = False) -> set[str]:
    """The addresses of files that are fetched when a message arrives.

    Args:
        sent: the message as bytes.
        trains: whether the browser then trains a network.
    """
    files = _files(sent)
    if not files or message.WhichOneof("type") != "delta" or not message.delta.HasField("new_element"):
        return files
    component = message.delta.new_element.bidi_component
    if not component.json:
        return files
    data = json.loads(component.json)
    parts = [
        part
        for part, when_training in _later(component.component_name.removeprefix(OWN), data)
        if not (trains and when_training)
    ]
    return files - _files(json.dumps(parts).encode())


def _files(text: bytes) -> set[str]:
    return {address.decode() for address in MEDIA.findall(text)}


def _later(component: str, data: dict[str, Any]) -> Iterator[tuple[Any, bool]]:
    """(A part of a component's data that is fetched when a person asks for it, whether that is a training)."""
    if component == "beta_lab":
        yield from ((run["weights"], False) for run in data["trained"] if run["beta"] != data["beta"])
        yield data["in_page"], True
    elif component == "space_training":
        yield from (((lane["script"], lane["start"]), True) for lane in data["lanes"])
    elif component == "sampler":
        values = data["values"]
        stored = values["temperature"] == 1 and values["noise"] == 0
        for side in ("left", "right"):
            source = "prior" if side == "right" and values["vae_prior"] else values["source"]
            yield [still for name, still in data[side]["stills"].items() if not (stored and name == source)], False
        if not values["nearest"]:
            yield data["reference"], False
        if values["source"] != "class":
            yield data["judge"], False
