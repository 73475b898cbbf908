"""A cache for all visitors that is limited by bytes, for what becomes larger with the images: `core.recent`."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import streamlit as st

from core.recent import Recent

Asked = ParamSpec("Asked")
Made = TypeVar("Made")
MB = 1_000_000


@st.cache_resource(show_spinner=False)
def _recent(name: str, most: int) -> Recent:  # noqa: ARG001 - the key
    """The kept values of one function; forgotten with everything else that Streamlit keeps."""
    return Recent(most)


def kept(megabytes: float, spinner: str = "") -> Callable[[Callable[Asked, Made]], Callable[Asked, Made]]:
    """A decorator like `st.cache_resource(max_entries=...)`, limited by the MB of the values.

    Args:
        megabytes: of all values together; the newest is kept in any case.
        spinner: the text that is shown while a value is computed; "" for none.
    """

    def decorate(function: Callable[Asked, Made]) -> Callable[Asked, Made]:
        name, signature = f"{function.__module__}.{function.__qualname__}", inspect.signature(function)

        def recent() -> Recent:
            return _recent(name, int(megabytes * MB))

        @functools.wraps(function)
        def cached(*args: Asked.args, **kwargs: Asked.kwargs) -> Made:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()

            def make() -> Made:
                with st.spinner(spinner) if spinner else contextlib.nullcontext():
                    return function(*args, **kwargs)

            return recent().get(tuple(bound.arguments.values()), make)

        cached.clear = lambda: recent().clear()  # type: ignore[attr-defined]  # as that of st.cache_resource
        return cached

    return decorate
