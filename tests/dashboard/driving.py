"""What tests of the dashboard share."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

BETAS = (0.25, 1.0, 4.0)  # the weights that are trained in the tests' store


def words(app: AppTest) -> str:
    """Everything written on the page."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "warning", "info", "error")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))
