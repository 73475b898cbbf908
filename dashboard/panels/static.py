"""Images and charts that more than one page shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.config import ACTIVE_NATS
from core.data.shape import as_pictures, without_grey_axis
from core.errors import NotMeasurable
from core.latent.interpolation import KINDS, cross_fade, nearest
from core.latent.sampling import SOURCES
from dashboard import cache
from dashboard.components.chart import chart
from dashboard.content.paths import path_takeaway
from dashboard.content.reconstruction import compare_mse
from dashboard.content.samples import where_to_draw
from dashboard.content.words import NAMES
from dashboard.panels.encoding import encode_with_both
from dashboard.panels.scene_context import LETTERS, Facts, SceneContext, ScenePictureError, model_of
from dashboard.plots import charts, images


def copies(context: SceneContext, models: list[str], shown: int = 8) -> Facts:
    """Unseen images, and below them their reconstructions by several models.

    Args:
        models: one row each, as model and latent size, e.g. ["ae 2", "vae 16"]; "own" is the size of the scene's pair.
        shown: images per row.
    """
    data = cache.trained.dataset(context.pair.data)
    first = cache.decoded.one_of_each(context.pair.data)[:shown]
    st.caption("Unseen images")
    st.image(images.grid(without_grey_axis(data.test_images[first]), len(first)), width="stretch", alt="Unseen images")
    facts: dict[str, Any] = {"numbers": data.shape.pixels, "codes": context.pair.latent_dim}
    for place, words in enumerate(models):
        kind, size = model_of(words, ())
        if size != "own" and not size.isdecimal():
            raise ScenePictureError(f"{words!r}: the latent size is a whole number, or own.")
        pair = context.pair if size == "own" else context.other(int(size))
        entry = pair[kind]
        st.markdown(context.name(place, f"{NAMES[kind]}, decoded from {pair.latent_dim} numbers"))
        decoded = cache.trained.gallery(entry.run_id)["reconstruction"][first]
        st.image(
            images.grid(decoded, len(first)), width="stretch", alt=f"The same images, decoded: row {LETTERS[place]}"
        )
        facts |= {
            f"mse_{kind}_{size}": cache.trained.evaluation(entry.run_id)["mse"],
            f"where_{kind}_{size}": LETTERS[place],
        }
        facts[f"compare_{size}"] = compare_mse(
            *(cache.trained.evaluation(entry.run_id)["mse"] for entry in pair.entries)
        )
    return facts


def point_and_cloud(context: SceneContext, image: int, draws: int = 8) -> Facts:
    """One image and its code in both planes; after the reveal, decoded images of further samples from its posterior."""
    if context.pair.latent_dim > 2:
        raise ScenePictureError("point_and_cloud shows a pair of latent size 2 or 1.")
    gallery = cache.trained.gallery(context.pair.vae.run_id)
    (image,) = context.images(image)
    encode_with_both(context.pair, image)
    data = cache.trained.dataset(context.pair.data)
    redrawn = {kind: cache.decoded.redraws(context.pair[kind].run_id, image, draws) for kind in NAMES}
    if context.revealed:
        for column, kind in zip(st.columns(2), NAMES, strict=True):
            with column:
                st.caption(f"{draws} sampled codes of this image, decoded")
                st.image(
                    images.grid(redrawn[kind], draws),
                    width="stretch",
                    alt=f"{draws} images decoded from codes that the {kind.upper()} sampled for one image",
                )
    moved = {kind: float(np.sqrt(frames.var(0).mean())) for kind, frames in redrawn.items()}
    # Grey levels on screen have 256 steps: a change of less than half a step is invisible.
    redraw = {kind: "same" if m < 0.5 / 255 else "other" for kind, m in moved.items()}
    width = gallery["stddev"][image].astype(float)
    return {
        "image": image,
        "label": data.classes[data.test_labels[image]],
        "sigma_1": float(width[0]),
        "sigma_2": float(width[-1]),
        "draws": draws,
        **{f"redraw_{kind}": v for kind, v in redraw.items()},
        **{f"moved_{kind}": v for kind, v in moved.items()},
    }


def numbers(context: SceneContext, image: int = 0, steps: int = 7) -> Facts:
    """One row of images per latent number of the VAE, which varies it from -3 to 3; after the reveal, the rate of each.

    Args:
        image: the test image whose code is varied.
        steps: images per row.
    """
    ae, vae = (cache.trained.evaluation(entry.run_id) for entry in context.pair.entries)
    d, active = context.pair.latent_dim, vae["active_units"]
    if not 3 <= steps <= 15:
        raise ScenePictureError(f"steps = {steps}: numbers varies each latent number in 3 to 15 steps.")
    (image,) = context.images(image)
    left, right = st.columns([3, 2]) if context.revealed else (st.container(), None)
    varied = cache.decoded.traversals(context.pair.vae.run_id, image, steps)  # (d, steps, ...)
    half = -(-d // 2)
    for column, part in zip(left.columns(2), (varied[:half], varied[half:]), strict=True):
        if len(part):
            column.image(
                images.grid(part.reshape(-1, *part.shape[2:]), steps),
                width="stretch",
                alt=f"{len(part)} rows of {steps} images: each varies one latent number from -3 to 3",
            )
    if right:
        right.caption("Rate of each unit, nats per image (hollow: inactive)")
        bars = charts.kl_bars(vae["rate_per_dim"], ACTIVE_NATS, context.dark, height=400 if context.large else 320)
        with right:
            chart(
                charts.for_projector(bars) if context.large else bars,
                key=f"{context.key}-bars",
                alt="Rate of each latent number in nats, largest first.",
            )
    return {
        "image": image,
        "distortion_ae": ae["distortion"],
        "distortion_vae": vae["distortion"],
        "rate": vae["rate"],
        "active": active,
        "used": "all" if active == d else "most" if active > d / 2 else "few",
    }


SOURCE_NAMES = {"prior": "z ~ N(0, I)", "gaussian": "z ~ a fitted Gaussian", "mixture": "z ~ {} fitted Gaussians"}
STILL_BEING_EVALUATED = "The samples of these networks are still being evaluated; try again in a minute."


def sampled(context: SceneContext, models: list[str], columns: int = 6) -> Facts:
    """Samples side by side from the same noise, e.g. ["ae mixture", "vae prior"]; after the reveal, their quality."""
    facts: dict[str, Any] = {"gaussians": cache.measured.gaussians(context.pair.ae.run_id)}
    scores: dict[str, float] = {}
    why_not = STILL_BEING_EVALUATED
    for place, (column, words) in enumerate(zip(st.columns(len(models)), models, strict=True)):
        kind, source = model_of(words, SOURCES)
        entry = context.pair[kind]
        try:
            measured = cache.measured.sample_quality(entry.run_id, source)
        except NotMeasurable as error:  # the images are shown anyway, and then the reason
            measured, why_not = None, f"The quality of these samples cannot be measured: {error}"
        with column:
            st.markdown(context.name(place, f"{NAMES[kind]}, {SOURCE_NAMES[source].format(facts['gaussians'])}"))
            st.image(
                images.grid(cache.decoded.samples(entry.run_id, source)[: columns * columns], columns),
                width="stretch",
                alt=f"New images: {LETTERS[place]}",
            )
            if context.revealed and measured:
                with st.container(horizontal=True, gap="large"):
                    st.metric("Fréchet distance", f"{measured['fd']:.1f}", width="content")
                    st.metric("Coverage", f"{measured['coverage']:.0%}", width="content")
        facts |= {f"where_{kind}": LETTERS[place], f"where_{kind}_{source}": LETTERS[place]}
        if measured:
            scores[f"{kind}_{source}"] = measured["fd"]
            facts |= {
                f"fd_{kind}_{source}": measured["fd"],
                f"coverage_{kind}_{source}": measured["coverage"],
                "floor": measured["floor"],
            }
    if len(scores) < len(models):
        raise ScenePictureError(why_not)
    best, worst = min(scores, key=scores.__getitem__), max(scores, key=scores.__getitem__)
    return facts | {
        "better": NAMES[best.split("_")[0]],
        "better_where": facts[f"where_{best}"],
        "fd_better": scores[best],
        "fd_worse": scores[worst],
        "lesson": where_to_draw(scores),
    }


def between(
    context: SceneContext, start: int, end: int, order: list[str], steps: int = 7, way: str = "linear"
) -> Facts:
    """Interpolations between two test images: in both latent spaces, and as a cross-fade of pixels.

    Args:
        order: "ae", "vae" and "pixels", from top to bottom.
    """
    data = cache.trained.dataset(context.pair.data)
    if sorted(order) != ["ae", "pixels", "vae"] or way not in KINDS or not 3 <= steps <= 15:
        raise ScenePictureError(
            f"between shows ae, vae and pixels in some order, way {' or '.join(KINDS)}, in 3 to 15 steps."
        )
    start, end = context.images(start, end)
    ends = as_pictures(data.test_images[[start, end]])
    frames = {kind: cache.decoded.decoded_path(context.pair[kind].run_id, start, end, steps, way) for kind in NAMES}
    frames["pixels"] = cross_fade(ends[0], ends[1], steps)
    names = {kind: f"{name}, decoded" for kind, name in NAMES.items()}
    names["pixels"] = "pixel cross-fade, without a model"
    for place, kind in enumerate(order):
        st.markdown(context.name(place, names[kind]))
        st.image(
            images.grid(frames[kind], steps),
            width="stretch",
            alt=f"Strip {LETTERS[place]}, from test image {start} to {end}",
        )
    reference = cache.trained.reference(context.pair.data)
    middle = {kind: float(nearest(f[steps // 2][None], reference)[1][0]) for kind, f in frames.items()}
    classes = [data.classes[data.test_labels[i]] for i in (start, end)]
    return {
        "start": start,
        "end": end,
        "from_class": classes[0],
        "to_class": classes[1],
        "verdict": path_takeaway(middle),
        **{f"where_{kind}": LETTERS[place] for place, kind in enumerate(order)},
        **{f"middle_{kind}": v for kind, v in middle.items()},
    }
