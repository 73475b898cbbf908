"""The KL-weight lab alone: an untrained multi-rate network that depends on beta, and three untrained "runs".
Their decoders ignore latent unit 15.

Figures are made up, simple and monotone: rate 20 - 15 log10 beta, distortion 100 + 20 log10 beta.
"""

import math

import numpy as np
import streamlit as st
import torch
from safetensors.torch import save

from core.config import BETA_GRID, QUICK, RunConfig
from core.models.build import build_model
from dashboard.components.assets import OCTETS, media_url
from dashboard.components.beta_lab import InPage, Lab, Prediction, TrainedBeta, Training, beta_lab
from dashboard.components.networks import layers_of, with_layers
from dashboard.components.page_training import training as page_training
from dashboard.components.sprites import SPRITE_COLUMNS, sprite
from dashboard.session.beta_state import BetaState

DEAD = 15
N = int(st.query_params.get("n", "60"))


@st.cache_resource
def weights(config: RunConfig) -> bytes:
    model, generator = build_model(config), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "films" in name:
                parameter.normal_(0, 0.15, generator=generator)
        model.decoder.layers[0].weight *= 5  # codes matter
        model.decoder.layers[0].weight[:, DEAD] = 0  # but for one
    weights = save({k: v.half().contiguous() for k, v in model.state_dict().items()}, {"config": config.to_json()})
    return with_layers(weights, layers_of(config))


def figures(beta: float) -> dict:
    rate, distortion = 20 - 15 * math.log10(beta), 100 + 20 * math.log10(beta)
    per_dim = [rate / 16] * 16
    return {
        "beta": beta,
        "rate": rate,
        "distortion": distortion,
        "neg_elbo": rate + distortion,
        "rate_per_dim": per_dim,
        "active_units": 16,
    }


def address(config: RunConfig) -> str:
    return media_url(weights(config), OCTETS, config.run_id)


images = (np.random.default_rng(0).random((N, 28, 28)) * 255).astype(np.uint8)
trained = [
    TrainedBeta(b, f"run-{b:g}", address(RunConfig(beta=b)), figures(b), [figures(b)] if b == 1 else [])
    for b in (0.1, 1.0, 4.0)
]
multirate = RunConfig(model="multirate")
prediction = (
    Prediction("multi", address(multirate), [figures(b) for b in BETA_GRID]) if "alone" not in st.query_params else None
)
colors = {"vae": "#0072B2", "vae_dark": "#56B4E9", "ae": "#D55E00", "ae_dark": "#FF8A3D"}
lab = Lab("multi", 16, prediction, trained, np.arange(N) % 10, ["#1C51BE", "#EE547F"], sprite(images), colors, 95.0)
training = None
if "epoch" in st.query_params:  # a network of beta = 2 in training, whose pictures are white
    epoch = int(st.query_params["epoch"])
    rows = [{"epoch": e, "epochs": 9, **figures(2.0)} for e in range(epoch + 1)]
    training = Training(
        2.0, "run-2", rows[-1]["epoch"] / rows[-1]["epochs"], rows, sprite(np.full((24, 28, 28), 255), 8)
    )
weight = st.session_state.setdefault("weight", BetaState(float(st.query_params.get("beta", "1"))))


def on_rest() -> None:
    st.session_state["weight"] = st.session_state["weight"].rested(st.session_state["lab"]["rested"])


def heard(name: str) -> None:
    st.session_state[name] = st.session_state["lab"][name]


in_page = None
if "train" in st.query_params:  # training in the page, this many epochs of 40 images
    config = RunConfig(**QUICK | {"epochs": int(st.query_params["train"]), "batch_size": 8})
    counts = {"train": 40, "test": N - 40, "columns": SPRITE_COLUMNS}
    source = page_training(config, sprite(images), counts)
    in_page = InPage(source, patience=float(st.query_params.get("patience", "1e9")))

beta_lab(
    lab,
    weight.value,
    "lab",
    training,
    on_rest,
    sequence=weight.sequence,
    in_page=in_page,
    on_give=lambda: heard("give"),
    on_slow=lambda: heard("slow"),
)
for name in ("give", "slow"):
    st.text(f"{name}: {(st.session_state.get(name) or {}).get('beta')}")
if st.button("Go to 0.5"):
    st.session_state["weight"] = weight.followed("0.5")
    st.rerun()
st.text(f"chosen: {weight.value:g}")
