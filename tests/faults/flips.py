"""Single bits turned over in every file of a run: always noticed, never shown, never a crash.

    python -m tests.faults.flips                200 flips

What is not done within the limit is named. Exit status 1 then, and where a flip is not noticed.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from core import settings
from core.runs.run import RunDamaged, Status
from core.runs.store import RunStore
from tests.benchmarks.parts import Parts, exit_status


def copied_run(folder: Path) -> RunStore:
    """A store whose only run is a copy of the smallest shipped VAE."""
    shipped = [run for run in RunStore() if run.shipped and run.complete and run.config.model == "vae"]
    run = min(shipped, key=lambda r: sum(f.stat().st_size for f in r.path.rglob("*") if f.is_file()))
    shutil.copytree(run.path, folder / "runs" / run.run_id)
    return RunStore(folder / "runs", folder / "none", limit_bytes=10**9)


def flips(store: RunStore, count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(file, what happened) for each bit: "noticed", or how it went wrong.

    Every file has its turn; the run is whole again afterwards.
    """
    rng = random.Random(seed)
    (run,) = store
    files = sorted(f for f in run.path.rglob("*") if f.is_file())
    for i in range(count):
        file = files[i % len(files)]
        whole = file.read_bytes()
        at, bit = rng.randrange(len(whole)), rng.randrange(8)
        damaged = bytearray(whole)
        damaged[at] ^= 1 << bit
        file.write_bytes(damaged)
        try:
            yield str(file.relative_to(run.path)), looked_at(store, run.run_id, str(file.relative_to(run.path)))
        finally:
            file.write_bytes(whole)


def looked_at(store: RunStore, run_id: str, name: str) -> str:
    """Use the run in every way the dashboard does."""
    run = store.run(run_id)
    if run.status() is not Status.DAMAGED:
        return f"status says {run.status()}"
    ways = {
        "weights.safetensors": run.load_model,
        "evaluation.json": run.evaluation,
        "history.jsonl": run.history,
        "trace.npz": run.trace,
        "config.json": lambda: run.config,
        "manifest.json": run.manifest,
    }
    if name.startswith("previews/"):
        ways[name] = lambda: run.preview(int(Path(name).stem[-3:]))
    try:
        ways.get(name, lambda: run.arrays(name))()
    except RunDamaged:
        return "noticed"
    except Exception as error:
        return f"crashed: {type(error).__name__}: {error}"
    if name == "manifest.json":  # still JSON, with another digest or another name in it: noticed when that file is read
        return "noticed"
    return "shown"


def main(arguments: list[str] | None = None, flips: Callable[..., Iterator[tuple[str, str]]] = flips) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--limit", type=float, default=300.0, metavar="SECONDS", help="for all of it (default 300)")
    options = parser.parse_args(arguments)
    parts, whole = Parts(options.limit), "not looked at"
    per_file: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    with parts("a copy of a run"), tempfile.TemporaryDirectory() as folder:
        store = copied_run(Path(folder))
        with parts(f"{options.flips} flips"), contextlib.closing(flips(store, options.flips)) as outcomes:
            for name, outcome in outcomes:
                per_file["previews/*" if name.startswith("previews/") else name][outcome] += 1
                parts.check()
        (run,) = store
        whole = str(run.status())
    for name, counted in sorted(per_file.items()):
        print(f"{name:24} " + ", ".join(f"{n} {what}" for what, n in counted.items()))
    total = sum(per_file.values(), collections.Counter())
    print(
        f"{total.total()} flips: "
        + (", ".join(f"{n} {what}" for what, n in total.items()) or "nothing")
        + f"; afterwards the run is {whole} (shipped: {settings.SHIPPED.name}/ untouched)"
    )
    return max(parts.status(), int(total["noticed"] < total.total() or whole != "complete"))


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
