"""Words that several pages use: the models' names in their colours, numbers of nats, what values were measured on.

Each of the other modules has one topic and works in two steps: one function decides what the measured values mean and
returns a word or a small object, and another function phrases it. No verdict is fixed in a text.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.data.folder_name import locate, token_of
from dashboard.content.catalog import Entry, Pair

NA = "n/a"
AE, VAE = ":orange[**AE**]", ":blue[**VAE**]"  # the models' colours, see .streamlit/config.toml
NAMES = {"ae": AE, "vae": VAE}


def nats(value: float | None, digits: int = 1) -> str:
    """A number of nats as text, with a minus sign instead of a hyphen; "n/a" for None."""
    return NA if value is None else f"{value:.{digits}f}".replace("-", "−")


def displayed(dataset: str) -> str:
    """The name of a data set on the pages: that of uploaded images without their secret."""
    return locate(dataset).title if token_of(dataset) else dataset


def as_code(dataset: str) -> str:
    """As `displayed`, a name that commands accept in the type of code."""
    shown = displayed(dataset)
    return f"`{shown}`" if shown == dataset else shown


def provenance(pair: Pair, n: int, how: str = "Measured on", what: str = "unseen test images") -> str:
    """Which models, images and seed the values on a page come from.

    Args:
        n: number of images.
        how: the verb at the beginning.
        what: what the images are.
    """
    return (
        f"{how} {n:,} {what} of {as_code(pair.dataset)} · latent size {pair.latent_dim} · seed {pair.seed} · "
        f"AE `{pair.ae.run_id}` · VAE `{pair.vae.run_id}` "
        f"(β = {pair.vae.config.beta:g}; nats per image, both terms summed)"
    )


def run_provenance(entry: Entry, n: int) -> str:
    """As `provenance`, for one run."""
    c = entry.config
    return (
        f"Measured on {n:,} unseen test images of {as_code(c.dataset)} · latent size {c.latent_dim} · "
        f"seed {c.seed} · {c.epochs} epochs · `{entry.run_id}`"
    )


def not_measured(reasons: Mapping[str, str]) -> str:
    """A sentence for each reason why something cannot be measured; "" without any.

    Args:
        reasons: what is not measured -> the reason.
    """
    by_reason: dict[str, list[str]] = {}
    for what, why in reasons.items():
        by_reason.setdefault(why, []).append(what)
    return " ".join(f"Not measured: {', '.join(whats)}, because {why.rstrip('.')}." for why, whats in by_reason.items())
