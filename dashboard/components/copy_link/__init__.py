"""A button that copies the page's address with all choices made on it.

Where the browser does not allow copying, the address is shown and selected instead.
"""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("copy_link")


def copy_link(key: str = "copy-link") -> None:
    """Draw the button."""
    failed = "The browser did not allow copying: press Ctrl+C"
    _mount(key=key, data={"label": "Copy the link to this view", "done": "Copied", "failed": failed})
