"""Reports the app's address in the browser if it is not the one that the server expects. Invisible."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.components.scripts import register

_mount = register("report_address", base=False)


def mount_address(root: str, key: str, on_report: Callable[[], None]) -> None:
    """Mount it; `on_report` is called if the component's value `root` differs from `root`, the expected address."""
    _mount(key=key, data={"root": root}, on_root_change=on_report)
