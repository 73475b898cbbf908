"""The README's results table, from the shipped runs' own evaluations.

    python -m tests.benchmarks.results [--write]

One row a kind of model; mean and, over several seeds, the standard deviation. --write puts it into README.md, between
its markers; a test checks that the README holds what this prints.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable

from core import settings
from core.runs import Run, RunStore, write_bytes

BEGIN, END = "<!-- results: python -m tests.benchmarks.results --write -->", "<!-- end of results -->"
COLUMNS = ("distortion", "rate", "neg_elbo", "mse", "active_units")


def cell(values: Iterable[float | None], digits: int) -> str:
    """ "12.3", "12.3 ± 0.4" over several seeds, or "n/a" where a model has no such figure. """
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
        cells = [cell((f[name] for f in figures), {"mse": 4, "active_units": 0 if len(runs) == 1 else 1}.get(name, 1)) for name in COLUMNS]
        beta = runs[0].config.beta
        weight = "–" if beta is None else f"{beta:g}"
        lines.append(f"| {key[1]} | {runs[0].config.model.upper()} | {-key[2]} | {weight} | {len(runs)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    text = table(RunStore())
    print(text)
    if parser.parse_args().write:
        path = settings.ROOT / "README.md"
        before, _, rest = path.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        write_bytes(path, f"{before}{BEGIN}\n{text}\n{END}{after}".encode())


if __name__ == "__main__":
    main()
