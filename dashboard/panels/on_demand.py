"""Training small models on demand: number of epochs, and matched pairs of another latent size, data set or seed.

`core.jobs.limits` checks every request; here its limits only determine the options of the widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.config import LIKELIHOODS, ModelName, RunConfig, quick
from core.data.datasets import resolve
from core.errors import UserFacingError
from core.jobs.limits import limits_from_settings
from core.training.cost import cost, sizes
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.training import progress_line
from dashboard.content.words import AE, VAE, displayed
from dashboard.session import boundary, controls, state

if TYPE_CHECKING:
    from core.jobs.status import JobStatus

EPOCHS, USUAL = "epochs", "_usual-epochs"  # the URL's parameter; the usual number when it was last drawn
ASKED = "pair-asked"  # session key: the configurations of the pair that this visitor has requested
POLL = 0.7  # seconds between updates of the progress


def _epochs(pair: Pair, images: int) -> int:
    """The number of epochs of a training on demand; with another data set, its usual number comes back."""
    usual = quick(images)["epochs"]
    if state.get(USUAL) not in (None, usual) and state.get(EPOCHS) == state.get(USUAL):
        state.put(EPOCHS, usual)
    state.put(USUAL, usual)
    return controls.whole(
        "Training epochs",
        1,
        limits_from_settings().epochs_on(pair.dataset),
        usual,
        EPOCHS,
        help="More epochs give a lower loss and take longer.",
    )


def recipe_for(
    kind: ModelName,
    dataset: str,
    images: int,
    latent_dim: int,
    seed: int = 0,
    likelihood: str = "",
    length: int | None = None,
) -> RunConfig:
    """The configuration of a training on demand.

    Args:
        kind: "ae" or "vae".
        dataset: its name.
        images: number of training images.
        latent_dim: d.
        seed: of the run.
        likelihood: "" for the usual one.
        length: number of epochs; by default the usual one for so many images.
    """
    recipe: dict[str, Any] = quick(images) | ({} if length is None else {"epochs": length})
    return RunConfig(model=kind, dataset=dataset, latent_dim=latent_dim, seed=seed, likelihood=likelihood, **recipe)


def stop(run_id: str) -> None:
    """Stop a training of this visitor's after its current batch."""
    cache.server.jobs().stop(run_id, state.visitor())


def ask(recipes: Sequence[RunConfig]) -> None:
    """Request a pair; a refusal becomes a notice, and nothing is started if either configuration is invalid."""
    try:
        configs = [resolve(config) for config in recipes]
        for config in configs:
            cache.server.jobs().submit(config, state.visitor())
        state.put(ASKED, configs)
    except UserFacingError as error:
        state.notice(str(error))


def show(config: RunConfig) -> None:
    """Select the pair in the shared controls."""
    controls.select(config)
    state.put(ASKED, None)


def requested() -> list[tuple[RunConfig, JobStatus]]:
    """The pair that this visitor requested, with the status of each training; empty if none was requested."""
    jobs, visitor = cache.server.jobs(), state.visitor()
    return [(config, jobs.status(config.run_id, visitor)) for config in state.get(ASKED) or []]


def progress(asked: Sequence[tuple[RunConfig, JobStatus]]) -> None:
    """The progress of the requested pair."""
    for config, status in asked:
        name = AE if config.model == "ae" else VAE
        if status.active:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.progress(
                    min(max(status.fraction, 0.0), 1.0),
                    f"{name}: {progress_line(status, cache.trained.store().run(config.run_id).history())}",
                    width="stretch",
                )
                if status.owner:
                    st.button(
                        "Stop",
                        icon=":material/stop:",
                        key=f"stop-{config.model}",
                        on_click=stop,
                        args=(config.run_id,),
                    )
        elif status.state != "complete":
            stopped = f"its training was {status.state}. Start it again to resume from its last saved epoch."
            st.warning(f"{name}: {status.message or stopped}", icon=":material/error:")
    if asked and all(status.state == "complete" for _, status in asked):
        config = asked[-1][0]
        st.button(
            f"Show the pair: {displayed(config.dataset)}, latent size {config.latent_dim}, seed {config.seed}",
            type="primary",
            on_click=show,
            args=(config,),
        )


def watch(known: list[Sequence[tuple[RunConfig, JobStatus]]]) -> None:
    """Draw `progress` repeatedly until both trainings have ended.

    Args:
        known: the status for the first time, removed when it has been drawn.
    """
    with boundary.guard():
        asked = known.pop() if known else requested()
        progress(asked)
        if not any(status.active for _, status in asked):
            st.rerun()


def one_of(label: str, options: Sequence[Any], default: Any, key: str) -> Any:
    """A choice for the pair to train, which is not part of the URL: side by side where there is room."""
    key = f"pair-{key}"
    if controls.side_by_side([str(option) for option in options]):
        return st.segmented_control(label, options, default=default, key=key, required=True)
    return st.selectbox(label, options, list(options).index(default), key=key)


def on_demand(pair: Pair) -> int:
    """Draw the expander; returns the number of epochs of a training on demand."""
    limits, counts = limits_from_settings(), cache.trained.dataset(pair.data).counts
    if not limits.trains:
        return quick(counts[0])["epochs"]
    with st.expander(
        "More: epochs, and training your own small models",
        icon=":material/model_training:",
        expanded=bool(state.get(ASKED)),
    ):
        length = _epochs(pair, counts[0])
        st.markdown(
            f"A **pair** is an {AE} and a {VAE} (β = 1) that are otherwise trained equally. Once trained, it can be "
            "selected in the sidebar on every page, by every visitor; this page can then train its VAE with other "
            "values of β."
        )
        columns = st.columns(3)
        names = [*limits.datasets, *([pair.dataset] if pair.dataset.startswith("folder:") else [])]
        with columns[0]:
            dataset = one_of("Data set of the pair", names, pair.dataset if pair.dataset in names else names[0], "data")
        with columns[1]:
            dims = limits.latent_dims
            latent_dim = one_of("Latent size of the pair", dims, dims[min(2, len(dims) - 1)], "latent")
        seed = int(columns[2].number_input("Seed of the pair", 0, limits.seeds - 1, 0, 1, key="pair-seed"))
        usual = RunConfig(dataset=dataset).likelihood
        likelihood = one_of("Likelihood of the pair", LIKELIHOODS, usual, f"likelihood-{usual}")
        of_pair = counts if dataset == pair.dataset else sizes(dataset)
        models: tuple[ModelName, ...] = ("ae", "vae")
        recipes = [
            recipe_for(kind, dataset, (of_pair or counts)[0], latent_dim, seed, likelihood, length) for kind in models
        ]
        st.button(
            "Train this pair",
            icon=":material/play_arrow:",
            key="train-pair",
            on_click=ask,
            args=(recipes,),
        )
        if takes := cost(recipes[-1], of_pair):
            st.caption(f"Each of the two trainings takes {takes}.")
        asked = requested()
        if any(status.active for _, status in asked):
            st.fragment(watch, run_every=POLL)([asked])
        else:
            progress(asked)
    return length
