"""A KL weight's value in other code bases, the loss that is used here, and a run that shows a common mistake."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from core.data.shape import without_grey_axis
from core.models.beta_conventions import SIGMA, Setting, Translation, effective_beta, translate
from core.models.beta_conventions import formula as loss_formula
from dashboard import cache
from dashboard.components.formula import formula
from dashboard.components.source import source_of
from dashboard.content import catalog
from dashboard.content.catalog import Entry, Pair
from dashboard.content.kl_weight import convention_takeaway, mistake_takeaway
from dashboard.content.words import run_provenance
from dashboard.plots import images

ERRORS = {"bce": "BCE", "mse": "SE"}  # binary cross-entropy, squared error


def _translation(beta: float, rows: Sequence[Translation]) -> str:
    """The KL weight in every known code base, as a markdown table."""
    lines = [
        f"| Code | D | KL | weight for β = {beta:g} | its default as β | Its loss |",
        "|---|---|---|---:|---:|---|",
    ]
    for t in rows:
        c = t.convention
        name = f"[{c.name}]({c.source})" if c.source.startswith("https://") else c.name
        default = "–" if t.default_as_beta is None else f"{t.default_as_beta:.4g}"
        near = "" if t.exact else "≈ "
        lines.append(
            f"| {name} | {c.over_pixels} of {ERRORS[c.error]} | {c.over_dims} | {near}**{t.nominal:.4g}** | "
            f"{near if t.default_as_beta is not None else ''}{default} | `{c.loss}` |"
        )
    return "\n".join(lines)


def _loss_source() -> tuple[str, str]:
    """(File and line numbers, source code) of the loss."""
    source = source_of("core.models.objectives", "Terms.loss")
    where = f"`{source.file}`, lines {source.lines[0][0]} to {source.lines[-1][0]}"
    return where, "\n".join(line for _, line in source.lines)


def _run_with_mistake(pair: Pair) -> Entry | None:
    """A run of the pair's data and latent size whose distortion was averaged over pixels while its rate was summed."""
    found = [
        e
        for e in cache.trained.entries()
        if e.config.reduction == "mean" and (e.data, e.config.latent_dim) == (pair.data, pair.latent_dim)
    ]
    return min(found, key=lambda e: (e.config.seed != pair.seed, not e.run.shipped, e.run_id), default=None)


def _mistake(pair: Pair) -> None:
    """A run with the mistake beside one without it and with the same nominal KL weight: samples and measures."""
    wrong = _run_with_mistake(pair)
    effective = effective_beta(wrong.config) if wrong else None
    if wrong is None or effective is None:
        st.info(
            "There is no run with this mistake for this data set and latent size. Train one with `python -m core "
            "train --reduction mean`."
        )
        return
    right = catalog.over_beta(cache.trained.entries(), pair).get(wrong.beta, pair.vae)
    evaluations = {e.run_id: cache.trained.evaluation(e.run_id) for e in (wrong, right)}
    st.markdown(
        mistake_takeaway(
            wrong.beta,
            effective,
            evaluations[wrong.run_id],
            evaluations[right.run_id],
            pair.latent_dim,
        )
    )
    chosen = cache.decoded.one_of_each(pair.data)
    real = without_grey_axis(cache.trained.dataset(pair.data).test_images[chosen])
    for column, entry, name in zip(
        st.columns(2), (wrong, right), ("`mean`: averaged over pixels", "`sum`: as in all other runs here"), strict=True
    ):
        with column:
            st.markdown(f"**{name}**, w = {entry.config.beta:g}", anchors=False)
            st.image(
                images.grid(cache.decoded.samples(entry.run_id, "prior")[: 2 * len(chosen)], len(chosen)),
                width="stretch",
                caption="Samples",
                alt=f"{2 * len(chosen)} samples",
            )
            copies = cache.trained.gallery(entry.run_id)["reconstruction"][chosen]
            st.image(
                images.grid(np.concatenate([real, copies]), len(chosen)),
                width="stretch",
                caption="Unseen images and their reconstructions",
                alt="Unseen images above, their reconstructions below",
            )
    st.caption(run_provenance(wrong, evaluations[wrong.run_id]["n"]))


def conventions(pair: Pair, beta: float) -> None:
    """Draw the section."""
    config = pair.vae.config.replace(beta=beta)
    sigma = cache.trained.evaluation(pair.vae.run_id).get("sigma", SIGMA)
    rows = translate(beta, Setting(config.likelihood, config.shape.pixels, config.latent_dim, sigma))
    published = {t.convention.name: t.nominal for t in rows if t.convention.source.startswith("https://")}
    st.markdown(convention_takeaway(beta, published))
    st.markdown(_translation(beta, rows))
    st.caption(
        f"For images of {config.shape.pixels} numbers and {config.latent_dim} latent units; BCE: binary cross-entropy, "
        "SE: squared error; w: the KL weight in that code. ≈ marks codes with a different distortion: "
        "the cost of one nat of rate is the same, but the model is not. Summing instead of averaging over the "
        "batch only changes the step size."
    )
    where, code = _loss_source()
    st.markdown("**The loss**, mean over images", anchors=False)
    formula(loss_formula(config), "loss")
    st.markdown(f"**Source code**, {where}", anchors=False)
    # As plain HTML: Streamlit's code element loads 1.6 MB of colouring script with the page, for these few lines in
    # an expander.
    st.html(f'<pre style="overflow-x:auto;font-size:.875rem"><code>{escape(code)}</code></pre>')
    st.markdown("### A common mistake", anchors=False)
    _mistake(pair)
