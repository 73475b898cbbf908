"""Compiling umap-learn's code: in a background process, with progress on stderr and for other processes.

    <compiled_code.folder()>/progress.json     while a process compiles: the fraction done, the seconds left

The estimate rests on the share of the total time that each function took when it was measured (`compiled_code.SHARES`).
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import settings
from core.files import write_json
from core.latent.compiled_code import SHARES, folder, is_warm

if TYPE_CHECKING:
    from tqdm import tqdm

REASON = "Compiling umap-learn's code for this processor, once"
PROGRESS = "progress.json"
STALE_SECONDS = 60.0  # a process that reported no progress for this long no longer compiles

FILL = "import os; getattr(os, 'nice', int)(19); from core.latent.projection import warm_up; warm_up()"


def fill_in_background() -> subprocess.Popen[bytes] | None:
    """Start a process that compiles what a map needs, with the lowest priority.

    Returns:
        The process; None if the code is there already or another process is compiling it.
    """
    if is_warm() or progress():
        return None
    return subprocess.Popen(
        [sys.executable, "-c", FILL],
        cwd=settings.ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@dataclass(frozen=True)
class Progress:
    """How far a process is with compiling.

    Attributes:
        fraction: 0 to 1, of the expected time.
        seconds_left: an estimate from the functions compiled so far.
    """

    fraction: float
    seconds_left: float


def progress() -> Progress | None:
    """The progress of the process, this or another, that fills `compiled_code.folder()`.

    None if there is no such process, or if it has not finished its first function.
    """
    path = folder() / PROGRESS
    try:
        age = time.time() - path.stat().st_mtime
        found = json.loads(path.read_bytes())
        fraction, left = float(found["fraction"]), float(found["seconds_left"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if age > STALE_SECONDS else Progress(fraction, max(left - age, 0.0))


_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextlib.contextmanager
def quietly(quiet: bool = True) -> Generator[None]:
    """Inside, nothing is printed to stderr."""
    token = _quiet.set(quiet)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextlib.contextmanager
def reporting(place: Path) -> Generator[Report]:
    """If something is compiled inside, report it on stderr and keep a `PROGRESS` file in the folder `place`."""
    from numba.core import event

    report = Report(place)

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            report.begin(_function_name(event))

        def on_end(self, event: Any) -> None:
            report.end(_function_name(event))

    try:
        with event.install_listener("numba:compile", Listener()):
            yield report
    finally:
        report.close()


def _function_name(event: Any) -> str:
    """The function in `SHARES` that an event of numba is about, or ""."""
    function = event.data["dispatcher"].py_func
    return function.__name__ if function.__module__.startswith("umap.") and function.__name__ in SHARES else ""


class Report:
    """The report of one compilation: a progress bar on a terminal, otherwise one line before and one line after."""

    def __init__(self, place: Path):
        self.place = place
        self.bar: tqdm[Any] | None = None
        self.started = 0.0  # when compiling the current function began
        self.spent = self.share = 0.0  # seconds so far, and the share of the expected time that they are

    @property
    def compiled(self) -> bool:
        """Whether anything had to be compiled."""
        return self.share > 0

    def begin(self, name: str) -> None:
        """A function is about to be compiled; "" stands for one that does not belong to a map."""
        if name:
            self.started = time.perf_counter()
            if not self.share and not _quiet.get() and sys.stderr.isatty():
                from tqdm import tqdm

                self.bar = tqdm(
                    total=len(SHARES),
                    desc=REASON,
                    bar_format="{desc}{postfix} |{bar}| {n_fmt} of {total_fmt} functions",
                    leave=False,
                )

    def end(self, name: str) -> None:
        """The function is compiled."""
        if not name:
            return
        first = not self.share
        self.spent += time.perf_counter() - self.started
        self.share += SHARES[name]
        names = list(SHARES)
        to_come = sum(SHARES[other] for other in names[names.index(name) + 1 :])
        whole = self.spent / self.share
        if self.bar is not None:
            self.bar.set_postfix_str(f"about {max(whole * to_come, 1):.0f} s left", refresh=False)
            self.bar.update(names.index(name) + 1 - self.bar.n)
        elif first and to_come and not _quiet.get():
            print(f"{REASON}: about {max(whole * (to_come + self.share), 1):.0f} s", file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            figures = {"fraction": round(1 - to_come, 3), "seconds_left": round(whole * to_come, 2)}
            write_json(self.place / PROGRESS, figures)

    def close(self) -> None:
        """The end of the report, whether or not compiling succeeded."""
        if not self.share:
            return
        if self.bar is not None:
            self.bar.close()
        if not _quiet.get():
            print(f"Compiled umap-learn's code in {self.spent:.1f} s.", file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            (self.place / PROGRESS).unlink(missing_ok=True)
