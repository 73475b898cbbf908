"""What each command of `python -m core` does. Results go to stdout, as text or JSON; progress goes to stderr.

`train` and `sweep` are in `core.cli.training_commands`, `evaluate` and `judge` in `core.cli.metric_commands`, `import`
is in `core.cli.import_command`. torch is imported inside the commands that need it, so that the others are fast. A
command returns its exit code.
"""

from __future__ import annotations

import math
import os
import time
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from core.cli.import_command import import_pictures
from core.cli.metric_commands import evaluate, judge
from core.cli.terminal import (
    UsageError,
    describe,
    find_run,
    model_of,
    open_store,
    print_json,
    print_rows,
    print_table,
    write_png,
    writing,
)
from core.cli.training_commands import sweep, train
from core.data.datasets import load_dataset
from core.data.folder_name import canonical
from core.data.shape import without_grey_axis
from core.files import write_bytes
from core.runs.run import Run

if TYPE_CHECKING:
    import torch


def runs(options: Namespace) -> int:
    """List the runs that match the options."""
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
    """Describe a data set: its classes, the choices made for its images, and the files that are skipped."""
    dataset = load_dataset(options.dataset)
    train, test = (
        np.bincount(dataset.labels(split), minlength=len(dataset.classes)).tolist() for split in ("train", "test")
    )
    rows = [
        {"class": name, "train": of_train, "test": of_test}
        for name, of_train, of_test in zip(dataset.classes, train, test, strict=True)
    ]
    if options.out:
        from core.data.contact_sheet import contact_sheet

        with writing(options.out) as target:
            write_bytes(target, contact_sheet(dataset))
    if options.json:
        about = {"dataset": dataset.name, "digest": dataset.digest, "train": sum(train), "test": sum(test)}
        print_json({**about, "classes": rows, "notes": dataset.notes, "skipped": dataset.skipped, "out": options.out})
        return 0
    counts = f"{sum(train)} training and {sum(test)} test images"
    print(f"{dataset.name}: {counts}, {dataset.shape}, digest {dataset.digest}")
    print_table(rows)
    for note in dataset.notes:
        print(note)
    if dataset.skipped:
        print(f"{len(dataset.skipped)} files are skipped:")
        for line in dataset.skipped:
            print(f"  {line}")
    if options.out:
        print(f"{options.out}: original images, and below each the input of the models")
    return 0


def sample(options: Namespace) -> int:
    """Draw new images from a run into a PNG."""
    from core.latent.sampling import sample as draw

    run = find_run(open_store(options), options.run)
    images_of_run = None if options.source == "prior" else run.dataset()
    images = draw(model_of(run, options), options.n, options.source, options.temperature, options.seed, images_of_run)
    write_png(options.out, without_grey_axis(images.numpy()), math.ceil(math.sqrt(options.n)))
    return report(options, run, n=options.n, source=options.source, temperature=options.temperature, seed=options.seed)


def interpolate(options: Namespace) -> int:
    """Decode a path between two test images into a PNG."""
    from core.latent.interpolation import interpolate as decode_path

    run = find_run(open_store(options), options.run)
    images: torch.Tensor = run.dataset().floats("test")
    for name, index in (("--from", options.start), ("--to", options.end)):
        if index >= len(images):
            raise UsageError(f"{name} {index}: {run.config.dataset} has test images 0 to {len(images) - 1}.")
    start, end = images[options.start], images[options.end]
    strip = decode_path(model_of(run, options), start, end, options.steps, options.kind)
    write_png(options.out, without_grey_axis(strip.numpy()), options.steps)
    return report(options, run, start=options.start, end=options.end, steps=options.steps, kind=options.kind)


def report(options: Namespace, run: Run, **how: Any) -> int:
    """Print which file was written from which run, and with which options. Returns the exit code."""
    if options.json:
        print_json({"run_id": run.run_id, "out": options.out, **how})
    else:
        print(f"{options.out}: {run.run_id}, " + ", ".join(f"{k} {v}" for k, v in how.items()))
    return 0


def project(options: Namespace) -> int:
    """Make the maps of runs and keep them with the runs."""
    if bool(options.run) == options.all:
        raise UsageError("say what to project: one RUN or more, or --all.")
    from tqdm import tqdm

    from core.files import npz_bytes
    from core.latent import compilation
    from core.latent.run_maps import project_run, reference_for

    store = open_store(options)
    chosen = [run for run in store if run.complete] if options.all else [find_run(store, name) for name in options.run]
    done: list[str] = []
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
    """Export a run into a folder or a zip file."""
    from core.runs.export import export_run

    run = find_run(open_store(options), options.run)
    with writing(options.out or f"{run.run_id}.zip") as target:
        options.out = str(export_run(run, target))
    return report(options, run, files=len(os.listdir(target)) if target.is_dir() else 1)


def warm_up(options: Namespace) -> int:
    """Parse the embedded data and compile the code of UMAP, so that later commands and pages are fast."""
    from core.latent import compilation
    from core.latent.projection import warm_up as compile_projection

    steps: dict[str, Callable[[], Any]] = {"data": load_dataset, "projection": compile_projection}
    seconds: dict[str, float] = {}
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
    """Check the settings from the environment and list them."""
    from core import settings as known

    rows: list[dict[str, Any]] = []
    for name, setting in known.SETTINGS.items():
        found = known.value(name)
        shown = os.environ.get(known.PREFIX + name, "").strip() or setting.text(known.profile()) or setting.unset
        rows.append(
            {"name": known.PREFIX + name, "value": found if options.json else shown, "from": known.source(name)}
        )
    print_rows(rows, options.json)
    return 0


COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "train": train,
    "sweep": sweep,
    "runs": runs,
    "evaluate": evaluate,
    "data": data,
    "import": import_pictures,
    "judge": judge,
    "sample": sample,
    "interpolate": interpolate,
    "project": project,
    "export": export,
    "warm-up": warm_up,
    "settings": settings,
}
