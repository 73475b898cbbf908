"""The commands `train` and `sweep`."""

from __future__ import annotations

import itertools
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from core.cli.config_options import config_from
from core.cli.terminal import UsageError, describe, figures, open_store, print_json, print_rows, print_table
from core.config import DEFAULTS, WITHOUT_EFFECT, ModelName, RunConfig
from core.data.datasets import load_dataset, resolve
from core.data.folder import what_was_read
from core.errors import FAILURE, UserFacingError
from core.runs.run import Run, Status
from core.runs.store import RunStore
from core.training.cost import cost


def train_with_bar(config: RunConfig, store: RunStore, device: str | None, quiet: bool, label: str = "") -> Run:
    """`core.training.train_run.train` with a progress bar; its KeyboardInterrupt says how to continue.

    Raises:
        UsageError: the store cannot be written.
        UserFacingError: see `core.training.train_run.train`.
    """
    from tqdm import tqdm

    from core.hardware.device import pick, set_threads
    from core.training.train_run import train as run_training

    pick(device)  # a missing device is a wrong argument, not a failed run
    if not quiet and store.run(config).status() is not Status.COMPLETE:
        data = load_dataset(config.dataset, config.data_digest, store.cache)
        print(f"Takes {cost(config, data.counts)}.", file=sys.stderr)
    threads = set_threads()
    with tqdm(total=config.epochs, unit="epoch", desc=label or config.run_id, disable=True if quiet else None) as bar:

        def on_epoch(row: dict[str, Any]) -> None:
            bar.update(row["epoch"] - bar.n)
            shown = {"D": f"{row['distortion']:.1f}"} | ({} if row["rate"] is None else {"R": f"{row['rate']:.1f}"})
            bar.set_postfix(shown | {"MSE": f"{row['mse']:.4f}"})

        try:
            return run_training(config, store, device, on_epoch, on_beat=threads.follow)
        except KeyboardInterrupt:
            message = f"Interrupted. {config.run_id} keeps the epochs it saved; the same command continues from there."
            raise KeyboardInterrupt(message) from None
        except UserFacingError:
            raise
        except OSError as error:
            raise UsageError(
                f"{store.cache} cannot be written ({error.strerror or error}); give another folder with --store."
            ) from None


def train(options: Namespace) -> int:
    """Train a run, or find it if it was trained before."""
    store, config = open_store(options), resolve(config_from(options))
    report_folders([config])
    began, there = time.perf_counter(), store.run(config).status() is Status.COMPLETE
    run = train_with_bar(config, store, options.device, options.json)
    seconds, evaluation = time.perf_counter() - began, run.evaluation()
    if options.json:
        how = {"trained": not there, "seconds": round(seconds, 2), "path": str(run.path)}
        print_json({**describe(run), **how, "evaluation": evaluation})
    else:
        print(f"{run.run_id}: {'was there already' if there else f'trained in {seconds:.1f} s'}, in {run.path}")
        print_table([figures(evaluation)])
    return 0


def report_folders(configs: Sequence[RunConfig]) -> None:
    """Print to stderr what was read from folders of images: choices that were made, files that were skipped."""
    for name in dict.fromkeys(config.dataset for config in configs if config.dataset.startswith("folder:")):
        for line in what_was_read(load_dataset(name)):
            print(line, file=sys.stderr)


def sweep_configs(options: Namespace) -> list[RunConfig]:
    """Every combination of the given lists, each once.

    Options that have no effect on one of several models are left out there: an AE, for example, appears once for all
    betas.
    """

    def left_out(model: ModelName) -> dict[str, Any]:
        effective_elsewhere = (
            name for name in WITHOUT_EFFECT[model] if any(name not in WITHOUT_EFFECT[other] for other in options.models)
        )
        return {name: DEFAULTS[name] for name in effective_elsewhere if hasattr(options, name)}

    def config(dataset: str, model: ModelName, latent_dim: int, beta: float | None, seed: int) -> RunConfig:
        fixed: dict[str, Any] = {"dataset": dataset, "model": model, "latent_dim": latent_dim, "seed": seed}
        return config_from(options, **fixed, beta=beta if model == "vae" else None, **left_out(model))

    combinations = itertools.product(
        options.datasets, options.models, options.latent_dims, options.betas or [None], options.seeds
    )
    configs = [config(*combination) for combination in combinations]
    return [resolve(config) for config in dict.fromkeys(configs)]


def sweep(options: Namespace) -> int:
    """Train every combination of the given lists, on this machine or on a cluster."""
    if options.betas and "vae" not in options.models:
        raise UsageError(
            f"--betas applies to model vae; the models here are {', '.join(options.models)}. Leave it out."
        )
    if options.scheduler and options.device:
        raise UsageError(
            "--device applies to this machine; with --scheduler each worker takes the best device it has. Leave it out."
        )
    store, configs = open_store(options), sweep_configs(options)
    report_folders(configs)
    if options.dry_run:
        print_rows([{"run_id": c.run_id, "status": str(store.run(c).status())} for c in configs], options.json)
        return 0
    if options.scheduler:
        from core.jobs.cluster import sweep as sweep_on_cluster

        runs, failed = sweep_on_cluster(configs, store, options.scheduler, quiet=options.json)
        codes = [FAILURE] * len(failed)
    else:
        runs, failed, codes = _sweep_here(configs, store, options)
    rows = [{"run_id": run.run_id, **figures(run.evaluation())} for run in runs]
    if options.json:
        print_json({"runs": rows, "failed": failed})
    else:
        print_table(rows)
        for run_id, why in failed.items():
            print(f"failed: {run_id}: {why}")
    return max(codes, default=0)


def _sweep_here(
    configs: Sequence[RunConfig], store: RunStore, options: Namespace
) -> tuple[list[Run], dict[str, str], list[int]]:
    """Train one by one on this machine; a run that fails does not stop the others.

    Returns:
        the finished runs, run id -> reason of those that failed, and their exit codes.
    """
    from core.hardware.device import pick

    pick(options.device)  # a missing device is reported once and not for every run
    runs: list[Run] = []
    failed: dict[str, str] = {}
    codes: list[int] = []
    for i, config in enumerate(configs):
        label = f"[{i + 1}/{len(configs)}] {config.run_id}"
        try:
            runs.append(train_with_bar(config, store, options.device, options.json, label))
        except UserFacingError as error:
            failed[config.run_id] = str(error)
            codes.append(error.exit_code)
    return runs, failed, codes
