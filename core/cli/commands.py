"""What each command of `python -m core` does. Results go to stdout, as text or JSON; progress goes to stderr.

Those that measure are in `core.cli.metric_commands`.

torch is imported inside the commands that need it, so that `runs` answers at once.
"""

from __future__ import annotations

import itertools
import math
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.cli.config_options import config_from
from core.cli.metric_commands import evaluate, judge
from core.cli.terminal import (
    UsageError,
    describe,
    figures,
    find_run,
    model_of,
    open_store,
    print_json,
    print_table,
    write_png,
    writing,
)
from core.config import DEFAULTS, WITHOUT_EFFECT, RunConfig
from core.data.datasets import load_dataset, resolve
from core.data.folder import what_was_read
from core.data.folder_name import canonical
from core.errors import FAILURE, UserFacingError
from core.runs.run import Run, Status
from core.runs.store import RunStore

if TYPE_CHECKING:
    import torch

# ---------------------------------------------------------------------------------------------------------- training


def train_with_bar(config: RunConfig, store: RunStore, device: str | None, quiet: bool, label: str = "") -> Run:
    """`core.training.train_run.train` with a progress bar that estimates the time left; Ctrl-C says how to go on."""
    from tqdm import tqdm

    from core.hardware.device import pick, set_threads
    from core.training.train_run import train as run_training

    pick(device)  # a device that is not there is an argument to correct, not a failed run
    threads = set_threads()
    with tqdm(total=config.epochs, unit="epoch", desc=label or config.run_id, disable=True if quiet else None) as bar:

        def on_epoch(row: dict[str, Any]) -> None:
            bar.update(row["epoch"] - bar.n)
            shown = {"D": f"{row['distortion']:.1f}"} | ({} if row["rate"] is None else {"R": f"{row['rate']:.1f}"})
            bar.set_postfix(shown | {"MSE": f"{row['mse']:.4f}"})

        try:
            return run_training(config, store, device, on_epoch, on_beat=threads.follow)
        except KeyboardInterrupt:
            message = f"Interrupted. {config.run_id} keeps the epochs it saved; the same command goes on from there."
            raise KeyboardInterrupt(message) from None
        except UserFacingError:
            raise
        except OSError as error:
            raise UsageError(
                f"{store.cache} cannot be written ({error.strerror or error}); give another folder with --store."
            ) from None


def train(options: Namespace) -> int:
    store, config = open_store(options), resolve(config_from(options))
    say_what_was_read([config])
    began, there = time.perf_counter(), store.run(config).status() is Status.COMPLETE
    run = train_with_bar(config, store, options.device, options.json)
    seconds, evaluation = time.perf_counter() - began, run.evaluation()
    if options.json:
        print_json(
            {
                **describe(run),
                "trained": not there,
                "seconds": round(seconds, 2),
                "path": str(run.path),
                "evaluation": evaluation,
            }
        )
    else:
        print(f"{run.run_id}: {'was there already' if there else f'trained in {seconds:.1f} s'}, in {run.path}")
        print_table([figures(evaluation)])
    return 0


def say_what_was_read(configs: Sequence[RunConfig]) -> None:
    """Tell on stderr what was decided for the images of folders, and which files were skipped."""
    for name in dict.fromkeys(config.dataset for config in configs if config.dataset.startswith("folder:")):
        for line in what_was_read(load_dataset(name)):
            print(line, file=sys.stderr)


def sweep_configs(options: Namespace) -> list[RunConfig]:
    """Every combination of the lists given. What has no effect on one of several models is left out there: an AE, say, appears
    once, whatever the betas."""

    def left_out(model: str) -> dict[str, Any]:
        names = (
            name for name in WITHOUT_EFFECT[model] if any(name not in WITHOUT_EFFECT[other] for other in options.models)
        )
        return {name: DEFAULTS[name] for name in names if hasattr(options, name)}

    combinations = itertools.product(
        options.datasets, options.models, options.latent_dims, options.betas or [None], options.seeds
    )
    configs = [
        config_from(
            options,
            dataset=dataset,
            model=model,
            latent_dim=d,
            beta=beta if model == "vae" else None,
            seed=seed,
            **left_out(model),
        )
        for dataset, model, d, beta, seed in combinations
    ]
    return [resolve(config) for config in dict.fromkeys(configs)]


def sweep(options: Namespace) -> int:
    if options.betas and "vae" not in options.models:
        raise UsageError(
            f"--betas applies to model vae; the models here are {', '.join(options.models)}. Leave it out."
        )
    if options.scheduler and options.device:
        raise UsageError(
            "--device applies to this machine; with --scheduler each worker takes the best device it has. Leave it out."
        )
    store, configs = open_store(options), sweep_configs(options)
    say_what_was_read(configs)
    if options.dry_run:
        rows = [{"run_id": c.run_id, "status": str(store.run(c).status())} for c in configs]
        show = print_json if options.json else print_table
        show(rows)
        return 0
    if options.scheduler:
        from core.jobs.cluster import sweep as sweep_on_cluster

        runs, failed = sweep_on_cluster(configs, store, options.scheduler, quiet=options.json)
        codes = [FAILURE] * len(failed)
    else:
        from core.hardware.device import pick

        pick(options.device)  # one that is not there is refused once, not run by run
        runs, failed, codes = [], {}, []
        for i, config in enumerate(configs):
            try:
                runs.append(
                    train_with_bar(
                        config, store, options.device, options.json, f"[{i + 1}/{len(configs)}] {config.run_id}"
                    )
                )
            except UserFacingError as error:  # one run that diverges does not cost the others
                failed[config.run_id] = str(error)
                codes.append(error.exit_code)
    rows = [{"run_id": run.run_id, **figures(run.evaluation())} for run in runs]
    if options.json:
        print_json({"runs": rows, "failed": failed})
    else:
        print_table(rows)
        for run_id, why in failed.items():
            print(f"failed: {run_id}: {why}")
    return max(codes, default=0)


# ------------------------------------------------------------------------------------------------- looking at runs


def runs(options: Namespace) -> int:
    wanted = canonical(options.dataset) if options.dataset else None
    rows = [
        describe(run)
        for run in open_store(options)
        if (options.model is None or run.config.model in options.model)
        and (wanted is None or canonical(run.config.dataset) == wanted)
        and (options.latent_dim is None or run.config.latent_dim == options.latent_dim)
    ]
    if options.json:
        print_json(rows)
    elif rows:
        print_table([row | {"shipped": "yes" if row["shipped"] else "no"} for row in rows])
    else:
        print("No run fits. `python -m core train` makes one.")
    return 0


def data(options: Namespace) -> int:
    dataset = load_dataset(options.dataset)
    counts = {
        split: np.bincount(dataset.labels(split), minlength=len(dataset.classes)).tolist()
        for split in ("train", "test")
    }
    rows = [
        {"class": name, "train": counts["train"][i], "test": counts["test"][i]}
        for i, name in enumerate(dataset.classes)
    ]
    if options.out:
        from core.cli.contact_sheet import write_sheet

        write_sheet(options.out, dataset)
    if options.json:
        about = {
            "dataset": dataset.name,
            "digest": dataset.digest,
            "train": sum(counts["train"]),
            "test": sum(counts["test"]),
        }
        print_json({**about, "classes": rows, "notes": dataset.notes, "skipped": dataset.skipped, "out": options.out})
        return 0
    print(
        f"{dataset.name}: {sum(counts['train'])} training and {sum(counts['test'])} test images, 28x28 grey, digest {dataset.digest}"
    )
    print_table(rows)
    for note in dataset.notes:
        print(note)
    if dataset.skipped:
        print(f"{len(dataset.skipped)} files are skipped:")
        for line in dataset.skipped:
            print(f"  {line}")
    if options.out:
        print(f"{options.out}: images as they came, and below each what the models are given")
    return 0


# -------------------------------------------------------------------------------------------------------- pictures


def sample(options: Namespace) -> int:
    from core.latent.sampling import sample as draw

    run = find_run(open_store(options), options.run)
    images_of_run = None if options.source == "prior" else run.dataset()
    images = draw(model_of(run, options), options.n, options.source, options.temperature, options.seed, images_of_run)
    write_png(options.out, images[:, 0].numpy(), math.ceil(math.sqrt(options.n)))
    return report(options, run, n=options.n, source=options.source, temperature=options.temperature, seed=options.seed)


def interpolate(options: Namespace) -> int:
    from core.latent.interpolation import interpolate as walk

    run = find_run(open_store(options), options.run)
    images: torch.Tensor = run.dataset().floats("test")
    for name, index in (("--from", options.start), ("--to", options.end)):
        if index >= len(images):
            raise UsageError(f"{name} {index}: {run.config.dataset} has test images 0 to {len(images) - 1}.")
    strip = walk(model_of(run, options), images[options.start], images[options.end], options.steps, options.kind)
    write_png(options.out, strip[:, 0].numpy(), options.steps)
    return report(options, run, start=options.start, end=options.end, steps=options.steps, kind=options.kind)


def report(options: Namespace, run: Run, **how: Any) -> int:
    """Say which file was written, from which run."""
    if options.json:
        print_json({"run_id": run.run_id, "out": options.out, **how})
    else:
        print(f"{options.out}: {run.run_id}, " + ", ".join(f"{k} {v}" for k, v in how.items()))
    return 0


# ------------------------------------------------------------------------------------------- maps, export, warm-up


def project(options: Namespace) -> int:
    if bool(options.run) == options.all:
        raise UsageError("say what to project: one RUN or more, or --all.")
    from tqdm import tqdm

    from core.files import npz_bytes
    from core.latent import compilation
    from core.latent.run_maps import project_run, reference_for

    store = open_store(options)
    chosen = [run for run in store if run.complete] if options.all else [find_run(store, name) for name in options.run]
    done = []
    for run in tqdm(chosen, unit="run", disable=True if options.json else None):
        if run.has("projection.npz") and not options.again:
            continue
        with compilation.quietly(options.json):
            arrays = project_run(run, reference_for(store, run), run.dataset())
        with writing(run.path):
            run.add("projection.npz", npz_bytes(**arrays))
        done.append(run.run_id)
    if options.json:
        print_json({"projected": done, "kept": [run.run_id for run in chosen if run.run_id not in done]})
    else:
        print(f"{len(done)} projected, {len(chosen) - len(done)} had their map already.")
    return 0


def export(options: Namespace) -> int:
    from core.runs.export import export_run

    run = find_run(open_store(options), options.run)
    with writing(options.out or f"{run.run_id}.zip") as target:
        options.out = str(export_run(run, target))
    return report(options, run, files=len(os.listdir(target)) if target.is_dir() else 1)


def warm_up(options: Namespace) -> int:
    from core.latent import compilation
    from core.latent.projection import warm_up as compile_projection

    steps: dict[str, Callable[[], Any]] = {"data": load_dataset, "projection": compile_projection}
    seconds = {}
    for name, step in steps.items():
        began = time.perf_counter()
        with compilation.quietly(options.json):
            step()
        seconds[name] = round(time.perf_counter() - began, 2)
        if not options.json:
            print(f"{name}: {seconds[name]:.1f} s")
    if options.json:
        print_json(seconds)
    return 0


def settings(options: Namespace) -> int:
    from core import settings as known

    rows = []
    for name, setting in known.SETTINGS.items():
        found = known.value(name)
        shown = os.environ.get(known.PREFIX + name, "").strip() or setting.text(known.profile()) or setting.unset
        rows.append(
            {"name": known.PREFIX + name, "value": found if options.json else shown, "from": known.source(name)}
        )
    show = print_json if options.json else print_table
    show(rows)
    return 0


COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "train": train,
    "sweep": sweep,
    "runs": runs,
    "evaluate": evaluate,
    "data": data,
    "judge": judge,
    "sample": sample,
    "interpolate": interpolate,
    "project": project,
    "export": export,
    "warm-up": warm_up,
    "settings": settings,
}
