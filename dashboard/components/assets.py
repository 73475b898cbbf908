"""How weights and images reach the page.

Sprites go through Streamlit's in-memory media files rather than through a component's data: the address is made of the
content's hash, so the browser fetches each file once and keeps it, a rerun re-sends a few bytes of address instead of a
megabyte, and nothing has to be copied into a static folder. A file lives as long as a page of some session uses it, so
these functions have to be called in every rerun. Networks have addresses of the same kind (`networks`).

Addresses are relative ("./media/HASH.png"), so the browser resolves them against the page it is showing, exactly as
it does with the scripts that Streamlit's index.html names ("./static/..."): wherever the page itself can be loaded,
below `server.baseUrlPath`, behind a proxy that removes a prefix, or in a frame, its media files are found too. All
pages of the app are one path segment deep, so the result is the same from each of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dashboard.components import networks
from dashboard.components.networks import layers_of

if TYPE_CHECKING:
    from core.config import RunConfig
    from core.runs.run import Run

OCTETS = "application/octet-stream"

# What layers.js and kernels.js have code for.
LAYER_KINDS = ("linear", "conv", "transposed")
ACTIVATIONS = ("relu", "silu")


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
    from streamlit.runtime import exists

    from core.runs.run import RunNotFound

    if not run.complete:
        raise RunNotFound(f"{run.run_id} has no weights yet: it is not finished.")
    if not_in_page(run.config):
        return ""
    name = networks.name_of(run.path)
    return f"./media/{name}" if exists() else ""


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
    return media_url(weights, networks.UNCOMPRESSED, f"{dataset}/judge") if sha256(weights) == expected else ""


def media_url(data: bytes, mimetype: str, name: str) -> str:
    """Address of any bytes, e.g. a PNG sprite, relative to the page; `name` distinguishes the files of one page.

    Returns:
        "" without a running server, as in a script that is run by `python`.
    """
    from streamlit.runtime import exists, get_instance

    return "." + get_instance().media_file_mgr.add(data, mimetype, f"point-or-cloud/{name}") if exists() else ""
