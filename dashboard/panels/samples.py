"""Random samples of a pair: drawn in the page, or by the server where the page cannot run the networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.data.shape import without_grey_axis
from core.errors import NotMeasurable
from dashboard import cache
from dashboard.cache.decoded import CLASS
from dashboard.components.assets import judge_url, weights_url
from dashboard.components.sampler import MOST, NUMBERS, SampledLane, Wording, sampler
from dashboard.content.catalog import Pair
from dashboard.content.samples import FIGURE_HELP, samples_takeaway
from dashboard.content.words import NAMES
from dashboard.panels.interactive import label_of
from dashboard.plots import images
from dashboard.session import boundary, controls, shared_settings, state
from dashboard.session.shared_settings import Setting, number, one_of, switch, whole

KEY = "sampler"
SHOWN, PAIRED = 36, 24  # samples that the server shows alone, and together with their most similar training images
SOURCES = {
    "prior": "z ~ N(0, I): the prior that the VAE is trained with; the AE is not trained with it.",
    "gaussian": "z ~ one Gaussian, fitted to each model's codes of the training images.",
    "mixture": "z ~ a mixture of {} Gaussians, fitted to each model's codes of the training images "
    "(Ghosh et al. 2020).",
}
ONE_CLASS = "z ~ one Gaussian, fitted to each model's codes of the training images of {class}."
Quality = Mapping[str, Mapping[str, float]]  # by "ae" and "vae"
Figures = Mapping[str, Mapping[tuple[str, float], Mapping[str, float]]]  # the same by source and temperature


def sources_of(source: str, vae_prior: bool) -> dict[str, str]:
    """What the codes of each model are drawn from, by "ae" and "vae"; a single class is always drawn by both."""
    return {"ae": source, "vae": "prior" if vae_prior and source != CLASS else source}


def words_of(pair: Pair) -> dict[str, str]:
    """What each source means."""
    gaussians = cache.measured.gaussians(pair.ae.run_id)
    return {source: words.format(gaussians) for source, words in SOURCES.items()}


def settings_of(pair: Pair) -> dict[str, Setting]:
    """The settings of samples in the page, by their names in the URL."""
    classes = cache.trained.dataset(pair.data).classes
    return {
        "source": one_of("Draw codes from", (*SOURCES, CLASS)),
        "class": one_of("Class", classes, choices="" if len(classes) <= controls.MANY else "a class of the images"),
        "temperature": number("Temperature", 0, 2, 1.0),
        "noise": whole("Noise seed", 0, 9999, 0),
        "number": _one_of_numbers(),
        "nearest": switch("Show each sample's most similar training image"),
        "vae_prior": switch("Keep the VAE at N(0, I)"),
    }


def _one_of_numbers() -> Setting:
    read = whole("Samples", 1, MOST, NUMBERS[0]).read

    def allowed(asked: Any) -> int | None:
        value = read(asked)
        return value if value in NUMBERS else None

    return Setting("Samples", NUMBERS[0], allowed, f"one of {', '.join(map(str, sorted(NUMBERS)))}")


# ---- in the page ----


def in_the_page(pair: Pair) -> None:
    """The samples with their controls, which the browser draws."""
    settings = settings_of(pair)
    shared = shared_settings.follow_link(KEY, settings)
    values = shared.values
    sources, temperature = sources_of(values["source"], values["vae_prior"]), values["temperature"]
    figures = {kind: _stored(entry.run_id) for kind, entry in pair.items()}
    waiting, unmeasured = False, ""
    if values["source"] != CLASS:
        try:
            measured = _measured(pair, sources, temperature)
            waiting = measured is None
            for kind, found in (measured or {}).items():
                figures[kind] |= {(sources[kind], temperature): found}
        except NotMeasurable as error:
            unmeasured = f"The quality of these samples cannot be measured: {error}"
    data = cache.trained.dataset(pair.data)
    fitted = values["source"] == CLASS or all(cache.trained.has_class_density(e.run_id) for e in pair.entries)
    lanes = []
    for kind, entry in pair.items():
        densities = {source: cache.trained.density(entry.run_id, source) for source in ("gaussian", "mixture")}
        if fitted:
            densities[CLASS] = cache.trained.class_density(entry.run_id)
        stills = {source: cache.decoded.stored_samples(entry.run_id, source) for source in SOURCES}
        lanes.append(
            SampledLane(label_of(kind, kind.upper()), weights_url(entry.run), densities, stills, figures[kind])
        )
    words = Wording(
        {**words_of(pair), CLASS: ONE_CLASS},
        _verdicts(figures),
        unmeasured or (BEING_EVALUATED if waiting else ""),
        _figure_help(figures),
    )
    sampler(
        (lanes[0], lanes[1]),
        data.classes,
        words,
        shared,
        KEY,
        name=f"samples-{pair.ae.run_id}",
        reference=cache.trained.png_of_training_images(pair.data),
        references=len(cache.trained.reference(pair.data)),
        judge=judge_url(pair.dataset),
        on_rest=lambda: shared_settings.rested(KEY, (state.get(KEY) or {}).get("rested"), settings),
    )
    if waiting:
        _wait(pair, sources, temperature)
    _download(pair, sources, temperature, values["noise"], values["class"])


def _stored(run_id: str) -> dict[tuple[str, float], Mapping[str, float]]:
    """What is known of the quality of a run's samples without measuring it, by source and temperature."""
    return {
        (source, 1.0): found for source, found in cache.measured.stored_quality(run_id).items() if source in SOURCES
    }


def _verdicts(
    figures: Figures,
) -> dict[tuple[str, str, float], str]:
    """What the figures say, for every pair of sources that the page can show and both models are measured for."""
    return {
        (source, other, temperature): samples_takeaway({"ae": source, "vae": other}, ae, vae)
        for (source, temperature), ae in figures["ae"].items()
        for other in dict.fromkeys((source, "prior"))
        if (vae := figures["vae"].get((other, temperature))) is not None
    }


def _figure_help(figures: Figures) -> dict[str, str]:
    floor = next((found["floor"] for found in figures["ae"].values()), None)
    real = "" if floor is None else f" {floor:.1f}: real training images."
    return {**FIGURE_HELP, "fd": FIGURE_HELP["fd"].format(real=real)}


# ---- by the server ----


def on_the_server(pair: Pair) -> None:
    """The samples as pictures from the server, with Streamlit's controls; a single class cannot be drawn here."""
    lead = st.empty()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        source = controls.choice("Draw codes from", tuple(SOURCES), "source")
        temperature = controls.slide(
            "Temperature",
            0.0,
            2.0,
            1.0,
            0.05,
            "temperature",
            help="Scales the noise. 0: the mean of the distribution; 1: the distribution as fitted.",
        )
        seed = controls.whole("Noise seed", 0, 9999, 0, "noise")
        st.button(
            "Draw again",
            icon=":material/casino:",
            type="primary",
            on_click=lambda: state.put("noise", (seed + 1) % 10_000),
        )
    st.caption(words_of(pair)[source])
    with st.container(horizontal=True):
        beside = controls.switch("Show each sample's most similar training image", "nearest")
        kept = source != "prior" and controls.switch(
            "Keep the VAE at N(0, I)", "vae_prior", help="The prior it was trained with."
        )
    sources = sources_of(source, kept)
    slots = _pictures(pair, sources, temperature, seed, beside)
    try:
        measured = _measured(pair, sources, temperature)
        if measured is None:
            _wait(pair, sources, temperature)
        else:
            lead.markdown(samples_takeaway(sources, measured["ae"], measured["vae"]))
            for kind, slot in slots.items():
                with slot:
                    _show_quality(measured[kind])
    except NotMeasurable as error:
        st.info(f"The quality of these samples cannot be measured: {error}")
    _download(pair, sources, temperature, seed)


def _pictures(pair: Pair, sources: Mapping[str, str], temperature: float, seed: int, beside: bool) -> dict[str, Any]:
    """Draw both models' samples, with similar training images if `beside`. Returns places for their figures."""
    data = cache.trained.dataset(pair.data)
    slots = {}
    for column, (kind, entry) in zip(st.columns(2), pair.items(), strict=True):
        with column:
            st.markdown(f"## {NAMES[kind]}", anchors=False)
            pictures = cache.decoded.samples(entry.run_id, sources[kind], temperature, seed)
            if beside:
                closest, _ = cache.decoded.samples_likeness(entry.run_id, sources[kind], temperature, seed)
                partners = without_grey_axis(data.train_images[closest[:PAIRED]])
                drawn = images.grid(images.beside(pictures[:PAIRED], partners), 4)
                alt = f"{PAIRED} samples, each with its most similar training image"
            else:
                drawn, alt = images.grid(pictures[:SHOWN], 6), f"{SHOWN} images sampled from the {kind.upper()}"
            st.image(drawn, width="stretch", alt=alt)
            slots[kind] = st.empty()
    return slots


def _show_quality(measured: Mapping[str, float]) -> None:
    """Draw the quality of a model's samples."""
    words = _figure_help({"ae": {("", 1.0): measured}})
    with st.container(horizontal=True, gap="large"):
        st.metric("Fréchet distance", f"{measured['fd']:.1f}", width="content", help=words["fd"])
        st.metric("Density", f"{measured['density']:.2f}", width="content", help=words["density"])
        st.metric("Coverage", f"{measured['coverage']:.0%}", width="content", help=words["coverage"])


# ---- for both ----

BEING_EVALUATED = "These samples are still being evaluated in the background."


def _measured(pair: Pair, sources: Mapping[str, str], temperature: float) -> Quality | None:
    """The quality of both models' samples; None while they are being measured in the background.

    Raises:
        NotMeasurable: see `cache.measured.sample_quality`.
    """
    found: dict[str, Mapping[str, float]] = {}
    for kind, entry in pair.items():
        quality = cache.measured.sample_quality(entry.run_id, sources[kind], temperature)
        if quality is None:
            return None
        found[kind] = quality
    return found


@st.fragment(run_every=1)
def _wait(pair: Pair, sources: Mapping[str, str], temperature: float) -> None:
    """Wait until both models' samples have been measured."""
    with boundary.guard():
        if _measured(pair, sources, temperature) is not None:
            st.rerun()
        st.info(BEING_EVALUATED, icon=":material/hourglass_top:")


def _download(pair: Pair, sources: Mapping[str, str], temperature: float, seed: int, label: str | None = None) -> None:
    """A button that saves both models' samples as one picture."""
    index = cache.trained.dataset(pair.data).classes.index(label) if label is not None else None
    drawn = {kind: f"class {label}" if source == CLASS else source for kind, source in sources.items()}
    names = list(dict.fromkeys(drawn.values()))

    def picture() -> bytes:
        rows: list[tuple[str, np.ndarray]] = [
            (
                f"{kind.upper()}  {entry.run_id}  {drawn[kind]}",
                cache.decoded.samples(entry.run_id, sources[kind], temperature, seed, index),
            )
            for kind, entry in pair.items()
        ]
        title = f"Random samples: {', '.join(names)}, temperature {temperature:g}, noise seed {seed}"
        return images.labelled(rows, title, columns=16)

    slug = "-".join(name.replace(" ", "-").replace("/", "-") for name in names)
    st.download_button(
        "Download as PNG",
        icon=":material/download:",
        mime="image/png",
        on_click="ignore",
        file_name=f"samples-{pair.slug}-d{pair.latent_dim}-{slug}-T{temperature:g}-{seed}.png",
        data=picture,
    )
