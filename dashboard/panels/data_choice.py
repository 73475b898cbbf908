"""The embedded data sets as pictures to choose from; the control in the sidebar also lists the others, by name."""

from __future__ import annotations

import streamlit as st

from core.data.sources import DATASETS
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.session import controls

SHOWN, COLUMNS = 12, 6  # images of each data set


def short_title(name: str) -> str:
    """The displayed name of a data set without the number of its images."""
    return DATASETS[name].title.partition(" (")[0]


def data_choice(pair: Pair) -> None:
    """Draw the choice, if there are models of more than one embedded data set."""
    preferred: dict[str, Pair] = {}
    for found in cache.trained.pairs().values():
        if found.dataset in DATASETS and DATASETS[found.dataset].embedded:
            preferred.setdefault(found.dataset, found)
    if len(preferred) < 2:
        return
    columns = st.container(key="data-choice").columns(len(preferred), wrap=False, gap="small")
    for column, (name, other) in zip(columns, preferred.items(), strict=True):
        chosen, title = name == pair.dataset, short_title(name)
        with column:
            examples = cache.trained.png_of_examples(name, SHOWN, COLUMNS)
            st.image(examples, width="stretch", alt=f"Some images of {title}")
            st.button(
                title,
                key=f"data-{name}",
                type="primary" if chosen else "secondary",
                width="stretch",
                on_click=controls.select,
                args=(other,),
            )
