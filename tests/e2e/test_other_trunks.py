"""A trunk that is added the way the README says: it runs in the page, or the pages say why not and the server draws.

The server and the trainings get the new trunk through a `sitecustomize` module, as a contributor's change would give
it to them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import chromium, opened, served

ROOT = Path(__file__).parents[2]
CONVOLUTIONAL = """
from core.models.trunks import TRUNKS, Layer, dense
TRUNKS["other"] = lambda _shape: (Layer("conv", 1, 6, 7, 7, 0), *dense(6 * 4 * 4, 24))
"""
UNKNOWN = """
import torch
from core.models.networks import LAYERS
from core.models.trunks import TRUNKS, Layer
LAYERS["unheard-of"] = lambda x: torch.nn.Linear(x.inputs, x.outputs)
TRUNKS["other"] = lambda _shape: (Layer("unheard-of", 28 * 28, 24),)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Images of two classes: bright above, or bright below."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, rows in (("above", slice(4, 12)), ("below", slice(16, 24))):
        (folder / name).mkdir()
        for i in range(60):
            image = rng.integers(0, 40, (28, 28)).astype(np.uint8)
            image[rows, 6:22] = rng.integers(150, 255)
            Image.fromarray(image).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(params=[CONVOLUTIONAL, UNKNOWN], ids=["convolutions of another size", "a kind the page does not know"])
def page_of(request, tmp_path, folder):
    """page_of("/one_image") -> that page about a pair with the new trunk; and whether the page can run it."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "sitecustomize.py").write_text(request.param)
    environment = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "code"), str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "POINT_OR_CLOUD_CACHE": str(tmp_path / "cache"),
    }
    for model in ("ae", "vae"):
        command = [
            sys.executable,
            "-m",
            "core",
            "train",
            "--dataset",
            f"folder:{folder}",
            "--model",
            model,
            "--trunk",
            "other",
            "--latent-dim",
            "4",
            "--epochs",
            "12",
        ]
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environment}, check=True, capture_output=True, timeout=300
        )
    with chromium() as browser, served(ROOT / "dashboard" / "app.py", **environment) as url:
        yield (
            (lambda path: opened(browser, f"{url}{path}?data=folder:{folder}&latent=4")),
            request.param == CONVOLUTIONAL,
        )


@pytest.mark.slow
def test_the_pages_run_a_new_trunk_or_the_server_draws(page_of):
    visit, runs = page_of
    page = visit("/one_image")
    if runs:
        page.wait_for_selector('.encode-decode[data-ready="1"][data-runs]', timeout=60_000)
        assert page.locator(".encode-decode .problem").is_hidden()
    else:
        page.get_by_text('"unheard-of"').first.wait_for(timeout=60_000)
        drawn = page.locator("[data-testid=stImage] img")
        drawn.nth(1).wait_for(timeout=60_000)  # the pictures follow the sentence
        assert drawn.count() == 2, "the image through both models, drawn by the server"
        assert page.locator(".encode-decode").count() == 0

    page = visit("/kl_weight")
    if runs:
        page.wait_for_selector('.lab[data-ready="1"][data-settled="1"]', timeout=60_000)
        assert page.locator(".lab .problem").is_hidden()
    else:
        page.get_by_text('"unheard-of"').first.wait_for(timeout=60_000)
        page.locator("[data-testid=stImage] img").first.wait_for(timeout=60_000)

    page = visit("/latent_maps")
    page.wait_for_selector('.maps[data-ready="1"]', timeout=120_000)
    assert page.get_by_text("Sorry").count() == 0 and page.get_by_text("could not be loaded").count() == 0
