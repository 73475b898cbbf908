"""A formula that the browser draws itself, from MathML.

`st.latex` loads 0.3 MB of scripts and fonts with the page that has it, even for a formula in a closed expander.
"""

from __future__ import annotations

import functools

from dashboard.components.scripts import register

_mount = register("formula")


@functools.lru_cache(maxsize=64)
def mathml(latex: str) -> str:
    """A formula in LaTeX as MathML, on a line of its own."""
    from latex2mathml.converter import convert

    return convert(latex, display="block")


def formula(latex: str, key: str) -> None:
    """Draw a formula, which is written by the project: nothing of a visitor's may be in it."""
    _mount(key=key, data={"mathml": mathml(latex)})
