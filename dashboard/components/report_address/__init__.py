"""Reports where the browser has found the app, if the server expects it elsewhere. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.components.scripts import register

_mount = register("report_address", base=False)


def mount_address(root: str, key: str, on_report: Callable[[], None]) -> None:
    """`root`: where the server expects the app. `on_report`: called when the component's value `root` differs."""
    _mount(key=key, data={"root": root}, on_root_change=on_report)
