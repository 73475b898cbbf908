"""The training of a request with the instruction sets, threads and load of several machines, as far as one can.

    python -m tests.benchmarks.bench_machines [--isa AVX2,AVX-512,all] [--threads 1,2] [--beside 0,1] [--epochs N]
    [--limit 230] [--write]

Every configuration is a fresh process, with the instruction set held down by the environment variables that PyTorch,
oneDNN and MKL read; what the processor does not have is left out. One thread is a request's worker on two cores, with
its lower priority; two threads are a terminal's (`python -m core train`), which spin, and give way to others. Beside
N: so many processes that never rest. In each process:

    request   the whole training of `core.config.QUICK`: its steps, measurements, pictures, and the finished run's
              files, in seconds
    of Adam   that, as a share of 7 epochs of Adam in fp32 with their measurements, their steps alone in brackets; only
              alone, since
              what is beside it disturbs each by chance
    of GEMM   that, over the time in which fp32 matrix products of 512 x 512, timed in the same process, do as many
              operations
    beside    that, over the same configuration's alone

Held down, a processor keeps its own caches, clock and memory, and runs AVX2 code as fast as it can: another vendor's
processor with the same instructions may be slower by a half, and nothing is said of ARM. `--write` keeps the figures,
by the processor's name, in tests/benchmarks/machines.json, from which the README's table is made. What does not
finish within the limit is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from core import settings
from tests.benchmarks.bench_jobs import busy
from tests.benchmarks.parts import Parts, Unfinished, exit_status, processor

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
AVX512 = {
    "ATEN_CPU_CAPABILITY": "avx512",
    "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
    "MKL_ENABLE_INSTRUCTIONS": "AVX512",
    "POINT_OR_CLOUD_PRECISION": "fp32",
}
HELD_DOWN: dict[str, dict[str, str]] = {"AVX2": AVX2, "AVX-512": AVX512, "all": {}}
KEPT = settings.ROOT / "tests" / "benchmarks" / "machines.json"
ADAM_EPOCHS = 7  # what a request is compared with


def instruction_sets() -> list[str]:
    """Those of `HELD_DOWN` that differ on this processor, its own last."""
    import torch

    has = torch.cpu.get_capabilities()
    return [name for name, needs in (("AVX2", "avx512_f"), ("AVX-512", "amx_tile")) if has.get(needs)] + ["all"]


def gemm_speed(seconds: float = 0.3) -> float:
    """fp32 operations per second of products of 512 x 512 matrices, on the threads that are set."""
    import torch

    a, b, best, end = torch.randn(512, 512), torch.randn(512, 512), float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return 2 * 512**3 / best


def operations(config: Any, dataset: Any, epochs: int) -> float:
    """Multiplications and additions of a whole request, counted as they are dispatched."""
    from torch.utils.flop_counter import FlopCounterMode

    from core.training import evaluation
    from core.training.loop import fit

    def counted(size: int) -> tuple[float, Any]:
        with FlopCounterMode(display=False) as counter:
            *_, last = fit(config.replace(epochs=1, train_size=size), dataset, "cpu")
        return counter.get_total_flops(), last.model

    (more, model), (less, _) = counted(2 * config.batch_size), counted(config.batch_size)
    step = more - less
    with FlopCounterMode(display=False) as counter:
        evaluation.artifacts(model, dataset)
    steps = epochs * -(-len(dataset.train_images) // config.batch_size)
    return steps * step + (epochs + 1) * (less - step) / 2 + counter.get_total_flops()


def measure(threads: int, epochs: int, adam_epochs: int) -> dict[str, float]:
    """In the fresh process: the figures of one configuration."""
    from core.hardware import cores
    from core.jobs import worker

    if threads > 1:
        cores.spin()
    else:
        worker.give_way()
    from core.config import QUICK, RunConfig
    from core.data.datasets import load_dataset
    from core.hardware import device
    from core.runs.store import RunStore
    from core.training.loop import fit
    from core.training.train_run import train

    following = device.set_threads() if threads > 1 else device.set_threads(1)
    dataset, config = load_dataset("mnist-5k"), RunConfig(**(QUICK | {"epochs": epochs}))
    with tempfile.TemporaryDirectory() as folder:
        train(
            config.replace(epochs=1, train_size=256),
            RunStore(Path(folder) / "warm", Path(folder) / "none"),
            "cpu",
            on_beat=following.follow,
        )
        speed = gemm_speed()
        loop, steps, whole = fit(RunConfig(epochs=2 * adam_epochs), dataset, "cpu"), [], []

        def adam_for(epochs: int) -> None:
            """Time epochs of Adam, half of them before and half after the request, since clocks and loads drift."""
            for _ in range(epochs):
                following.follow()
                began = time.perf_counter()
                steps.append(next(loop).row["seconds"])
                whole.append(time.perf_counter() - began)

        next(loop)  # the measurement before any step
        adam_for(adam_epochs)
        began = time.perf_counter()
        run = train(config, RunStore(Path(folder) / "runs", Path(folder) / "none"), "cpu", on_beat=following.follow)
        request, neg_elbo = time.perf_counter() - began, run.evaluation()["neg_elbo"]
        adam_for(adam_epochs)
    adam, adam_steps = (ADAM_EPOCHS * sum(values) / len(values) for values in (whole, steps))
    limit = operations(config, dataset, epochs) / speed
    return {
        "request": request,
        "neg_elbo": neg_elbo,
        "adam": adam,
        "adam_steps": adam_steps,
        "limit": limit,
        "threads": following.count,
    }


def fresh(isa: str, threads: int, beside: int, epochs: int, adam_epochs: int, patience: float) -> dict[str, float]:
    """`measure` in a process of its own.

    Raises:
        Unfinished: it failed, or took longer than `patience` seconds.
    """
    environment = {
        k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "POINT_OR_CLOUD_THREADS")
    } | HELD_DOWN[isa]
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.bench_machines",
        "--measure",
        f"{threads},{epochs},{adam_epochs}",
    ]
    try:
        with busy(beside):
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, timeout=max(patience, 1), cwd=settings.ROOT
            )
    except subprocess.TimeoutExpired:
        raise Unfinished(f"more than {patience:.0f} s") from None
    if done.returncode:
        raise Unfinished(
            f"exit status {done.returncode}, {(done.stderr.strip().splitlines() or ['no error message'])[-1]}"
        )
    return json.loads(done.stdout)


def row(isa: str, threads: int, beside: int, found: dict[str, float], alone: dict[str, float] | None) -> str:
    """One configuration as a row of the table."""
    request = found["request"]
    slower = "–" if not beside or alone is None else f"{request / alone['request']:.2f}"
    adam = "–" if beside else f"{request / found['adam']:.2f} ({request / found['adam_steps']:.2f})"
    cells = [
        isa,
        str(threads),
        str(beside) if beside else "alone",
        f"{request:.1f}",
        adam,
        f"{request / found['limit']:.1f}",
        slower,
        f"{found['neg_elbo']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


COLUMNS = (
    "instructions",
    "threads",
    "other busy processes",
    "time per request, s",
    "× 7 epochs of Adam",
    "× GEMM",
    "× time alone",
    "−ELBO",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}"


def table(machines: dict[str, list[dict[str, Any]]] | None = None) -> str:
    """Markdown: the kept figures, one table per processor."""
    machines = json.loads(KEPT.read_text()) if machines is None else machines
    blocks = []
    for name, rows in machines.items():
        alone = {(r["isa"], r["most"]): r for r in rows if not r["beside"]}
        lines = [row(r["isa"], r["most"], r["beside"], r, alone.get((r["isa"], r["most"]))) for r in rows]
        blocks.append("\n".join([f"{name}:", "", HEAD, *lines]))
    return "\n\n".join(blocks)


def keep(found: dict[str, Any]) -> None:
    """Put one row of this machine into `KEPT`, in the place of an earlier one of the same configuration."""
    from core.files import write_json

    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    same = {(r["isa"], r["most"], r["beside"]): r for r in [*kept.get(processor(), []), found]}
    order = list(HELD_DOWN)
    kept[processor()] = sorted(same.values(), key=lambda r: (order.index(r["isa"]), r["most"], r["beside"]))
    write_json(KEPT, kept)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isa", help=f"with commas, of {', '.join(HELD_DOWN)} (default: those that differ here)")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--beside", default="0,1")
    parser.add_argument("--epochs", type=int, help="of a request; fewer for a quick look (default: all)")
    parser.add_argument(
        "--adam-epochs",
        type=int,
        default=2,
        help="timed for the comparison before the request, and as many after (default 2)",
    )
    parser.add_argument("--limit", type=float, default=230.0, metavar="SECONDS", help="for all of it (default 230)")
    parser.add_argument("--write", action="store_true", help="put the rows into machines.json; only without --epochs")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*map(int, options.measure.split(",")))))
        return 0
    if options.write and options.epochs:
        parser.error("--write keeps whole requests: leave out --epochs.")
    from core.config import QUICK

    parts = Parts(options.limit)
    chosen = options.isa.split(",") if options.isa else instruction_sets()
    if unknown := set(chosen) - set(HELD_DOWN):
        parser.error(f"--isa {sorted(unknown)[0]} is not known; choose from {', '.join(HELD_DOWN)}.")
    print(f"{processor()}:\n\n{HEAD}", flush=True)
    for isa in chosen:
        for threads in map(int, options.threads.split(",")):
            alone = None
            for beside in map(int, options.beside.split(",")):
                name = f"{isa}, {threads} threads, beside {beside}"
                if parts.begin(name):
                    with parts(name):
                        found = fresh(
                            isa,
                            threads,
                            beside,
                            options.epochs or QUICK["epochs"],
                            options.adam_epochs,
                            parts.end - time.monotonic(),
                        )
                        alone = alone if beside else found
                        if options.write:
                            keep(
                                {
                                    "isa": isa,
                                    "most": threads,
                                    "beside": beside,
                                    **{k: round(v, 3) for k, v in found.items()},
                                }
                            )
                        print(row(isa, threads, beside, found, alone), flush=True)
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
