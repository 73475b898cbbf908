"""The memory that trainings need, beside the estimate that is shown before they start.

    python -m tests.benchmarks.bench_memory [--only NAME]

Each training of one epoch runs in a process of its own, whose largest resident memory is read at its end. Wanted: the
estimate (`core.training.memory`) is off by at most a quarter. Exit status 1: one is not, or failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.config import RunConfig
from core.data.datasets import load_dataset
from core.training.memory import memory_mb
from tests.benchmarks.parts import exit_status

TOLERANCE = 0.25
FOLDER = "a folder of 10,000"  # images of 64x64 in colour
CASES: dict[str, Mapping[str, Any]] = {
    "conv, d = 16": {},
    "mlp, d = 2": {"latent_dim": 2},
    "emoji, d = 32": {"dataset": "emoji", "latent_dim": 32},
    "emoji, mlp": {"dataset": "emoji", "trunk": "mlp"},
    "sprites, d = 10": {"dataset": "sprites", "latent_dim": 10},
    FOLDER: {},
    f"{FOLDER}, grey, batches of 512": {"batch_size": 512},
}
PEAK = """
import sys
from pathlib import Path
from core.config import RunConfig
from core.runs.store import RunStore
from core.training.train_run import train
folder, config = sys.argv[1:]
train(RunConfig.from_dict(__import__("json").loads(config)), RunStore(Path(folder)))
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024 / 1e6)
"""


def peak_mb(config: RunConfig) -> float:
    """The largest resident memory of a process that trains this run, in MB (Linux).

    What getrusage reports would not do: it begins with the memory of the process that starts this one.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-c", PEAK, folder, config.to_json()]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=300)
    return float(done.stdout.split()[-1])


def write_folder(folder: Path, images: int) -> None:
    """A folder of pictures that differ, of 64x64 pixels, in two classes."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(images):
        colours = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        path = folder / "ab"[i % 2] / f"{i:05d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(colours).resize((64, 64), Image.Resampling.BICUBIC).save(path, compress_level=1)


def estimated_mb(config: RunConfig) -> float:
    """What a page and the command line say before the training starts."""
    data = load_dataset(config.dataset)
    return memory_mb(config, *data.counts)


def measure(name: str, config: RunConfig) -> bool:
    """Print a line; whether the estimate is good enough."""
    estimate, measured = estimated_mb(config), peak_mb(config)
    fine = abs(estimate / measured - 1) <= TOLERANCE
    print(f"{name:45}{estimate:>10.0f}{measured:>10.0f}{estimate / measured - 1:>+9.0%}{'' if fine else '   off'}")
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(CASES))
    only = parser.parse_args().only
    print(f"{'MB':45}{'estimate':>10}{'measured':>10}{'off by':>9}")
    off = []
    with tempfile.TemporaryDirectory() as folder:
        for name in [only] if only else CASES:
            fields = {"epochs": 1, **CASES[name]}
            if name.startswith(FOLDER):
                if not any(Path(folder).iterdir()):
                    write_folder(Path(folder), 10_000)
                fields["dataset"] = f"folder:{folder}?{'' if 'grey' in name else 'color=1&'}size=64"
            try:
                if not measure(name, RunConfig(**fields)):
                    off.append(name)
            except (subprocess.SubprocessError, OSError) as error:
                print(f"{name}: {error}")
                off.append(name)
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(exit_status(main))
