"""The README's promises that a machine can keep: its examples run, its tables are current, its links lead somewhere."""

import re
from pathlib import Path

import pytest

from core import settings
from core.runs.store import RunStore
from tests.benchmarks import results

README = (settings.ROOT / "README.md").read_text()


def test_the_example_runs_as_it_stands():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["run"].shipped, "the example must not train"
    assert names["logits"].shape == names["images"].shape == (1000, 1, 28, 28)
    assert (
        names["new"].shape == (16, 1, 28, 28)
        and names["strip"].shape == (9, 1, 28, 28)
        and names["flat"].shape == (1000, 2)
    )


@pytest.mark.parametrize("name", results.TABLES)
def test_the_tables_are_what_their_command_prints(name, tmp_path):
    begin, end = results.markers(name)
    assert README.split(begin)[1].split(end)[0].strip() == results.TABLES[name](RunStore(tmp_path))


def test_every_local_link_and_picture_exists():
    targets = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README)
    assert targets
    for target in targets:
        assert (settings.ROOT / target).exists(), target


def test_shipped_runs_are_whole_and_small():
    runs = [run for run in RunStore() if run.shipped]
    for run in runs:
        run.verify()
    have = {(r.config.dataset, r.config.model, r.config.latent_dim, r.config.seed, r.config.beta) for r in runs}
    for seed in (0, 1, 2):
        for d in (2, 16):
            assert ("mnist-5k", "ae", d, seed, None) in have and ("mnist-5k", "vae", d, seed, 1.0) in have
    betas = {b for data, model, d, seed, b in have if (data, model, d, seed) == ("mnist-5k", "vae", 16, 0)}
    assert len(betas) >= 9 and {0.1, 10.0} <= betas
    size = sum(p.stat().st_size for p in Path(settings.SHIPPED).rglob("*") if p.is_file() and ".locks" not in p.parts)
    assert size <= 70e6, f"{size / 1e6:.1f} MB"


@pytest.mark.parametrize(
    ("fields", "figure", "most"),
    [
        ({"model": "vae", "latent_dim": 16, "beta": 1.0}, "neg_elbo", 108),
        ({"model": "ae", "latent_dim": 16}, "mse", 0.0125),
        ({"model": "vae", "latent_dim": 2, "beta": 1.0}, "neg_elbo", 154),
    ],
)
def test_shipped_quality(fields, figure, most):
    runs = RunStore().find(dataset="mnist-5k", noise=0.0, held_out_class=None, reduction="sum", **fields)
    assert len(runs) >= 3 and all(run.evaluation()[figure] <= most for run in runs)
