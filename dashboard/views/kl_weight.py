"""KL weight: one knob from autoencoder to collapse. A multi-rate model predicts; every weight can be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.config import ACTIVE_NATS, QUICK, RunConfig
from core.errors import NotMeasurable, UserFacingError
from dashboard import cache
from dashboard.components.assets import not_in_page
from dashboard.components.beta_lab import Training, beta_lab
from dashboard.components.chart import chart
from dashboard.content import catalog
from dashboard.content.catalog import Entry, Pair
from dashboard.content.kl_weight import trained_here, untrained, weight_takeaway
from dashboard.content.samples import quality_takeaway
from dashboard.content.training import progress_line
from dashboard.content.words import AE, VAE, run_provenance
from dashboard.panels.beta_conventions import conventions
from dashboard.panels.beta_lab import lab_of, training_of, without_networks
from dashboard.panels.on_demand import on_demand
from dashboard.plots import charts
from dashboard.session import beta_state, boundary, state

if TYPE_CHECKING:
    from core.jobs.background import JobStatus

AUTO = "auto"  # the URL's parameter
LAB = "lab"
SMALL = 10_000  # training images up to which a released knob starts a training by itself
POLL = 0.3  # seconds

pair: Pair = state.get("pair")


def moved() -> None:
    """The knob has come to rest, maybe at another weight."""
    message = (state.get(LAB) or {}).get("rested")
    beta_state.save(beta_state.load().rested(message))


def request(config: RunConfig) -> JobStatus | None:
    """Ask for a training; a full queue or a refused value becomes a notice, and there is no status."""
    try:
        return cache.server.jobs().submit(config, state.visitor())
    except UserFacingError as error:
        state.notice(str(error))
        return None


def train(config: RunConfig) -> None:
    """The button: ask for a training."""
    request(config)


def stop(run_id: str) -> None:
    """Have a training of this visitor's stopped after its current batch."""
    cache.server.jobs().stop(run_id, state.visitor())


def start_if_released(config: RunConfig, status: JobStatus) -> JobStatus:
    """Start a training of the weight at which the knob was just released, if it is to start by itself.

    One at a time: a visitor who sweeps the knob does not fill the queue.

    Returns:
        the status of the weight's training, which is `status` if nothing was started.
    """
    asked = beta_state.load()
    if not asked.released:
        return status
    others = asked.started if asked.started != config.run_id else None
    busy = others is not None and cache.server.jobs().status(others, state.visitor()).active
    if not state.get(AUTO) or busy or len(data.train_images) > SMALL or status.state != "absent":
        beta_state.save(asked.decided())
        return status
    beta_state.save(asked.decided(started=config.run_id))
    return request(config) or status


def training_controls(config: RunConfig, entry: Entry | None, status: JobStatus | None) -> Training | None:
    """The line of controls above the knob: training this weight, and how it goes. Returns the training under way."""
    run_id = config.run_id
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(
            "Train when released",
            True,
            key=AUTO,
            bind="query-params",
            help=(
                "Releasing the slider at an untrained weight starts the training of a network for exactly that weight."
            ),
        )
        if entry or status is None or config.beta is None:
            st.caption(trained_here(entry) if entry else "", width="stretch")
        elif status.active:
            training = training_of(run_id, config.beta, status.fraction)
            if status.owner:
                st.button(
                    "Stop",
                    icon=":material/stop:",
                    key="stop",
                    on_click=stop,
                    args=(run_id,),
                )
            st.progress(min(max(status.fraction, 0.0), 1.0), progress_line(status, training.history), width="stretch")
            return training
        else:
            label = f"Train β = {config.beta:g}" if status.state == "absent" else "Resume"
            st.button(label, type="primary", icon=":material/play_arrow:", key="train", on_click=train, args=(config,))
            st.caption(untrained(status, config), width="stretch")
    return None


def draw() -> None:
    """The lab with its controls; run again and again while a training is watched."""
    with boundary.guard():
        now = known.pop() if known else cache.server.jobs().status(config.run_id, state.visitor())
        training = training_controls(config, entry, now)
        if watching and training is None:
            st.rerun()  # it has ended
        if why:
            without_networks(trained, beta, why)
        else:
            beta_lab(lab, beta, LAB, training, moved, sequence=sequence)
        if beta_state.load().value != beta:
            st.rerun()  # the knob was moved while only this part of the page ran


def sample_quality() -> None:
    """How near each trained weight's samples come to real images."""
    st.header("Which weight makes the best samples?", anchor=False)
    try:
        found = {b: cache.measured.sample_quality(e.run_id) for b, e in trained.items()}
    except NotMeasurable as error:
        st.info(f"Samples of {pair.dataset} cannot be evaluated: {error}")
        return
    points = {b: q for b, q in found.items() if q is not None}
    if len(points) < len(found):
        st.caption(
            "The classifier used to evaluate the samples is being trained in the background; its results appear "
            "when the page is next loaded."
        )
    if not points:
        return
    st.markdown(quality_takeaway(points))
    if len(points) < 2:
        return
    floor = next(iter(points.values()))["floor"]
    alt = "; ".join(
        f"beta {b:g}: Fréchet distance {q['fd']:.1f}, density {q['density']:.2f}, coverage {q['coverage']:.2f}"
        for b, q in points.items()
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Fréchet distance** to real images: lower is better", anchors=False)
        chart(
            charts.quality_over_beta(points, {"fd": "Fréchet distance"}, beta, floor, state.dark()), key="fd", alt=alt
        )
    with right:
        st.markdown("**Density and coverage**: higher is better", anchors=False)
        chart(
            charts.quality_over_beta(points, {"coverage": "coverage", "density": "density"}, beta, None, state.dark()),
            key="density",
            alt=alt,
        )
    st.caption(
        f"1,000 samples z ~ N(0, I) of every trained weight against {next(iter(points.values()))['n']:,} unseen "
        "images, in the feature space of a small classifier (not FID). "
        "Density: how densely the samples lie near real images. Coverage: the share of real images with a sample "
        "nearby."
    )


weight = beta_state.follow_link()
beta, sequence = weight.value, weight.sequence
data = cache.trained.dataset(pair.data)
entries = cache.trained.entries()
trained = catalog.over_beta(entries, pair)
evaluations = {b: cache.trained.evaluation(e.run_id) for b, e in trained.items()}
entry = trained.get(beta)
why = not_in_page(pair.vae.config)
board = st.container()
length = on_demand(pair)  # drawn below the board, but read first
config = pair.vae.config.replace(beta=beta, **{**QUICK, "epochs": length})
status = None if entry else start_if_released(config, cache.server.jobs().status(config.run_id, state.visitor()))
known = [status]  # asked once for a whole run of the page; `draw` asks again each time it runs by itself
watching = status is not None and status.active
lab = lab_of(pair, trained, beta)
shown = entry or catalog.multirate(entries, pair) or pair.vae
with board:
    st.title("KL weight", anchor=False)
    st.markdown(weight_takeaway(beta, evaluations, pair.latent_dim))
    if watching:
        st.fragment(draw, run_every=POLL)()
    else:
        with (
            st.container()
        ):  # a fragment has one too: the lab keeps its place, and so its state, when a training starts or ends
            draw()
    st.caption(
        run_provenance(shown, cache.trained.evaluation(pair.vae.run_id)["n"])
        + (
            f" · loss D + β R, both summed, nats per image · {len(trained)} trained "
            f"weight{'s' if len(trained) > 1 else ''}"
        )
    )

cache.server.warm_worker()
sample_quality()

with st.expander(
    "Is my β right? The same weight in other code bases, and a common mistake", icon=":material/translate:"
):
    conventions(pair, beta)

floor = cache.trained.evaluation(pair.ae.run_id)["distortion_floor"]
with st.expander("Explanation: what the weight trades off", icon=":material/help:"):
    st.markdown(
        f"""
- **The loss is D + β R.** β is the cost of one nat of rate in nats of distortion. With a larger β, the {VAE}'s code
  carries less information and its reconstructions are worse.
- **Units become inactive.** A latent unit that costs more than it saves stops carrying information: its posterior
  equals the prior and its rate falls below {ACTIVE_NATS} nats. When all units are inactive, every image is decoded
  to the same average: posterior collapse.
- **Only β = 1 is the ELBO.** −ELBO = D + R is an upper bound on the negative log-likelihood of the images; with any
  other β, a model is not trained to minimise it.
- **The tangent line.** Minimising D + β R gives the point where the curve's tangent falls by β nats of distortion
  per nat of rate.
- **The prediction** comes from one network that was trained for all weights at once: log β scales and shifts its
  layers (Bae et al. 2023). A network trained for one weight alone differs slightly; the table shows by how much.
- **The floor of D.** Even a perfect reconstruction has a distortion of {floor:.1f} nats on these images: D is the
  cross-entropy of grey values, whose entropy is not zero. The {AE} has a distortion but no rate, so it is a
  horizontal line in the plane, not a point.
"""
    )
