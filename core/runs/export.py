"""Exporting a run: weights as safetensors, figures as JSON, and a ten-line example that loads it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from core.files import write_bytes
from core.runs.run import WEIGHTS, Run

EXAMPLE = """\
import json, pathlib, torch
from safetensors.torch import load_file
from core.config import RunConfig  # pip install -e . in the project's folder
from core.models.build import build_model

config = RunConfig.from_dict(json.loads(pathlib.Path("config.json").read_text()))
model = build_model(config).eval()
model.load_state_dict({{name: tensor.float() for name, tensor in load_file("weights.safetensors").items()}})
z = torch.randn({codes}, config.latent_dim)  # codes from the prior N(0, I)
images = model{at}.decode_image(z)  # {shape} in [0, 1]
"""


def example(run: Run) -> str:
    """The ten-line loading example for this run."""
    return EXAMPLE.format(
        codes=16, shape=(16, *run.config.shape.chw), at=".at(beta=1.0)" if run.config.model == "multirate" else ""
    )


def export_files(run: Run) -> dict[str, bytes]:
    """File name -> bytes of the export of a complete run; every file is checked against its digest.

    Raises:
        RunDamaged: the run is not complete, or damaged.
    """
    files = {name: run.read(name) for name in (WEIGHTS, "config.json", "evaluation.json") if name in run.manifest()}
    files["history.json"] = (json.dumps(run.history(), indent=1) + "\n").encode()
    return files | {"load.py": example(run).encode()}


def export_zip(run: Run) -> bytes:
    """`export_files` as a zip file, in a folder named after the run. The same run gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in export_files(run).items():
            archive.writestr(zipfile.ZipInfo(f"{run.run_id}/{name}"), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def export_run(run: Run, out: Path) -> Path:
    """Write the export of a run to `out`: a zip file if it ends in .zip, otherwise a folder. Returns `out`.

    Raises:
        RunDamaged: see `export_files`.
        OSError: the file or folder cannot be written.
    """
    if out.suffix.lower() == ".zip":
        write_bytes(out, export_zip(run))
    else:
        for name, data in export_files(run).items():
            write_bytes(out / name, data)
    return out
