"""Widgets that return core values. All are bound to the URL, so a link restores the view.

Options are plain words and numbers because a widget's URL value is its option's text. What the link asks for and cannot
have is told, never silently replaced (see `dashboard.session.state.Asked`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.data.dataset import DataError
from core.data.folder import what_was_read
from core.data.folder_name import PREFIX, canonical
from core.data.sources import DATASETS
from core.errors import UserFacingError
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.folders import folder_changed, folder_summary
from dashboard.session import state

RESPELLED = "_respelled"
SHARED = DATA, LATENT, SEED = "data", "latent", "seed"  # the shared controls' keys and URL parameters


MANY = 20  # options; more stand in a list that can be searched, not side by side
FEW, SHORT = 5, 24  # options, and characters of each, that stand side by side in the sidebar


class NothingToShow(UserFacingError, RuntimeError):
    """There is no model to show; the message says how to get one."""


def one_of(options: Sequence[Any]) -> str:
    """The options in words, for a message."""
    return f"one of {', '.join(map(str, options))}" if len(options) > 1 else f"{options[0]}, the only one there is"


def linked(label: str, options: Sequence[str], default: str, key: str) -> str:
    """What the link asks for where no control holds it, if it is one of the options."""
    asked = state.asked(key)
    chosen = asked.text if asked.text is not None and asked.text in options else default
    asked.tell(label, chosen, one_of(options))
    return chosen


def choice(label: str, options: Sequence[Any], key: str, help: str | None = None, **kwargs: Any) -> Any:
    """One of a few options, side by side."""
    asked = state.asked(key)
    kwargs.setdefault("default", options[0])
    value = st.segmented_control(label, options, key=key, bind="query-params", required=True, help=help, **kwargs)
    value = kwargs["default"] if value is None else value  # an empty value in a link takes the choice away
    asked.tell(label, value, one_of(options))
    return value


def choice_of_any(label: str, options: Sequence[Any], key: str, default: Any, help: str | None = None) -> Any:
    """One of a few options side by side, or of many from a list."""
    if len(options) <= MANY:
        return choice(label, options, key, help, default=default)
    return pick(label, options, key, help, index=list(options).index(default))


def side_by_side(names: Sequence[str]) -> bool:
    """Whether names are few and short enough to be shown all at once.

    Streamlit's list loads twenty files before it can be drawn, so it is left out where it is not needed.
    """
    return len(names) <= FEW and max(map(len, names)) <= SHORT


def pick(label: str, options: Sequence[Any], key: str, help: str | None = None, **kwargs: Any) -> Any:
    """One of many options, from a list."""
    asked = state.asked(key)
    value = st.selectbox(label, options, key=key, bind="query-params", help=help, **kwargs)
    value = options[kwargs.get("index", 0)] if value is None else value
    respelled = asked.text is not None and str(value).startswith(PREFIX) and canonical(asked.text) == value
    if not respelled:  # another spelling of the same folder is what the link asks for
        asked.tell(label, value, one_of(options))
    return value


def slide(label: str, low: float, high: float, default: float, step: float, key: str, help: str | None = None) -> float:
    """A number on a slider. What is outside the range, from whatever source, is refused here too."""
    asked = state.asked(key)
    value = st.slider(label, low, high, default, step, key=key, bind="query-params", help=help)
    if not low <= value <= high:
        state.notice(f"{label} {value} is outside {low:g} to {high:g}. Shown is {default:g}.")
        value = default
    asked.tell(label, value, f"a {'whole ' if isinstance(step, int) else ''}number from {low:g} to {high:g}")
    return value


def whole(label: str, low: int, high: int, default: int, key: str, help: str | None = None) -> int:
    """A whole number in a box."""
    asked = state.asked(key)
    # Streamlit 1.67 turns "1e999" from the URL into an infinity and fails on it: such a link's box is left unbound.
    value = st.number_input(
        label, low, high, default, 1, key=key, bind=None if asked.infinite() else "query-params", help=help
    )
    value = default if value is None else value
    asked.tell(label, value, f"a whole number from {low} to {high}")
    return int(value)


def switch(label: str, key: str, help: str | None = None) -> bool:
    """On or off."""
    asked = state.asked(key)
    value = st.toggle(label, key=key, bind="query-params", help=help)
    asked.tell(label, value, "true or false")
    return value


def pairs() -> dict[tuple[str, int, int], Pair]:
    """The matched pairs there are; at least one.

    Raises:
        NothingToShow: there is no trained pair at all.
    """
    found = cache.trained.pairs()
    if not found:
        raise NothingToShow(
            "No trained pair of models was found, neither shipped (`checkpoints/`) nor in the cache. "
            "Train one: `python -m core train --model ae` and `python -m core train --model vae`."
        )
    return found


def shared() -> Pair:
    """The controls every page has: data set, latent size, seed. Returns the matched pair they name.

    Raises:
        NothingToShow: there is no trained pair at all.
    """
    found = pairs()
    names = list(dict.fromkeys(name for name, _, _ in found))
    state.settle(DATA, names, "The data set", "has no trained pair any more")
    respell(names)
    listed = "Only data sets with a trained pair are listed."
    if side_by_side(names):
        name = choice("Data set", names, DATA, help=listed)
    else:
        name = pick("Data set", names, DATA, help=listed, filter_mode=None)
    about = st.container()
    sizes = list(dict.fromkeys(d for n, d, _ in found if n == name))
    state.settle(LATENT, sizes, "Latent size", f"has no trained pair on {name}")
    size = choice(
        "Latent size",
        sorted(sizes),
        LATENT,
        default=sizes[0],
        help="How many numbers an image becomes. 2 can be drawn as it is; 16 gives better pictures.",
    )
    seeds = [s for n, d, s in found if (n, d) == (name, size)]
    state.settle(SEED, seeds, "Seed", f"has no trained pair on {name} at latent size {size}")
    seed = choice(
        "Seed", seeds, SEED, help="Of the initial weights and the order of the images: trained again, how much changes?"
    )
    pair = found[name, size, seed]
    with about:
        about_images(pair)
    return pair


def respell(names: Sequence[str]) -> None:
    """Let a link that spells a folder otherwise ask for the data set of that folder."""
    folders = [name for name in names if name.startswith(PREFIX)]
    asked = state.asked(DATA).text
    if (
        folders
        and asked is not None
        and asked not in names
        and (meant := canonical(asked)) in folders
        and state.get(RESPELLED) != asked
    ):
        state.put(RESPELLED, asked)  # once: from then on the choice is the visitor's
        state.put(DATA, meant)


def about_images(pair: Pair) -> None:
    """Below the choice of a data set: what it is; for a folder, what was skipped and whether it has changed."""
    if pair.dataset in DATASETS:
        st.caption(DATASETS[pair.dataset].title)
    if not pair.dataset.startswith(PREFIX):
        return
    try:
        data = cache.trained.dataset(pair.data)
    except DataError:  # the page says so
        return
    lines = what_was_read(data)
    st.caption(folder_summary(data))
    if len(lines) > 1:
        with st.expander("What was done to these files"):
            st.code("\n".join(lines[1:]), language=None, wrap_lines=True)
    if (how := cache.trained.folder_changed(pair.data)) is not None:
        state.notice(folder_changed(pair, data, how))
