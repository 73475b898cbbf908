"""Sentences computed from the numbers beside them: no verdict is written before it is measured."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Mapping, Sequence
from typing import Any

from core.data.dataset import Dataset
from core.latent.neighbours import NEIGHBOURS
from core.metrics.claims import changes_class_more, nearer
from core.metrics.verdicts import larger
from dashboard.content.catalog import Entry, Pair

NA = "n/a"
SAME = 0.02  # squared errors within 2 % of each other are called equal, as in the scorecard

AE, VAE = ":orange[**AE**]", ":blue[**VAE**]"  # the models' colours, see .streamlit/config.toml


def nats(value: float | None, digits: int = 1) -> str:
    """A number of nats; "n/a" where a model has none."""
    return NA if value is None else f"{value:.{digits}f}"


def less(a: float, b: float) -> float:
    """By which fraction a is smaller than b."""
    return (b - a) / b if b else 0.0


def compare_mse(ae: float, vae: float) -> str:
    """Which model reconstructs more precisely, and by how much."""
    if larger([ae], [vae], SAME) == "neither":
        return f"{AE} and {VAE} reconstruct equally precisely (mean squared error {ae:.4f} and {vae:.4f})"
    better, worse, a, b = (AE, VAE, ae, vae) if ae < vae else (VAE, AE, vae, ae)
    return f"the {better} reconstructs more precisely than the {worse} (mean squared error {a:.4f} against {b:.4f}, {less(a, b):.0%} less)"


def start_takeaway(ae: Mapping[str, Any], vae: Mapping[str, Any]) -> str:
    return (
        f"On {vae['n']:,} images neither model has seen, {compare_mse(ae['mse'], vae['mse'])}. "
        f"The {VAE}'s loss also includes a rate of {nats(vae['rate'])} nats per image, which penalises clouds that differ from the prior N(0, I)."
    )


def train_command(pair: Pair, latent_dim: int | None = None) -> str:
    """What to type to train the AE of a pair like this one."""
    return f"python -m core train --model ae --dataset {shlex.quote(pair.dataset)} --latent-dim {latent_dim or pair.latent_dim} --seed {pair.seed}"


def folder_summary(data: Dataset) -> str:
    """How many images a folder gave, and how they look to the models."""
    n, classes, missed = len(data.train_images) + len(data.test_images), len(data.classes), len(data.skipped)
    what = f"{n:,} images in {classes:,} {'class' if classes == 1 else 'classes'}, as the models see them: 28×28 grey levels, the whole picture scaled to fit."
    return what + (f" {missed:,} {'file was' if missed == 1 else 'files were'} skipped." if missed else "")


def folder_changed(pair: Pair, data: Dataset, how: str) -> str:
    """That a folder is not any more what a pair was trained on; `how` is what has become of it."""
    n, day = (
        len(data.train_images) + len(data.test_images),
        time.strftime("%d %b %Y", time.localtime(pair.vae.trained)).lstrip("0"),
    )
    return (
        f"These models were trained on {n:,} images that this folder held on {day}; everything here is about those. The folder now {how.rstrip('.')}. "
        f"To train on what it holds now: `{train_command(pair)}`, and the same with `--model vae`."
    )


def provenance(pair: Pair, n: int, how: str = "Measured on", what: str = "unseen test images") -> str:
    """Which models, data and seed a page's figures were measured on."""
    return (
        f"{how} {n:,} {what} of `{pair.dataset}` · latent size {pair.latent_dim} · seed {pair.seed} · "
        f"AE `{pair.ae.run_id}` · VAE `{pair.vae.run_id}` (β = {pair.vae.config.beta:g}; nats per image, both terms summed)"
    )


def run_provenance(entry: Entry, n: int) -> str:
    """As `provenance`, for one run."""
    c = entry.config
    return f"Measured on {n:,} unseen test images of `{c.dataset}` · latent size {c.latent_dim} · seed {c.seed} · {c.epochs} epochs · `{entry.run_id}`"


def maps_takeaway(
    ae_accuracy: float | None,
    vae_accuracy: float | None,
    ae_spread: float,
    vae_spread: float,
    classes: int,
    why_not: str = "",
) -> str:
    """How far codes of one class lie together (or `why_not`, where that cannot be measured), and how far the codes spread."""
    spread = spread_takeaway(ae_spread, vae_spread)
    if ae_accuracy is None or vae_accuracy is None:
        return f"Class structure cannot be measured: {why_not} {spread}"
    gap = abs(ae_accuracy - vae_accuracy)
    chance = 1 / classes
    if min(ae_accuracy, vae_accuracy) < chance + 0.2:
        verdict = "At least one of the two spaces shows hardly any class structure"
    elif gap < 0.05:  # about two and a half standard errors of the difference on 1,000 images
        verdict = "Both spaces separate the classes equally well, although neither model was trained with labels"
    else:
        verdict = f"The {AE if ae_accuracy > vae_accuracy else VAE}'s space separates the classes better, although neither model was trained with labels"
    return f"{verdict}: the majority class of the {NEIGHBOURS} nearest codes is the image's own class for {ae_accuracy:.0%} of the images in the {AE} and {vae_accuracy:.0%} in the {VAE} (chance: {chance:.0%}). {spread}"


def spread_takeaway(ae: float, vae: float) -> str:
    """How far each model's codes spread; both are standard deviations."""
    near, far = min(ae, vae), max(ae, vae)
    if far < 0.005:  # shown as 0.00
        return "Their codes hardly vary (standard deviation below 0.005 in both; prior: 1)."
    tighter = AE if ae < vae else VAE
    if near < 0.001 * far:
        return f"The {tighter}'s codes hardly vary (standard deviation {AE} {ae:.2f}, {VAE} {vae:.2f}; prior: 1)."
    if far < 1.1 * near:
        return f"Their codes are spread equally widely (standard deviation {ae:.2f} and {vae:.2f})."
    return f"The {tighter}'s codes lie {far / near:.1f} times closer together (standard deviation {AE} {ae:.2f}, {VAE} {vae:.2f}; prior: 1)."


def map_caption(view: Any, flat: bool) -> str:
    """What was measured about one map (a `dashboard.cache.MapView`), or why it was not; `flat`: the map is the latent space itself."""
    order = (
        "class structure: not measured"
        if view.knn_accuracy is None
        else f"{view.knn_accuracy:.1%} of images share their class with most of their {NEIGHBOURS} nearest codes"
    )
    if flat:
        return order
    if view.trustworthiness is None:
        return f"{order} · trustworthiness: not measured"
    fewer = "" if view.trusted == NEIGHBOURS else f", measured with {view.trusted} nearest codes"
    return f"{order} · trustworthiness of the map: {view.trustworthiness:.3f} (maximum 1){fewer}"


def not_measured(reasons: Mapping[str, str]) -> str:
    """What cannot be measured on these images, each with its reason; "" if there is nothing."""
    by_reason: dict[str, list[str]] = {}
    for what, why in reasons.items():
        by_reason.setdefault(why, []).append(what)
    return " ".join(f"Not measured: {', '.join(whats)}, because {why.rstrip('.')}." for why, whats in by_reason.items())


FROM = {
    "prior": "N(0, I)",
    "gaussian": "a Gaussian fitted to each model's codes",
    "mixture": "a mixture fitted to each model's codes",
}


ONE_AVERAGE = 100.0  # the Frechet distance of one average image, drawn over and over; see `core.metrics.judge`


def samples_takeaway(sources: Mapping[str, str], ae: Mapping[str, float], vae: Mapping[str, float]) -> str:
    """Whose samples are nearer to real images, and to how many of those they come near.

    Args:
        sources: where the codes of "ae" and "vae" were drawn from.
        ae, vae: fd, floor and coverage of each model's samples.
    """
    drawn = (
        FROM[sources["ae"]]
        if sources["ae"] == sources["vae"]
        else f"{FROM[sources['ae']]} for the {AE} and {FROM[sources['vae']]} for the {VAE}"
    )
    better, worse = (AE, VAE) if ae["fd"] < vae["fd"] else (VAE, AE)
    if min(ae["fd"], vae["fd"]) >= ONE_AVERAGE:
        verdict = f"neither model's samples are closer to real images than a single repeated average image ({ONE_AVERAGE:.0f})"
    elif nearer([ae["fd"]], [vae["fd"]]) == "neither":
        verdict = "the samples of both models are equally close to real images"
    else:
        verdict = f"the {better}'s samples are closer to real images than the {worse}'s"
    return (
        f"Drawn from {drawn}, {verdict}: Fréchet distance {ae['fd']:.1f} for the {AE}, {vae['fd']:.1f} for the {VAE}, "
        f"{ae['floor']:.1f} for real images. Coverage of the unseen images: {ae['coverage']:.0%} for the {AE}, {vae['coverage']:.0%} for the {VAE}."
    )


def where_to_draw(distances: Mapping[str, float]) -> str:
    """What follows from Frechet distances by "model_source", e.g. {"vae_prior": 19, "ae_mixture": 4}: the usual story, or not."""
    names = {"ae": AE, "vae": VAE}
    best, worst = min(distances, key=distances.get), max(distances, key=distances.get)
    if nearer([distances[best]], [distances[worst]]) == "neither":
        return "There is no difference large enough to count."
    times = distances[worst] / max(distances[best], 1e-9)
    (better, source), (other, other_source) = best.split("_"), worst.split("_")
    if better == "ae" and source != "prior" and other_source == "prior":
        return f"That is {times:.1f} times closer to real images: the {AE} is not a bad generator, but N(0, I) is the wrong distribution to sample its codes from."
    if (better, source, other, other_source) == ("vae", "prior", "ae", "prior"):
        return f"So far this is the usual story: the {VAE} generates, the {AE} does not."
    return f"The {names[better]}'s samples are {times:.1f} times closer to real images."


def path_takeaway(middle: Mapping[str, float], tolerance: float = 0.05) -> str:
    """Whose picture half-way is nearest to real images: "ae", "vae" or "pixels" (the cross-fade); equal within 5 %."""
    names = {"ae": f"the {AE}", "vae": f"the {VAE}", "pixels": "the cross-fade"}
    figures = ", ".join(f"{names[k]} {middle[k]:.1f}" for k in ("ae", "vae", "pixels"))
    best = min(middle.values())
    near = [k for k in ("ae", "vae", "pixels") if middle[k] <= (1 + tolerance) * best]
    if "pixels" in near:
        verdict = "for this pair the pixel cross-fade is as close to real images as either latent space"
    elif len(near) == 2:
        verdict = "both models are about equally close to real images, and closer than the pixel cross-fade"
    else:
        verdict = f"for this pair {names[near[0]]} is closest to real images"
    return f"At the midpoint, {verdict}. (Distance to the nearest real image: {figures}.)"


def weight_takeaway(beta: float, evaluations: Mapping[float, Mapping[str, Any]], latent_dim: int) -> str:
    """What the weight shown costs and keeps, and which trained weight has the lowest -ELBO.

    Args:
        evaluations: by trained beta, at least one.
    """
    best = min(evaluations, key=lambda b: evaluations[b]["neg_elbo"])
    lowest = f"Of the {len(evaluations)} trained weights, β = {best:g} has the lowest −ELBO ({nats(evaluations[best]['neg_elbo'])})."
    if len(evaluations) == 1:
        lowest = f"Its −ELBO is {nats(evaluations[best]['neg_elbo'])}; no other weight has been trained."
    if beta in evaluations:
        e = evaluations[beta]
        inactive = latent_dim - e["active_units"]
        state = (
            f"all {latent_dim} latent units are active"
            if inactive == 0
            else "all latent units are inactive, so every image is decoded to the same output"
            if inactive == latent_dim
            else f"{inactive} of {latent_dim} latent units are inactive"
        )
        return f"At β = {beta:g} the {VAE} has a rate of {nats(e['rate'])} nats and a distortion of {nats(e['distortion'])} nats; {state}. {lowest}"
    nearest = sorted(evaluations, key=lambda b: abs(math.log(b / beta)))[:2]
    first, *rest = (
        f"β = {b:g} has a rate of {nats(evaluations[b]['rate'])} and a distortion of {nats(evaluations[b]['distortion'])} nats"
        for b in sorted(nearest)
    )
    return f"No network has been trained for β = {beta:g} yet. Of the nearest trained weights, the {VAE} with {'; that with '.join([first, *rest])}."


def half_way(values: Sequence[float]) -> int:
    """The first epoch at which a curve has made half of its way from its first to its last value."""
    goal = (values[0] + values[-1]) / 2
    return next(i for i, v in enumerate(values) if abs(v - values[0]) >= abs(goal - values[0]))


def training_takeaway(ae: Sequence[Mapping[str, Any]], vae: Sequence[Mapping[str, Any]]) -> str:
    """How soon both models learn to copy, and what the VAE's rate does meanwhile; both histories start at epoch 0."""
    fast = {name: half_way([row["distortion"] for row in rows]) for name, rows in ((AE, ae), (VAE, vae))}
    last = len(vae) - 1
    rates = [row["rate"] for row in vae]
    top = max(range(len(rates)), key=rates.__getitem__)
    course = (
        f"rises from {rates[0]:.1f} to {rates[-1]:.1f} nats, as it learns which information is worth encoding"
        if rates[-1] > 0.95 * rates[top]
        else f"rises to {rates[top]:.1f} nats in epoch {top} and settles at {rates[-1]:.1f}"
    )
    same = fast[AE] == fast[VAE] and len(ae) == len(vae)
    when = (
        f"Both models reach half of this reduction after {fast[AE]} of {last} epochs"
        if same
        else f"The {AE} reaches half of this reduction after {fast[AE]} of {len(ae) - 1} epochs, the {VAE} after {fast[VAE]} of {last}"
    )
    return (
        f"Training reduces the distortion to {ae[-1]['distortion']:.1f} nats in the {AE} and {vae[-1]['distortion']:.1f} nats in the {VAE}. {when}. "
        f"The {VAE}'s rate {course}."
    )


def quality_takeaway(points: Mapping[float, Mapping[str, float]]) -> str:
    """Which trained weight makes the samples nearest to real images, and how it goes on either side.

    Args:
        points: fd and floor of each weight's prior samples.
    """
    betas = sorted(points)
    if len(points) < 3:
        found = " and ".join(f"{points[b]['fd']:.1f} at β = {b:g}" for b in betas)
        return f"So far the samples have a Fréchet distance of {found}; real images have {points[betas[0]]['floor']:.1f}. Train more weights to find where samples are best."
    best = min(betas, key=lambda b: points[b]["fd"])
    ends = f"{points[betas[0]]['fd']:.1f} at β = {betas[0]:g} and {points[betas[-1]]['fd']:.1f} at β = {betas[-1]:g}"
    close = [b for b in betas if nearer([points[best]["fd"]], [points[b]["fd"]]) == "neither"]
    where = f"from β = {close[0]:g} to {close[-1]:g}" if len(close) > 1 else f"at β = {best:g}"
    if best in (betas[0], betas[-1]):
        return f"Among the trained weights, samples are best at β = {best:g}, an end of the range: Fréchet distance {points[best]['fd']:.1f}, compared with {ends}."
    return (
        f"Samples are best at an intermediate weight: the Fréchet distance is {points[best]['fd']:.1f} at β = {best:g} (equally good {where}), compared with {ends}. "
        f"Real images have {points[best]['floor']:.1f}."
    )


def convention_takeaway(beta: float, nominal: Mapping[str, float]) -> str:
    """How far apart the numbers are that mean the same weight; `nominal` by the codes' names."""
    low, high = min(nominal, key=nominal.get), max(nominal, key=nominal.get)
    return (
        f"The β = {beta:g} of this page corresponds to {nominal[low]:.3g} in one code base ({low}) and to {nominal[high]:.3g} in another ({high}), "
        f"a factor of {nominal[high] / nominal[low]:,.0f} for the same weight. The reason is whether D and the KL are summed or averaged."
    )


def mistake_takeaway(
    weight: float, effective: float, wrong: Mapping[str, Any], right: Mapping[str, Any], latent_dim: int
) -> str:
    """What averaging D over the pixels did to a run of the same nominal weight, from both runs' figures."""
    active = wrong["active_units"]
    fate = (
        "The model **collapses**: no latent unit is active, and every image is decoded to the same average"
        if active == 0
        else f"{active} of {latent_dim} latent units are active"
    )
    return (
        f"With D averaged over pixels and the KL summed, a weight of {weight:g} acts as β = {effective:g}. {fate} "
        f"(rate {wrong['rate']:.2f} nats, squared error {wrong['mse']:.4f}; with both summed, the same weight gives {right['active_units']} active units, a rate of {right['rate']:.1f} nats and a squared error of {right['mse']:.4f})."
    )


def trained_here(entry: Entry) -> str:
    """What the weight shown has been trained by."""
    return f"Trained for this weight alone, {entry.config.epochs} epochs: `{entry.run_id}`"


def untrained(status: Any, config: Any) -> str:
    """Why there is no network of this weight, and what to do; `status` is a `core.jobs.background.JobStatus`, `config` a `RunConfig`."""
    if status.message:
        return f"The training of β = {config.beta:g} ended early: {status.message}"
    if status.state in ("stopped", "stale"):
        return f"The training of β = {config.beta:g} was {'stopped' if status.state == 'stopped' else 'interrupted'}; it can be resumed from its last saved epoch."
    return f"Trains {config.epochs} epochs in the background. Afterwards the network is available to everyone."


FlipRates = Mapping[int, Mapping[str, Mapping[float, Sequence[float]]]]  # see `dashboard.cache.flip_rates`
STORY = {
    "ae": "the story holds",
    "vae": "the opposite holds",
    "neither": "no difference exceeds the margin in all seeds",
}
CHANGES = {
    "ae": "the AE's images change class more often",
    "vae": "the VAE's images change class more often",
    "neither": "no difference exceeds the margin in all seeds",
}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def steps_takeaway(rates: FlipRates, images: int, step: float = 0.1) -> str:
    """Where the story "an AE's neighbouring codes decode to other things, a VAE's do not" holds, at one step.

    What counts as a difference: see `core.metrics.claims.changes_class_more`. `images`: how many the rates were measured around.
    """
    parts = []
    for d, by in rates.items():
        a, v = by["ae"].get(step), by["vae"].get(step)
        if not a or not v:
            continue
        parts.append(
            f"at **latent size {d}** {STORY[changes_class_more(a, v)]} ({AE} {_mean(a):.1%}, {VAE} {_mean(v):.1%})"
        )
    if not parts:
        return ""
    seeds = max(len(by["ae"].get(step, ())) for by in rates.values())
    return (
        f"Around {images:,} unseen images and over {seeds} {'seed' if seeds == 1 else 'seeds'}, the fraction of steps of {step:g} that change the class: "
        + "; ".join(parts)
        + "."
    )


def changes_said(rates: FlipRates, sizes: Sequence[int]) -> dict[str, str]:
    """For each measured step, whose pictures change class more often at the latent sizes shown: what the boards of one image say.

    Returns:
        "0.1" -> a sentence; only steps that were measured at all of `sizes`.
    """
    found = {}
    for step in sorted({step for by in rates.values() for step in by["ae"]}):
        measured = {
            d: (rates.get(d, {}).get("ae", {}).get(step), rates.get(d, {}).get("vae", {}).get(step)) for d in sizes
        }
        if all(a and v for a, v in measured.values()):
            parts = [
                f"with {d} latent numbers {CHANGES[changes_class_more(a, v)]} (AE {_mean(a):.1%}, VAE {_mean(v):.1%})"
                for d, (a, v) in measured.items()
            ]
            found[f"{step:g}"] = f"At this step, {'; '.join(parts)}; means over the trained seeds."
    return found


def steps_table(rates: FlipRates) -> str:
    """All steps of both models at every latent size, as a markdown table."""
    steps = sorted({step for by in rates.values() for model in by.values() for step in model})
    lines = ["| | " + " | ".join(f"step {step:g}" for step in steps) + " |", "|---|" + "---:|" * len(steps)]
    for d, by in rates.items():
        for kind, name in (("ae", AE), ("vae", VAE)):
            cells = [
                f"{_mean(v):.1%}" + (f" ({min(v):.1%} to {max(v):.1%})" if len(v) > 1 else "")
                if (v := by[kind].get(step))
                else NA
                for step in steps
            ]
            lines.append(f"| {name}, latent size {d} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def laying_out(status: Any, warm: bool, compiling: Any) -> str:
    """What someone waits for who has asked for a UMAP that no run carries yet, and what is shown meanwhile.

    Args:
        status: a `core.jobs.background.JobStatus`.
        warm: whether umap-learn's compiled code is there.
        compiling: how far that is, a `core.latent.compiled_code.Progress`; None before the first function is done.
    """
    if status.state == "queued":
        why = f"is waiting for a training to finish (position {status.position} in the queue)"
    elif compiling:
        why = f"needs umap-learn's code, which is being compiled once for this processor: {compiling.fraction:.0%} done, about {max(compiling.seconds_left, 1):.0f} s left"
    elif not warm:
        why = "needs umap-learn's code, which is being compiled once for this processor; an estimate of the time left follows"
    else:
        why = "is being computed in the background, which takes a few seconds"
    return f"The UMAP of these codes {why}. Until then, their PCA is shown."


def progress(status: Any, history: Sequence[Mapping[str, Any]]) -> str:
    """One line about a training under way; `status` is a `core.jobs.background.JobStatus`."""
    left = "" if status.seconds_left is None else f" · about {max(status.seconds_left, 1):.0f} s left"
    others = f" · {status.visitors - 1} more waiting for it" if status.visitors > 1 else ""
    if status.state == "queued":
        return f"Waiting, position {status.position} in the queue{left}{others}"
    if status.state == "stopping":
        return "Stopping after this batch"
    if not history:
        return f"Starting{others}"
    return f"Epoch {history[-1]['epoch']} of {history[-1]['epochs']}{left}{others}"


def _count(n: int, verb: str, verbs: str) -> str:
    return f"**{n}** {verb if n == 1 else verbs}"


def scorecard_takeaway(verdicts: Sequence[str], runs: int) -> str:
    """How the usual story fares: how many of its sentences hold, do not, and depend.

    Args:
        verdicts: a word a claim, of `core.metrics.verdicts`.
        runs: how many trained models they rest on.
    """
    holds, fails, depends, unknown = (
        sum(v == word for v in verdicts) for word in ("holds", "does not", "depends", "not measured")
    )
    if unknown == len(verdicts):
        return "Nothing has been measured for these models yet."
    rest = f" {unknown} could not be measured here." if unknown else ""
    return (
        f"Of **{len(verdicts)}** common claims about autoencoders and VAEs, {_count(holds, 'holds', 'hold')} in every measured case, "
        f"{_count(fails, 'does', 'do')} not, and {_count(depends, 'depends', 'depend')} on the data, the latent size or the measure.{rest} "
        f"All verdicts are computed from {runs} trained models."
    )


def rescue_takeaway(fd: Mapping[tuple[str, str], Sequence[float]], floor: float) -> str:
    """What a fitted density does for the AE's samples, beside the VAE's.

    Args:
        fd: Frechet distance by (model, source), one value per seed, the same seeds in each; sources "prior", "gaussian", "mixture".
        floor: what real training images reach.
    """
    mean = {key: sum(values) / len(values) for key, values in fd.items()}
    ae, vae, own = mean["ae", "mixture"], mean["vae", "prior"], mean["vae", "mixture"]
    closer = {source: nearer(fd["ae", "mixture"], fd["vae", source]) for source in ("prior", "mixture")}
    text = f"The Fréchet distance of the {AE}'s samples to real images is {mean['ae', 'prior']:.0f} with codes from N(0, I), {mean['ae', 'gaussian']:.1f} with codes from a fitted Gaussian and {ae:.1f} with codes from a fitted mixture. "
    against = f"the {VAE}'s from its prior ({vae:.1f})"
    if closer["prior"] == "first":
        text += f"That is closer than {against}"
        text += (
            f", and than the {VAE}'s from its own fitted mixture ({own:.1f})."
            if closer["mixture"] == "first"
            else f", though not than the {VAE}'s from its own fitted mixture ({own:.1f})."
        )
    elif closer["prior"] == "second":
        text += f"That is farther than {against}."
    else:
        text += f"Over all seeds, that is neither closer nor farther than {against}."
    return text + f" Real images have {floor:.1f}."


def _named(kind: str) -> str:
    return {"ae": f"the {AE}", "vae": f"the {VAE}", "median": "the median filter", "pca": "PCA"}[kind]


def denoise_takeaway(sigma: float, psnr: Mapping[str, float], clean_trained: float) -> str:
    """What removes the noise from this image best, and what a model that was never trained to does.

    Args:
        psnr: in dB against the clean image, by "input", "ae", "vae" (trained to denoise), "median", "pca".
        clean_trained: that of an AE trained on clean images.
    """
    best = max((k for k in psnr if k != "input"), key=lambda k: psnr[k])
    rest = [psnr[k] for k in ("median", "pca")]
    text = f"With noise of standard deviation {sigma:g} this image has a PSNR of {psnr['input']:.1f} dB. The best result is that of {_named(best)}, with {psnr[best]:.1f} dB"
    text += (
        f", compared with {max(rest):.1f} dB for the better of the simple methods. "
        if best in ("ae", "vae")
        else "; no network is needed here. "
    )
    text += f"An {AE} that was trained on clean images reaches {clean_trained:.1f} dB, "
    if clean_trained < psnr["input"]:
        return text + "less than the noisy image itself. An autoencoder denoises only if it was trained to."
    if clean_trained < max(rest):
        return text + "less than a simple filter. An autoencoder denoises well only if it was trained to."
    return text + "no worse than a simple filter at this noise level."


def anomaly_takeaway(what: str, above: Mapping[str, float], auroc: Mapping[str, float]) -> str:
    """How odd this image is to both models, and how well each tells odd from normal.

    Args:
        what: what is odd about the images, e.g. "turned by 90°".
        above: by "ae" and "vae", the share of normal images that cost less than this one.
        auroc: by "ae", "vae" and "pca", for a thousand such images.
    """
    both = f"This image has a higher distortion than {above['ae']:.0%} of normal images in the {AE}, and than {above['vae']:.0%} in the {VAE}. "
    best = max(auroc, key=lambda k: auroc[k])
    level = auroc[best] - sorted(auroc.values())[-2] < 0.01
    figures = f"{AE} {auroc['ae']:.3f}, {VAE} {auroc['vae']:.3f}, PCA {auroc['pca']:.3f}"
    text = f"AUROC for separating images {what} from normal ones: {figures}. "
    if max(auroc["ae"], auroc["vae"]) < 0.5:
        return (
            both
            + text
            + "**Both models reconstruct the anomalies better than normal images**: being easy to reconstruct is not the same as being familiar."
        )
    if auroc[best] < 0.7:
        return both + text + "That is little better than chance (0.5)."
    return (
        both + text + ("The best two methods perform equally well." if level else f"Here {_named(best)} performs best.")
    )


def held_out_takeaway(ae: Mapping[str, float], vae: Mapping[str, float]) -> str:
    """Which class nobody misses when it was left out of training. AUROC by class, for both models."""
    both = {name: (ae[name] + vae[name]) / 2 for name in ae}
    worst, best = min(both, key=lambda k: both[k]), max(both, key=lambda k: both[k])
    text = (
        f"Each model was trained ten times, each time without one class, and then used to detect that class. The easiest class to detect is **{best}** (AUROC {AE} {ae[best]:.2f}, {VAE} {vae[best]:.2f}), "
        f"the hardest **{worst}** ({AE} {ae[worst]:.2f}, {VAE} {vae[worst]:.2f})"
    )
    if both[worst] < 0.5:
        return (
            text
            + f". Although neither model was trained on {worst}, both reconstruct it *better* than the classes they were trained on: simple images have a low distortion, familiar or not."
        )
    return text + "."


def compress_takeaway(bits: int, latent_dim: int, ae: Any, vae: Any, pca: Any, webp: Any) -> str:
    """What the image costs as a code, and what PCA and WebP make of the same budget. Each is a `core.metrics.compression.Stored`."""
    text = f"With {bits} {'bit' if bits == 1 else 'bits'} for each of the {latent_dim} latent numbers, this image takes {ae.bytes:.1f} bytes in the {AE} (squared error {ae.mse:.4f}) and {vae.bytes:.1f} in the {VAE} ({vae.mse:.4f}). "
    if pca.bytes <= ae.bytes:
        text += (
            f"PCA with the same number of bytes as the {AE} has "
            + (f"{pca.mse / ae.mse:.1f} times its error" if pca.mse > ae.mse else "no more error")
            + ". "
        )
    if webp.mse <= ae.mse:
        text += f"The smallest WebP with no larger error takes {webp.bytes:.0f} bytes ({webp.mse:.4f}), {webp.bytes / ae.bytes:.0f} times as many. But WebP works for any image, and these codes only for images like this one."
    else:
        text += "WebP does not reach that error at any quality setting."
    return text


def rescue_meaning(fd: Mapping[tuple[str, str], Sequence[float]], gaussians: int = 10) -> str:
    """What the figures of `rescue_takeaway` mean for the question whether an AE generates; `gaussians`: in the fitted mixture."""
    prior, mixture = (sum(fd["ae", source]) / len(fd["ae", source]) for source in ("prior", "mixture"))
    against = nearer(fd["ae", "mixture"], fd["vae", "prior"])
    if against == "first":
        return (
            f"**What that means.** An {AE} with a density fitted to its codes *is* a generative model. What was missing was not a decoder that can generate images, but the "
            f"distribution of its codes, which {gaussians} Gaussians fitted afterwards provide. The {VAE} fixes that distribution in advance, at the cost of its rate."
        )
    gained = (
        f"A fitted density brings the {AE}'s samples {prior / max(mixture, 1e-9):.1f} times closer to real images"
        if nearer(fd["ae", "mixture"], fd["ae", "prior"]) == "first"
        else f"Here a fitted density does not help the {AE}"
    )
    ahead = (
        f"the {VAE}'s own prior stays ahead"
        if against == "second"
        else f"neither it nor the {VAE}'s own prior is ahead for every seed"
    )
    return f"**What that means.** {gained}; for these models {ahead}."


def untrained_takeaway(sigma: float, psnr: Mapping[str, float]) -> str:
    """What models that were never trained to denoise make of a noisy image. `psnr` in dB by "input", "ae", "vae", "median", "pca"."""
    text = f"With noise of standard deviation {sigma:g} this image has a PSNR of {psnr['input']:.1f} dB. Trained on clean images only, the {AE} reaches {psnr['ae']:.1f} dB and the {VAE} {psnr['vae']:.1f}; "
    text += f"the median filter reaches {psnr['median']:.1f} and PCA {psnr['pca']:.1f}. "
    if max(psnr["ae"], psnr["vae"]) < max(psnr["median"], psnr["pca"]):
        return (
            text + "A simple filter does better: an autoencoder that was not trained to denoise does not denoise well."
        )
    return text + "At this noise that is no worse than a simple filter."
