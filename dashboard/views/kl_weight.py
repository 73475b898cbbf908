"""KL weight: one knob from autoencoder to collapse. Every picture is a trained model's, found or trained on demand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.config import ACTIVE_NATS, BETA_RANGE, QUICK, RunConfig
from dashboard import boundary, cache, catalog, controls, figures, images, state, text
from dashboard.catalog import Entry, Pair
from dashboard.text import AE, VAE

pair: Pair = state.get("pair")
data = cache.dataset(pair.dataset)
trained = catalog.over_beta(cache.entries(), pair)
LOW, HIGH = BETA_RANGE
SMALL = 10_000  # training images up to which a released slider starts a training by itself


def steps() -> list[float]:
    """What the slider offers: two steps an octave or so in the range, and every weight that has been trained."""
    nice = [round(m * 10**e, 4) for e in (-1, 0) for m in (1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2)] + [HIGH]
    asked = [state.get("beta-asked", 1.0)]
    return sorted(b for b in {*nice, *trained, *asked} if LOW <= b <= HIGH)


def choose() -> float:
    """The slider; a link may name any weight in the range."""
    raw = state.asked("beta").text
    try:
        if raw is not None and LOW <= float(raw) <= HIGH:
            state.put("beta-asked", RunConfig(beta=raw).beta)
    except (ValueError, OverflowError):
        pass  # the slider tells that it shows another value than the link asked for
    value = controls.stops("KL weight β", steps(), 1.0, "beta", moved, help="Logarithmic. β = 1 is the usual VAE; a smaller β comes closer to an autoencoder.")
    state.put("snap", value if value in trained else None)
    st.segmented_control("Trained already", list(trained), key="snap", on_change=snapped, format_func=lambda b: f"{b:g}")
    return value


def snapped() -> None:
    """A trained weight was clicked."""
    if state.get("snap") is not None:
        state.put("beta", state.get("snap"))


def moved() -> None:
    """The slider was released: an untrained weight is now worth training."""
    state.put("wanted", state.get("beta"))


def figures_of(entry: Entry) -> None:
    """The headline figures of this weight's model."""
    figure = cache.evaluation(entry.run_id)
    with st.container(horizontal=True, gap="large"):
        st.metric("Distortion D", text.nats(figure["distortion"]), width="content")
        st.metric("Rate R", text.nats(figure["rate"]), width="content")
        st.metric("−ELBO = D + R", text.nats(figure["neg_elbo"]), width="content")
        st.metric("Squared error", f"{figure['mse']:.4f}", width="content", help="Per pixel, of the image decoded from the posterior mean.")
        st.metric("Active units", f"{figure['active_units']} of {pair.latent_dim}", width="content", help=f"Latent dimensions with a rate above {ACTIVE_NATS} nats.")


def made_up(entry: Entry, beta: float) -> None:
    """What this weight's model makes up."""
    st.markdown(f"**Samples** at β = {beta:g}, from z ~ N(0, I)", anchors=False)
    st.image(images.grid(cache.samples(entry.run_id, "prior")[:48], 8), width="stretch", alt=f"48 samples of the VAE with beta {beta:g}")


def given_back(entry: Entry, figure: Mapping[str, Any]) -> None:
    """What comes back of unseen images, and what the code costs."""
    left, right = st.columns(2, gap="large")
    first = cache.one_of_each(pair.dataset)
    with left:
        st.markdown("**Unseen images**, and what comes back from the posterior mean", anchors=False)
        both = np.concatenate([data.test_images[first, 0], cache.gallery(entry.run_id)["reconstruction"][first]])
        st.image(images.grid(both, len(first)), width="stretch", alt="Unseen images above, their reconstructions below")
    with right:
        st.markdown("**What each latent dimension costs** (hollow: asleep)", anchors=False)
        st.plotly_chart(
            figures.kl_bars(figure["rate_per_dim"], ACTIVE_NATS, state.dark(), height=210), key="bars", config=figures.CONFIG,
            alt="Rate of each latent dimension in nats, largest first.",
        )


def request(config: RunConfig) -> None:
    """Ask for a training; a full queue or a refused value becomes a notice."""
    try:
        cache.jobs().submit(config, state.visitor())
    except boundary.EXPECTED as error:
        state.notice(str(error))


@st.fragment(run_every=0.5)
def watch(run_id: str) -> None:
    """The training as it goes; ends with a rerun of the whole page."""
    with boundary.guard():
        status = cache.jobs().status(run_id, state.visitor())
        if not status.active:
            st.rerun()
        run = cache.store().run(run_id)
        history = run.history()
        st.progress(min(max(status.fraction, 0.0), 1.0), text.progress(status, history))
        if status.owner and st.button("Stop", icon=":material/stop:", key="stop"):
            cache.jobs().stop(run_id, state.visitor())
        preview = run.preview()
        if preview:
            st.image(images.enlarged(preview), width="stretch", caption="Above, samples from the same noise at every epoch; below, reconstructions.", alt="Pictures of the network being trained")
        if len(history) > 1:
            st.plotly_chart(figures.learning_curve(history, "vae", state.dark()), key="learning", config=figures.CONFIG, alt="Distortion and rate over the epochs so far.")


def unfinished(config: RunConfig) -> None:
    """There is no finished model of this weight: start, watch, or go on."""
    run_id = config.run_id
    automatic = state.get("wanted") == config.beta and len(data.train_images) <= SMALL
    status = cache.jobs().status(run_id, state.visitor())
    if status.state == "absent" and automatic:
        state.put("wanted", None)
        request(config)
        status = cache.jobs().status(run_id, state.visitor())
    if status.active:
        watch(run_id)
        return
    if status.message:
        st.warning(f"The training of β = {config.beta:g} ended early: {status.message}", icon=":material/error:")
    elif status.state in ("stopped", "stale"):
        st.info(f"The training of β = {config.beta:g} was {'stopped' if status.state == 'stopped' else 'interrupted'}; it can go on from its last saved epoch.")
    else:
        st.info(f"No model has been trained for β = {config.beta:g} yet. It takes {config.epochs} epochs, in the background; everyone will find it here afterwards.")
    label = f"Train β = {config.beta:g}" if status.state == "absent" else "Go on"
    st.button(label, type="primary", icon=":material/play_arrow:", key="train", on_click=request, args=(config,))


st.title("KL weight", anchor=False)
lead = st.empty()
# Seam: an instant preview in the page goes here, above the trained models.
beta = choose()
evaluations = {b: cache.evaluation(entry.run_id) for b, entry in trained.items()}
ae = cache.evaluation(pair.ae.run_id)
entry = trained.get(beta)
lead.markdown(text.weight_takeaway(beta, evaluations, pair.latent_dim))
if entry:
    figures_of(entry)
left, right = st.columns(2, gap="large")
with left:
    if entry:
        made_up(entry, beta)
    else:
        unfinished(pair.vae.config.replace(beta=beta, **QUICK))
with right:
    st.markdown("**Rate against distortion**, one point a trained β", anchors=False)
    points = [{"beta": b, **e} for b, e in evaluations.items()]
    st.plotly_chart(
        figures.rate_distortion(points, beta if entry else None, ae["distortion"], state.dark(), height=330), key="rd", config=figures.CONFIG,
        alt="Rate and distortion of every trained weight; " + "; ".join(f"beta {b:g}: rate {e['rate']:.1f}, distortion {e['distortion']:.1f}" for b, e in evaluations.items()),
    )
    st.caption(f"Down is a better copy, left a cheaper code. The {AE} has a distortion ({ae['distortion']:.1f}) but no rate, so it is a level, not a point.")
if entry:
    given_back(entry, evaluations[beta])
cache.warm_worker()
shown = entry or pair.vae
st.caption(text.run_provenance(shown, evaluations[shown.config.beta]["n"]) + f" · loss D + β R, both summed, nats per image · {len(trained)} trained weights")

with st.expander("Why: what the weight trades", icon=":material/help:"):
    st.markdown(
        f"""
- **The loss is D + β R.** β is the price of a nat of code, in nats of picture. Raise it, and the {VAE} says less in its code and copies worse.
- **Dimensions fall asleep.** One that does not repay its price stops carrying anything: its cloud becomes the prior's and its rate goes to 0.
  When all are asleep, every image is decoded to the same average: posterior collapse.
- **Only β = 1 is the ELBO.** −ELBO = D + R bounds how surprising the images are to the model; trained for another β, a model is not trained for it.
- **β depends on how the two terms are added up.** Here both are sums per image. An average over pixels in D divides it by 784 and makes the same β
  weigh 784 times as much.
- **The floor of D.** Even a perfect copy costs {ae['distortion_floor']:.1f} nats on these images: D is the cross-entropy of grey values, and a grey pixel is not a certain one.
"""
    )
