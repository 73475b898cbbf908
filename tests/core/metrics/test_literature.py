"""The literature benchmark at a reduced size: it trains, reads committed scores, and claims nothing it cannot."""

from __future__ import annotations

import pytest

from core.data.sources import DATASETS
from core.files import write_json
from core.metrics import records
from core.metrics.scorecard import standard
from core.runs.store import RunStore
from tests.benchmarks import literature


@pytest.fixture
def scored(tmp_path, shipped) -> RunStore:
    def entry(model: str, seed: int, **fd: float) -> dict:
        return {
            "config": standard(model, "mnist-5k", 16, seed).to_dict(),
            "scores": {"samples": {k: {"fd": v} for k, v in fd.items()}},
        }

    runs = {f"ae{s}": entry("ae", s, mixture=4 + s, prior=200) for s in range(2)}
    runs |= {f"vae{s}": entry("vae", s, mixture=4.5, prior=20) for s in range(2)}
    records.commit("mnist-5k", 16, runs)
    return RunStore(tmp_path / "runs", shipped)


def test_the_order_is_counted_in_every_seed(scored, capsys):
    assert literature.ranking(scored) is False  # seed 1's AE + mixture is worse than its VAE + mixture
    assert "AE + mixture 4.5" in (text := capsys.readouterr().out) and "in 1 of 2 seeds" in text


@pytest.mark.usefixtures("scored")
def test_a_reduced_example_trains_and_is_not_compared(capsys, monkeypatch):
    monkeypatch.setitem(DATASETS, "mnist", DATASETS["tiny"])
    assert literature.main(["--images", "128", "--epochs", "2", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert "epoch  2" in text and "nothing to compare with" in text and "difference" not in text


def test_the_table_says_whether_they_agree(scored):
    def row(text: str) -> str:
        return next(line for line in literature.table(scored).splitlines() if text in line)

    assert row("Ghosh").endswith("| in 1 of 2 seeds |")
    write_json(literature.kept(), {"pytorch_example": {"0": 105.1, "1": 105.9}})
    assert "105.50 ± 0.57 (2 seeds)" in row("PyTorch") and "yes: within 0.50" in row("PyTorch")
    write_json(literature.kept(), {"pytorch_example": {"0": 103.0}})
    assert "no: within 2.60" in row("PyTorch")


@pytest.mark.usefixtures("scored")
def test_a_quick_look_is_not_kept():
    with pytest.raises(SystemExit):
        literature.main(["--images", "128", "--write"])
    assert literature.losses() == {}


def test_steps_the_wrong_way_are_counted():
    assert literature.monotone([1, 2, 2, 3], 1) == "yes"
    assert literature.monotone([3, 2, 2.5, 1], -1) == "not at 1 of 3 steps"
