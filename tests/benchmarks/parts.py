"""A benchmark in parts: one that fails or takes too long is reported at the end, and the others still print theirs.

parts = Parts()
with parts("training"):
    ...
return parts.status()        # 0, or 1 after a line on each part that did not finish

A command runs its main function through `exit_status`, so that an error outside every part does not end in a
traceback either.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LEAST = 0.1  # seconds: a timeout is never shorter


def processor(information: Path = Path("/proc/cpuinfo")) -> str:
    """The name of this machine's processor, and how many of its cores there are here.

    Virtual machines often give a name that several generations share ("AMD EPYC"), so family and model follow.
    """
    try:
        lines = [line.partition(":") for line in information.read_text().splitlines()]
    except OSError:
        lines = []
    found = {key.strip(): value.strip() for key, _, value in reversed(lines)}
    name = found.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in found and "model" in found:
        name += f" (family {found['cpu family']}, model {found['model']})"
    return f"{name}, {os.cpu_count()} cores"


class Unfinished(Exception):
    """A limit was reached; the message says which."""


def described(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


class Parts:
    """Which parts of a benchmark did not finish, and why.

    Args:
        limit: seconds for all parts together; None is no limit. Parts that have not begun by then are left out.
    """

    def __init__(self, limit: float | None = None):
        self.end = None if limit is None else time.monotonic() + limit
        self.limit, self.unfinished, self.interrupted = limit, list[str](), False

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Run the body; whatever ends it early is noted under this name."""
        try:
            yield
        except KeyboardInterrupt:
            self.interrupted = True
            self.unfinished.append(f"{name}: interrupted")
        except (
            Exception
        ) as error:  # a limit, a server that does not start, a package that is missing: all end this part alone
            timed_out = isinstance(error, TimeoutError | subprocess.TimeoutExpired) and self.left() == LEAST
            why = f"the limit of {self.limit:g} s was reached" if timed_out else described(error)
            self.unfinished.append(f"{name}: {why}")

    def begin(self, name: str) -> bool:
        """Whether there is still time for this part; where not, that is noted."""
        if self.interrupted or (self.end is not None and time.monotonic() > self.end):
            why = "interrupted" if self.interrupted else f"not begun: the limit of {self.limit:g} s was reached"
            self.unfinished.append(f"{name}: {why}")
            return False
        return True

    def left(self) -> float | None:
        """Seconds until the limit, at least `LEAST`, to be used as a timeout; None without a limit."""
        return None if self.end is None else max(self.end - time.monotonic(), LEAST)

    def check(self) -> None:
        """End a long part between two of its steps once the limit is reached.

        Raises:
            Unfinished: it is reached.
        """
        if self.end is not None and time.monotonic() > self.end:
            raise Unfinished(f"the limit of {self.limit:g} s was reached")

    def status(self) -> int:
        """Print what did not finish; the exit status."""
        for line in self.unfinished:
            print(f"not finished: {line}")
        return int(bool(self.unfinished))


def exit_status(main: Callable[[], int | None]) -> int:
    """Run a command's main function; an error that ends it is one line and exit status 1, without a traceback."""
    try:
        return int(main() or 0)
    except KeyboardInterrupt:
        print("not finished: interrupted")
    except Exception as error:
        print(f"not finished: {described(error)}")
    return 1
