"""What a map costs and is worth as `core.umap_` asks umap-learn for it, beside the package's own defaults on the same codes.

    python -m tests.benchmarks.bench_projection [--codes 2000] [--repeats 3] [--cold]

Each measurement is a fresh process with numba's cache warm (the package keeps what it asks numba to keep, `core.umap_` also
the rest), so "first" holds every import. Both draw the standardised codes
of the shipped models; trustworthiness is measured in the original codes by the same function. Targets on 2 idle cores:
first map of 2,000 x 16 within 4 s, next within 1.2 s, trustworthiness within .01 of umap-learn's.
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

START = time.perf_counter()  # before numpy: what "first" counts, but for the interpreter itself


def measure(which: str, file: str) -> dict[str, float]:
    """In the fresh process: one first map and one next map of each model's codes, in seconds; and their trustworthiness."""
    import numpy as np

    with np.load(file, allow_pickle=False) as arrays:
        codes = dict(arrays)
    began, result, seconds = START, {}, []
    for seed in (0, 1):
        for model in ("ae", "vae"):
            if which == "ours":
                from core.projection import project

                result[f"trust {model}, seed {seed}"] = project(codes[model], seed=seed).trustworthiness  # part of the time
                seconds.append(time.perf_counter() - began)
            else:
                import warnings

                from core.projection import standardise, trustworthiness

                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that a seed means one thread; that TensorFlow is absent
                    from umap import UMAP

                    coordinates = UMAP(random_state=seed).fit_transform(standardise(codes[model]))
                seconds.append(time.perf_counter() - began)
                result[f"trust {model}, seed {seed}"] = trustworthiness(codes[model], coordinates)
            began = time.perf_counter()
    return {"first map": seconds[0], "next map": statistics.median(seconds[1:]), **result}


def fresh(which: str, file: Path, **environment: str) -> dict[str, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_projection", "--measure", which, str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return json.loads(done.stdout)


def shipped_codes(n: int, file: Path) -> None:
    """Posterior means of n images in the shipped AE and VAE (d = 16, beta 1, seed 0)."""
    import numpy as np

    from core.data import load_dataset
    from core.runs import RunStore
    from core.sampling import encode_all

    dataset, store = load_dataset("mnist-5k"), RunStore()
    images = np.concatenate([dataset.test_images, dataset.train_images])[:n]
    find = functools.partial(store.find, dataset="mnist-5k", latent_dim=16, seed=0, noise=0.0)
    runs = [find(model=model, beta=beta)[0] for model, beta in (("ae", None), ("vae", 1.0))]
    np.savez(file, **{run.config.model: encode_all(run.load_model(), images).mean for run in runs})


def table(title: str, ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """Medians side by side."""
    print(f"\n{title:<24}{'ours':>10}{'defaults':>12}{'ratio':>8}{'difference':>12}")
    for key in ours[0]:
        a, b = (statistics.median(run[key] for run in runs) for runs in (ours, theirs))
        print(f"{key:<24}{a:>10.3f}{b:>12.3f}{b / a:>8.1f}{a - b:>+12.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", type=int, default=2000, help="images to encode, at most 5,000 (default 2000)")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes each (default 3)")
    parser.add_argument("--cold", action="store_true", help="also with an empty numba cache, once")
    parser.add_argument("--measure", nargs=2, metavar=("WHICH", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "codes.npz"
        shipped_codes(options.codes, file)
        print(f"{options.codes} codes of 16 dimensions, {options.repeats} fresh processes each")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for which in ("ours", "defaults"):
            fresh(which, file)  # fills whatever either keeps
        runs = [(fresh("ours", file), fresh("defaults", file)) for _ in range(options.repeats)]
        table("seconds, warm cache", [a for a, _ in runs], [b for _, b in runs])
        if options.cold:
            a = fresh("ours", file, POINT_OR_CLOUD_CACHE=f"{folder}/cold")
            b = fresh("defaults", file, NUMBA_CACHE_DIR=f"{folder}/cold-theirs")
            table("seconds, empty cache", [a], [b])


if __name__ == "__main__":
    main()
