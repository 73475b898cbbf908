"""Small steps in the latent space: whose images change class more often.

`core.metrics.comparisons` decides, from the values of all seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.metrics.comparisons import changes_class_more
from dashboard.content.words import AE, NA, VAE

# Latent size -> model -> size of the step -> share of steps that change the class, one value per seed.
FlipRates = Mapping[int, Mapping[str, Mapping[float, Sequence[float]]]]
UNDECIDED = "no difference exceeds the margin in all seeds"
CLAIM = {"ae": "the claim holds", "vae": "the opposite holds", "neither": UNDECIDED}
CHANGES = {
    "ae": "the AE's images change class more often",
    "vae": "the VAE's images change class more often",
    "neither": UNDECIDED,
}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def steps_takeaway(rates: FlipRates, images: int, step: float = 0.1) -> str:
    """At which latent sizes it is true that neighbouring codes change class more often in an AE than in a VAE.

    Args:
        images: how many images the rates were measured around.
        step: size of the step, in standard deviations of the codes.
    """
    parts = []
    for d, by_model in rates.items():
        a, v = by_model["ae"].get(step), by_model["vae"].get(step)
        if a and v:
            verdict = CLAIM[changes_class_more(a, v)]
            parts.append(f"at **latent size {d}** {verdict} ({AE} {_mean(a):.1%}, {VAE} {_mean(v):.1%})")
    if not parts:
        return ""
    seeds = max(len(by_model["ae"].get(step, ())) for by_model in rates.values())
    return (
        f"Around {images:,} unseen images and over {seeds} {'seed' if seeds == 1 else 'seeds'}, "
        f"the fraction of steps of {step:g} that change the class: {'; '.join(parts)}."
    )


def step_conclusions(rates: FlipRates, sizes: Sequence[int]) -> dict[str, str]:
    """For each measured size of the step, whose images change class more often at the latent sizes shown.

    Returns:
        "0.1" -> a sentence; only steps that were measured at all of `sizes`.
    """
    found = {}
    for step in sorted({step for by_model in rates.values() for step in by_model["ae"]}):
        measured = [
            (d, rates.get(d, {}).get("ae", {}).get(step), rates.get(d, {}).get("vae", {}).get(step)) for d in sizes
        ]
        parts = [
            f"with {d} latent numbers {CHANGES[changes_class_more(a, v)]} (AE {_mean(a):.1%}, VAE {_mean(v):.1%})"
            for d, a, v in measured
            if a and v
        ]
        if len(parts) == len(measured):
            found[f"{step:g}"] = f"At this step, {'; '.join(parts)}; means over the trained seeds."
    return found


def steps_table(rates: FlipRates) -> str:
    """All steps of both models at every latent size, as a markdown table."""
    steps = sorted({step for by_model in rates.values() for model in by_model.values() for step in model})
    lines = ["| | " + " | ".join(f"step {step:g}" for step in steps) + " |", "|---|" + "---:|" * len(steps)]
    for d, by_model in rates.items():
        for kind, name in (("ae", AE), ("vae", VAE)):
            cells = [_cell(by_model[kind].get(step)) for step in steps]
            lines.append(f"| {name}, latent size {d} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float] | None) -> str:
    if not values:
        return NA
    return f"{_mean(values):.1%}" + (f" ({min(values):.1%} to {max(values):.1%})" if len(values) > 1 else "")
