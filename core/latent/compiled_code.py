"""umap-learn's compiled code: where it is kept, whether it is whole, and what is said while it is made.

numba compiles a function when it is first called, for the processor at hand, and can keep the result in a folder:

    <cache>/numba/umap-<kind>/     kind: the processor, Python, and the versions of the packages
      .../*.nbi, *.nbc             numba's index and code, a pair for each function
      whole.json                   SHA-256 of each of them: everything that a map needs is there
      progress.json                while somebody compiles: how far that is

Code for another processor is never loaded, nor is a file that changed since it was written: it might end the process.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core import settings
from core.files import sha256, write_json

log = logging.getLogger(__name__)
T = TypeVar("T")

REASON = "Compiling umap-learn's code for this processor, once"
# What a map needs of umap-learn, in the order it is compiled, and each one's share of the seconds that all of it takes.
SHARES = {
    "tau_rand_int": 0.04,
    "tau_rand": 0.023,
    "rdist": 0.03,
    "smooth_knn_dist": 0.515,
    "compute_membership_strengths": 0.155,
    "_optimize_layout_euclidean_single_epoch": 0.237,
}
WHOLE, PROGRESS = "whole.json", "progress.json"
ROOM = 2_000_000  # bytes that have to fit into the folder; all of it takes a quarter of that
STALE_SECONDS = 60.0  # whoever has told nothing for this long no longer compiles


# ------------------------------------------------------------------------------------------------------- the folder


def folder() -> Path:
    """Where the code for this processor is kept: below NUMBA_CACHE_DIR if that is set, else in our cache folder."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or settings.cache_dir() / "numba") / f"umap-{_kind()}"


@functools.cache
def _kind() -> str:
    """What compiled code depends on, as 16 hex digits."""
    versions = [importlib.metadata.version(name) for name in ("umap-learn", "numba", "llvmlite")]
    kind = [platform.system(), platform.machine(), platform.python_version(), sys.prefix, *versions, *_processor()]
    return hashlib.sha256("\n".join(kind).encode()).hexdigest()[:16]


def _processor() -> list[str]:
    """The processor that numba compiles for: the one it was told, else this one, by name and features."""
    told = [os.environ.get(name, "") for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")]
    if told[0]:
        return told
    wanted = ("model name", "flags", "CPU implementer", "CPU part", "Features")  # x86, then ARM
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
        return [told[1], *(line for line in first.splitlines() if line.startswith(wanted))]
    return [told[1], platform.processor()]


def is_warm() -> bool:
    """Whether a first map starts at once, or something has to be compiled before. Cheap: imports nothing."""
    return (folder() / WHOLE).exists()


def kept_in() -> Path:
    """A folder that numba can use: `folder()`, or a copy of it for this process where that cannot be written.

    numba does not read a folder it cannot write, and without any it fails.
    """
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(ROOM))
        return place
    except OSError as error:
        copy = Path(_temporary().name) / place.name
        with contextlib.suppress(OSError):
            shutil.copytree(place, copy, dirs_exist_ok=True)
        if not (copy / WHOLE).exists():
            log.warning(
                "compiled code cannot be kept in %s (%s), so every process compiles it again. Set POINT_OR_CLOUD_CACHE to a folder that can be written.",
                place,
                error,
            )
        return copy


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory:
    """Removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="point-or-cloud-numba-")


def _files(place: Path) -> dict[str, Path]:
    """numba's files by their path in the folder."""
    return {str(path.relative_to(place)): path for path in place.rglob("*.nb[ic]")}


def vouch(place: Path) -> None:
    """If everything a map needs is there, note that it is, and what it looks like.

    Something may be missing although a map was just drawn: a process that found damaged code removed all of it, and
    what it had loaded before that stays in its memory alone. The next process compiles and keeps what is missing.
    """
    with contextlib.suppress(OSError):
        files = _files(place)
        indexed = [path.name for path in files.values() if path.suffix == ".nbi"]
        if all(any(f".{function}-" in name for name in indexed) for function in SHARES):
            write_json(place / WHOLE, {name: sha256(path.read_bytes()) for name, path in sorted(files.items())})


def check(place: Path) -> None:
    """Remove all of a folder's code if a file of it is missing or has changed."""
    try:
        digests = json.loads((place / WHOLE).read_bytes())
        damaged = any(sha256((place / name).read_bytes()) != digest for name, digest in digests.items())
    except FileNotFoundError as error:
        damaged = error.filename != str(place / WHOLE)  # nobody has vouched for it yet; see `trying`
    except (OSError, ValueError, AttributeError, TypeError):
        damaged = True
    if damaged:
        clear(place)


def clear(place: Path) -> None:
    """Remove the code, and say so."""
    log.warning("the compiled code in %s is damaged; it is made again.", place)
    for path in [place / WHOLE, *_files(place).values()]:
        with contextlib.suppress(OSError):
            path.unlink()


def trying(work: Callable[[], T], place: Path) -> T:
    """What `work` returns. If it fails while there is kept code, once more without: numba fails on a file it cannot read."""
    try:
        return work()
    except Exception:
        if not _files(place):
            raise
        clear(place)
    return work()


# ---------------------------------------------------------------------------------------------------- before anyone asks

FILL = "import os; getattr(os, 'nice', int)(19); from core.latent.projection import warm_up; warm_up()"


def fill_in_background() -> subprocess.Popen[bytes] | None:
    """Start a process that compiles what a map needs, where that is not kept yet; None where it is, or somebody is at it.

    It gives way to every other process: beside a training it takes next to nothing from it.
    """
    if is_warm() or progress():
        return None
    root, nowhere = settings.ROOT, subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, "-c", FILL], cwd=root, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )


# --------------------------------------------------------------------------------------------- what is said meanwhile


@dataclass(frozen=True)
class Progress:
    """How far somebody is with compiling.

    Attributes:
        fraction: 0 to 1, by what each function takes.
        seconds_left: an estimate, from the functions so far.
    """

    fraction: float
    seconds_left: float


def progress() -> Progress | None:
    """How far this or another process is that fills the same folder now; None if there is none, or it has only begun."""
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
def quietly(quiet: bool = True) -> Iterator[None]:
    """Inside, nothing is printed."""
    token = _quiet.set(quiet)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextlib.contextmanager
def telling(place: Path) -> Iterator[Told]:
    """If something is compiled inside: tell stderr why and for how long, and other processes how far it is."""
    from numba.core import event

    teller = Told(place)

    class Listener(event.Listener):
        def on_start(self, what: Any) -> None:
            teller.begin(_name(what))

        def on_end(self, what: Any) -> None:
            teller.end(_name(what))

    try:
        with event.install_listener("numba:compile", Listener()):
            yield teller
    finally:
        teller.close()


def _name(what: Any) -> str:
    """The function of umap-learn that an event of numba is about, or ""."""
    function = what.data["dispatcher"].py_func
    return function.__name__ if function.__module__.startswith("umap.") and function.__name__ in SHARES else ""


class Told:
    """What has been told of one compilation: a bar where somebody watches, else a line before and a line after."""

    @property
    def compiled(self) -> bool:
        """Whether there was anything to compile."""
        return self.share > 0

    def __init__(self, place: Path):
        self.place, self.bar = place, None
        self.started = self.spent = self.share = 0.0  # when the function at hand began; seconds so far, and their share

    def begin(self, name: str) -> None:
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
        if not name:
            return
        first = not self.share
        self.spent += time.perf_counter() - self.started
        self.share += SHARES[name]
        names = list(SHARES)
        to_come = sum(SHARES[other] for other in names[names.index(name) + 1 :])
        whole = self.spent / self.share
        if self.bar:
            self.bar.set_postfix_str(f"about {max(whole * to_come, 1):.0f} s left", refresh=False)
            self.bar.update(names.index(name) + 1 - self.bar.n)
        elif first and to_come and not _quiet.get():
            print(f"{REASON}: about {max(whole * (to_come + self.share), 1):.0f} s", file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            write_json(
                self.place / PROGRESS, {"fraction": round(1 - to_come, 3), "seconds_left": round(whole * to_come, 2)}
            )

    def close(self) -> None:
        if not self.share:
            return
        if self.bar:
            self.bar.close()
        if not _quiet.get():
            print(f"Compiled umap-learn's code in {self.spent:.1f} s.", file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            (self.place / PROGRESS).unlink(missing_ok=True)
