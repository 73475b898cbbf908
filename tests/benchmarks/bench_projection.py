"""What a map of `core.latent.umap_layout` costs and is worth, beside umap-learn's own defaults on the same codes.

    python -m tests.benchmarks.bench_projection [--codes 2000] [--repeats 3] [--limit 300]

Each measurement is a fresh process, so "first map" holds every import; first with no compiled code at all, then with
what that first process kept. Both draw the standardised codes of the shipped models; trustworthiness is measured in
the original codes by the same function. Targets on 2 idle cores, with code kept: first map of 2,000 x 16 within 4 s,
next within 1.2 s, trustworthiness within .01 of umap-learn's. Past the limit it prints what it has and what is
missing, and exits with 1.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.parts import exit_status

START = time.perf_counter()  # before numpy: what "first" counts, but for the interpreter itself


def measure(which: str, file: str) -> dict[str, float]:
    """In the fresh process: seconds for one first map and one next map of each model's codes; their trustworthiness."""
    import numpy as np

    with np.load(file, allow_pickle=False) as arrays:
        codes = dict(arrays)
    began, result, seconds, spent = START, {}, [], compiling()
    for seed in (0, 1):
        for model in ("ae", "vae"):
            if which == "ours":
                from core.latent.projection import project

                result[f"trust {model}, seed {seed}"] = project(
                    codes[model], seed=seed
                ).trustworthiness  # part of the time
                seconds.append(time.perf_counter() - began)
            else:
                import warnings

                from core.latent.projection import standardise, trustworthiness

                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that a seed means one thread; that TensorFlow is absent
                    from umap import UMAP

                    coordinates = UMAP(random_state=seed).fit_transform(standardise(codes[model]))
                seconds.append(time.perf_counter() - began)
                result[f"trust {model}, seed {seed}"] = trustworthiness(codes[model], coordinates)
            began = time.perf_counter()
    return {
        "first map": seconds[0],
        "next map": statistics.median(seconds[1:]),
        "functions compiled": len(spent),
        "seconds of it": sum(spent),
        **result,
    }


def compiling() -> list[float]:
    """Fills with the seconds that each function takes that numba compiles; those inside another count with it."""
    from numba.core import event

    spent: list[float] = []
    began: list[float] = []

    class Listener(event.Listener):
        def on_start(self, _what: Any) -> None:
            began.append(time.perf_counter())

        def on_end(self, _what: Any) -> None:
            seconds = time.perf_counter() - began.pop()
            if not began:
                spent.append(seconds)

    event.register("numba:compile", Listener())
    return spent


class Fresh:
    """`measure` in processes of their own, in the time that is left.

    Attributes:
        missing: the measurements that failed or did not finish, and why.
    """

    def __init__(self, file: Path, folder: Path, limit: float):
        self.file, self.folder, self.ends = file, folder, time.monotonic() + limit
        self.missing: list[str] = []

    def __call__(self, which: str, what: str) -> list[dict[str, float]]:
        """One measurement, or none. Compiled code is kept in a folder for each of the two, empty at first."""
        left = self.ends - time.monotonic()
        command = [sys.executable, "-m", "tests.benchmarks.bench_projection", "--measure", which, str(self.file)]
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(self.folder / which), "OMP_NUM_THREADS": "1"}
        try:
            if left <= 0:
                raise subprocess.TimeoutExpired(command, 0)
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=left, env=environment)
            return [json.loads(done.stdout)]
        except subprocess.TimeoutExpired:
            self.missing.append(f"{which}, {what}: did not finish within the limit")
        except (subprocess.CalledProcessError, ValueError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            self.missing.append(f"{which}, {what}: {said[-1] if said else 'failed'}")
        return []


def shipped_codes(n: int, file: Path) -> None:
    """Posterior means of n images in the shipped AE and VAE (d = 16, beta 1, seed 0)."""
    import numpy as np

    from core.data.datasets import load_dataset
    from core.latent.sampling import encode_all
    from core.runs.store import RunStore

    dataset, store = load_dataset("mnist-5k"), RunStore()
    images = np.concatenate([dataset.test_images, dataset.train_images])[:n]
    find = functools.partial(store.find, dataset="mnist-5k", latent_dim=16, seed=0, noise=0.0)
    runs = [find(model=model, beta=beta)[0] for model, beta in (("ae", None), ("vae", 1.0))]
    np.savez(file, **{run.config.model: encode_all(run.load_model(), images).mean for run in runs})


def table(title: str, ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """Medians side by side; a dash where there is nothing."""

    def median(runs: list[dict[str, float]], key: str) -> float | None:
        return statistics.median(run[key] for run in runs) if runs else None

    print(f"\n{title:<24}{'ours':>10}{'defaults':>12}{'ratio':>8}{'difference':>12}")
    for key in (ours or theirs or [{}])[0]:
        a, b = median(ours, key), median(theirs, key)
        cells = [f"{'-' if value is None else format(value, '.3f'):>{width}}" for value, width in ((a, 10), (b, 12))]
        both = "" if a is None or b is None else f"{b / a if a else float('nan'):>8.1f}{a - b:>+12.4f}"
        print(f"{key:<24}{''.join(cells)}{both}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", type=int, default=2000, help="images to encode, at most 5,000 (default 2000)")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes each (default 3)")
    parser.add_argument("--limit", type=float, default=300, help="seconds for all of it (default 300)")
    parser.add_argument("--measure", nargs=2, metavar=("WHICH", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shipped_codes(options.codes, folder / "codes.npz")
        fresh = Fresh(folder / "codes.npz", folder, options.limit)
        print(
            f"{options.codes} codes of 16 dimensions; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True
        )
        table("nothing compiled yet", *(fresh(which, "nothing compiled yet") for which in ("ours", "defaults")))
        kept: dict[str, list[dict[str, float]]] = {"ours": [], "defaults": []}
        for i in range(options.repeats):
            for which, found in kept.items():
                found += fresh(which, f"code kept, repeat {i + 1}")
        table(f"code kept, {options.repeats} repeats", kept["ours"], kept["defaults"])
    for missing in fresh.missing:
        print(f"missing: {missing}")
    return 1 if fresh.missing else 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
