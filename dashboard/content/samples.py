"""Generated images: whose are closer to real images, by the distribution of the codes and by the KL weight."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.metrics.comparisons import nearer
from dashboard.content.words import AE, NAMES, VAE

FROM = {
    "prior": "N(0, I)",
    "gaussian": "a Gaussian fitted to each model's codes",
    "mixture": "a mixture fitted to each model's codes",
}
ONE_AVERAGE = 100.0  # the Fréchet distance of a single average image, repeated; see `core.metrics.judge`
FIGURE_HELP = {
    "fd": "Between samples and unseen images, in the feature space of a small classifier (not FID). 0: identical "
    f"distributions.{{real}} {ONE_AVERAGE:.0f}: a single average image, repeated.",
    "density": "Fidelity: the average number of real-image neighbourhoods that contain a sample, normalised to about 1 "
    "for real images (Naeem et al. 2020).",
    "coverage": "Diversity: the share of unseen real images with at least one sample in their neighbourhood (Naeem et "
    "al. 2020).",
}
Distances = Mapping[tuple[str, str], Sequence[float]]  # Fréchet distances by (model, source), one value per seed


def closer_samples(ae: float, vae: float) -> str:
    """Whose samples are closer to real images, from both Fréchet distances.

    Returns:
        "ae", "vae", "neither", or "none" if one average image, repeated, is as close as either.
    """
    if min(ae, vae) >= ONE_AVERAGE:
        return "none"
    return {"first": "ae", "second": "vae", "neither": "neither"}[nearer([ae], [vae])]


def samples_takeaway(sources: Mapping[str, str], ae: Mapping[str, float], vae: Mapping[str, float]) -> str:
    """Whose samples are closer to real images, and how many real images have a sample nearby.

    Args:
        sources: the distribution, a key of `FROM`, that the codes of "ae" and "vae" were drawn from.
        ae, vae: fd, floor and coverage of each model's samples.
    """
    drawn = FROM[sources["ae"]]
    if sources["ae"] != sources["vae"]:
        drawn = f"{FROM[sources['ae']]} for the {AE} and {FROM[sources['vae']]} for the {VAE}"
    verdict = {
        "none": "neither model's samples are closer to real images than a single repeated average image "
        f"({ONE_AVERAGE:.0f})",
        "neither": "the samples of both models are equally close to real images",
        "ae": f"the {AE}'s samples are closer to real images than the {VAE}'s",
        "vae": f"the {VAE}'s samples are closer to real images than the {AE}'s",
    }[closer_samples(ae["fd"], vae["fd"])]
    return (
        f"Drawn from {drawn}, {verdict}: Fréchet distance {ae['fd']:.1f} for the {AE}, {vae['fd']:.1f} for the {VAE}, "
        f"{ae['floor']:.1f} for real images. Coverage of the unseen images: "
        f"{ae['coverage']:.0%} for the {AE}, {vae['coverage']:.0%} for the {VAE}."
    )


def where_to_draw(distances: Mapping[str, float]) -> str:
    """The conclusion from Fréchet distances by "model_source", e.g. {"vae_prior": 19, "ae_mixture": 4}."""
    best, worst = min(distances, key=distances.__getitem__), max(distances, key=distances.__getitem__)
    if nearer([distances[best]], [distances[worst]]) == "neither":
        return "The difference is too small to be conclusive."
    times = distances[worst] / max(distances[best], 1e-9)
    (better, source), (other, other_source) = best.split("_"), worst.split("_")
    if better == "ae" and source != "prior" and other_source == "prior":
        return (
            f"That is {times:.1f} times closer to real images: the {AE} is not a bad generator, "
            "but N(0, I) is the wrong distribution to sample its codes from."
        )
    if (better, source, other, other_source) == ("vae", "prior", "ae", "prior"):
        return f"So far this is the usual story: the {VAE} generates, the {AE} does not."
    return f"The {NAMES[better]}'s samples are {times:.1f} times closer to real images."


@dataclass(frozen=True)
class BestWeight:
    """The KL weight with the lowest Fréchet distance.

    Attributes:
        beta: the KL weight.
        at_end: whether it is the smallest or the largest one trained.
        as_good: the smallest and the largest of the trained KL weights next to it, itself included, whose samples are
            equally good; None if it is the only one.
    """

    beta: float
    at_end: bool
    as_good: tuple[float, float] | None


def best_weight(fd: Mapping[float, float]) -> BestWeight:
    """The trained KL weight whose samples are closest to real images, from Fréchet distances by KL weight."""
    betas = sorted(fd)
    best = min(betas, key=fd.__getitem__)

    def last_as_good(onwards: Sequence[float]) -> float:
        """The last of the KL weights from the best one onwards before one with worse samples."""
        return [*itertools.takewhile(lambda b: nearer([fd[best]], [fd[b]]) == "neither", onwards)][-1]

    place = betas.index(best)
    low, high = last_as_good(betas[place::-1]), last_as_good(betas[place:])
    return BestWeight(best, best in (betas[0], betas[-1]), (low, high) if low < high else None)


def quality_takeaway(points: Mapping[float, Mapping[str, float]]) -> str:
    """At which trained KL weight samples are closest to real images, compared with the ends of the range.

    Args:
        points: fd and floor of the prior samples, by KL weight.
    """
    betas = sorted(points)
    floor = points[betas[0]]["floor"]
    if len(points) < 3:
        found = " and ".join(f"{points[b]['fd']:.1f} at β = {b:g}" for b in betas)
        return (
            f"So far the samples have a Fréchet distance of {found}; real images have {floor:.1f}. "
            "Train with more values of β to find where samples are best."
        )
    best = best_weight({b: point["fd"] for b, point in points.items()})
    fd = points[best.beta]["fd"]
    ends = f"{points[betas[0]]['fd']:.1f} at β = {betas[0]:g} and {points[betas[-1]]['fd']:.1f} at β = {betas[-1]:g}"
    if best.at_end:
        return (
            f"Among the trained values, samples are best at β = {best.beta:g}, an end of the range: "
            f"Fréchet distance {fd:.1f}, compared with {ends}."
        )
    as_good = " (equally good from β = {:g} to {:g})".format(*best.as_good) if best.as_good else ""
    return (
        f"Samples are best at an intermediate value: the Fréchet distance is {fd:.1f} at β = {best.beta:g}{as_good}, "
        f"compared with {ends}. Real images have {floor:.1f}."
    )


def rescue_takeaway(fd: Distances, floor: float) -> str:
    """How much a fitted density improves the AE's samples, compared with the VAE's.

    Args:
        fd: of the same seeds for each model and source; sources are "prior", "gaussian", "mixture".
        floor: the Fréchet distance of real training images.
    """
    mean = {key: sum(values) / len(values) for key, values in fd.items()}
    ae, vae, own = mean["ae", "mixture"], mean["vae", "prior"], mean["vae", "mixture"]
    closer = {source: nearer(fd["ae", "mixture"], fd["vae", source]) for source in ("prior", "mixture")}
    against = f"the {VAE}'s from its prior ({vae:.1f})"
    also = "and" if closer["mixture"] == "first" else "though not"
    than_own = f"{also} than the {VAE}'s from its own fitted mixture ({own:.1f})"
    comparison = {
        "first": f"That is closer than {against}, {than_own}.",
        "second": f"That is farther than {against}.",
        "neither": f"Over all seeds, that is neither closer nor farther than {against}.",
    }[closer["prior"]]
    return (
        f"The Fréchet distance of the {AE}'s samples to real images is {mean['ae', 'prior']:.0f} with codes from "
        f"N(0, I), {mean['ae', 'gaussian']:.1f} with codes from a fitted Gaussian and {ae:.1f} with codes from a "
        f"fitted mixture. {comparison} Real images have {floor:.1f}."
    )


def rescue_meaning(fd: Distances, gaussians: int = 10) -> str:
    """What the values of `rescue_takeaway` mean for the question whether an AE can generate images.

    Args:
        gaussians: number of Gaussians in the fitted mixture.
    """
    against = nearer(fd["ae", "mixture"], fd["vae", "prior"])
    if against == "first":
        return (
            f"**What that means.** An {AE} with a density fitted to its codes *is* a generative model. Its decoder can "
            "generate images; only the distribution of its codes was missing, and a mixture of "
            f"{gaussians} Gaussians fitted afterwards provides it. The {VAE} fixes that distribution in advance, at "
            "the cost of its rate."
        )
    prior, mixture = (sum(fd["ae", source]) / len(fd["ae", source]) for source in ("prior", "mixture"))
    gained = f"Here a fitted density does not help the {AE}"
    if nearer(fd["ae", "mixture"], fd["ae", "prior"]) == "first":
        times = prior / max(mixture, 1e-9)
        gained = f"A fitted density brings the {AE}'s samples {times:.1f} times closer to real images"
    ahead = {
        "second": f"the {VAE}'s own prior stays ahead",
        "neither": f"neither it nor the {VAE}'s own prior is ahead for every seed",
    }[against]
    return f"**What that means.** {gained}; for these models {ahead}."
