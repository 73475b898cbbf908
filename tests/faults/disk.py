"""A disk that fills up in mid-training, and a cache that cannot be written.

    python -m tests.faults.disk         as root on small file systems of their own, otherwise by a limit on file sizes

A training that cannot be kept fails with a line that says why, nothing half-written is taken for a run, and with room
again the same command goes on. The dashboard opens and shows the shipped runs all the while.

What does not finish within the limit is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core import settings
from core.config import RunConfig
from core.runs.store import RunStore
from tests.benchmarks.parts import Parts, exit_status
from tests.faults.client import PAGES, Visitor, run
from tests.faults.serving import Server

TRAIN = ["train", "--trunk", "mlp-400", "--latent-dim", "2", "--epochs", "2", "--train-size", "256"]
CONFIG = RunConfig(trunk="mlp-400", latent_dim=2, epochs=2, train_size=256)


def command(cache: Path, limit: int | None = None, timeout: float | None = None) -> subprocess.CompletedProcess:
    """`python -m core train` over a cache; no file may grow above `limit` bytes."""

    def small() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    values = {**os.environ, "POINT_OR_CLOUD_CACHE": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "core", *TRAIN],
        capture_output=True,
        text=True,
        env=values,
        preexec_fn=small,
        cwd=settings.ROOT,
        timeout=timeout,
    )


def verdict(done: subprocess.CompletedProcess, cache: Path) -> dict[str, object]:
    """What the command said and what it left."""
    complete = (
        [run.run_id for run in RunStore(cache / "runs", cache / "none", limit_bytes=10**9) if run.complete]
        if cache.exists()
        else []
    )
    last = (done.stderr.strip().splitlines() or [""])[-1]
    return {
        "code": done.returncode,
        "traceback": "Traceback" in done.stderr,
        "taken for a run": len(complete),
        "said": last[-150:],
    }


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


async def _walk(url: str) -> list[str]:
    async with Visitor(url) as visitor:
        return [f"{page}: {text}" for page in PAGES for text in (await visitor.open(page)).errors]


def pages_over(cache: Path, timeout: float | None = None) -> list[str]:
    """What goes wrong on the pages of a server over this cache."""
    server = Server(cache, POINT_OR_CLOUD_PROFILE="demo")
    try:
        wrong = run(asyncio.wait_for(_walk(server.url), timeout))
        return wrong + (["traceback in the log"] if "Traceback (most recent call last)" in server.log() else [])
    finally:
        server.stop()


def main(
    arguments: list[str] | None = None,
    command: Callable[..., Any] = command,
    mounted: Callable[..., contextlib.AbstractContextManager[Path]] = mounted,
) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=600.0, metavar="SECONDS", help="for all of it (default 600)")
    parts = Parts(parser.parse_args(arguments).limit)

    def show(name: str, look: Callable[[], object]) -> None:
        if parts.begin(name):
            with parts(name):
                print(f"{name}: {look()}", flush=True)

    def trained(cache: Path, limit: int | None = None) -> dict[str, object]:
        return verdict(command(cache, limit, parts.left()), cache)

    def pages(cache: Path) -> object:
        return pages_over(cache, parts.left()) or "nothing"

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for limit in (2_000, 50_000, 1_000_000):
            show(f"files of at most {limit:,} bytes", functools.partial(trained, folder / "limited", limit))
        show("with room again", lambda: trained(folder / "limited"))
        if os.geteuid():
            print("small file systems were not tried: mounting them needs root")
            return parts.status()
        with parts("small file systems"):
            for size in ("16k", "300k", "1m"):
                with mounted(folder / "full", f"size={size}") as cache:
                    show(f"a disk of {size}", lambda: trained(cache))
            with mounted(folder / "full", "size=64k") as cache:
                (cache / "filler").write_bytes(bytes(60_000))
                show("pages over a full disk, wrong", lambda: pages(cache))
            with mounted(folder / "still", "size=1m,ro") as cache:
                show("a read-only cache", lambda: trained(cache))
                show("pages over a read-only cache, wrong", lambda: pages(cache))
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
