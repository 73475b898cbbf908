"""KL weight: a knob from autoencoder to posterior collapse; a multi-rate model predicts, every value can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from core.config import ACTIVE_NATS, RunConfig, quick
from core.errors import NotMeasurable, UserFacingError
from core.jobs.limits import limits_from_settings
from core.training.cost import cost
from dashboard import cache
from dashboard.components import page_training
from dashboard.components.assets import not_in_page
from dashboard.components.beta_lab import Training, beta_lab
from dashboard.components.chart import chart, drawn
from dashboard.content import catalog
from dashboard.content.catalog import Entry, Pair
from dashboard.content.kl_weight import trained_here, untrained, weight_takeaway
from dashboard.content.reconstruction import likelihood_sentence
from dashboard.content.samples import quality_takeaway
from dashboard.content.training import progress_line
from dashboard.content.words import AE, VAE, displayed, run_provenance
from dashboard.panels.beta_conventions import conventions
from dashboard.panels.beta_lab import lab_of, training_in_page, training_of, without_networks
from dashboard.panels.on_demand import on_demand
from dashboard.plots import charts
from dashboard.session import beta_state, boundary, controls, state

if TYPE_CHECKING:
    from core.jobs.status import JobStatus

AUTO = "auto"  # the URL's parameter
WHERE = "train_in"
BROWSER, SERVER = "this browser", "the server"
LAB = "lab"
WHERE_HELP = (
    "Your browser trains on your own processor and keeps the network for itself. The server trains one network after "
    "another, and then everyone has it."
)
POLL = 0.3  # seconds between updates of a training

pair: Pair = state.get("pair")


def moved() -> None:
    """The knob has come to rest, possibly at another KL weight."""
    message = (state.get(LAB) or {}).get("rested")
    beta_state.save(beta_state.load().rested(message))


def missing(beta: float) -> RunConfig:
    """The configuration of the network for another KL weight of this pair."""
    return pair.vae.config.replace(beta=beta, **{**quick(len(data.train_images)), "epochs": length})


def give() -> None:
    """Train a network on the server, so that everyone has it, which a visitor has trained in the browser."""
    if beta_state.load().rested((state.get(LAB) or {}).get("give")).released:
        request(missing(beta_state.load().value))


def slow() -> None:
    """A training in the browser would take too long: the server takes over."""
    message = (state.get(LAB) or {}).get("slow")
    asked = beta_state.load().rested(message)
    seconds = message.get("seconds") if isinstance(message, dict) else None
    if asked.released and isinstance(seconds, int | float) and 0 < seconds < float("inf"):
        state.put(WHERE, SERVER)
        beta_state.save(asked)
        state.notice(f"This browser would need about {seconds:.0f} s for a training, so the server does it.")


def request(config: RunConfig) -> JobStatus | None:
    """Request a training; returns its status, or None after a refusal, which becomes a notice."""
    try:
        return cache.server.jobs().submit(config, state.visitor())
    except UserFacingError as error:
        state.notice(str(error))
        return None


def train(config: RunConfig) -> None:
    """Request a training (callback of the button)."""
    request(config)


def stop(run_id: str) -> None:
    """Stop a training of this visitor's after its current batch."""
    cache.server.jobs().stop(run_id, state.visitor())


def start_if_released(config: RunConfig, status: JobStatus) -> JobStatus:
    """Start a training for the KL weight at which the knob was just released, if that is enabled.

    Only one at a time, so that a visitor who moves the knob often does not fill the queue; and none if the browser
    trains.

    Returns:
        the status of the training for this KL weight; `status` if none was started.
    """
    asked = beta_state.load()
    if not asked.released:
        return status
    others = asked.started if asked.started != config.run_id else None
    busy = others is not None and cache.server.jobs().status(others, state.visitor()).active
    large = len(data.train_images) > page_training.most_images(data.shape)
    if here or not auto or busy or large or status.state != "absent":
        beta_state.save(asked.decided())
        return status
    beta_state.save(asked.decided(started=config.run_id))
    return request(config) or status


def where_and_when() -> tuple[bool, bool]:
    """Draw the choices of training; returns whether the browser trains, and whether releasing the knob starts it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        here = possible_here and (
            not limits_from_settings().trains
            or controls.choice("Train in", [BROWSER, SERVER], WHERE, help=WHERE_HELP) == BROWSER
        )
        auto = st.toggle(
            "Train when released",
            True,
            key=AUTO,
            bind="query-params",
            help=("Releasing the slider at an untrained value of β starts the training of a network for that value."),
        )
    return here, auto


def server_training(config: RunConfig, entry: Entry | None, status: JobStatus | None) -> Training | None:
    """Draw a line about the training on the server, with its buttons. Returns a training in progress."""
    if here and not (status and status.active):
        return None  # the lab has a line of its own
    run_id = config.run_id
    with st.container(horizontal=True, vertical_alignment="center"):
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
            takes = cost(config, data.counts)
            st.caption(untrained(status, config, takes), width="stretch")
    return None


def draw() -> None:
    """Draw the lab with its controls; repeated while a training is in progress."""
    with boundary.guard():
        now = known.pop() if known else cache.server.jobs().status(config.run_id, state.visitor())
        training = server_training(config, entry, now)
        if watching and training is None:
            st.rerun()  # it has ended
        if why:
            without_networks(trained, beta, why)
        else:
            beta_lab(lab, beta, LAB, training, moved, False, sequence, in_page, give, slow)
        if beta_state.load().value != beta:
            st.rerun()  # the knob was moved while only this part of the page ran


def qualities() -> dict[float, dict[str, float] | None]:
    """The quality of samples by KL weight, None while it is being measured; see `cache.measured.sample_quality`."""
    return {b: cache.measured.sample_quality(e.run_id) for b, e in trained.items()}


@st.fragment(run_every=1)
def wait_for_quality() -> None:
    """Wait until the samples of all KL weights have been measured."""
    with boundary.guard():
        try:
            waiting = None in qualities().values()
        except NotMeasurable:
            waiting = False  # the page says why
        if not waiting:
            st.rerun()
        st.caption("Some of these samples are still being evaluated in the background.")


def sample_quality() -> None:
    """Draw the section about the quality of samples."""
    st.header("Which β gives the best samples?", anchor=False)
    try:
        found = qualities()
    except NotMeasurable as error:
        st.info(f"Samples of {displayed(pair.dataset)} cannot be evaluated: {error}")
        return
    if points := {b: q for b, q in found.items() if q is not None}:
        draw_quality(points)
    if len(points) < len(found):
        wait_for_quality()


def draw_quality(points: Mapping[float, Mapping[str, float]]) -> None:
    """Draw the quality of samples by KL weight: in a sentence, and as charts where there are two or more."""
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
            drawn(charts.quality_over_beta, points, {"fd": "Fréchet distance"}, beta, floor, state.dark()),
            key="fd",
            alt=alt,
        )
    with right:
        st.markdown("**Density and coverage**: higher is better", anchors=False)
        chart(
            drawn(
                charts.quality_over_beta,
                points,
                {"coverage": "coverage", "density": "density"},
                beta,
                None,
                state.dark(),
            ),
            key="density",
            alt=alt,
        )
    st.caption(
        f"1,000 samples z ~ N(0, I) for every trained β compared with {next(iter(points.values()))['n']:,} unseen "
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
possible_here = not why and len(data.train_images) <= page_training.most_images(data.shape)
board = st.container()
with board:
    st.title("KL weight", anchor=False)
    st.markdown(weight_takeaway(beta, evaluations, pair.latent_dim))
    here, auto = where_and_when()
length = on_demand(pair)  # drawn below the board, but read first
config = missing(beta)
status = None if entry else start_if_released(config, cache.server.jobs().status(config.run_id, state.visitor()))
in_page = training_in_page(pair, config, auto) if here else None
known = [status]  # for the first call of `draw`; when it is repeated, it asks for the status itself
watching = status is not None and status.active
lab = lab_of(pair, trained, beta)
shown = entry or catalog.multirate(entries, pair) or pair.vae
with board:
    if watching:
        st.fragment(draw, run_every=POLL)()
    else:
        # A fragment is a container too: so the lab keeps its position and its state when a training starts or ends.
        with st.container():
            draw()
    count = f"{len(trained)} trained {'values' if len(trained) > 1 else 'value'} of β"
    provenance = run_provenance(shown, cache.trained.evaluation(pair.vae.run_id)["n"])
    st.caption(f"{provenance} · loss D + β R, both summed, nats per image · {count}")

cache.server.warm_worker()
sample_quality()

with st.expander(
    "Is my β right? The same KL weight in other code bases, and a common mistake", icon=":material/translate:"
):
    conventions(pair, beta)

measured = cache.trained.evaluation(pair.vae.run_id)
floor = likelihood_sentence(pair.likelihood, measured["distortion_floor"], measured.get("sigma"))
with st.expander("Explanation: the trade-off that β controls", icon=":material/help:"):
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
- **The prediction** comes from one network that was trained for all values of β at once: log β scales and shifts
  its layers (Bae et al. 2023). A network trained for one β alone differs slightly; the table shows by how much.
- **The floor of D.** {floor}
  The {AE} has a distortion but no rate, so it is a
  horizontal line in the plane, not a point.
"""
    )
