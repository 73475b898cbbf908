"""Widgets whose values are part of the URL, so that a link restores the view.

Options are plain words and numbers, because their text is the value in the URL. If the URL contains an invalid value,
a notice says so (see `dashboard.session.state.Asked`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.config import LIKELIHOODS, RunConfig
from core.data.dataset import DataError
from core.data.folder import what_was_read
from core.data.folder_name import PREFIX, canonical, token_of
from core.data.sources import DATASETS
from core.data.uploads import hours
from core.errors import UserFacingError
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.folders import folder_changed, folder_summary
from dashboard.content.uploads import kept_until
from dashboard.session import state

RESPELLED, NEXT = "_respelled", "_next-pair"
# The shared controls' keys and URL parameters.
SHARED = DATA, LATENT, SEED, LIKELIHOOD = "data", "latent", "seed", "likelihood"
MANY = 20  # with more options than this, a list that can be searched
FEW, SHORT = 5, 24  # most options, and most characters of each, that fit side by side in the sidebar


class NothingToShow(UserFacingError, RuntimeError):
    """There is no model to show; the message says how to get one."""


def one_of(options: Sequence[Any]) -> str:
    """The options in words, for a message."""
    return f"one of {', '.join(map(str, options))}" if len(options) > 1 else f"{options[0]}, the only one there is"


def linked(label: str, options: Sequence[str], default: str, key: str) -> str:
    """The value of a URL parameter that no widget owns, or the default if it is not one of the options."""
    asked = state.asked(key)
    chosen = asked.text if asked.text is not None and asked.text in options else default
    asked.check(label, chosen, one_of(options))
    return chosen


def choice(label: str, options: Sequence[Any], key: str, help: str | None = None, **kwargs: Any) -> Any:
    """One of a few options, side by side."""
    asked = state.asked(key)
    kwargs.setdefault("default", options[0])
    value = st.segmented_control(label, options, key=key, bind="query-params", required=True, help=help, **kwargs)
    value = kwargs["default"] if value is None else value  # an empty value in the URL
    asked.check(label, value, one_of(options))
    return value


def choice_of_any(label: str, options: Sequence[Any], key: str, default: Any, help: str | None = None) -> Any:
    """One of several options: side by side if there are at most `MANY`, else from a list."""
    if len(options) <= MANY:
        return choice(label, options, key, help, default=default)
    return pick(label, options, key, help, index=list(options).index(default))


def side_by_side(names: Sequence[str]) -> bool:
    """Whether names are few and short enough to be shown side by side.

    Streamlit's list needs twenty files in the browser before it can be drawn, so it is used only for more.
    """
    return len(names) <= FEW and max(map(len, names)) <= SHORT


def pick(label: str, options: Sequence[Any], key: str, help: str | None = None, **kwargs: Any) -> Any:
    """One of many options, from a list."""
    asked = state.asked(key)
    value = st.selectbox(label, options, key=key, bind="query-params", help=help, **kwargs)
    value = options[kwargs.get("index", 0)] if value is None else value
    respelled = asked.text is not None and str(value).startswith(PREFIX) and canonical(asked.text) == value
    if not respelled:  # another spelling of the same folder is valid
        asked.check(label, value, one_of(options))
    return value


def slide(label: str, low: float, high: float, default: float, step: float, key: str, help: str | None = None) -> float:
    """A number on a slider; a value outside the range is replaced by the default."""
    asked = state.asked(key)
    value = st.slider(label, low, high, default, step, key=key, bind="query-params", help=help)
    if not low <= value <= high:
        state.notice(f"{label} {value} is outside {low:g} to {high:g}. Shown is {default:g}.")
        value = default
    asked.check(label, value, f"a {'whole ' if isinstance(step, int) else ''}number from {low:g} to {high:g}")
    return value


def whole(
    label: str, low: int, high: int, default: int, key: str, help: str | None = None, width: Any = "stretch"
) -> int:
    """A whole number in an input box."""
    asked = state.asked(key)
    # Streamlit 1.67 reads "1e999" in the URL as infinity and fails; then the box is not bound to the URL.
    value = st.number_input(
        label,
        low,
        high,
        default,
        1,
        key=key,
        bind=None if asked.infinite() else "query-params",
        help=help,
        width=width,
    )
    value = default if value is None else value
    asked.check(label, value, f"a whole number from {low} to {high}")
    return int(value)


def switch(label: str, key: str, help: str | None = None) -> bool:
    """On or off."""
    asked = state.asked(key)
    value = st.toggle(label, key=key, bind="query-params", help=help)
    asked.check(label, value, "true or false")
    return value


def select(which: Pair | RunConfig) -> None:
    """Select a pair in the shared controls, from a callback or before they are drawn."""
    state.put(DATA, which.dataset)
    state.put(LATENT, which.latent_dim)
    state.put(SEED, which.seed)
    state.put(LIKELIHOOD, which.likelihood)


def select_next(which: Pair | RunConfig) -> None:
    """Select a pair at the next rerun, where the controls of this one are drawn already."""
    state.put(NEXT, which)


Pairs = dict[tuple[str, int, int], Pair]


def pairs() -> Pairs:
    """The matched pairs at this moment; at least one.

    Raises:
        NothingToShow: there is no trained pair at all.
    """
    return _not_none(cache.trained.pairs())


def _not_none(found: Pairs) -> Pairs:
    if not found:
        raise NothingToShow(
            "No trained pair of models was found, neither shipped (`checkpoints/`) nor in the cache. "
            "Train one: `python -m core train --model ae` and `python -m core train --model vae`."
        )
    return found


def _of_likelihood(pair: Pair, by_likelihood: Mapping[str, Pairs]) -> Pair:
    """The pair, or one that was trained with another likelihood; the choice is drawn if there is any."""
    key = pair.dataset, pair.latent_dim, pair.seed
    others = {other: by_likelihood[other].get(key) for other in LIKELIHOODS if other != pair.likelihood}
    found = {pair.likelihood: pair, **{other: p for other, p in others.items() if p and p.data == pair.data}}
    if state.get(LIKELIHOOD) not in (None, *found):  # the choice for other images
        state.put(LIKELIHOOD, pair.likelihood)
    if len(found) < 2:
        state.asked(LIKELIHOOD).check("Likelihood", pair.likelihood, one_of(list(found)))
        return pair
    chosen = choice(
        "Likelihood",
        list(found),
        LIKELIHOOD,
        help="What the distortion measures with: bernoulli, the cross-entropy of levels; gaussian, with a fixed width; "
        "calibrated, a Gaussian with a learned width. Distortions with different likelihoods cannot be compared.",
    )
    return found[chosen]


def shared() -> Pair:
    """The controls of every page: data set, latent size, seed. Returns the matched pair that they select.

    Raises:
        NothingToShow: there is no trained pair at all.
    """
    _open_linked_upload()
    if (chosen := state.take(NEXT)) is not None:
        select(chosen)
    by_likelihood = cache.trained.pairs_by_likelihood()
    found = _not_none(by_likelihood[""])
    names = list(dict.fromkeys(name for name, _, _ in found))
    state.settle(DATA, names, "The data set", "has no trained pair any more")
    _respell(names)
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
        help="How many numbers an image is encoded as. With 2, the latent space can be drawn; 16 give better images.",
    )
    seeds = [s for n, d, s in found if (n, d) == (name, size)]
    state.settle(SEED, seeds, "Seed", f"has no trained pair on {name} at latent size {size}")
    seed = choice(
        "Seed", seeds, SEED, help="Random seed of the initial parameters and of the order of the training images."
    )
    pair = _of_likelihood(found[name, size, seed], by_likelihood)
    with about:
        _about_images(pair)
    return pair


def _open_linked_upload() -> None:
    """Learn the secret of uploaded images from a link to them."""
    if secret := token_of(state.asked(DATA).text or ""):
        state.learn(secret)


def _respell(names: Sequence[str]) -> None:
    """Select the data set of a folder that the URL has in another spelling."""
    folders = [name for name in names if name.startswith(PREFIX)]
    asked = state.asked(DATA).text
    if not folders or asked is None or asked in names or state.get(RESPELLED) == asked:
        return
    if (meant := canonical(asked)) in folders:
        state.put(RESPELLED, asked)  # only once: afterwards the visitor may choose another data set
        state.put(DATA, meant)


def _about_images(pair: Pair) -> None:
    """Below the choice of a data set: its title; for a folder, which files were skipped and whether it has changed."""
    if pair.dataset in DATASETS:
        st.caption(DATASETS[pair.dataset].title)
    if not pair.dataset.startswith(PREFIX):
        return
    try:
        data = cache.trained.dataset(pair.data)
    except DataError:  # the page shows it
        return
    lines = what_was_read(data)
    st.caption(folder_summary(data))
    if token_of(pair.dataset):
        st.caption(kept_until(hours()))
    if len(lines) > 1:
        with st.expander("Skipped and converted files"):
            st.code("\n".join(lines[1:]), language=None, wrap_lines=True)
    uploaded = token_of(pair.dataset) is not None  # nobody changes such a folder
    if not uploaded and (how := cache.trained.folder_changed(pair.data)) is not None:
        state.notice(folder_changed(pair, data, how))
