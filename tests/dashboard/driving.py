"""What tests of the dashboard share."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from core.config import RunConfig

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
BETAS = (0.25, 1.0, 4.0)  # the weights that are trained in the tests' store


def words(app: AppTest) -> str:
    """Everything written on the page."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "warning", "info", "error")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def components(app: AppTest) -> list[tuple[str, dict[str, Any]]]:
    """The browser components on a page, by name, with their data."""
    elements = [getattr(node, "proto", None) for node in app._tree]
    found = [getattr(element, "bidi_component", element) for element in elements if element is not None]
    sent = [(c.component_name, c.json or c.mixed.json) for c in found if hasattr(c, "js_content")]
    return [(name.removeprefix("point_or_cloud_"), json.loads(data)) for name, data in sent if data]


def data_of(app: AppTest, component: str) -> dict[str, Any]:
    """The data of the only component of this name on a page."""
    (found,) = [data for name, data in components(app) if name == component]
    return found


def rested(app: AppTest, key: str, **values: Any) -> AppTest:
    """What happens when a component's controls come to rest at these values (it sends nothing under this driver)."""
    shared = app.session_state[f"_{key}"]
    app.session_state[f"_{key}"] = replace(shared, values={**shared.values, **values})
    return app.run()


class Waiting:
    """Jobs that accept everything and start nothing: what was asked for is in `asked`."""

    def __init__(self) -> None:
        self.asked: list[RunConfig] = []
        self.looked_up: list[str] = []  # runs whose status was asked for
        self.stopped: list[str] = []
        self.state = "absent"
        self.states: dict[str, str] | None = None  # by run, where a test has several
        self.message = ""
        self.under_way: set[str] = set()  # runs whose job has not ended
        self.called: list[tuple] = []
        self.future: Future = Future()
        self.refusal: Exception | None = None  # what a submission is refused with

    def submit(self, config: RunConfig, _visitor: str = ""):
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(config)
        self.state = "running"
        if self.states is not None:
            self.states[config.run_id] = "running"
        return self._standing(config.run_id)

    def status(self, run_id: str, _visitor: str = ""):
        self.looked_up.append(run_id)
        return self._standing(run_id)

    def _standing(self, run_id: str):
        from core.jobs.status import JobStatus

        state = self.state if self.states is None else self.states.get(run_id, "absent")
        return JobStatus(run_id, state, fraction=0.4, seconds_left=6, owner=True, visitors=1, message=self.message)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self.under_way

    def stop(self, run_id: str, _visitor: str = "") -> bool:
        self.stopped.append(run_id)
        self.state = "stopped"
        return True

    def call(self, key: str, function: Callable, *arguments) -> Future:
        self.called.append((key, function, arguments))
        return self.future
