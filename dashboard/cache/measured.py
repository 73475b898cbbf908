"""Measures of runs: read where they are stored, otherwise computed."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.data.dataset import DataKey
from core.errors import NotMeasurable
from dashboard.cache import server, trained

if TYPE_CHECKING:
    from core.metrics.verdicts import Population, Row


@st.cache_resource(show_spinner=False, max_entries=16)
def _judge(data: DataKey) -> Future:
    """A future, done when a data set's judge can be loaded; a missing one is trained in the background."""
    from core.metrics.judge_training import find_judge, judge_task

    if find_judge(trained.dataset(data)) is None:
        return server.jobs().call(
            f"judge-{trained.dataset(data).digest}", judge_task, *data, str(trained.store().cache)
        )
    ready: Future = Future()
    ready.set_result(None)
    return ready


@st.cache_resource(show_spinner="Measuring a thousand samples…", max_entries=256)
def _measured_quality(run_id: str, source: str, temperature: float) -> dict[str, float]:
    from core.metrics.judge_training import load_judge
    from core.metrics.samples import sample_quality

    images = trained.dataset(trained.data_of(run_id))
    density = trained.density(run_id, source)
    return sample_quality(trained.model(run_id), images, density, load_judge(images), temperature=temperature)


def gaussians(run_id: str) -> int:
    """The number of Gaussians in the mixture fitted to a run's codes; fewer than ten for very few training images."""
    return len(trained.density(run_id, "mixture").weights)


def stored_quality(run_id: str) -> dict[str, dict[str, float]]:
    """What is known already of the quality of a run's samples at temperature 1, by source; see `sample_quality`."""
    from core.metrics.records import scores_of

    scores = scores_of(trained.store().get(run_id))
    kept = scores.get("samples", {})
    return {
        source: {"n": scores["n"], "floor": kept["floor"], **figures}
        for source, figures in kept.items()
        if isinstance(figures, dict) and {"fd", "density", "coverage"} <= set(figures)
    }


def sample_quality(run_id: str, source: str = "prior", temperature: float = 1.0) -> dict[str, float] | None:
    """The quality of a thousand samples, see `core.metrics.samples`.

    Stored values are read, others are computed, which takes a third of a second once there is a judge. A worker
    measures what it has trained, so that is waited for.

    Returns:
        fd, floor, density, coverage, precision, recall, and n, the number of real images compared with; None while the
        run is being measured, or the judge of these images trained, in the background.

    Raises:
        NotMeasurable: no judge can be trained on these images, or there are too few.
    """
    from core.metrics.records import scores_of

    run = trained.store().get(run_id)
    scores = scores_of(run) if temperature == 1.0 else {}
    kept = scores.get("samples", {})
    if source in kept:
        return {"n": scores["n"], "floor": kept["floor"], **kept[source]}
    if temperature == 1.0 and run_id in server.jobs():
        return None
    judge = _judge(trained.data_of(run_id))
    if not judge.done():
        return None
    if judge.exception() is not None:
        raise NotMeasurable(str(judge.exception()))
    return _measured_quality(run_id, source, temperature)


@st.cache_resource(show_spinner="Measuring small steps…", max_entries=64)
def _flip_rate(run_id: str, step: float) -> float:
    from core.metrics.judge_training import load_judge
    from core.metrics.paths import AROUND, flip_rate

    codes = trained.gallery(run_id)["mean"].astype(np.float32)
    return flip_rate(
        trained.model(run_id), load_judge(trained.dataset(trained.data_of(run_id))), codes[:AROUND], codes.std(0), step
    )


def flip_rate(run_id: str, step: float) -> float:
    """Share of steps of this size, in standard deviations, that change the judged class; see `core.metrics.paths`."""
    from core.metrics.records import scores_of

    kept = scores_of(trained.store().get(run_id)).get("smoothness", {}).get("flip_rate", {}).get(f"{step:g}")
    return _flip_rate(run_id, step) if kept is None else float(kept)


@st.cache_resource(show_spinner=False, max_entries=8)
def flip_rates(data: DataKey) -> dict[int, dict[str, dict[float, list[float]]]]:
    """Latent size -> "ae" and "vae" -> step -> share of steps that change the class, one value per common seed.

    These are values of the runs that the scorecard compares, so that both pages agree.
    """
    found: dict[int, dict[str, dict[float, list[float]]]] = {}
    for d in sorted({pair.latent_dim for pair in trained.pairs().values() if pair.data == data}):
        by_role = scores(data.name, d, data.digest)
        measured = {
            kind: {
                seed: s["smoothness"]["flip_rate"]
                for seed, s in by_role.get(kind, {}).items()
                if "flip_rate" in s.get("smoothness", {})
            }
            for kind in ("ae", "vae")
        }
        seeds = sorted(set(measured["ae"]) & set(measured["vae"]))
        if seeds:
            steps = [float(step) for step in measured["ae"][seeds[0]]]
            found[d] = {
                kind: {step: [rates[seed][f"{step:g}"] for seed in seeds] for step in steps}
                for kind, rates in measured.items()
            }
    return found


@st.cache_resource(show_spinner=False, max_entries=64)
def followed(run_id: str) -> list[tuple[int | None, float]]:
    """The known factor that each latent number follows, and how far; see `core.metrics.disentanglement.followed`.

    Empty where no factors are known.
    """
    from core.config import ACTIVE_NATS
    from core.metrics.disentanglement import followed as measured

    factors = trained.dataset(trained.data_of(run_id)).factors
    if factors is None:
        return []
    codes = trained.gallery(run_id)["mean"].astype(np.float32)
    rates = trained.evaluation(run_id)["rate_per_dim"]
    return measured(codes, factors.levels()[: len(codes)], None if rates is None else np.asarray(rates) > ACTIVE_NATS)


@st.cache_resource(show_spinner=False, ttl=60)
def scorecards() -> list[dict[str, Any]]:
    """Every claim at every standard setting, from shipped and newly measured scores; see `core.metrics.scorecard`."""
    from core.metrics.scorecard import overview

    return overview(trained.store())


@st.cache_resource(show_spinner=False, ttl=60, max_entries=16)
def verdicts(name: str, latent_dim: int, digest: str = "") -> list[Row]:
    """Every claim for one data set and latent size."""
    from core.metrics.scorecard import scorecard

    return scorecard(trained.store(), name, latent_dim, digest)


@st.cache_resource(show_spinner=False, ttl=60, max_entries=16)
def scores(name: str, latent_dim: int, digest: str = "") -> Population:
    """The scores of the standard runs of a data set and latent size, by role and seed; empty if there are none."""
    from core.metrics.scorecard import population

    return population(trained.store(), name, latent_dim, digest)
