"""Presenter mode of the walkthrough: keys and clicker, a window with notes and clock, a blank screen, autoplay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.components.scripts import register

KEY = "presenter"
_mount = register(
    "presenter", base=False, isolate_styles=False
)  # not isolated: it hides the frame of the page and sets the size of its type


@dataclass(frozen=True)
class Slide:
    """A scene as presenter mode shows it.

    Attributes:
        scene, place, total: the scene's id and its place from 1.
        title, next, notes, answer: for the notes window; `next` is the next scene's title.
        choices: keys of the question's choices; a number key names one.
        seconds: how long autoplay stays.
        present, revealed, auto: whether presenter mode is on, the answer shown, and the scenes turn by themselves.
        url, qr: the scene's link and its QR code as a data address.
    """

    scene: str
    place: int
    total: int
    title: str
    next: str
    notes: str
    answer: str
    choices: Sequence[str]
    seconds: int
    present: bool
    revealed: bool
    auto: bool
    url: str
    qr: str


def presenter(slide: Slide, on_go: Callable[[], None]) -> None:
    """Listen.

    Args:
        on_go: called when the visitor wants to go somewhere; `asked_for` then tells where.
    """
    _mount(key=KEY, data=asdict(slide), on_go_change=on_go)


def asked_for(value: Any) -> str:
    """Where the visitor wants to go, of what the component reported: "" for anything that is no word."""
    where = value.get("go") if isinstance(value, dict) or hasattr(value, "get") else None
    return where if isinstance(where, str) else ""
