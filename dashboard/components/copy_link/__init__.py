"""A button that copies the address of the page as the browser has it, with every choice in it.

Where copying is not allowed, the address is shown instead, selected.
"""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("copy_link")


def copy_link(key: str = "copy-link") -> None:
    """A button that copies the address of the page as it is shown."""
    failed = "The browser did not allow copying: press Ctrl+C"
    _mount(key=key, data={"label": "Copy the link to this view", "done": "Copied", "failed": failed})
