"""Functions that several commands use: finding a run and its model, printing tables and JSON, writing pictures."""

from __future__ import annotations

import contextlib
import json
from argparse import Namespace
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import settings
from core.data.tiles import png_bytes, tiled
from core.errors import UserFacingError
from core.files import write_bytes
from core.runs.run import Run, RunNotFound
from core.runs.store import RunStore

if TYPE_CHECKING:
    import numpy as np

    from core.models.build import Model


class UsageError(UserFacingError, ValueError):
    """The arguments cannot be carried out. The message names the value, the choices and the remedy."""


NO_LIMIT = 2**62  # bytes; a folder given with --store is not a cache, so nothing is removed from it


def open_store(options: Namespace) -> RunStore:
    """The run store: shipped runs and the user's cache, or with --store PATH only the runs in that folder.

    Raises:
        UsageError: PATH is a file.
    """
    if options.store is None:
        return RunStore()
    path = Path(options.store).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise UsageError(f"--store {options.store} is a file; give a folder, which is made if need be.")
    shipped = path if path == settings.SHIPPED else path / ".none"
    return RunStore(cache=path, shipped=shipped, limit_bytes=NO_LIMIT)


def find_run(store: RunStore, name: str) -> Run:
    """The finished run with this id, or the only one whose id begins with it.

    Raises:
        RunNotFound: there is none, or several; lists the runs there are.
    """
    with contextlib.suppress(RunNotFound):
        return store.get(name)
    known = {run.run_id: run for run in store if run.complete}
    matches = [run_id for run_id in known if run_id.startswith(name)]
    if len(matches) == 1:
        return known[matches[0]]
    if matches:
        raise RunNotFound(f"{name!r} matches {len(matches)} runs: {shorten(matches)}. Give more of the id.")
    unfinished = store.run(name)
    if (unfinished.path / "config.json").exists():
        raise RunNotFound(
            f"{name} is not finished ({unfinished.status()}). The same `python -m core train` command continues it."
        )
    there = shorten(list(known)) or "none yet: `python -m core train` makes one"
    raise RunNotFound(f"no finished run is called {name!r}; there are {there}.")


def model_of(run: Run, options: Namespace) -> Model:
    """The model of a run on the device given by the options; of a multi-rate model, that at --beta (default 1).

    Raises:
        UsageError: --beta was given for another model.
    """
    from core.hardware.device import pick, set_threads
    from core.models.multirate import MultiRate

    set_threads()
    model, beta = run.load_model(str(pick(options.device))), getattr(options, "beta", None)
    if isinstance(model, MultiRate):
        return model.reference() if beta is None else model.at(beta)
    if beta is not None:
        raise UsageError(
            f"--beta {beta:g} applies to a multi-rate model; {run.run_id} was trained at one beta. Leave it out."
        )
    return model


def shorten(names: Sequence[str], most: int = 6) -> str:
    """The first `most` names, joined by commas, and the number of the others."""
    more = f" and {len(names) - most} more (`python -m core runs` lists them)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def describe(run: Run) -> dict[str, Any]:
    """One run as `runs --json` lists it."""
    config = run.config
    return {
        "run_id": run.run_id,
        "model": config.model,
        "dataset": config.dataset,
        "latent_dim": config.latent_dim,
        "beta": config.beta,
        "seed": config.seed,
        "status": str(run.status()),
        "shipped": run.shipped,
    }


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=1, allow_nan=False))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print dicts with equal keys as a table with aligned columns; None is a dash."""
    if not rows:
        return
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print dicts with equal keys as JSON or as a table."""
    if as_json:
        print_json(rows)
    else:
        print_table(rows)


FIGURES = ("distortion", "rate", "neg_elbo", "mse", "active_units")


def figures(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The main figures of an evaluation: nats per image on the test images, and mse per pixel."""
    return {name: evaluation[name] for name in FIGURES}


@contextlib.contextmanager
def writing(path: str | Path) -> Generator[Path]:
    """Inside, an OSError becomes a UsageError about this path; the path is yielded with "~" expanded."""
    try:
        yield Path(path).expanduser()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror or error}); give another --out or --store."
        ) from None


def write_png(path: str, tiles: np.ndarray, columns: int, scale: int = 3) -> None:
    """Write pictures (n, ...) in [0, 1] as one PNG, enlarged by `scale`; the last row is padded with black.

    Raises:
        UsageError: the file cannot be written.
    """
    import numpy as np

    pixels = (tiled(tiles, columns) * 255 + 0.5).astype(np.uint8).repeat(scale, 0).repeat(scale, 1)
    with writing(path) as target:
        write_bytes(target, png_bytes(pixels, optimize=True))
