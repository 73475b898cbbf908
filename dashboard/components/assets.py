"""How weights and images reach the page.

Weights and sprites go through Streamlit's in-memory media files rather than through a component's data: the address is
made of the content's hash, so the browser fetches each file once and keeps it, a rerun re-sends a few bytes of address
instead of a megabyte, and nothing has to be copied into a static folder. A file lives as long as a page of some session
uses it, so these functions have to be called in every rerun.

Addresses are relative ("./media/HASH.png"), so the browser resolves them against the page it is showing, exactly as
it does with the scripts that Streamlit's index.html names ("./static/..."): wherever the page itself can be loaded,
below `server.baseUrlPath`, behind a proxy that removes a prefix, or in a frame, its media files are found too. All
pages of the app are one path segment deep, so the result is the same from each of them.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.errors import ArgumentError

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.runs.run import Run

# Streamlit compresses what it serves, at the slowest level and for every request, except for types that it takes to be
# compressed already. Half-precision weights hardly shrink, so they are sent with this type.
UNCOMPRESSED = "application/zip"
OCTETS = "application/octet-stream"

# What layers.js and kernels.js have code for.
LAYER_KINDS = ("linear", "conv", "transposed")
ACTIVATIONS = ("relu", "silu")


@functools.lru_cache(maxsize=32)
def _weights(path: Path, modified: float) -> bytes:  # noqa: ARG001 - part of the key
    from core.runs.run import WEIGHTS, Run

    run = Run(path)
    return with_layers(run.read(WEIGHTS), layers_of(run.config))


def layers_of(config: RunConfig) -> dict[str, Any]:
    """The layers of a configuration's encoder and decoder, and the shape (C, H, W) of its images.

    Its trunk is known once it has been made.
    """
    from core.models.trunks import describe

    layers = describe(config.trunk or "", config.latent_dim, config.shape)
    return {**layers, "shape": list(config.shape.chw)}


def with_layers(weights: bytes, layers: dict[str, Any]) -> bytes:
    """A safetensors file with `layers_of` its network added to its metadata, for networks.js."""
    header, tensors = taken_apart(weights)
    header["__metadata__"] = {**header.get("__metadata__", {}), "layers": json.dumps(layers)}
    return put_together(header, tensors)


def taken_apart(file: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, and the bytes of its tensors.

    Raises:
        ValueError: it is another kind of file.
    """
    length = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:length]) if 8 < length <= len(file) else None
    if not isinstance(header, dict):
        raise ArgumentError("this is no safetensors file; give one that a run holds.")
    return cast(dict[str, Any], header), file[length:]


def put_together(header: dict[str, Any], tensors: bytes) -> bytes:
    """The inverse of `taken_apart`."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # tensors have to start at a multiple of eight
    return len(text).to_bytes(8, "little") + text + tensors


def not_in_page(*configs: RunConfig) -> str:
    """Why the page cannot run these networks, as a sentence for visitors; "" if it can run them all."""
    for config in configs:
        layers = layers_of(config)
        kinds = [layer["kind"] for stack in ("encoder", "decoder") for layer in layers[stack]]
        unknown = [f'a layer of the kind "{kind}"' for kind in kinds if kind not in LAYER_KINDS]
        unknown += [] if config.activation in ACTIVATIONS else [f'the activation "{config.activation}"']
        if unknown:
            return (
                f"These networks cannot run in the browser, which has no code for {unknown[0]}; the images come "
                "from the server."
            )
    return ""


def weights_url(run: Run) -> str:
    """Address of a complete run's safetensors file, for `loadNetwork` in networks.js.

    Returns:
        "" if the page cannot run the network.

    Raises:
        RunError: the run is unfinished or damaged.
    """
    from core.runs.run import WEIGHTS, RunNotFound

    if not run.complete:
        raise RunNotFound(f"{run.run_id} has no weights yet: it is not finished.")
    if not_in_page(run.config):
        return ""
    return media_url(_weights(run.path, (run.path / WEIGHTS).stat().st_mtime), UNCOMPRESSED, f"{run.run_id}/weights")


def judge_url(dataset: str) -> str:
    """Address of the classifier that is shipped for a data set; "" if there is none, or if its file is damaged."""
    from core.files import sha256
    from core.settings import SHIPPED

    folder = SHIPPED / "judges" / dataset
    try:
        weights = (folder / "judge.safetensors").read_bytes()
        expected = json.loads((folder / "judge.json").read_bytes())["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return media_url(weights, UNCOMPRESSED, f"{dataset}/judge") if sha256(weights) == expected else ""


def media_url(data: bytes, mimetype: str, name: str) -> str:
    """Address of any bytes, e.g. a PNG sprite, relative to the page; `name` distinguishes the files of one page.

    Returns:
        "" without a running server, as in a script that is run by `python`.
    """
    from streamlit.runtime import exists, get_instance

    return "." + get_instance().media_file_mgr.add(data, mimetype, f"point-or-cloud/{name}") if exists() else ""
