"""The VAEs of a pair that were trained with different KL weights: samples, traversals, and rate against distortion."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.metrics import factor_claims
from core.metrics.verdicts import DEPENDS, DOES_NOT, HOLDS
from dashboard import cache
from dashboard.components.chart import chart
from dashboard.content import catalog
from dashboard.content.factors import followed_words, seed_beside_beta
from dashboard.panels.scene_context import LETTERS, Facts, SceneContext, ScenePictureError
from dashboard.panels.static import STILL_BEING_EVALUATED
from dashboard.plots import charts, images

VERDICTS = {HOLDS: "yes", DEPENDS: "depends", DOES_NOT: "no"}  # on a claim, as answers to a question


def _trained(context: SceneContext, betas: list[float]) -> dict[float, catalog.Entry]:
    trained = catalog.over_beta(cache.trained.entries(), context.pair)
    missing = [b for b in betas if b not in trained]
    if missing:
        raise ScenePictureError(
            f"There is no VAE trained with β = {missing[0]:g}; there are {', '.join(f'{b:g}' for b in trained)}."
        )
    return trained


def weights(context: SceneContext, betas: list[float], columns: int = 5) -> Facts:
    """Samples of VAEs that differ only in the KL weight, side by side in the given order."""
    trained = _trained(context, betas)
    facts: dict[str, Any] = {
        "largest": LETTERS[betas.index(max(betas))],
        "smallest": LETTERS[betas.index(min(betas))],
        "beta_largest": max(betas),
        "beta_smallest": min(betas),
    }
    for place, (column, beta) in enumerate(zip(st.columns(len(betas)), betas, strict=True)):
        evaluation = cache.trained.evaluation(trained[beta].run_id)
        with column:
            st.markdown(context.name(place, f"β = {beta:g}"))
            st.image(
                images.grid(cache.decoded.samples(trained[beta].run_id, "prior")[: columns * columns], columns),
                width="stretch",
                alt=f"New images: {LETTERS[place]}",
            )
            if context.revealed:
                st.caption(
                    f"R = {evaluation['rate']:.1f}, D = {evaluation['distortion']:.1f} nats, "
                    f"{evaluation['active_units']} of {context.pair.latent_dim} units active"
                )
    for name in ("largest", "smallest"):
        evaluation = cache.trained.evaluation(trained[facts[f"beta_{name}"]].run_id)
        facts |= {
            f"rate_{name}": evaluation["rate"],
            f"distortion_{name}": evaluation["distortion"],
            f"active_{name}": evaluation["active_units"],
        }
        measured = cache.measured.sample_quality(trained[facts[f"beta_{name}"]].run_id)
        if measured is None:
            raise ScenePictureError(STILL_BEING_EVALUATED)
        facts[f"fd_{name}"] = measured["fd"]
    return facts


def separation(
    context: SceneContext, small: float, large: float, image: int = 0, rows: int = 6, steps: int = 7
) -> Facts:
    """Traversals with two KL weights; after the reveal, the known factor that each number follows.

    Args:
        small, large: the weights.
        image: the test image whose code is varied.
        rows: latent numbers, those with the highest rates.
        steps: images per row.
    """
    trained = _trained(context, [small, large])
    known = cache.trained.dataset(context.pair.data).factors
    if known is None:
        raise ScenePictureError(
            f"separation needs images whose factors are known, such as sprites, not {context.data}."
        )
    (image,) = context.images(image)
    for column, beta in zip(st.columns(2, gap="large"), (small, large), strict=True):
        run_id = trained[beta].run_id
        order = np.argsort(-np.asarray(cache.trained.evaluation(run_id)["rate_per_dim"]), kind="stable")[:rows]
        varied = cache.decoded.traversals(run_id, image, steps)[order]
        words = followed_words(cache.measured.followed(run_id), known.names)
        with column:
            st.markdown(f"**β = {beta:g}**")
            st.image(
                images.grid(varied.reshape(-1, *varied.shape[2:]), steps),
                width="stretch",
                alt=f"{len(varied)} rows of {steps} images: each varies one latent number from -3 to 3, β = {beta:g}",
            )
            if context.revealed:
                st.caption("Rows, from the top: " + " · ".join(words[j] for j in order))
    scores = cache.measured.scores(context.pair.dataset, context.pair.latent_dim, context.pair.data.digest)
    row = next(row for row in factor_claims.decided(scores) if row.id == "beta-separates")
    found = factor_claims.randomness(scores, "mig")
    mig = {
        beta: [run["factors"]["mig"] for run in scores.get(factor_claims.role(beta), {}).values() if "factors" in run]
        for beta in (small, large)
    }
    if row.verdict not in VERDICTS or not all(mig.values()) or found is None:
        raise ScenePictureError(
            f"The factors of {context.pair.dataset} have not been measured with several seeds; run "
            "`python -m core evaluate --all`."
        )
    return {
        "image": image,
        "small": small,
        "large": large,
        "verdict": row.verdict,
        "answer": VERDICTS[row.verdict],
        "mig_small": float(np.mean(mig[small])),
        "mig_large": float(np.mean(mig[large])),
        "seeds": min(len(values) for values in mig.values()),
        "seed_beside_beta": seed_beside_beta(found),
    }


def curve(context: SceneContext) -> Facts:
    """Every trained KL weight in the plane of rate and distortion, and which is best by which measure."""
    trained = catalog.over_beta(cache.trained.entries(), context.pair)
    found = {beta: cache.trained.evaluation(entry.run_id) for beta, entry in trained.items()}
    best = {
        "elbo": min(found, key=lambda b: found[b]["neg_elbo"]),
        "mse": min(found, key=lambda b: found[b]["mse"]),
        "rate": min(found, key=lambda b: found[b]["rate"]),
    }
    points = [{"beta": b, **e} for b, e in found.items()]
    level = cache.trained.evaluation(context.pair.ae.run_id)["distortion"]
    drawn = charts.rate_distortion(points, best["elbo"] if context.revealed else None, level, context.dark, height=420)
    chart(
        charts.for_projector(drawn) if context.large else drawn,
        key=f"{context.key}-curve",
        alt="Rate and distortion of every trained KL weight.",
    )
    quality = {beta: cache.measured.sample_quality(entry.run_id) for beta, entry in trained.items()}
    fd = {beta: measured["fd"] for beta, measured in quality.items() if measured is not None}
    if fd:
        best["fd"] = min(fd, key=fd.__getitem__)
    if context.revealed:
        with st.container(horizontal=True, gap="large"):
            for label, name in (
                ("Lowest −ELBO", "elbo"),
                ("Best reconstructions", "mse"),
                ("Best samples", "fd"),
                ("Lowest rate", "rate"),
            ):
                if name in best:
                    st.metric(label, f"β = {best[name]:g}", width="content")
    verdict = "one" if len(set(best.values())) == 1 else "depends"
    advice = (
        "Choose a purpose first, and measure the quality for that purpose."
        if verdict == "depends"
        else "Here one value is best for all purposes."
    )
    return {
        "right": verdict,
        "advice": advice,
        "trained": len(found),
        **{f"beta_{name}": f"{b:g}" for name, b in best.items()},
        "neg_elbo": found[best["elbo"]]["neg_elbo"],
    }
