"""Latent maps: how well a latent space separates the classes, how widely its codes spread, progress of a UMAP."""

from __future__ import annotations

from typing import Any, Literal

from core.latent.neighbours import NEIGHBOURS
from core.metrics.comparisons import better_separated
from dashboard.content.words import AE, NAMES, VAE

NO_STRUCTURE = 0.2  # with an accuracy closer to chance, a space has hardly any class structure


def better_separation(ae: float, vae: float, classes: int) -> str:
    """Whose latent space separates the classes better, from the accuracy of the nearest neighbours' class.

    Returns:
        "ae" or "vae", "neither" if both do equally well, "none" if at least one shows hardly any class structure.
    """
    if min(ae, vae) < 1 / classes + NO_STRUCTURE:
        return "none"
    return better_separated([ae], [vae])


def maps_takeaway(
    ae_accuracy: float | None,
    vae_accuracy: float | None,
    ae_spread: float,
    vae_spread: float,
    classes: int,
    why_not: str = "",
) -> str:
    """How well the latent spaces separate the classes, and how widely their codes spread.

    Args:
        ae_accuracy, vae_accuracy: None where they cannot be measured, for the reason `why_not`.
        ae_spread, vae_spread: mean standard deviation of the codes.
    """
    spread = spread_takeaway(ae_spread, vae_spread)
    if ae_accuracy is None or vae_accuracy is None:
        return f"Class structure cannot be measured: {why_not} {spread}"
    better = better_separation(ae_accuracy, vae_accuracy, classes)
    without_labels = "although neither model was trained with labels"
    verdict = {
        "none": "At least one of the two spaces shows hardly any class structure",
        "neither": f"Both spaces separate the classes equally well, {without_labels}",
        "ae": f"The {AE}'s space separates the classes better, {without_labels}",
        "vae": f"The {VAE}'s space separates the classes better, {without_labels}",
    }[better]
    return (
        f"{verdict}: the majority class of the {NEIGHBOURS} nearest codes is the image's own class for "
        f"{ae_accuracy:.0%} of the images in the {AE} and {vae_accuracy:.0%} in the {VAE} (chance: {1 / classes:.0%}). "
        f"{spread}"
    )


def tighter_codes(ae: float, vae: float) -> tuple[Literal["ae", "vae"], Literal["collapsed", "one", "same", "times"]]:
    """Whose codes spread less, from the standard deviations of both models' codes.

    Returns:
        the model, and how the two compare: "collapsed" if both are almost constant, "one" if only this model's are,
        "same" if both spread equally widely, else "times".
    """
    near, far = min(ae, vae), max(ae, vae)
    tighter: Literal["ae", "vae"] = "ae" if ae < vae else "vae"
    if far < 0.005:  # would be shown as 0.00
        return tighter, "collapsed"
    if near < 0.001 * far:
        return tighter, "one"
    return tighter, "same" if far < 1.1 * near else "times"


def spread_takeaway(ae: float, vae: float) -> str:
    """The sentence for `tighter_codes`, with the standard deviations."""
    tighter, how = tighter_codes(ae, vae)
    both = f"(standard deviation {AE} {ae:.2f}, {VAE} {vae:.2f}; prior: 1)"
    if how == "collapsed":
        return "Their codes hardly vary (standard deviation below 0.005 in both; prior: 1)."
    if how == "one":
        return f"The {NAMES[tighter]}'s codes hardly vary {both}."
    if how == "same":
        return f"Their codes are spread equally widely (standard deviation {ae:.2f} and {vae:.2f})."
    return f"The {NAMES[tighter]}'s codes lie {max(ae, vae) / min(ae, vae):.1f} times closer together {both}."


def map_caption(view: Any, flat: bool) -> str:
    """The measures of one map, a `dashboard.cache.maps.MapView`.

    Args:
        flat: the map is the latent space itself, which needs no projection.
    """
    structure = (
        "class structure: not measured"
        if view.knn_accuracy is None
        else f"{view.knn_accuracy:.1%} of images share their class with most of their {NEIGHBOURS} nearest codes"
    )
    if flat:
        return structure
    if view.trustworthiness is None:
        return f"{structure} · trustworthiness: not measured"
    fewer = "" if view.trusted == NEIGHBOURS else f", measured with {view.trusted} nearest codes"
    return f"{structure} · trustworthiness of the map: {view.trustworthiness:.3f} (maximum 1){fewer}"


def laying_out(status: Any, warm: bool, compiling: Any) -> str:
    """Why a UMAP is not ready yet, and what is shown meanwhile.

    Args:
        status: a `core.jobs.status.JobStatus`.
        warm: whether umap-learn's code has been compiled.
        compiling: progress of that, a `core.latent.compilation.Progress`; None before the first function is compiled.
    """
    needs = "needs umap-learn's code, which is being compiled once for this processor"
    if status.state == "queued":
        why = f"is waiting for a training to finish (position {status.position} in the queue)"
    elif compiling:
        left = max(compiling.seconds_left, 1)
        why = f"{needs}: {compiling.fraction:.0%} done, about {left:.0f} s left"
    elif not warm:
        why = f"{needs}; an estimate of the time left follows"
    else:
        why = "is being computed in the background, which takes a few seconds"
    return f"The UMAP of these codes {why}. Until then, their PCA is shown."
