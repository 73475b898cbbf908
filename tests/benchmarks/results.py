"""The README's tables, from the shipped runs' own evaluations and the committed figures.

    python -m tests.benchmarks.results [--write]

    results      the shipped runs, one row per kind of model; mean and, over several seeds, the standard deviation
    multirate    one network for every beta beside those trained for one (`tests.benchmarks.bench_multirate`)
    scorecard    the claims and their verdicts (`core.metrics.scorecard`)
    factors      how far latent dimensions follow single factors (`core.metrics.factor_claims`)
    literature   figures that others published beside this project's (`tests.benchmarks.literature`)
    machines     what a training on request costs on several machines (`tests.benchmarks.bench_machines`)

--write puts each into README.md, between its markers; a test checks that the README holds what this prints. A table
that cannot be made is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Mapping

from core import settings
from core.files import write_bytes
from core.metrics import factor_claims, scorecard
from core.runs.run import Run
from core.runs.store import RunStore
from tests.benchmarks import bench_machines, bench_multirate, literature
from tests.benchmarks.parts import Parts, exit_status

FACTORS = ("sprites", 10)  # data set and latent size
COLUMNS = ("distortion", "rate", "neg_elbo", "mse", "active_units")


def cell(values: Iterable[float | None], digits: int) -> str:
    """ "12.3", "12.3 ± 0.4" over several seeds, or "n/a" where a model has no such figure."""
    known = [v for v in values if v is not None]
    if not known:
        return "n/a"
    spread = f" ± {statistics.stdev(known):.{digits}f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.{digits}f}{spread}"


def table(store: RunStore) -> str:
    """Markdown: data set, model, d, beta, seeds, D, R, -ELBO, MSE, active units."""
    groups: dict[tuple, list[Run]] = {}
    for run in store:
        c = run.config
        plain = not (c.noise or c.held_out_class is not None or c.reduction == "mean")
        if run.shipped and run.complete and plain and c.model != "multirate":
            groups.setdefault((c.dataset != "mnist-5k", c.dataset, -c.latent_dim, c.beta or 0), []).append(run)
    lines = [
        "| data | model | d | β | seeds | D (nats) | R (nats) | −ELBO (nats) | MSE | active units |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for key, runs in sorted(groups.items()):
        figures = [run.evaluation() for run in runs]
        cells = [
            cell((f[name] for f in figures), {"mse": 4, "active_units": 0 if len(runs) == 1 else 1}.get(name, 1))
            for name in COLUMNS
        ]
        beta = runs[0].config.beta
        weight = "–" if beta is None else f"{beta:g}"
        lines.append(
            f"| {key[1]} | {runs[0].config.model.upper()} | {-key[2]} | {weight} | {len(runs)} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


TABLES: dict[str, Callable[[RunStore], str]] = {
    "results": table,
    "multirate": lambda store: bench_multirate.table(*bench_multirate.shipped(store)),
    "scorecard": scorecard.markdown,
    "factors": lambda store: factor_claims.markdown(
        scorecard.population(store, *FACTORS), "{}, d = {}".format(*FACTORS)
    ),
    "literature": literature.table,
    "machines": lambda _store: bench_machines.table(),
}


def markers(name: str) -> tuple[str, str]:
    """The lines between which a table stands in README.md."""
    return f"<!-- {name}: python -m tests.benchmarks.results --write -->", f"<!-- end of {name} -->"


def main(arguments: list[str] | None = None, tables: Mapping[str, Callable[[RunStore], str]] = TABLES) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    write = parser.parse_args(arguments).write
    path = settings.ROOT / "README.md"
    text, store = path.read_text(), RunStore(cache=settings.SHIPPED)  # what everyone has: not this machine's cache
    parts = Parts()
    for name, make in tables.items():
        with parts(name):
            made, (begin, end) = make(store), markers(name)
            print(f"{name}\n\n{made}\n")
            before, found, rest = text.partition(begin)
            if not found or end not in rest:
                raise LookupError(f"README.md has no markers {begin} and {end}: put them where the table belongs.")
            text = f"{before}{begin}\n{made}\n{end}{rest.partition(end)[2]}"
    if write:
        write_bytes(path, text.encode())
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
