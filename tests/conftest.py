"""Fixtures every test may use. No test writes to the user's own runs, or reads a network."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

# Before core is imported anywhere: parsed data and runs of a test session live in a folder of their own.
_CACHE = tempfile.TemporaryDirectory(prefix="point-or-cloud-tests-")
os.environ["POINT_OR_CLOUD_CACHE"] = _CACHE.name
# But for umap-learn's compiled code, which says nothing about the project and would take each session 15 s.
os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(platformdirs.user_cache_dir("point-or-cloud-tests", appauthor=False)) / "numba")
)

# Beside another test process, arrays this small only lose by being shared out among threads. Before numpy and torch.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_name, "1")

import pytest  # noqa: E402

from core.config import RunConfig  # noqa: E402
from core.data import datasets, sources  # noqa: E402
from core.runs.run import Run  # noqa: E402
from core.runs.store import RunStore  # noqa: E402


def _tiny(_places: sources.Places) -> tuple:
    """The first 320 training and 120 test images of the embedded data: real, and quick to train on."""
    whole = datasets.load_dataset("mnist-5k")
    return tuple(
        a.copy()
        for a in (whole.train_images[:320], whole.train_labels[:320], whole.test_images[:120], whole.test_labels[:120])
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the everyday suite in two processes, where pytest-xdist is installed and there are two cores.

    One process leaves a good part of two cores idle: it waits for servers, browsers and workers. A file, `-k`, `-m` or
    `-n` runs as asked for; the slow tests stay in one process, since some of them measure what the machine does.
    """
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    everyday = config.option.markexpr == "not slow" and not config.option.usepdb
    possible = config.pluginmanager.hasplugin("xdist") and "PYTEST_XDIST_WORKER" not in os.environ
    if whole and everyday and possible and len(os.sched_getaffinity(0)) > 1 and config.option.numprocesses is None:
        config.option.numprocesses, config.option.dist = 2, "loadfile"


# Files of tests/e2e with servers of their own or none: either process may run them. The others share one server.
OWN_SERVERS = ("addresses", "chart_drawn", "lab", "maps", "networks", "other_trunks", "page_training", "static_site")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """One process gets all tests that open the dashboard itself, so that these share its server; no file is divided."""
    from xdist.scheduler import LoadFileScheduling

    class DashboardTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = Path(nodeid.partition("::")[0])
            shares = path.parts[:2] == ("tests", "e2e") and path.stem.removeprefix("test_") not in OWN_SERVERS
            return "dashboard" if shares else super()._split_scope(nodeid)

    return DashboardTogether(config, log) if config.getvalue("dist") == "loadfile" else None


sources.DATASETS["tiny"] = sources.Source("A few MNIST digits", sources.DIGITS, _tiny)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty store with no shipped runs."""
    return RunStore(tmp_path / "runs", tmp_path / "shipped", limit_bytes=10**9)


TINY = {"dataset": "tiny", "epochs": 2, "latent_dim": 4, "batch_size": 16}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A small, really trained AE and VAE, shared by the whole session: read only."""
    from core.training.train_run import train

    folder = tmp_path_factory.mktemp("trained")
    store = RunStore(folder / "runs", folder / "shipped", limit_bytes=10**9)
    return {model: train(RunConfig(model=model, **TINY), store) for model in ("ae", "vae")}
