"""Small models on demand: how long a training lasts, and matched pairs of another latent size, data set or seed.

What may be asked for is decided by `core.jobs.limits`, wherever the values come from; here it only shapes the widgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.config import QUICK, ModelName, RunConfig
from core.data.datasets import resolve
from core.errors import UserFacingError
from core.jobs.limits import limits_from_settings
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.training import progress_line
from dashboard.content.words import AE, VAE
from dashboard.session import boundary, controls, state

if TYPE_CHECKING:
    from core.jobs.background import JobStatus

EPOCHS = "epochs"  # the URL's parameter
ASKED = "pair-asked"  # the configs of the pair this visitor asked for
POLL = 0.7


def epochs() -> int:
    """How long a training on request lasts."""
    return controls.whole(
        "Training epochs",
        1,
        limits_from_settings().epochs,
        QUICK["epochs"],
        EPOCHS,
        help="More epochs give a lower loss and take longer.",
    )


def recipe(kind: ModelName, dataset: str, latent_dim: int, seed: int, length: int) -> RunConfig:
    """What is trained on request."""
    recipe_of_length: dict[str, Any] = {**QUICK, "epochs": length}
    return RunConfig(model=kind, dataset=dataset, latent_dim=latent_dim, seed=seed, **recipe_of_length)


def stop(run_id: str) -> None:
    """Have a training of this visitor's stopped after its current batch."""
    cache.server.jobs().stop(run_id, state.visitor())


def ask(dataset: str, latent_dim: int, seed: int, length: int) -> None:
    """Ask for a pair; what is refused becomes a notice, and nothing is started that cannot be completed."""
    try:
        configs = [resolve(recipe(kind, dataset, latent_dim, seed, length)) for kind in ("ae", "vae")]
        for config in configs:
            cache.server.jobs().submit(config, state.visitor())
        state.put(ASKED, configs)
    except UserFacingError as error:
        state.notice(str(error))


def show(config: RunConfig) -> None:
    """Choose the pair on every page."""
    state.put(controls.DATA, config.dataset)
    state.put(controls.LATENT, config.latent_dim)
    state.put(controls.SEED, config.seed)
    state.put(ASKED, None)


def standing() -> list[tuple[RunConfig, JobStatus]]:
    """The pair that this visitor requested, with the status of each training; empty if none was requested."""
    jobs, visitor = cache.server.jobs(), state.visitor()
    return [(config, jobs.status(config.run_id, visitor)) for config in state.get(ASKED) or []]


def progress(asked: Sequence[tuple[RunConfig, JobStatus]]) -> None:
    """How the pair that was asked for is getting on."""
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
            st.warning(
                f"{name}: "
                + (
                    status.message
                    or f"its training was {status.state}. Start it again to resume from its last saved epoch."
                ),
                icon=":material/error:",
            )
    if asked and all(status.state == "complete" for _, status in asked):
        config = asked[-1][0]
        st.button(
            f"Show the pair: {config.dataset}, latent size {config.latent_dim}, seed {config.seed}",
            type="primary",
            on_click=show,
            args=(config,),
        )


def watch(known: list[Sequence[tuple[RunConfig, JobStatus]]]) -> None:
    """`progress`, again and again, until there is nothing more to see; first of what is `known`, which is taken out."""
    with boundary.guard():
        asked = known.pop() if known else standing()
        progress(asked)
        if not any(status.active for _, status in asked):
            st.rerun()


def one_of(label: str, options: Sequence[Any], default: Any, key: str) -> Any:
    """A choice for the next pair, which no link restores: side by side where there is room for it."""
    key = f"pair-{key}"
    if controls.side_by_side([str(option) for option in options]):
        return st.segmented_control(label, options, default=default, key=key, required=True)
    return st.selectbox(label, options, list(options).index(default), key=key)


def on_demand(pair: Pair) -> int:
    """The expander. Returns the epochs of a training on request."""
    limits = limits_from_settings()
    with st.expander(
        "More: epochs, and training your own small models",
        icon=":material/model_training:",
        expanded=bool(state.get(ASKED)),
    ):
        length = epochs()
        st.markdown(
            f"A **pair** is an {AE} and a {VAE} (β = 1) that differ in nothing else. Once trained, it can be "
            "selected in the sidebar on every page and by everyone; "
            "this page can then train it with other weights."
        )
        columns = st.columns(3)
        names = [*limits.datasets, *([pair.dataset] if pair.dataset.startswith("folder:") else [])]
        with columns[0]:
            dataset = one_of("Data set of the pair", names, pair.dataset if pair.dataset in names else names[0], "data")
        with columns[1]:
            sizes = limits.latent_dims
            latent_dim = one_of("Latent size of the pair", sizes, sizes[min(2, len(sizes) - 1)], "latent")
        seed = int(columns[2].number_input("Seed of the pair", 0, limits.seeds - 1, 0, 1, key="pair-seed"))
        st.button(
            "Train this pair",
            icon=":material/play_arrow:",
            key="train-pair",
            on_click=ask,
            args=(dataset, latent_dim, seed, length),
        )
        asked = standing()
        if any(status.active for _, status in asked):
            st.fragment(watch, run_every=POLL)([asked])
        else:
            progress(asked)
    return length
