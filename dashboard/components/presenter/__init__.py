"""Presenter mode of the walkthrough: keyboard and clicker, a window with notes and a clock, blank screen, autoplay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.components.scripts import register

KEY = "presenter"
# Not isolated: its style sheet hides Streamlit's header and sidebar and sets the font size of the page.
_mount = register("presenter", base=False, isolate_styles=False)


@dataclass(frozen=True)
class Slide:
    """A scene as presenter mode shows it.

    Attributes:
        scene, place, total: the scene's id and its place from 1.
        title, next, notes, answer: for the notes window; `next` is the next scene's title.
        choices: keys of the question's choices; the visitor can press a number to choose one.
        seconds: how long autoplay shows the scene.
        present, revealed, auto: whether presenter mode is on, the answer is shown, and autoplay is on.
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
    """Listen for the keys of presenter mode.

    Args:
        on_go: called when the visitor asks for another scene or mode; `destination` then says which.
    """
    _mount(key=KEY, data=asdict(slide), on_go_change=on_go)


def destination(value: Any) -> str:
    """The scene or mode that the visitor asked for, from what the component reported; "" for invalid input."""
    where = value.get("go") if isinstance(value, dict) or hasattr(value, "get") else None
    return where if isinstance(where, str) else ""
